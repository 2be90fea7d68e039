"""The audit trail as files: NDJSON, with all that is needed to recompute the hash chain, and CSV for spreadsheets."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from registry.domain.trail import TrailRecord
from registry.formats.log_entry import instant
from registry.formats.table_csv import csv_parts

CSV_COLUMNS = ("id", "at", "issuer", "act", "subject", "actor", "origin", "before", "after", "details", "position")


def ndjson(events: Iterable[TrailRecord]) -> Iterator[bytes]:
    """A line for each event: the members that its digest closes over, `issuer` (the code), `position` and `link`."""
    for event, code, position, salt, link in events:
        members: dict[str, Any] = {**event._asdict(), "at": instant(event.at), "salt": salt and salt.hex()}
        yield orjson.dumps({**members, "issuer": code, "position": position, "link": link and link.hex()}) + b"\n"


def csv_lines(events: Iterable[TrailRecord]) -> Iterator[bytes]:
    """A heading and a line for each event, as spreadsheets take them: no cell is a formula."""

    def rows() -> Iterator[Sequence[str]]:
        yield CSV_COLUMNS
        for event, code, position, _, _ in events:
            known = {**event._asdict(), "at": instant(event.at), "issuer": code, "position": position}
            yield [_cell(known[column]) for column in CSV_COLUMNS]

    yield codecs.BOM_UTF8
    yield from csv_parts(rows())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
