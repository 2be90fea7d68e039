"""Which changes are told of a certificate, held against living through its life hour by hour."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.domain.changes import Change, ChangeKind, changes_between
from registry.domain.lifecycle import Period, Standing, StatusEvent, standing_at
from registry.domain.reasons import Act, Reason
from tests.conftest import NOON
from tests.domain import naive
from tests.domain.naive import Deed, moment

ENDLESS = Period(NOON, None)
ISSUED = StatusEvent(1, Act.ISSUE, Reason.INITIAL, NOON, NOON)
HOUR = timedelta(hours=1)


def told(*events: StatusEvent, after: int = 20, period: Period = ENDLESS) -> list[tuple[ChangeKind, int]]:
    """What is told from the issuing on until so many hours later."""
    before = standing_at([ISSUED], NOON, NOON)
    assert before is not None
    found = changes_between(before, [ISSUED, *events], period, NOON + after * HOUR)
    return [(one.kind, int((one.at - NOON) / HOUR)) for one in found]


def act(
    sequence: int, what: Act, reason: Reason, hour: int, recorded: int = 0, until: int | None = None
) -> StatusEvent:
    end = None if until is None else NOON + until * HOUR
    return StatusEvent(sequence, what, reason, NOON + hour * HOUR, NOON + recorded * HOUR, end)


def suspension(sequence: int, hour: int, until: int | None = None) -> StatusEvent:
    return act(sequence, Act.SUSPEND, Reason.FEE_UNPAID, hour, until=until)


def test_a_suspension_with_an_end_is_told_twice() -> None:
    assert told(suspension(2, 3, until=5)) == [(ChangeKind.SUSPENDED, 3), (ChangeKind.RESTORED, 5)]
    assert told(suspension(2, 3, until=5), after=4) == [(ChangeKind.SUSPENDED, 3)]
    assert told(suspension(2, 3, until=5), after=2) == []


def test_a_suspension_that_is_prolonged_is_told_again_and_no_restoring() -> None:
    events = (suspension(2, 1, until=4), suspension(3, 4, until=8))
    assert told(*events) == [(ChangeKind.SUSPENDED, 1), (ChangeKind.SUSPENDED, 4), (ChangeKind.RESTORED, 8)]


def test_what_is_final_is_told_once_and_by_its_kind() -> None:
    for what, reason, kind in (
        (Act.WITHDRAW, Reason.MISUSE_OF_MARK, ChangeKind.WITHDRAWN),
        (Act.CANCEL, Reason.HOLDER_REQUEST, ChangeKind.CANCELLED),
        (Act.SUPERSEDE, Reason.NAME_CHANGE, ChangeKind.SUPERSEDED),
        (Act.SUPERSEDE, Reason.SCOPE_REDUCTION, ChangeKind.SCOPE_REDUCED),
    ):
        assert told(act(2, what, reason, 4), suspension(3, 9)) == [(kind, 4)]


def test_after_its_end_only_what_is_final_is_told_of_a_certificate() -> None:
    ended = Period(NOON, NOON + 6 * HOUR)
    withdrawn = act(3, Act.WITHDRAW, Reason.FRAUD_OR_FALSE_STATEMENT, 9)
    assert told(suspension(2, 2, until=8), withdrawn, period=ended) == [
        (ChangeKind.SUSPENDED, 2),
        (ChangeKind.WITHDRAWN, 9),
    ]


def test_the_reason_goes_with_the_change_and_not_with_a_restoring() -> None:
    before = Standing(standing_at([ISSUED], NOON, NOON).state, NOON, Reason.INITIAL)  # type: ignore[union-attr]
    found = changes_between(before, [ISSUED, suspension(2, 1, until=2)], ENDLESS, NOON + 3 * HOUR)
    assert [one.reason for one in found] == [Reason.FEE_UNPAID, None]


@st.composite
def lives(draw: st.DrawFn) -> list[Deed]:
    """A life as it may be recorded: nothing is dated back."""
    deeds = [Deed("issue", 0, 0)]
    for recorded in sorted(draw(st.lists(st.integers(0, 14), max_size=6))):
        if draw(st.integers(0, 4)) == 0:
            deeds.append(Deed("call_off", recorded, recorded, calls_off=draw(st.integers(1, len(deeds)))))
            continue
        what = draw(st.sampled_from(["suspend", "suspend", "restore", "restore", "withdraw", "supersede"]))
        effective = recorded + draw(st.integers(0, 5))
        until = draw(st.none() | st.integers(effective + 1, effective + 6)) if what == "suspend" else None
        deeds.append(Deed(what, effective, recorded, until))
    return deeds


@settings(max_examples=300, deadline=None)
@given(lives(), st.lists(st.integers(0, 24), max_size=6))
def test_however_often_one_looks_the_same_is_told_once_and_leads_to_the_state_of_the_end(
    deeds: list[Deed], looks: list[int]
) -> None:
    """Each act is followed by a look, as when it is recorded; others come in between, as the worker's."""
    events = naive.events_of(deeds)
    last = 30
    seldom, often = (
        _told(events, [*(one.recorded for one in deeds), last]),
        _told(events, [*(one.recorded for one in deeds), *looks, last]),
    )
    assert seldom == often
    expected = naive.status(deeds, 0, None, last, last)
    words = {ChangeKind.RESTORED: "valid"}
    end = words.get(often[-1].kind, often[-1].kind.value) if often else "valid"
    assert end == expected


def _told(events: list[StatusEvent], looks: list[int]) -> list[Change]:
    found: list[Change] = []
    before = standing_at(events[:1], moment(0), moment(0))
    assert before is not None
    for hour in sorted(looks):
        known = [one for one in events if one.recorded_at <= moment(hour)]
        found += changes_between(before, known, Period(moment(0), None), moment(hour))
        after = standing_at(known, moment(hour), moment(hour))
        assert after is not None
        before = after
    return found
