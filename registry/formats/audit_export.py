"""The audit trail as files: NDJSON, with all that is needed to recompute the hash chain, and CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from registry.domain.trail import TrailRecord
from registry.formats.csv_cells import neutralized
from registry.formats.log_entry import instant

CSV_COLUMNS = ("id", "at", "issuer", "act", "subject", "actor", "origin", "before", "after", "details", "position")


def ndjson(events: Iterable[TrailRecord]) -> Iterator[bytes]:
    """A line for each event: the members that its digest closes over, `issuer` (the code), `position` and `link`."""
    for event, code, position, salt, link in events:
        members: dict[str, Any] = {**event._asdict(), "at": instant(event.at), "salt": salt and salt.hex()}
        yield orjson.dumps({**members, "issuer": code, "position": position, "link": link and link.hex()}) + b"\n"


def csv_lines(events: Iterable[TrailRecord]) -> Iterator[bytes]:
    """A heading and a line for each event (RFC 4180, UTF-8 with a byte order mark); no cell is a formula."""
    yield b"\xef\xbb\xbf" + _line(CSV_COLUMNS)
    for event, code, position, _, _ in events:
        known: dict[str, Any] = {**event._asdict(), "at": instant(event.at), "issuer": code, "position": position}
        yield _line([_cell(known[column]) for column in CSV_COLUMNS])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return neutralized(orjson.dumps(value).decode() if isinstance(value, dict) else str(value))


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()
