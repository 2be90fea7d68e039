"""What each kind of new version may change, clause by clause."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.certificate import Certificate, HolderId, HolderType, Site, months_after
from registry.domain.errors import IllegalMove
from registry.domain.lifecycle import Status
from registry.domain.reasons import Reason
from registry.domain.schemes import Text
from registry.domain.versions import VERSION_KINDS, check_replaceable, check_version, with_dates
from tests.conftest import sample_certificate

OLD = sample_certificate()
TODAY = date(2026, 3, 2)
NEW_NAME, NEW_ADDRESS = Text("宁波华丰智能制造有限公司（样例）"), Text("浙江省宁波市慈溪市新路1号")
HALL = Site(Text("二号厂房"), Text("慈溪市二号路"), Text("注塑"))


def new(**changes: Any) -> Certificate:
    holder = {name[7:]: changes.pop(name) for name in list(changes) if name.startswith("holder_")}
    return replace(OLD, holder=replace(OLD.holder, **holder), **changes)


def wrong(kind: Reason, version: Certificate, old: Certificate = OLD) -> list[str]:
    return [violation.pointer for violation in check_version(old, version, kind)]


RECERTIFIED = {"decided_on": date(2027, 12, 1), "valid_from": date(2028, 1, 8), "valid_until": date(2031, 1, 7)}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (Reason.NAME_CHANGE, {"holder_name": NEW_NAME}),
        (Reason.NAME_CHANGE, {"holder_name": NEW_NAME, "holder_address": NEW_ADDRESS, "number": "another"}),
        (Reason.ADDRESS_CHANGE, {"holder_address": NEW_ADDRESS, "holder_region": "330200"}),
        (Reason.SCOPE_EXTENSION, {"scope": Text("更多"), "decided_on": TODAY, "valid_from": TODAY}),
        (Reason.SCOPE_EXTENSION, {"sites": (*OLD.sites, HALL)}),
        (Reason.SCOPE_REDUCTION, {"sites": ()}),
        (Reason.RECERTIFICATION, {**RECERTIFIED, "scope": Text("更多"), "number": "00127Q30001R1S"}),
        (Reason.STANDARD_TRANSITION, {"scheme": "gbt24001-2016", "decided_on": TODAY, "valid_from": TODAY}),
        (Reason.CORRECTION, {"granted_on": date(2025, 1, 5)}),
        (Reason.OTHER, {"number": "another"}),
    ],
)
def test_a_version_of_each_kind(kind: Reason, changes: dict[str, Any]) -> None:
    assert wrong(kind, new(**changes)) == []


@pytest.mark.parametrize("kind", [kind for kind in VERSION_KINDS if kind is not Reason.STANDARD_TRANSITION])
def test_the_holder_stays_who_it_is(kind: Reason) -> None:
    assert "/holder/identifier" in wrong(kind, new(holder_identifier=HolderId("uscc", "91330282MA00000192")))
    assert "/holder/kind" in wrong(kind, new(holder_type=HolderType.PERSON))


@pytest.mark.parametrize("kind", VERSION_KINDS)
def test_something_changes(kind: Reason) -> None:
    assert wrong(kind, OLD)


@pytest.mark.parametrize(
    ("kind", "changes", "pointers"),
    [
        (Reason.NAME_CHANGE, {"holder_address": NEW_ADDRESS}, [""]),
        (Reason.NAME_CHANGE, {"holder_name": NEW_NAME, "scope": Text("更多")}, ["/scope"]),
        (Reason.NAME_CHANGE, {"holder_name": NEW_NAME, "valid_until": date(2028, 6, 1)}, ["/valid_until"]),
        (Reason.SCOPE_EXTENSION, {"scope": Text("更多"), "granted_on": date(2024, 1, 1)}, ["/granted_on"]),
        (Reason.SCOPE_EXTENSION, {"sites": (HALL,)}, ["/sites"]),
        (Reason.SCOPE_REDUCTION, {"sites": (HALL,)}, ["/sites"]),
        (Reason.SCOPE_REDUCTION, {"scope": Text("少"), "valid_from": date(2028, 1, 8)}, ["/valid_from"]),
        (Reason.RECERTIFICATION, {"decided_on": TODAY, "valid_from": TODAY}, ["/valid_until"]),
        (Reason.RECERTIFICATION, {"valid_until": date(2028, 2, 1)}, ["/decided_on"]),
        (Reason.RECERTIFICATION, {**RECERTIFIED, "granted_on": date(2027, 12, 1)}, ["/granted_on"]),
        (Reason.STANDARD_TRANSITION, {"scheme": "gb4706.1-2005"}, ["/scheme"]),
        (Reason.CORRECTION, {"scheme": "gbt24001-2016"}, ["/scheme"]),
        (Reason.CORRECTION, {"valid_from": date(2027, 1, 1), "valid_until": date(2029, 12, 31)}, ["/valid_until"]),
        (Reason.CORRECTION, {"valid_from": date(2025, 1, 7)}, ["/valid_from"]),
        (Reason.CORRECTION, {"decided_on": date(2025, 1, 5)}, ["/decided_on"]),
        (Reason.TRANSFER, {"number": "another"}, ["/kind"]),
    ],
)
def test_what_a_version_of_a_kind_must_not_change(kind: Reason, changes: dict[str, Any], pointers: list[str]) -> None:
    assert wrong(kind, new(**changes)) == pointers


def test_recertification_after_the_expiry_goes_by_the_old_term_and_within_six_months() -> None:
    late = {"decided_on": date(2028, 7, 7), "valid_from": date(2028, 7, 7), "valid_until": date(2031, 1, 7)}
    assert wrong(Reason.RECERTIFICATION, new(**late)) == []
    assert wrong(Reason.RECERTIFICATION, new(**{**late, "valid_until": date(2031, 1, 8)})) == ["/valid_until"]
    too_late = {**late, "decided_on": date(2028, 7, 8), "valid_from": date(2028, 7, 8)}
    assert wrong(Reason.RECERTIFICATION, new(**too_late)) == ["/decided_on"]


def test_a_suspension_is_not_lifted_by_the_way() -> None:
    lifting = {Reason.SCOPE_REDUCTION, Reason.RECERTIFICATION, Reason.STANDARD_TRANSITION}
    for kind in VERSION_KINDS:
        if kind in lifting:
            check_replaceable(kind, Status.SUSPENDED)
        else:
            with pytest.raises(IllegalMove, match="suspended"):
                check_replaceable(kind, Status.SUSPENDED)


def test_only_recertification_leads_on_from_an_expired_certificate() -> None:
    check_replaceable(Reason.RECERTIFICATION, Status.EXPIRED)
    for kind in set(VERSION_KINDS) - {Reason.RECERTIFICATION}:
        with pytest.raises(IllegalMove, match="expired"):
            check_replaceable(kind, Status.EXPIRED)


def test_what_is_decided_anew_is_dated_today_unless_told() -> None:
    assert with_dates(OLD, Reason.NAME_CHANGE, frozenset(), TODAY) == OLD
    dated = with_dates(OLD, Reason.SCOPE_EXTENSION, frozenset(), TODAY)
    assert (dated.decided_on, dated.valid_from) == (TODAY, TODAY)
    told = with_dates(OLD, Reason.SCOPE_EXTENSION, frozenset({"decided_on", "valid_from"}), TODAY)
    assert told == OLD


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 60))
def test_months_later_is_the_same_day_or_the_last_of_the_month(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and months_after(later, 0) == later)
    if later.day < day.day:
        assert (later.toordinal() + 1) == date(later.year + later.month // 12, later.month % 12 + 1, 1).toordinal()
