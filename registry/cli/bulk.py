"""`registry import` and `registry export`."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from registry.cli.terminal import printable, progress_bar, with_registry
from registry.domain.errors import InvalidInput, Violation
from registry.formats.table import MalformedTable, TableFormat, recognize
from registry.services.bulk.check import CheckedFile, check_file
from registry.services.bulk.import_certificates import import_checked
from registry.services.context import Registry, operator

_SHOWN = 10


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--issuer", "issuer_code", required=True)
@click.option(
    "--format", "kind", type=click.Choice([one.value for one in TableFormat]), help="Default: by its content."
)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--skip-wrong", is_flag=True, help="Issue the right rows although others are wrong.")
@click.option("--errors", "report", type=click.Path(dir_okay=False, path_type=Path), help="Write the wrong rows here.")
@with_registry
def import_file(
    registry: Registry,
    path: Path,
    issuer_code: str,
    kind: str | None,
    dry_run: bool,
    skip_wrong: bool,
    report: Path | None,
) -> None:
    """Issue all certificates in FILE (CSV, XLSX or NDJSON), or none: docs/import.md.

    First every row is checked. What is registered already, word for word, is left alone, so that the same file can be
    sent again. Exit code 1: a row is wrong.
    """
    actor = operator(registry, issuer_code)
    with path.open("rb") as file:
        found = TableFormat(kind) if kind else _recognized(file)
        with progress_bar("Checking") as progress:
            checked = check_file(registry, actor, file, found, progress)
        with checked:
            _tell(checked)
            if checked.counts.wrong and report:
                with report.open("wb") as target:
                    checked.write_report(file, target)
                click.echo(f"The wrong rows are in {report}; mend them there, and import that file.")
            refused = checked.counts.wrong and not skip_wrong
            if checked.counts.new and not dry_run and not refused:
                with progress_bar("Issuing") as progress:
                    import_checked(registry, actor, checked, progress)
                click.echo(f"{checked.counts.new:,} certificates are issued.")
            elif checked.counts.wrong and not dry_run:
                click.echo("Nothing was issued.")
            if checked.counts.wrong:
                raise SystemExit(1)


def _recognized(file: BinaryIO) -> TableFormat:
    try:
        return recognize(file)
    except MalformedTable as error:
        raise InvalidInput([Violation((), str(error))]) from error


def _tell(checked: CheckedFile) -> None:
    counts = checked.counts
    click.echo(f"{counts.rows:,} rows: {counts.new:,} new, {counts.already:,} already there, {counts.wrong:,} wrong.")
    for position, row in enumerate(checked.wrong_rows()):
        if position == _SHOWN:
            click.echo(f"  … and {counts.wrong - _SHOWN:,} more; --errors FILE has them all")
            break
        for problem in row.problems:
            where = f"{problem.column}: " if problem.column else ""
            click.echo(printable(f"  line {row.line}: {where}{problem.reason}"))
