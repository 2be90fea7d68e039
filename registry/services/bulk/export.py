"""Exporting certificates in the columns in which they are imported, page by page, however many there are."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from registry.domain.errors import InvalidInput, Violation
from registry.formats.canonical_json import JsonObject
from registry.formats.certificate_table import COLUMNS, INFORMATION, cells_of
from registry.formats.credential import stated_of
from registry.formats.table import TableFormat
from registry.formats.table_csv import csv_parts
from registry.formats.table_ndjson import ndjson_parts
from registry.formats.table_xlsx import CellTooLong, write_xlsx
from registry.services.change_status import refresh_due
from registry.services.context import Actor, Registry, Verb
from registry.services.find import Filters, Found, narrowed, with_status
from registry.store.bulk_certificates import page_with_documents

_PAGE = 1000
# Of a workbook; more does not fit on one sheet.
MAX_XLSX_ROWS = 1_000_000


def export_parts(registry: Registry, actor: Actor, kind: TableFormat, filters: Filters) -> Iterator[bytes]:
    """The issuer's certificates as CSV or lines of JSON, oldest first, piece by piece. Raises NotPermitted.

    What is issued meanwhile may be in it or not; the rest is as it was when its page was read.
    """
    actor.require(Verb.READ)
    refresh_due(registry)
    if kind is TableFormat.NDJSON:
        return ndjson_parts(_requests(registry, actor, filters))
    return _after_mark(csv_parts(_rows(registry, actor, filters)))


def write_export(registry: Registry, actor: Actor, kind: TableFormat, filters: Filters, target: BinaryIO) -> None:
    """The same into a file, also as a workbook. Raises InvalidInput for what no workbook can hold, NotPermitted."""
    if kind is not TableFormat.XLSX:
        for part in export_parts(registry, actor, kind, filters):
            target.write(part)
        return
    actor.require(Verb.READ)
    refresh_due(registry)
    try:
        write_xlsx(target, _at_most(_rows(registry, actor, filters), MAX_XLSX_ROWS), "证书 Certificates")
    except CellTooLong as error:
        raise InvalidInput([Violation((), f"{error}; export as CSV or NDJSON")]) from error


def heading() -> list[str]:
    """The names of the columns of an export."""
    return [*(column.name for column in COLUMNS), *(name for name, _ in INFORMATION)]


def _after_mark(parts: Iterator[bytes]) -> Iterator[bytes]:
    # Without the mark, Excel takes Chinese in UTF-8 for something else.
    yield codecs.BOM_UTF8
    yield from parts


def _rows(registry: Registry, actor: Actor, filters: Filters) -> Iterator[list[str]]:
    yield heading()
    for found, terms in _certificates(registry, actor, filters):
        request = {"certificate": terms, "reason": found.certificate.first_reason}
        yield [*cells_of(request), *_information(found).values()]


def _requests(registry: Registry, actor: Actor, filters: Filters) -> Iterator[JsonObject]:
    for found, terms in _certificates(registry, actor, filters):
        yield {"certificate": terms, "reason": found.certificate.first_reason, **_information(found)}


def _information(found: Found) -> dict[str, str]:
    row, status = found.certificate, found.status
    return {
        "public_id": row.public_id,
        "status": status.status.value,
        "status_since": status.since.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
    }


def _certificates(registry: Registry, actor: Actor, filters: Filters) -> Iterator[tuple[Found, JsonObject]]:
    after = 0
    while True:
        with registry.database.read() as connection:
            conditions = narrowed(registry, connection, actor, filters)
            page = page_with_documents(connection, conditions, after, _PAGE)
            found = with_status(connection, [row for row, _ in page], registry.now())
        documents = {row.id: document for row, document in page}
        for one in found:
            yield one, stated_of(orjson.loads(documents[one.certificate.id]))
        if len(page) < _PAGE:
            return
        after = page[-1][0].id


def _at_most(rows: Iterator[Any], limit: int) -> Iterator[Any]:
    for position, row in enumerate(rows):
        if position > limit:
            raise InvalidInput([Violation((), f"a sheet holds {limit:,} rows; export as CSV or NDJSON")])
        yield row
