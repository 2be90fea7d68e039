"""Strict reading (RFC 7493) and canonical writing (RFC 8785), against the RFC's own examples and `rfc8785`."""

from __future__ import annotations

import json
import struct
from decimal import Decimal
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.formats.canonical_json import MAX_DEPTH, MalformedJson, canonicalize, canonicalize_own, parse

SAFE = 2**53 - 1
# Surrogates are not text; what happens to them has tests of its own.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ASCII_NAMES = st.text(st.characters(max_codepoint=127), max_size=8)
INTEGERS = st.integers(-SAFE, SAFE)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
# RFC 8785 writes larger ones without a point, and then they are integers that readers round differently.
SMALL_DOUBLES = DOUBLES.filter(lambda number: abs(number) <= SAFE)


def documents(names: Any, numbers: Any) -> Any:
    scalars = st.none() | st.booleans() | numbers | TEXTS
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=20
    )


PLAIN = documents(ASCII_NAMES, INTEGERS)
ANY_JSON = documents(TEXTS | ASCII_NAMES, INTEGERS | DOUBLES)
READABLE = documents(TEXTS | ASCII_NAMES, INTEGERS | SMALL_DOUBLES)

# RFC 8785, section 3.2.2 (input) and 3.2.4 (the bytes that come out).
RFC_SAMPLE = rb"""{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}"""
RFC_SAMPLE_BYTES = bytes.fromhex(
    "7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72"
    "75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a"
    "5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31"
    "65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37"
    "5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30"
    "30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d"
)
# RFC 8785, section 3.2.3.
RFC_SORTING = rb"""{
  "\u20ac": "Euro Sign",
  "\r": "Carriage Return",
  "\ufb33": "Hebrew Letter Dalet With Dagesh",
  "1": "One",
  "\ud83d\ude00": "Emoji: Grinning Face",
  "\u0080": "Control",
  "\u00f6": "Latin Small Letter O With Diaeresis"
}"""
RFC_SORTED_VALUES = [
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
]
# RFC 8785, appendix B.
RFC_NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


def test_the_rfc_s_sample_comes_out_byte_for_byte() -> None:
    assert canonicalize(parse(RFC_SAMPLE)) == RFC_SAMPLE_BYTES


def test_names_are_sorted_as_the_rfc_sorts_them_by_utf_16() -> None:
    canonical = canonicalize(parse(RFC_SORTING))
    assert list(json.loads(canonical).values()) == RFC_SORTED_VALUES


@pytest.mark.parametrize(("bits", "text"), RFC_NUMBERS.items())
def test_numbers_come_out_as_in_the_rfc_s_table(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonicalize([number]) == f"[{text}]".encode()


@pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])
def test_a_number_that_the_rfc_forbids_has_no_canonical_form(bits: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    with pytest.raises(MalformedJson):
        canonicalize({"a": [number]})


@settings(max_examples=400, deadline=None)
@given(ANY_JSON | PLAIN)
@example({"é": 1, "e": 2, "\U0001f600": 3, "\ufb33": 4})
@example([-0.0, 0.0, 1e21, 1e-7, 5e-324, SAFE, -SAFE])
@example({"\x7f\u2028</script>": "\x00\x1f\x7f\u2028\u2029/"})
def test_the_fast_way_writes_what_the_reference_implementation_writes(document: Any) -> None:
    canonical = canonicalize(document)
    assert canonical == rfc8785.dumps(document)
    # Doubles up to 1e21 are written without a point.
    assert json.loads(canonical, parse_int=float) == document


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(ASCII_NAMES, PLAIN, max_size=5))
def test_documents_of_our_own_making_need_no_guard(document: dict[str, Any]) -> None:
    assert canonicalize_own(document) == rfc8785.dumps(document)


@settings(max_examples=200, deadline=None)
@given(READABLE, st.integers(0, 4), st.booleans())
def test_spacing_escapes_and_order_of_the_text_do_not_matter(document: Any, indent: int, ascii_only: bool) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert canonicalize(parse(text.encode())) == canonicalize(document)


@settings(max_examples=200, deadline=None)
@given(DOUBLES)
def test_a_canonical_number_is_the_same_double_again(number: float) -> None:
    text = canonicalize(number).decode()
    assert float(text) == number
    # The shortest digits that tell it from its neighbours (ECMA-262, Number::toString).
    assert Decimal(text) == Decimal(repr(number))


