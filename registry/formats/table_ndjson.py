"""Lines of JSON (NDJSON): an object a line, in UTF-8."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import orjson

from registry.formats import canonical_json
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.formats.table import MAX_CELL_LENGTH, MAX_ROWS, MalformedTable

# As much as the API takes in one request.
_LONGEST_LINE = MAX_CELL_LENGTH


class JsonLine(NamedTuple):
    """An object and its line, counted from 1; where the line is none, its text and what is wrong with it."""

    line: int
    document: JsonObject
    text: bytes = b""
    problem: str | None = None


def read_ndjson(file: BinaryIO, limit: int = MAX_ROWS) -> Iterator[JsonLine]:
    """The objects; blank lines are left out. Raises MalformedTable for what has no lines of any sensible length."""
    number = found = 0
    while raw := file.readline(_LONGEST_LINE + 1):
        number += 1
        if len(raw) > _LONGEST_LINE:
            raise MalformedTable(f"line {number} is longer than {_LONGEST_LINE:,} bytes")
        text = (raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw).strip()
        if not text:
            continue
        found += 1
        if found > limit:
            raise MalformedTable(f"more than {limit:,} rows; send them in several files")
        yield _read(number, text)


def ndjson_parts(documents: Iterable[Any]) -> Iterator[bytes]:
    """Documents as lines, piece by piece."""
    part: list[bytes] = []
    size = 0
    for document in documents:
        part.append(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
        size += len(part[-1])
        if size >= 65536:
            yield b"".join(part)
            part, size = [], 0
    yield b"".join(part)


def _read(number: int, text: bytes) -> JsonLine:
    try:
        document = canonical_json.parse(text)
    except MalformedJson as error:
        # The position in the line is in the message; the line itself is told beside it.
        return JsonLine(number, {}, text, str(error).replace("line 1, ", ""))
    if not isinstance(document, dict):
        return JsonLine(number, {}, text, "not a JSON object")
    return JsonLine(number, document)
