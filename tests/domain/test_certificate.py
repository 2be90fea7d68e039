"""Which certificates make sense (ISO/IEC 17021-1, 8.2.2), rule by rule, each with the field to correct."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.domain.certificate import (
    FIRST_DAY,
    LAST_DAY,
    MAX_NAME_LENGTH,
    MAX_NUMBER_LENGTH,
    MAX_SCOPE_LENGTH,
    MAX_SITES,
    Authorization,
    Certificate,
    Holder,
    HolderId,
    HolderType,
    Site,
    check_certificate,
    day_of,
    period_of,
)
from registry.domain.errors import InvalidInput, Violation
from registry.domain.schemes import SCHEMES, Text

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
ORGANIZATION = Holder(
    HolderType.ORGANIZATION,
    Text("宁波华丰精密机械有限公司", "Ningbo Huafeng Precision Machinery Co., Ltd."),
    Text("浙江省宁波市慈溪市工业路18号", "No. 18 Gongye Road, Cixi"),
    HolderId("uscc", "91330282MA00000184"),
)
PERSON = Holder(HolderType.PERSON, Text("王小明"))
SITE = Site(Text("慈溪工厂", "Cixi plant"), Text("工业路18号", "18 Gongye Road"), Text("注塑件", "Moulded parts"))


def certificate(**changes: Any) -> Certificate:
    base = Certificate(
        number="00125Q30001R0S",
        scheme="gbt19001-2016",
        holder=ORGANIZATION,
        scope=Text("注塑件的设计和生产", "Design and production of moulded parts"),
        granted_on=date(2025, 1, 6),
        decided_on=date(2025, 1, 6),
        valid_from=date(2025, 1, 8),
        valid_until=date(2028, 1, 7),
        sites=(SITE,),
    )
    return replace(base, **changes)


def holder(**changes: Any) -> Holder:
    return replace(ORGANIZATION, **changes)


def wrong(one: Certificate, now: datetime = NOW) -> list[str]:
    return [violation.pointer for violation in check_certificate(one, now)]


def test_a_certificate_that_keeps_every_rule_is_accepted() -> None:
    assert check_certificate(certificate(), NOW) == []


def test_an_unknown_scheme_is_refused_with_the_known_ones() -> None:
    (violation,) = check_certificate(certificate(scheme="gbt19001-2008"), NOW)
    assert violation.pointer == "/scheme"
    assert all(code in violation.reason for code in SCHEMES)


UNFIT = ["", " ", " 甲", "甲 ", "甲\n乙", "甲\u0000乙", "甲\u202e乙", "\ud800", "甲\u200b乙"]


@pytest.mark.parametrize("text", UNFIT)
@pytest.mark.parametrize(
    ("make", "pointer"),
    [
        (lambda text: certificate(number=text), "/number"),
        (lambda text: certificate(holder=holder(name=Text(text))), "/holder/name/zh"),
        (lambda text: certificate(holder=holder(name=Text("甲", text))), "/holder/name/en"),
        (lambda text: certificate(holder=holder(address=Text(text))), "/holder/address/zh"),
        (lambda text: certificate(holder=holder(address=Text("甲", text))), "/holder/address/en"),
        (lambda text: certificate(scope=Text(text)), "/scope/zh"),
        (lambda text: certificate(scope=Text("甲", text)), "/scope/en"),
        (lambda text: certificate(sites=(SITE, replace(SITE, name=Text(text)))), "/sites/1/name/zh"),
        (lambda text: certificate(sites=(SITE, replace(SITE, address=Text("甲", text)))), "/sites/1/address/en"),
        (lambda text: certificate(sites=(replace(SITE, scope=Text(text)), SITE)), "/sites/0/scope/zh"),
    ],
)
def test_no_text_is_blank_or_hides_what_can_not_be_printed(make: Any, pointer: str, text: str) -> None:
    assert wrong(make(text)) == [pointer]


@pytest.mark.parametrize(
    ("make", "limit", "pointer"),
    [
        (lambda text: certificate(number=text), MAX_NUMBER_LENGTH, "/number"),
        (lambda text: certificate(holder=holder(name=Text(text))), MAX_NAME_LENGTH, "/holder/name/zh"),
        (lambda text: certificate(holder=holder(address=Text("甲", text))), MAX_NAME_LENGTH, "/holder/address/en"),
        (lambda text: certificate(scope=Text(text)), MAX_SCOPE_LENGTH, "/scope/zh"),
        (lambda text: certificate(sites=(replace(SITE, scope=Text(text)),)), MAX_SCOPE_LENGTH, "/sites/0/scope/zh"),
    ],
)
def test_a_text_may_be_as_long_as_its_limit_and_no_longer(make: Any, limit: int, pointer: str) -> None:
    assert wrong(make("字" * limit)) == []
    assert wrong(make("字" * (limit + 1))) == [pointer]


def test_a_certificate_has_at_most_two_hundred_sites() -> None:
    assert wrong(certificate(sites=(SITE,) * MAX_SITES)) == []
    assert wrong(certificate(sites=(SITE,) * (MAX_SITES + 1))) == ["/sites"]


def test_an_organization_needs_its_registered_identifier_and_address() -> None:
    assert wrong(certificate(holder=holder(identifier=None))) == ["/holder/identifier"]
    assert wrong(certificate(holder=holder(address=None))) == ["/holder/address"]


def test_a_person_holds_a_training_certificate_without_identifier_or_address() -> None:
    training = certificate(scheme="gbt19011-2021-training", holder=PERSON, valid_until=None, sites=())
    assert wrong(training) == []


@pytest.mark.parametrize("code", sorted(SCHEMES))
def test_a_scheme_is_held_by_persons_or_by_organizations_but_not_by_both(code: str) -> None:
    holders = [ORGANIZATION, PERSON]
    right, other = reversed(holders) if "training" in code else holders
    assert wrong(certificate(scheme=code, holder=right)) == []
    assert wrong(certificate(scheme=code, holder=other)) == ["/holder/kind"]


def test_a_person_s_identity_number_and_address_have_no_place_in_a_public_register() -> None:
    for name in ("identifier", "address"):
        person = replace(PERSON, **{name: getattr(ORGANIZATION, name)})
        assert wrong(certificate(scheme="gbt19011-2021-training", holder=person)) == [f"/holder/{name}"]


def test_the_last_decision_is_not_before_the_first_granting() -> None:
    assert wrong(certificate(granted_on=date(2025, 1, 7))) == ["/decided_on"]


def test_validity_does_not_begin_before_the_decision() -> None:
    assert wrong(certificate(valid_from=date(2025, 1, 6))) == []
    assert wrong(certificate(valid_from=date(2025, 1, 5))) == ["/valid_from"]


def test_the_end_is_not_before_the_beginning() -> None:
    assert wrong(certificate(valid_until=date(2025, 1, 8))) == []
    assert wrong(certificate(valid_until=date(2025, 1, 7))) == ["/valid_until"]


def test_a_management_system_certificate_needs_an_expiry_date_and_a_recognition_does_not() -> None:
    assert wrong(certificate(valid_until=None)) == ["/valid_until"]
    assert wrong(certificate(scheme="gbt19580-2012-case", valid_until=None)) == []


@pytest.mark.parametrize(
    ("scheme", "longest"),
    [("gbt19001-2016", date(2028, 7, 12)), ("gb4706.1-2005", date(2030, 7, 14)), ("gbt19580-2012-case", LAST_DAY)],
)
def test_a_term_is_no_longer_than_the_scheme_allows_with_half_a_year_for_early_recertification(
    scheme: str, longest: date
) -> None:
    assert wrong(certificate(scheme=scheme, valid_until=longest)) == []
    if longest < LAST_DAY:
        assert wrong(certificate(scheme=scheme, valid_until=longest + timedelta(days=1))) == ["/valid_until"]


def test_a_decision_is_in_the_future_by_the_calendar_in_china() -> None:
    one = certificate(decided_on=date(2026, 3, 3), valid_from=date(2026, 3, 3))
    assert wrong(one, datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC)) == ["/decided_on"]
    assert wrong(one, datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == []


@pytest.mark.parametrize("far", [date.min, date(1899, 12, 31), date(3000, 1, 1), date.max])
def test_a_date_that_no_calendar_computes_with_is_refused(far: date) -> None:
    """'9999-12-31' is how other systems write 'no end'; here it is left out."""
    assert "/valid_until" in wrong(certificate(valid_until=far))
    for name in ("granted_on", "decided_on", "valid_from"):
        assert f"/{name}" in wrong(certificate(**{name: far}))


def test_every_date_that_is_accepted_can_be_turned_into_instants() -> None:
    period = period_of(FIRST_DAY, LAST_DAY)
    assert period.ends_at is not None
    assert (period.starts_at.astimezone(UTC).year, period.ends_at.astimezone(UTC).year) == (1899, 2999)


def test_all_broken_rules_are_told_at_once() -> None:
    one = certificate(number="", holder=holder(address=None), valid_until=None)
    assert wrong(one) == ["/number", "/holder/address", "/valid_until"]


def test_a_certificate_is_valid_from_the_first_minute_to_the_last_in_china() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    period = certificate().period
    assert period.starts_at == datetime(2025, 1, 8, tzinfo=shanghai)
    assert period.ends_at == datetime(2028, 1, 8, tzinfo=shanghai)


def test_a_day_begins_at_midnight_in_china() -> None:
    assert day_of(datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 3, 1)
    assert day_of(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("day", "covered"),
    [
        (date(2019, 12, 31), False),
        (date(2020, 1, 1), True),
        (date(2025, 12, 31), True),
        (date(2026, 1, 1), False),
    ],
)
def test_an_authorization_covers_its_first_and_its_last_day(day: date, covered: bool) -> None:
    authorization = Authorization("gbt19001-2016", date(2020, 1, 1), date(2025, 12, 31))
    assert authorization.covers("gbt19001-2016", day) is covered
    assert not authorization.covers("gbt24001-2016", day)
    assert replace(authorization, valid_until=None).covers("gbt19001-2016", date(2099, 1, 1))


@pytest.mark.parametrize(
    ("path", "pointer"),
    # RFC 6901, section 5.
    [((), ""), (("foo", 0), "/foo/0"), (("",), "/"), (("a/b",), "/a~1b"), (("m~n",), "/m~0n"), (("~1",), "/~01")],
)
def test_a_violation_points_to_its_field_as_json_pointer_says(path: tuple[str | int, ...], pointer: str) -> None:
    violation = Violation(path, "wrong")
    assert violation.pointer == pointer
    assert str(InvalidInput([violation])) == f"{pointer or '/'}: wrong"


def test_a_refusal_with_a_thousand_reasons_is_still_one_line_and_keeps_them_all() -> None:
    refusal = InvalidInput([Violation((position, "number"), "must not be empty") for position in range(1000)])
    assert len(str(refusal)) < 300
    assert len(refusal.violations) == 1000
