"""Public ids: read over the telephone, typed from paper, and never silently taken for another."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.errors import NotFound
from registry.domain.public_id import (
    ALPHABET,
    ENTROPY_BYTES,
    LENGTH,
    MAX_TYPED_LENGTH,
    MalformedPublicId,
    grouped,
    new_public_id,
    parse_public_id,
)

ENTROPY = st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES)
IDS = ENTROPY.map(new_public_id)


def is_refused(typed: str) -> bool:
    """Whether text is refused, in words, and in no other way."""
    try:
        return parse_public_id(typed) == ""
    except MalformedPublicId as refusal:
        return bool(str(refusal))


@settings(max_examples=60, deadline=None)
@given(IDS)
def test_every_single_wrong_symbol_is_found(public_id: str) -> None:
    assert parse_public_id(public_id) == public_id
    for position, right in enumerate(public_id):
        for symbol in ALPHABET:
            if symbol != right:
                assert is_refused(public_id[:position] + symbol + public_id[position + 1 :])


@settings(max_examples=100, deadline=None)
@given(IDS)
def test_every_swap_of_two_symbols_is_found(public_id: str) -> None:
    for first, second in combinations(range(LENGTH), 2):
        if public_id[first] != public_id[second]:
            swapped = list(public_id)
            swapped[first], swapped[second] = swapped[second], swapped[first]
            assert is_refused("".join(swapped))


@settings(max_examples=100, deadline=None)
@given(IDS, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_symbol_left_out_or_typed_twice_is_found(public_id: str, position: int, extra: str) -> None:
    assert is_refused(public_id[:position] + public_id[position + 1 :])
    assert is_refused(public_id[:position] + extra + public_id[position:])


@settings(max_examples=100, deadline=None)
@given(IDS, st.data())
def test_an_id_is_read_in_any_case_with_hyphens_and_blanks_and_look_alikes(public_id: str, data: st.DataObject) -> None:
    look_alikes = {"2": "2Zz", "5": "5Ss", "6": "6Gg", "8": "8Bb"}
    typed = "".join(
        data.draw(st.sampled_from(look_alikes.get(symbol, symbol + symbol.lower())))
        + data.draw(st.sampled_from(["", "", "", "-", " "]))
        for symbol in public_id
    )
    assert parse_public_id(typed) == public_id
    assert parse_public_id(grouped(public_id)) == public_id
    assert parse_public_id(grouped(public_id).lower()) == public_id


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet=ALPHABET + "zsgb -ß", max_size=20))
def test_text_of_any_kind_is_an_id_or_is_refused_in_words(typed: str) -> None:
    if not is_refused(typed):
        public_id = parse_public_id(typed)
        assert len(public_id) == LENGTH
        assert set(public_id) <= set(ALPHABET)
        assert parse_public_id(public_id) == public_id


def test_a_malformed_id_is_a_thing_not_found_and_says_what_to_check() -> None:
    public_id = new_public_id(bytes(ENTROPY_BYTES))
    assert issubclass(MalformedPublicId, NotFound)
    with pytest.raises(MalformedPublicId, match="never contains 0 O"):
        parse_public_id("0O" + public_id[2:])
    with pytest.raises(MalformedPublicId, match="this one has 14"):
        parse_public_id(public_id[:-1])
    with pytest.raises(MalformedPublicId, match="too long"):
        parse_public_id("2" * (MAX_TYPED_LENGTH + 1))
    with pytest.raises(MalformedPublicId, match="mistyped"):
        parse_public_id(("3" if public_id[0] != "3" else "4") + public_id[1:])


def test_the_alphabet_has_no_vowels_and_no_two_symbols_that_look_alike() -> None:
    assert len(set(ALPHABET)) == 23
    assert not set("AEIOU") & set(ALPHABET)
    for group in ("0OQ", "1IL", "2Z", "5S", "6G", "8B", "UV"):
        assert len(set(group) & set(ALPHABET)) <= 1


@settings(max_examples=200, deadline=None)
@given(st.lists(ENTROPY, min_size=2, max_size=2, unique_by=lambda one: int.from_bytes(one, "big") % 23**14))
def test_different_random_numbers_make_different_ids(two: list[bytes]) -> None:
    first, second = map(new_public_id, two)
    assert first != second


@pytest.mark.parametrize("size", [0, ENTROPY_BYTES - 1, ENTROPY_BYTES + 1])
def test_an_id_is_never_made_of_too_little_randomness(size: int) -> None:
    with pytest.raises(ValueError, match="random bytes"):
        new_public_id(bytes(size))