@pytest.mark.parametrize("number", [SAFE + 1, -SAFE - 1, 2**63, 2**64, 10**400])
def test_an_integer_that_a_double_can_not_hold_has_no_canonical_form(number: int) -> None:
    assert canonicalize([SAFE, -SAFE]) == b"[9007199254740991,-9007199254740991]"
    for document in ([number], {"a": {"b": number}}, {"é": number}):
        with pytest.raises(MalformedJson):
            canonicalize(document)


@pytest.mark.parametrize("document", ["\ud800", {"\udfff": 1}, {"a": ["\ud83d"]}, {"é": "\ude00"}, {"é\ud800": 1}])
def test_half_a_character_has_no_canonical_form(document: Any) -> None:
    with pytest.raises(MalformedJson):
        canonicalize(document)


@pytest.mark.parametrize("document", [{1: "a"}, {None: 1}, [b"bytes"], {"a": {1, 2}}, object(), [1j], {"é": object()}])
def test_what_is_not_json_has_no_canonical_form(document: Any) -> None:
    with pytest.raises(MalformedJson):
        canonicalize(document)


def test_a_document_nested_without_end_has_no_canonical_form() -> None:
    for innermost in (0, 0.5):
        document: Any = innermost
        for _ in range(5000):
            document = [document]
        with pytest.raises(MalformedJson):
            canonicalize(document)


REFUSED = {
    "a name that occurs twice": b'{"a":1,"b":{"c":1,"c":1}}',
    "the same name written in two ways": b'{"a":1,"\\u0061":2}',
    "NaN": b"[NaN]",
    "Infinity": b'{"a":Infinity}',
    "-Infinity": b"-Infinity",
    "a number beyond all doubles": b"[1e400]",
    "the same, negative": b"-1E+999",
    "an integer beyond 2**53": b"[9007199254740992]",
    "the same, negative, in an object": b'{"a":-9007199254740992}',
    "an integer of five thousand digits": b"1" * 5000,
    "a lone surrogate": b'"\\ud800"',
    "a lone surrogate as a name": b'{"\\uDFFF":1}',
    "surrogates in the wrong order": b'["\\ude00\\ud83d"]',
    "Latin-1": '{"a":"é"}'.encode("latin-1"),
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "overlong UTF-8": b'"\xc0\xaf"',
    "a surrogate in UTF-8": b'"\xed\xa0\x80"',
    "nothing": b"",
    "blanks": b" ",
    "two documents": b"{}{}",
    "a trailing comma": b"[1,]",
    "single quotes": b"{'a':1}",
    "a comment": b"{}//",
    "a control character in a text": b'"\n"',
    "a bare word": b"none",
    "a leading zero": b"01",
    "a leading plus": b"+1",
    "a bare point": b".5",
    "one level too many": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "a hundred thousand levels": b"[" * 100_000,
    "levels of objects": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_text_that_two_readers_may_understand_differently_is_refused_with_the_reason(text: bytes) -> None:
    with pytest.raises(MalformedJson) as refusal:
        parse(text)
    assert 0 < len(str(refusal.value)) < 200


def test_the_reason_names_the_repeated_name_and_the_place() -> None:
    with pytest.raises(MalformedJson, match="'holder' occurs twice"):
        parse(b'{"holder":1,"scope":2,"holder":3}')
    with pytest.raises(MalformedJson, match="line 2, column 8"):
        parse(b'{\n  "a": x}')


def test_as_many_levels_as_are_allowed_are_read() -> None:
    text = b"[" * (MAX_DEPTH - 1) + b"{}" + b"]" * (MAX_DEPTH - 1)
    assert canonicalize(parse(text)) == text


def test_escaped_characters_beyond_the_basic_plane_are_read_as_one() -> None:
    assert parse(b'"\\ud83d\\ude00 \\\\ud800"') == "\U0001f600 \\ud800"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused_and_nothing_else(text: bytes) -> None:
    outcome: Any
    try:
        outcome = parse(text)
    except MalformedJson:
        return
    assert outcome == json.loads(text)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('{}[]",:\\u0123456789abdeEfnrtl+-. \ud83d\ude00\n'), max_size=40))
def test_almost_json_is_read_or_refused_and_nothing_else(text: str) -> None:
    encoded = text.encode("utf-8", "surrogatepass")
    try:
        document = parse(encoded)
    except MalformedJson:
        return
    # Whatever was read has one canonical form.
    assert canonicalize(json.loads(encoded)) == canonicalize(document) == rfc8785.dumps(document)


@settings(max_examples=200, deadline=None)
@given(ANY_JSON)
def test_what_the_standard_library_writes_is_read_as_it_was(document: Any) -> None:
    assert parse(json.dumps(document).encode()) == document
