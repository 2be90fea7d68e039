"""`registry import` and `registry export`."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from registry.cli.terminal import DAY, printable, progress_bar, with_registry, with_registry_to_read
from registry.domain.errors import InvalidInput, Violation
from registry.domain.lifecycle import Status
from registry.domain.schemes import SCHEMES
from registry.formats.table import MalformedTable, TableFormat, recognize
from registry.services.bulk.check import CheckedFile, check_file
from registry.services.bulk.export import write_export
from registry.services.bulk.import_certificates import import_checked
from registry.services.context import Registry, operator
from registry.services.find import Filters

_SHOWN = 10
_FORMAT = click.Choice([one.value for one in TableFormat])


@click.command("import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--issuer", "issuer_code", required=True)
@click.option("--format", "kind", type=_FORMAT, help="Default: by its content.")
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
    found = TableFormat(kind) if kind else _recognized(path)
    with ExitStack() as stack:
        with progress_bar("Checking") as progress:
            checked = stack.enter_context(check_file(registry, actor, path, found, progress))
        _tell(checked)
        if checked.counts.wrong and report:
            with report.open("wb") as target:
                checked.write_report(path, target)
            click.echo(f"The wrong rows are in {report}; mend them there, and import that file.")
        refused = checked.counts.wrong and not skip_wrong
        if checked.counts.new and not dry_run and not refused:
            with progress_bar("Issuing") as progress:
                import_checked(registry, actor, checked, progress)
            click.echo(f"{checked.counts.new:,} certificates are issued.")
        elif refused and not dry_run:
            click.echo("Nothing was issued.")
        if checked.counts.wrong:
            raise SystemExit(1)


@click.command("export")
@click.option("--issuer", "issuer_code", required=True)
@click.option("--format", "kind", type=_FORMAT, default=TableFormat.CSV.value, show_default=True)
@click.option("--output", "target", type=click.File("wb"), default="-", help="Default: standard output.")
@click.option("--status", type=click.Choice([one.value for one in Status]))
@click.option("--scheme", type=click.Choice(list(SCHEMES)))
@click.option("--holder", help="An identifier, or the beginning of a name.")
@click.option("--valid-from-min", "first", type=DAY, help="Validity begins on this day or later.")
@click.option("--valid-from-max", "last", type=DAY, help="Validity begins on this day or earlier.")
@with_registry_to_read
def export(
    registry: Registry,
    issuer_code: str,
    kind: str,
    target: BinaryIO,
    status: str | None,
    scheme: str | None,
    holder: str | None,
    first: datetime | None,
    last: datetime | None,
) -> None:
    """Write the issuer's certificates as CSV, XLSX or NDJSON, in the columns that 'registry import' reads."""
    filters = Filters(Status(status) if status else None, scheme, holder, first and first.date(), last and last.date())
    write_export(registry, operator(registry, issuer_code), TableFormat(kind), filters, target)


def _recognized(path: Path) -> TableFormat:
    try:
        with path.open("rb") as file:
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
