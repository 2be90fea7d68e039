"""`registry print`: certificates as PDF."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from registry.cli.terminal import DAY, printable, progress_bar, with_registry_to_read
from registry.domain.lifecycle import Status
from registry.domain.schemes import SCHEMES
from registry.services.context import Registry, operator
from registry.services.find import Filters
from registry.services.print_certificate import print_certificate
from registry.services.print_many import NOT_PRINTED, Printed, print_zip
from registry.services.verify import Verifier

_STATUS = click.Choice([one.value for one in Status])


@click.command("print")
@click.argument("public_ids", metavar="[ID...]", nargs=-1)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="The folder for them.  [default: here]")
@click.option("--issuer", "issuer_code", help="Instead of IDs: all certificates of a certification body.")
@click.option("--zip", "archive", type=click.Path(dir_okay=False, path_type=Path), help="The file for all of them.")
@click.option(
    "--status", type=click.Choice([one.value for one in Status]), default=Status.VALID.value, show_default=True
)
@click.option("--scheme", type=click.Choice(list(SCHEMES)))
@click.option("--holder", help="An identifier, or the beginning of a name.")
@click.option("--valid-from-min", "first", type=DAY, help="Validity begins on this day or later.")
@click.option("--valid-from-max", "last", type=DAY, help="Validity begins on this day or earlier.")
@click.option("--processes", type=click.IntRange(1), help="For a ZIP.  [default: one a core]")
@with_registry_to_read
def print_certificates(
    registry: Registry,
    public_ids: tuple[str, ...],
    out: Path | None,
    issuer_code: str | None,
    archive: Path | None,
    status: str,
    scheme: str | None,
    holder: str | None,
    first: datetime | None,
    last: datetime | None,
    processes: int | None,
) -> None:
    """Write certificates as PDF, each with its signed credential inside: by ID, or an issuer's into a ZIP.

    A certificate that is not in force says so across the page. Exit code 1: one could not be printed.
    """
    if public_ids and not (issuer_code or archive):
        _print_each(registry, public_ids, out or Path())
    elif issuer_code and archive and not (public_ids or out):
        filters = Filters(Status(status), scheme, holder, first and first.date(), last and last.date())
        _print_zip(registry, issuer_code, filters, archive, processes)
    else:
        raise click.UsageError("Give IDs, with or without --out; or --issuer and --zip.")


def _print_each(registry: Registry, public_ids: tuple[str, ...], folder: Path) -> None:
    verifier = Verifier(registry, remembered=0)
    for typed in public_ids:
        printed = print_certificate(registry, verifier, typed)
        target = folder / f"{printed.public_id}.pdf"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            target.write_bytes(printed.pdf)
        except OSError as error:
            raise click.ClickException(f"{target} can't be written: {error.strerror}") from error
        click.echo(target)


def _print_zip(registry: Registry, issuer_code: str, filters: Filters, archive: Path, processes: int | None) -> None:
    done: list[bool] = []
    # Beside its place until it is whole.
    unfinished = archive.with_name(archive.name + ".part")
    try:
        with progress_bar("Printing") as progress, unfinished.open("wb") as target:

            def tell(one: Printed) -> None:
                done.append(one.pdf is not None)
                progress(len(done), run.total)
                if one.pdf is None:
                    click.echo(f"{printable(one.number)} {one.public_id}: {printable(one.problem)}", err=True)

            run = print_zip(registry, operator(registry, issuer_code), filters, processes=processes, progress=tell)
            for part in run.parts:
                target.write(part)
        unfinished.replace(archive)
    except OSError as error:
        raise click.ClickException(f"{archive} can't be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    click.echo(f"{sum(done):,} certificates are in {archive}.")
    if not all(done):
        raise click.ClickException(f"{done.count(False):,} could not be printed; {NOT_PRINTED} in it says why.")
