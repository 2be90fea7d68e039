"""`registry import`, `registry acts`, `registry export` and `registry template`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import click

from registry.cli.terminal import DAY, operators_name, printable, progress_bar, with_registry, with_registry_to_read
from registry.domain.errors import Conflict, InvalidInput, Violation
from registry.domain.lifecycle import Status
from registry.domain.schemes import SCHEMES
from registry.formats.table import MalformedTable, TableFormat, recognize
from registry.formats.table_templates import act_template, certificate_template
from registry.services.approvals import needs_approval
from registry.services.bulk.acts import check_acts, perform_acts
from registry.services.bulk.check_certificates import check_certificates
from registry.services.bulk.checked_file import CheckedFile
from registry.services.bulk.export import write_export
from registry.services.bulk.import_certificates import import_checked
from registry.services.context import Actor, Registry, operator
from registry.services.find import Filters

_SHOWN = 10
_FORMAT = click.Choice([one.value for one in TableFormat])


_FILE_OPTIONS = (
    click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
    click.option("--issuer", "issuer_code", required=True),
    click.option("--format", "kind", type=_FORMAT, help="Default: by its content."),
    click.option("--dry-run", is_flag=True, help="Only say what would happen."),
    click.option("--skip-wrong", is_flag=True, help="Issue the right rows although others are wrong."),
    click.option("--errors", "report", type=click.Path(dir_okay=False, path_type=Path), help="For the wrong rows."),
)


class Wish(NamedTuple):
    """What is to be done with a file once it is checked."""

    dry_run: bool
    skip_wrong: bool
    report: Path | None


def _file_options(command: Callable[..., None]) -> Callable[..., None]:
    """The argument and the options of a command that takes a file of rows."""
    for decorate in reversed(_FILE_OPTIONS):
        command = decorate(command)
    return command


def _run(
    check: Callable[..., AbstractContextManager[CheckedFile]],
    perform: Callable[..., None],
    registry: Registry,
    actor: Actor,
    path: Path,
    kind: str | None,
    wish: Wish,
) -> None:
    """Check a file, tell what was found, and do it if it is wanted and right. Exits with 1 where a row is wrong."""
    if not wish.dry_run and needs_approval(registry, actor):
        advice = "Send the file by the console or the API, where somebody else can approve it; --dry-run works here."
        raise Conflict(f"Bulk acts of this issuer wait for a second officer. {advice}")
    with ExitStack() as stack:
        with progress_bar("Checking") as progress:
            found = TableFormat(kind) if kind else _recognized(path)
            checked = stack.enter_context(check(registry, actor, path, found, progress))
        counts = checked.counts
        _tell(checked)
        if counts.wrong and wish.report:
            with wish.report.open("wb") as target:
                checked.write_report(path, target)
            click.echo(f"The wrong rows are in {wish.report}; mend them there, and send that file.")
        refused = counts.wrong and not wish.skip_wrong
        if counts.new and not wish.dry_run and not refused:
            with progress_bar("Recording") as progress:
                perform(registry, actor, checked, progress)
            click.echo(f"{counts.new:,} done.")
        elif refused and not wish.dry_run:
            click.echo("Nothing was done.")
        if counts.wrong:
            raise SystemExit(1)


@click.command("import")
@_file_options
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
    actor = operator(registry, issuer_code, operators_name())
    _run(check_certificates, import_checked, registry, actor, path, kind, Wish(dry_run, skip_wrong, report))


@click.command("acts")
@_file_options
@with_registry
def acts(
    registry: Registry,
    path: Path,
    issuer_code: str,
    kind: str | None,
    dry_run: bool,
    skip_wrong: bool,
    report: Path | None,
) -> None:
    """Suspend, restore, withdraw and cancel what FILE (CSV, XLSX or NDJSON) says, or nothing: docs/import.md.

    First every row is checked. An act that is a certificate's last one already is not done again, so that the same
    file can be sent again. Exit code 1: a row is wrong.
    """
    actor = operator(registry, issuer_code, operators_name())
    _run(check_acts, perform_acts, registry, actor, path, kind, Wish(dry_run, skip_wrong, report))


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
    write_export(registry, operator(registry, issuer_code, operators_name()), TableFormat(kind), filters, target)
    target.flush()


@click.command("template")
@click.argument("target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--acts", "for_acts", is_flag=True, help="For 'registry acts' instead of 'registry import'.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the heading.")
def template(target: Path, for_acts: bool, lang: str) -> None:
    """Write a table to begin with, a heading and an example row: FILE ends in .xlsx, .csv or .ndjson."""
    kind = target.suffix.removeprefix(".").lower()
    if kind not in set(TableFormat):
        raise InvalidInput([Violation((), "the file's name must end in .xlsx, .csv or .ndjson")])
    make = act_template if for_acts else certificate_template
    target.write_bytes(make(TableFormat(kind), chinese=lang == "zh"))


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
