"""Names that are almost the holder's: told apart from those that are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.services.portfolio.names import NameDifference, NameEdit, NameFinding, compare_names

ZH, EN = "宁波华丰精密机械有限公司", "Ningbo Huafeng Precision Machinery Co., Ltd."


def compared(given: str) -> NameDifference:
    found = compare_names(given, [ZH, EN])
    assert found is not None
    return found


def test_the_holders_names_themselves_need_no_comparison() -> None:
    assert compare_names(ZH, [ZH, EN]) is None
    assert compare_names(EN, [ZH, EN]) is None
    assert compare_names(ZH, []) is None


@pytest.mark.parametrize(
    ("name", "finding", "registered"),
    [
        (" 宁波华丰 精密机械有限公司", NameFinding.SPELLING, ZH),
        ("NINGBO HUAFENG Precision Machinery Co Ltd", NameFinding.SPELLING, EN),
        ("宁波华丰精密机械有限责任公司", NameFinding.LEGAL_FORM, ZH),
        ("宁波华丰精密机械", NameFinding.LEGAL_FORM, ZH),
        ("Ningbo Huafeng Precision Machinery Company Limited", NameFinding.LEGAL_FORM, EN),
        ("宁波华丰精密机床有限公司", NameFinding.DIFFERENT, ZH),
        ("Ningbo Huafeng Precision Machines Co., Ltd.", NameFinding.DIFFERENT, EN),
    ],
)
def test_what_kind_of_difference_it_is(name: str, finding: NameFinding, registered: str) -> None:
    found = compared(name)
    assert (found.finding, found.registered, found.given) == (finding, registered, name)
    assert (found.score == 100) == (finding is not NameFinding.DIFFERENT)


def test_the_places_that_differ_are_told() -> None:
    assert compared("宁波华丰精密机床有限公司").edits == (NameEdit("床", "械"),)
    assert compared("宁波华丰精密机械有限责任公司").edits == (NameEdit("责任", ""),)
    assert compared("Ningbo Huafeng Machinery Co., Ltd.").edits == (NameEdit("", "precision"),)


def test_the_more_alike_the_higher_the_score() -> None:
    near, far = compared("宁波华丰精密机床有限公司"), compared("杭州明达纺织有限公司")
    assert near.score > 80
    assert far.score < 30


def test_a_legal_form_alone_is_no_likeness() -> None:
    # All that these have in common is the ending.
    assert compared("阿里有限公司").score < 20


@given(st.text(min_size=1, max_size=60), st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=2))
def test_only_the_same_name_is_the_same(name: str, registered: list[str]) -> None:
    found = compare_names(name, registered)
    assert (found is None) == (name in registered)
    if found is not None:
        assert 0 <= found.score <= 100
        assert found.registered in registered
