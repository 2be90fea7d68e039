"""Lines of JSON."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.table import MalformedTable
from registry.formats.table_ndjson import ndjson_parts, read_ndjson

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


def test_objects_come_with_their_lines() -> None:
    file = io.BytesIO(b'\xef\xbb\xbf{"a":1}\n\n{"a":2}\r\n')
    assert [(one.line, one.document) for one in read_ndjson(file)] == [(1, {"a": 1}), (3, {"a": 2})]


@pytest.mark.parametrize(
    ("line", "told"),
    [(b"[1]", "not a JSON object"), (b'{"a":1,"a":2}', "twice"), (b"{", "not JSON"), (b"\xff", "UTF-8")],
)
def test_a_line_that_is_none_is_told_and_the_others_are_read(line: bytes, told: str) -> None:
    first, second = read_ndjson(io.BytesIO(line + b'\n{"a":1}\n'))
    assert told in (first.problem or "")
    assert second.document == {"a": 1}


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(MalformedTable, match="line 2 is longer"):
        list(read_ndjson(io.BytesIO(b"{}\n" + b" " * 1_100_000)))


def test_too_many_rows_are_refused() -> None:
    with pytest.raises(MalformedTable, match="more than 2 rows"):
        list(read_ndjson(io.BytesIO(b"{}\n" * 3), limit=2))


@given(st.binary(max_size=200))
def test_any_bytes_are_lines_or_an_error(raw: bytes) -> None:
    for line in read_ndjson(io.BytesIO(raw)):
        assert line.problem is None or line.problem


@given(st.lists(st.dictionaries(st.text("abc", min_size=1), VALUES)))
def test_what_is_written_is_read_again(documents: list[dict[str, object]]) -> None:
    raw = b"".join(ndjson_parts(documents))
    assert [line.document for line in read_ndjson(io.BytesIO(raw))] == documents
