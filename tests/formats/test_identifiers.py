"""Identifiers of holders: check digits computed a second time from the standards' text."""

from __future__ import annotations

import re

import pytest
import stdnum.cn.uscc
import stdnum.lei
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.certificate import HolderId
from registry.formats.identifiers import why_wrong

USCC_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LEI_SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"


def with_uscc_check_digit(body: str) -> str:
    """GB 32100-2015, section 5.5: weights are the powers of 3 modulo 31."""
    total = sum(USCC_SYMBOLS.index(symbol) * pow(3, position, 31) for position, symbol in enumerate(body))
    return body + USCC_SYMBOLS[-total % 31]


def with_lei_check_digits(body: str) -> str:
    """ISO 17442-1 by ISO/IEC 7064 MOD 97-10: letters count as 10 to 35, and the whole leaves 1."""
    number = int("".join(str(LEI_SYMBOLS.index(symbol)) for symbol in body + "00"))
    return f"{body}{98 - number % 97:02d}"


USCCS = st.tuples(st.text(DIGITS, min_size=8, max_size=8), st.text(USCC_SYMBOLS, min_size=9, max_size=9)).map(
    lambda parts: with_uscc_check_digit("".join(parts))
)
LEIS = st.text(LEI_SYMBOLS, min_size=18, max_size=18).map(with_lei_check_digits)


def reason(scheme: str, value: str) -> str | None:
    return why_wrong(HolderId(scheme, value))


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        # The examples of python-stdnum, and codes on public record: Huawei, Deutsche Bank, Apple.
        ("uscc", "91110000600037341L"),
        ("uscc", "914403001922038216"),
        ("lei", "213800KUD8LAJWSQ9D15"),
        ("lei", "7LTWFZYICNSX8D621K86"),
        ("lei", "HWUPKR0MPOU8FGXBT394"),
    ],
)
def test_an_identifier_on_public_record_is_accepted(scheme: str, value: str) -> None:
    assert reason(scheme, value) is None


@settings(max_examples=200, deadline=None)
@given(USCCS, LEIS)
def test_the_check_digit_of_the_standard_is_accepted(uscc: str, lei: str) -> None:
    assert reason("uscc", uscc) is None
    assert reason("lei", lei) is None
    assert stdnum.cn.uscc.is_valid(uscc)
    assert stdnum.lei.is_valid(lei)


@settings(max_examples=100, deadline=None)
@given(USCCS, st.integers(8, 17), st.sampled_from(USCC_SYMBOLS))
def test_every_wrong_character_in_a_uscc_is_told_by_the_check_digit(uscc: str, position: int, symbol: str) -> None:
    if symbol != uscc[position]:
        told = reason("uscc", uscc[:position] + symbol + uscc[position + 1 :])
        assert told == "the check digit of this USCC is wrong; at least one character is mistyped"


@settings(max_examples=100, deadline=None)
@given(LEIS, st.integers(0, 17), st.sampled_from(LEI_SYMBOLS))
def test_every_wrong_character_in_a_lei_is_told_by_the_check_digits(lei: str, position: int, symbol: str) -> None:
    # A letter counts as two digits, so in the place of a digit it may go unnoticed; that is the standard's limit.
    if symbol != lei[position] and symbol.isdigit() == lei[position].isdigit():
        told = reason("lei", lei[:position] + symbol + lei[position + 1 :])
        assert told == "the check digit of this LEI is wrong; at least one character is mistyped"


@pytest.mark.parametrize(
    ("scheme", "value"),
    [
        ("uscc", ""),
        ("uscc", "9111000060003734"),
        ("uscc", "91110000600037341L0"),
        ("uscc", "9111000060003734IL"),
        ("uscc", "A1110000600037341L"),
        ("uscc", "٩1110000600037341L"),
        ("lei", ""),
        # Their check digits are right, but they are too short, or too long.
        ("lei", "98"),
        ("lei", "1"),
        ("lei", with_lei_check_digits("213800KUD8LAJWSQ9")),
        ("lei", with_lei_check_digits("213800KUD8LAJWSQ9D1")),
        ("lei", "213800KUD8LAJWSQ9D1A"),
        ("lei", "213800KUD8LAJWSQ9D٥٠"),
        ("lei", "２１３" + "é" * 17),
    ],
)
def test_text_of_another_shape_is_told_as_such(scheme: str, value: str) -> None:
    told = reason(scheme, value)
    assert told == f"not a {scheme.upper()}: wrong length, or a character that never occurs in one"


@pytest.mark.parametrize(
    ("scheme", "value", "canonical"),
    [
        ("uscc", "91110000600037341l", "91110000600037341L"),
        ("uscc", " 9111 0000 6000 3734 1L", "91110000600037341L"),
        ("lei", "2138-00KU-D8LA-JWSQ-9D15", "213800KUD8LAJWSQ9D15"),
        ("lei", "213800KUD8LAJWSQ9D15\n", "213800KUD8LAJWSQ9D15"),
    ],
)
def test_an_identifier_in_another_spelling_is_refused_with_the_right_one(
    scheme: str, value: str, canonical: str
) -> None:
    """One company must not stand in the register under two spellings."""
    assert reason(scheme, value) == f"write it without blanks, in capitals: {canonical}"
    assert reason(scheme, canonical) is None


def test_other_identifiers_are_short_printable_text() -> None:
    assert reason("other", "HRB 12345/B #7") is None
    assert reason("other", "工商 123") is None
    for value in ("", "x" * 65, "a\nb", "\u202e1", " ", " 1", "\ud800"):
        assert "printable" in (reason("other", value) or "")


def test_an_unknown_kind_of_identifier_is_refused_with_the_known_ones() -> None:
    assert reason("duns", "150483782") == "unknown identifier scheme 'duns'; use one of: uscc, lei, other"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["uscc", "lei"]), st.text(max_size=24) | st.text(USCC_SYMBOLS, min_size=18, max_size=20))
def test_text_of_any_kind_is_accepted_only_in_the_shape_of_the_standard(scheme: str, value: str) -> None:
    shape = {"uscc": r"[0-9]{8}[0-9A-HJ-NPQRTUWXY]{10}", "lei": r"[0-9A-Z]{18}[0-9]{2}"}[scheme]
    assert reason(scheme, value) is not None or re.fullmatch(shape, value)
