"""The register in numbers."""

from __future__ import annotations

from datetime import date

import pytest

from registry.domain.certificate import EnterpriseSize, Holder, HolderId, HolderType
from registry.domain.errors import NotPermitted
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.services.change_status import call_off, change_status
from registry.services.context import Actor, Registry, operator
from registry.services.issue import issue
from registry.services.statistics import KEPT_FOR, statistics_of, statistics_of_register
from tests.conftest import Clock, sample_certificate


def holder(uscc: str, region: str, industry: str, size: EnterpriseSize) -> Holder:
    address = Text("浙江省温州市乐清市柳市镇1号")
    return Holder(HolderType.ORGANIZATION, Text("某某公司"), address, HolderId("uscc", uscc), region, industry, size)


@pytest.fixture
def filled(registry: Registry, actor: Actor, clock: Clock) -> Registry:
    """At NOON of 2 March 2026: two valid ones of one holder, one of another, one suspended, one withdrawn, one over."""
    issue(registry, actor, sample_certificate("1"))
    issue(registry, actor, sample_certificate("2", scheme="gbt24001-2016"))
    other = holder("91110105MA0000026K", "110105", "I65", EnterpriseSize.MICRO)
    begun = {"granted_on": date(2025, 2, 27), "decided_on": date(2026, 2, 27), "valid_from": date(2026, 2, 27)}
    issue(registry, actor, sample_certificate("3", holder=other, **begun))
    suspended = issue(registry, actor, sample_certificate("4")).public_id
    change_status(registry, actor, suspended, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    withdrawn = issue(registry, actor, sample_certificate("5")).public_id
    change_status(registry, actor, withdrawn, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    issue(registry, actor, sample_certificate("6", valid_until=date(2026, 3, 1)))
    issue(registry, actor, sample_certificate("7", valid_until=date(2026, 3, 2)))
    person = Holder(HolderType.PERSON, Text("张三"))
    issue(registry, actor, sample_certificate("8", scheme="gbt19011-2021-training", holder=person, sites=()))
    issue(registry, operator(registry, "other"), sample_certificate("1"))
    return registry


def test_certificates_are_counted_by_their_status_of_the_moment(filled: Registry, actor: Actor) -> None:
    counted = statistics_of(filled, actor).statuses
    assert {status: count for status, count in counted.items() if count} == {
        Status.VALID: 5,
        Status.SUSPENDED: 1,
        Status.WITHDRAWN: 1,
        Status.EXPIRED: 1,
    }


def test_only_valid_ones_are_counted_by_class_and_the_largest_class_comes_first(filled: Registry, actor: Actor) -> None:
    found = statistics_of(filled, actor)
    assert list(found.schemes.items()) == [("gbt19001-2016", 3), ("gbt19011-2021-training", 1), ("gbt24001-2016", 1)]
    assert found.sections == {"C": 3, "I": 1}
    assert found.regions == {"3302": 3, "11": 1}
    assert found.sizes == {"small": 3, "micro": 1}
    assert (found.holders, found.persons, found.cases) == (2, 1, 0)


def test_every_month_has_a_number(filled: Registry, actor: Actor) -> None:
    found = statistics_of(filled, actor)
    assert next(iter(found.issued)) == "2024-04"
    assert list(found.issued)[-1] == "2026-03"
    assert len(found.issued) == 24
    assert {month: count for month, count in found.issued.items() if count} == {"2025-01": 7, "2026-02": 1}
    assert found.acts[Act.SUSPEND]["2026-03"] == 1
    assert found.acts[Act.WITHDRAW]["2026-03"] == 1
    assert sum(found.acts[Act.CANCEL].values()) == 0
    assert list(found.expiring)[:2] == ["2026-03", "2026-04"]
    assert len(found.expiring) == 12
    # The one that ended yesterday is not about to expire; the one that ends today is.
    assert found.expiring["2026-03"] == 1


def test_months_are_those_of_china(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    clock.now = clock.now.replace(day=31, hour=17)
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    assert statistics_of(registry, actor).acts[Act.SUSPEND]["2026-04"] == 1


def test_the_whole_register_is_counted_for_everybody(filled: Registry) -> None:
    assert statistics_of_register(filled).statuses[Status.VALID] == 6


def test_an_issuer_sees_its_own_numbers_only(filled: Registry, actor: Actor) -> None:
    assert statistics_of(filled, operator(filled, "other")).statuses[Status.VALID] == 1


def test_counts_are_kept_for_a_while_and_say_so(filled: Registry, actor: Actor, clock: Clock) -> None:
    begun = statistics_of(filled, actor)
    issue(filled, actor, sample_certificate("9"))
    clock.advance(minutes=5)
    assert statistics_of(filled, actor) == begun
    clock.now = begun.counted_at + KEPT_FOR
    renewed = statistics_of(filled, actor)
    assert renewed.counted_at == clock.now
    assert renewed.statuses[Status.VALID] == begun.statuses[Status.VALID] + 1


def test_a_planned_end_of_a_suspension_counts_from_its_time_on(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    until = clock.now.replace(hour=5)
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.FEE_UNPAID, until=until)
    clock.now = until
    assert statistics_of(registry, actor).statuses[Status.VALID] == 1


def test_who_may_not_read_may_not_count(filled: Registry, actor: Actor) -> None:
    with pytest.raises(NotPermitted):
        statistics_of(filled, Actor("nobody", actor.issuer_id, frozenset()))


def test_what_was_called_off_never_counts(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    planned = clock.now.replace(hour=5)
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.FEE_UNPAID, effective_at=planned)
    call_off(registry, actor, public_id, 2, Reason.PLANNED_IN_ERROR)
    clock.now = planned
    acts = statistics_of(registry, actor).acts
    assert sum(acts[Act.SUSPEND].values()) == 0
    assert Act.CALL_OFF not in acts
