"""`registry print`: certificates as PDF."""

from __future__ import annotations

from pathlib import Path

import click

from registry.cli.terminal import with_registry_to_read
from registry.services.context import Registry
from registry.services.print_certificate import print_certificate
from registry.services.verify import Verifier


@click.command("print")
@click.argument("public_ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="The folder for the PDFs.  [default: here]",
)
@with_registry_to_read
def print_certificates(registry: Registry, public_ids: tuple[str, ...], out: Path) -> None:
    """Write certificates as PDF, each with its signed credential inside: <public id>.pdf.

    A certificate that is not in force says so across the page.
    """
    verifier = Verifier(registry, remembered=0)
    for typed in public_ids:
        printed = print_certificate(registry, verifier, typed)
        target = out / f"{printed.public_id}.pdf"
        try:
            out.mkdir(parents=True, exist_ok=True)
            target.write_bytes(printed.pdf)
        except OSError as error:
            raise click.ClickException(f"{target} can't be written: {error.strerror}") from error
        click.echo(target)
