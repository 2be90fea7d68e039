"""Lists and searches."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import stdnum.cn.uscc

from registry.domain.certificate import Holder, HolderId, HolderType
from registry.domain.errors import InvalidInput
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.find import Filters, NameMatch, list_certificates, search, search_anything
from registry.services.issue import issue, issue_many
from tests.conftest import sample_certificate


def named(number: str, zh: str, en: str | None = None) -> object:
    return sample_certificate(number, holder=replace(sample_certificate().holder, name=Text(zh, en)))


def numbers(registry: Registry, **query: object) -> list[str]:
    return sorted(item.certificate.number for item in search(registry, **query).items)  # type: ignore[arg-type]


@pytest.fixture
def filled(registry: Registry, actor: Actor) -> Registry:
    for certificate in (
        named("A", "宁波华丰精密机械有限公司", "Ningbo Huafeng Precision Machinery Co., Ltd."),
        named("B", "杭州华丰电器厂", "Hangzhou HUAFENG Electrical Works"),
        named("C", "宁波％_特殊'名称\"公司", "100%_Special O'Name"),
        named("D", "ＡＢＣ（中国）公司"),
    ):
        issue(registry, actor, certificate)  # type: ignore[arg-type]
    return registry


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("华丰", ["A", "B"]),
        ("精密机械", ["A"]),
        ("丰电", ["B"]),
        ("机械精密", []),
        ("huafeng", ["A", "B"]),
        ("UAFEN", ["A", "B"]),
        ("precision  machinery", ["A"]),
        ("宁波华丰精密机械有限公司", ["A"]),
        ("特殊'名", ["C"]),
        ("100%_spe", ["C"]),
        ("100 名称", ["C"]),
        ("机械 宁波", ["A"]),
        ("㍿" * 60, []),
        ("abc(中国)", ["D"]),
        ("华丰 OR 电器", ["B"]),
        ('华丰" NOT "电器', []),
    ],
)
def test_any_part_of_a_name_finds_its_holder(filled: Registry, name: str, expected: list[str]) -> None:
    assert numbers(filled, name=name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("宁波", ["A", "C"]), ("华丰", []), ("hangzhou hua", ["B"]), ("宁", ["A", "C"]), ("%", []), ("_", [])],
)
def test_the_beginning_of_a_name_finds_its_holder(filled: Registry, name: str, expected: list[str]) -> None:
    assert numbers(filled, name=name, match=NameMatch.PREFIX) == expected


def test_a_search_that_is_too_short_says_so(filled: Registry) -> None:
    for name in ("华", "hu", "。"):
        with pytest.raises(InvalidInput, match="too short"):
            search(filled, name=name)


def test_number_and_uscc_find_exactly(filled: Registry) -> None:
    assert numbers(filled, number="A") == ["A"]
    assert numbers(filled, number=" a ") == ["A"]
    assert numbers(filled, number="AA") == []
    assert numbers(filled, uscc="91330282ma00000184") == ["A", "B", "C", "D"]
    assert numbers(filled, uscc="91330282MA0000018X") == []


def test_exactly_one_question_at_a_time(filled: Registry) -> None:
    for query in ({}, {"number": "A", "name": "华丰"}):
        with pytest.raises(InvalidInput):
            search(filled, **query)  # type: ignore[arg-type]


def test_the_one_box_takes_number_uscc_and_name(filled: Registry) -> None:
    for typed in ("A", "91330282MA00000184", "华丰"):
        assert search_anything(filled, f" {typed} ").items


def test_persons_are_found_by_certificate_number_and_not_by_name(registry: Registry, actor: Actor) -> None:
    person = Holder(HolderType.PERSON, Text("王样例", "Wang Yangli"))
    training = sample_certificate("T1", scheme="gbt19011-2021-training", holder=person, valid_until=None, sites=())
    issue(registry, actor, training)
    assert numbers(registry, name="王样例") == []
    assert numbers(registry, name="王样例", match=NameMatch.PREFIX) == []
    assert numbers(registry, number="T1") == ["T1"]


def test_pages_neither_lose_nor_repeat_a_certificate(registry: Registry, actor: Actor) -> None:
    issue_many(registry, actor, [sample_certificate(f"N{position:02}") for position in range(25)])
    seen: list[str] = []
    after = None
    while True:
        page = list_certificates(registry, actor, Filters(), after, 10)
        seen += [item.certificate.number for item in page.items]
        if page.next_after is None:
            break
        after = page.next_after
        # What is issued meanwhile does not shift the pages.
        issue(registry, actor, sample_certificate(f"X{len(seen)}"))
    assert seen == [f"N{position:02}" for position in reversed(range(25))]
    with pytest.raises(InvalidInput):
        list_certificates(registry, actor, Filters(), "nonsense", 10)


def test_the_list_is_narrowed_down_by_status_scheme_holder_and_date(registry: Registry, actor: Actor) -> None:
    other = HolderId("uscc", "91330201MA0000026" + stdnum.cn.uscc.calc_check_digit("91330201MA0000026"))
    issued = {
        number: issue(registry, actor, certificate).public_id
        for number, certificate in {
            "valid": sample_certificate("valid"),
            "environment": sample_certificate("environment", scheme="gbt24001-2016"),
            "suspended": sample_certificate("suspended"),
            "expired": sample_certificate("expired", valid_until=date(2026, 3, 1)),
            "early": sample_certificate("early", valid_from=date(2026, 3, 3)),
            "other": sample_certificate("other", holder=replace(sample_certificate().holder, identifier=other)),
        }.items()
    }
    change_status(registry, actor, issued["suspended"], Act.SUSPEND, Reason.FEE_UNPAID)
    issue(registry, operator(registry, "other"), sample_certificate("foreign"))

    def listed(**filters: object) -> list[str]:
        page = list_certificates(registry, actor, Filters(**filters), None, 50)  # type: ignore[arg-type]
        return sorted(item.certificate.number for item in page.items)

    assert listed(status=Status.SUSPENDED) == ["suspended"]
    assert listed(status=Status.EXPIRED) == ["expired"]
    assert listed(status=Status.NOT_YET_VALID) == ["early"]
    assert listed(status=Status.VALID) == ["environment", "other", "valid"]
    assert listed(scheme="gbt24001-2016") == ["environment"]
    assert listed(holder=other.value) == ["other"]
    assert listed(issued_from=date(2026, 3, 3)) == ["early"]
    assert "early" not in listed(issued_until=date(2026, 3, 2))
    assert len(listed()) == 6


def test_pages_by_date_neither_lose_nor_repeat_a_certificate(registry: Registry, actor: Actor) -> None:
    for day in (3, 1, 2):
        batch = [sample_certificate(f"{day}-{position}", valid_from=date(2026, 3, day)) for position in range(4)]
        issue_many(registry, actor, [replace(one, decided_on=date(2026, 3, 1)) for one in batch])
    seen: list[str] = []
    after = None
    while True:
        page = list_certificates(registry, actor, Filters(issued_from=date(2026, 3, 1)), after, 5)
        seen += [item.certificate.number for item in page.items]
        after = page.next_after
        if after is None:
            break
    assert seen == [f"{day}-{position}" for day in (3, 2, 1) for position in (3, 2, 1, 0)]


def test_names_are_found_among_many_with_the_same_words(registry: Registry, actor: Actor) -> None:
    """Beyond a thousand candidates the search goes another way."""
    issue(registry, actor, named("first", "宁波甲丙有限公司", "Ningbo First Ltd."))  # type: ignore[arg-type]
    issue_many(registry, actor, [named(f"N{n}", f"宁波乙{n}有限公司", f"Ningbo {n} Ltd.") for n in range(1100)])  # type: ignore[misc]
    assert len(search(registry, name="有限公司", limit=100).items) == 100
    assert search(registry, name="宁波", match=NameMatch.PREFIX, limit=1).items[0].certificate.number == "N1099"
    assert numbers(registry, name="甲丙有限") == ["first"]
    assert numbers(registry, name="宁波甲", match=NameMatch.PREFIX) == ["first"]


def test_each_status_filter_agrees_with_the_status_shown(registry: Registry, actor: Actor) -> None:
    for number, changes in {
        "a": {},
        "b": {"valid_until": date(2026, 3, 1)},
        "c": {"valid_from": date(2026, 4, 1)},
    }.items():
        public_id = issue(registry, actor, sample_certificate(number, **changes)).public_id
        issue(registry, actor, sample_certificate(number + "2", **changes))
        if number != "b":
            change_status(registry, actor, public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    total = 0
    for status in Status:
        items = list_certificates(registry, actor, Filters(status=status), None, 50).items
        assert [item.status.status for item in items] == [status] * len(items)
        total += len(items)
    assert total == 6


@pytest.mark.parametrize(("what", "queries"), [("list", 2), ("search", 3)])
def test_a_page_costs_the_same_few_queries_however_long_it_is(
    filled: Registry, actor: Actor, what: str, queries: int
) -> None:
    from sqlalchemy import event

    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = filled.database._reads
    event.listen(engine, "before_cursor_execute", count)
    if what == "list":
        list_certificates(filled, actor, Filters(), None, 50)
    else:
        search(filled, name="华丰")
    event.remove(engine, "before_cursor_execute", count)
    assert len(statements) == queries
