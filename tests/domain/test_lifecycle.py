"""The lifecycle, one clause a test, in days that a person can follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from registry.domain.errors import IllegalMove, InvalidInput
from registry.domain.lifecycle import (
    FINAL_STATES,
    MOVES,
    Period,
    State,
    Status,
    StatusAt,
    StatusEvent,
    admit,
    check_event,
    outdated_restores,
    recording_time,
    standing_at,
    status_at,
)
from registry.domain.reasons import MAX_NOTE_LENGTH, REASONS, Act, Reason


def day(number: float) -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number)


YEAR = Period(day(0), day(365))
ISSUED = StatusEvent(1, Act.ISSUE, Reason.INITIAL, day(0), day(0))
SOME_REASON = {
    Act.ISSUE: Reason.INITIAL,
    Act.SUSPEND: Reason.SURVEILLANCE_OVERDUE,
    Act.RESTORE: Reason.SURVEILLANCE_COMPLETED,
    Act.WITHDRAW: Reason.FRAUD_OR_FALSE_STATEMENT,
    Act.CANCEL: Reason.HOLDER_REQUEST,
    Act.SUPERSEDE: Reason.NAME_CHANGE,
    Act.CALL_OFF: Reason.PLANNED_IN_ERROR,
}


def act(
    events: list[StatusEvent],
    what: Act,
    effective: float,
    recorded: float | None = None,
    until: float | None = None,
    period: Period = YEAR,
    calls_off: int | None = None,
) -> list[StatusEvent]:
    """The history with one more act, if it is admitted."""
    new = StatusEvent(
        len(events) + 1,
        what,
        SOME_REASON[what],
        day(effective),
        day(effective if recorded is None else recorded),
        None if until is None else day(until),
        calls_off=calls_off or (1 if what is Act.CALL_OFF else None),
    )
    admit(events, new, period)
    return [*events, new]


def seen(events: list[StatusEvent], when: float, known: float | None = None, period: Period = YEAR) -> StatusAt:
    found = status_at(events, period, day(when), day(when if known is None else known))
    assert found is not None
    return found


def refused(events: list[StatusEvent], what: Act, effective: float, recorded: float | None = None) -> str:
    with pytest.raises((IllegalMove, InvalidInput)) as refusal:
        act(events, what, effective, recorded)
    return str(refusal.value)


def test_before_it_was_issued_the_registry_knows_of_no_certificate() -> None:
    assert status_at([ISSUED], YEAR, day(5), day(-1)) is None
    assert status_at([ISSUED], YEAR, day(-1), day(5)) is None
    assert standing_at([], day(0), day(0)) is None


def test_a_certificate_is_valid_from_the_first_instant_of_its_period_and_not_before() -> None:
    later = Period(day(10), day(365))
    assert seen([ISSUED], 10 - 1e-9, period=later).status == "not_yet_valid"
    assert seen([ISSUED], 10, period=later) == StatusAt("valid", day(10), Reason.INITIAL)  # type: ignore[arg-type]


def test_a_certificate_expires_with_the_first_instant_after_its_period() -> None:
    assert seen([ISSUED], 365 - 1e-9).status == "valid"
    expired = seen([ISSUED], 365)
    assert (expired.status, expired.since) == ("expired", day(365))


def test_a_certificate_without_an_end_never_expires() -> None:
    assert seen([ISSUED], 36500, period=Period(day(0), None)).status == "valid"


@pytest.mark.parametrize("what", [Act.WITHDRAW, Act.CANCEL, Act.SUPERSEDE])
def test_a_withdrawn_certificate_is_withdrawn_even_after_its_end_date(what: Act) -> None:
    events = act([ISSUED], what, 10)
    before, after = seen(events, 10), seen(events, 400)
    assert before == after
    assert before.since == day(10)


def test_the_end_date_outranks_a_suspension() -> None:
    events = act([ISSUED], Act.SUSPEND, 10)
    assert seen(events, 364).status == "suspended"
    assert seen(events, 365).status == "expired"


def test_a_suspension_outranks_a_beginning_that_has_not_come() -> None:
    later = Period(day(20), day(365))
    events = act([ISSUED], Act.SUSPEND, 10, period=later)
    assert seen(events, 15, period=later).status == "suspended"


def test_a_suspension_with_an_end_is_over_at_exactly_that_time() -> None:
    events = act([ISSUED], Act.SUSPEND, 10, until=20)
    assert seen(events, 20 - 1e-9).status == "suspended"
    over = seen(events, 20)
    assert (over.status, over.since) == ("valid", day(20))
    assert refused(events, Act.RESTORE, 20) == "Only a suspended certificate can be restored; this one is valid."


def test_a_suspension_can_follow_another_without_a_gap() -> None:
    events = act(act([ISSUED], Act.SUSPEND, 10, until=20), Act.SUSPEND, 20, recorded=15, until=30)
    assert [seen(events, when).status for when in (19, 20, 29, 30)] == ["suspended", "suspended", "suspended", "valid"]
    assert seen(events, 20).since == day(20)


def test_a_suspension_ended_early_does_not_end_a_second_time() -> None:
    events = act(act([ISSUED], Act.SUSPEND, 10, until=20), Act.RESTORE, 15)
    events = act(events, Act.SUSPEND, 18)
    assert seen(events, 25).status == "suspended"


def test_a_withdrawal_during_a_suspension_is_not_undone_by_the_end_of_the_suspension() -> None:
    events = act(act([ISSUED], Act.SUSPEND, 10, until=20), Act.WITHDRAW, 15)
    assert seen(events, 25).status == "withdrawn"


def test_a_planned_suspension_takes_effect_on_its_day_and_is_announced_in_the_cache() -> None:
    events = act([ISSUED], Act.SUSPEND, 30, recorded=5, until=40)
    assert seen(events, 29, known=5).status == "valid"
    assert seen(events, 30, known=5).status == "suspended"
    standing = standing_at(events, day(5), day(5))
    assert standing is not None
    assert standing.changes_at == day(30)
    suspended = standing_at(events, day(30), day(30))
    assert suspended is not None
    assert suspended.changes_at == day(40)


def test_the_cache_is_renewed_at_the_first_of_an_end_and_a_planned_act() -> None:
    suspended = act([ISSUED], Act.SUSPEND, 10, until=20)
    for planned, first in ((15, 15), (20, 20), (25, 20)):
        standing = standing_at(act(suspended, Act.WITHDRAW, planned, recorded=11), day(11), day(11))
        assert standing is not None
        assert standing.changes_at == day(first)


def test_a_planned_suspension_is_moot_once_the_certificate_is_withdrawn() -> None:
    events = act(act([ISSUED], Act.SUSPEND, 30, recorded=5, until=40), Act.WITHDRAW, 10)
    assert [seen(events, when).status for when in (10, 30, 40)] == ["withdrawn"] * 3
    standing = standing_at(events, day(10), day(10))
    assert standing is not None
    assert standing.changes_at is None


def test_a_planned_withdrawal_does_not_keep_an_earlier_one_out() -> None:
    events = act(act([ISSUED], Act.SUPERSEDE, 30, recorded=5), Act.WITHDRAW, 10)
    assert seen(events, 31).status == "withdrawn"


def test_nothing_can_be_planned_for_after_a_planned_withdrawal() -> None:
    events = act([ISSUED], Act.WITHDRAW, 30, recorded=5)
    assert "final" in refused(events, Act.SUSPEND, 31, recorded=6)
    assert seen(act(events, Act.SUSPEND, 29, recorded=6), 30).status == "withdrawn"


def test_acts_on_the_same_instant_count_in_the_order_of_recording() -> None:
    events = act(act([ISSUED], Act.SUSPEND, 10), Act.RESTORE, 10, recorded=11)
    assert seen(events, 10, known=10).status == "suspended"
    assert seen(events, 10, known=11).status == "valid"
    assert seen(list(reversed(events)), 10, known=11).status == "valid"


def test_suspending_twice_is_refused_in_plain_words() -> None:
    assert refused(act([ISSUED], Act.SUSPEND, 10), Act.SUSPEND, 11) == "The certificate is suspended already."


def test_an_act_dated_back_does_not_change_what_the_registry_said_then() -> None:
    events = act([ISSUED], Act.WITHDRAW, 10, recorded=20)
    assert seen(events, 15, known=15).status == "valid"
    assert seen(events, 15, known=20).status == "withdrawn"


def test_nothing_can_be_dated_before_an_act_that_is_in_force() -> None:
    events = act([ISSUED], Act.SUSPEND, 10)
    assert "history is not rewritten" in refused(events, Act.WITHDRAW, 9, recorded=11)
    assert "history is not rewritten" in refused(events, Act.WITHDRAW, -1, recorded=11)


def test_nothing_can_be_dated_into_a_suspension_that_is_over() -> None:
    events = act([ISSUED], Act.SUSPEND, 10, until=20)
    assert "history is not rewritten" in refused(events, Act.WITHDRAW, 15, recorded=25)
    assert seen(act(events, Act.WITHDRAW, 20, recorded=25), 20, known=25).status == "withdrawn"


@pytest.mark.parametrize("what", [Act.SUSPEND, Act.CANCEL, Act.RESTORE])
def test_an_expired_certificate_can_only_be_withdrawn_or_replaced(what: Act) -> None:
    message = refused([ISSUED], what, 366)
    assert "expired" in message
    for final in (Act.WITHDRAW, Act.SUPERSEDE):
        assert seen(act([ISSUED], final, 366), 367).since == day(366)


def test_a_suspension_planned_for_after_the_end_is_refused_with_the_field_to_correct() -> None:
    with pytest.raises(InvalidInput) as refusal:
        act([ISSUED], Act.SUSPEND, 366, recorded=5)
    assert [violation.pointer for violation in refusal.value.violations] == ["/effective_at"]


@pytest.mark.parametrize("final", [Act.WITHDRAW, Act.CANCEL, Act.SUPERSEDE])
@pytest.mark.parametrize("what", list(Act))
def test_no_act_brings_a_fallen_certificate_back(final: Act, what: Act) -> None:
    events = act([ISSUED], final, 10)
    with pytest.raises(IllegalMove) as refusal:
        act(events, what, 11)
    assert refusal.value.status == seen(events, 11).status
    assert "final" in str(refusal.value)


def test_a_machine_whose_clock_is_behind_can_not_slip_an_act_in_before_a_withdrawal() -> None:
    events = act([ISSUED], Act.WITHDRAW, 10)
    with pytest.raises(InvalidInput) as refusal:
        act(events, Act.CANCEL, 9.99)
    assert "clock" in str(refusal.value)
    assert recording_time(events, day(9.99)) == day(10)
    assert recording_time(events, day(11)) == day(11)


def test_a_certificate_is_not_acted_on_before_it_is_issued() -> None:
    with pytest.raises(IllegalMove):
        act([], Act.WITHDRAW, 5)


def test_an_hour_is_the_same_hour_in_beijing_and_in_greenwich() -> None:
    beijing = timezone(timedelta(hours=8))
    events = act([ISSUED], Act.SUSPEND, 10, until=20)
    moved = [
        replace(
            event,
            effective_at=event.effective_at.astimezone(beijing),
            until=event.until and event.until.astimezone(beijing),
        )
        for event in events
    ]
    for when in (9.99, 10, 19.99, 20):
        assert seen(moved, when) == seen(events, when)


def test_the_table_of_moves_has_no_way_out_of_a_final_state() -> None:
    assert {State.WITHDRAWN, State.CANCELLED, State.SUPERSEDED} == FINAL_STATES
    assert not [move for move in MOVES if move[0] in FINAL_STATES]


def wrong_fields(event: StatusEvent) -> list[str]:
    with pytest.raises(InvalidInput) as refusal:
        check_event(event)
    return [violation.pointer for violation in refusal.value.violations]


@pytest.mark.parametrize("what", list(Act))
def test_only_the_listed_reasons_fit_an_act(what: Act) -> None:
    calls_off = 1 if what is Act.CALL_OFF else None
    event = StatusEvent(2, what, Reason.OTHER, day(1), day(1), note="which", calls_off=calls_off)
    for reason in Reason:
        candidate = replace(event, reason=reason)
        if reason in REASONS[what]:
            check_event(candidate)
        else:
            assert wrong_fields(candidate) == ["/reason"]


@pytest.mark.parametrize("note", [None, "", " \t"])
def test_the_reason_other_needs_to_be_put_in_words(note: str | None) -> None:
    assert wrong_fields(StatusEvent(2, Act.CANCEL, Reason.OTHER, day(1), day(1), note=note)) == ["/note"]


def test_a_note_has_a_greatest_length() -> None:
    event = StatusEvent(2, Act.CANCEL, Reason.HOLDER_REQUEST, day(1), day(1), note="字" * MAX_NOTE_LENGTH)
    check_event(event)
    assert wrong_fields(replace(event, note="字" * (MAX_NOTE_LENGTH + 1))) == ["/note"]


@pytest.mark.parametrize("hidden", ["\u202e", "\x00", "\ud800", "\u200b"])
def test_a_note_hides_nothing_that_can_not_be_printed(hidden: str) -> None:
    event = StatusEvent(2, Act.CANCEL, Reason.HOLDER_REQUEST, day(1), day(1), note="two\nlines, 两行")
    check_event(event)
    assert wrong_fields(replace(event, note="a" + hidden)) == ["/note"]


@pytest.mark.parametrize("year", [1, 1899, 3000, 9999])
def test_a_time_beyond_the_calendar_is_refused(year: int) -> None:
    far = datetime(year, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12)))
    event = StatusEvent(2, Act.SUSPEND, Reason.FEE_UNPAID, day(1), day(1))
    assert "/effective_at" in wrong_fields(replace(event, effective_at=far))
    assert "/until" in wrong_fields(replace(event, until=far))


@pytest.mark.parametrize("what", [one for one in Act if one is not Act.SUSPEND])
def test_only_a_suspension_has_an_end(what: Act) -> None:
    calls_off = 1 if what is Act.CALL_OFF else None
    event = StatusEvent(2, what, SOME_REASON[what], day(1), day(1), day(2), calls_off=calls_off)
    assert wrong_fields(event) == ["/until"]


@pytest.mark.parametrize("until", [day(0), day(1)])
def test_a_suspension_can_not_end_before_or_as_it_begins(until: datetime) -> None:
    event = StatusEvent(2, Act.SUSPEND, Reason.FEE_UNPAID, day(1), day(0), until)
    assert wrong_fields(event) == ["/until"]


def test_a_planned_act_can_be_called_off_until_it_takes_effect() -> None:
    planned = act([ISSUED], Act.WITHDRAW, 20, recorded=10)
    events = act(planned, Act.CALL_OFF, 15, calls_off=2)
    assert seen(events, 25).status is Status.VALID
    assert standing_at(events, day(16), day(16)).changes_at is None  # type: ignore[union-attr]
    # What was said before stays said.
    assert seen(events, 25, known=12).status is Status.WITHDRAWN
    with pytest.raises(InvalidInput, match="called off already"):
        act(events, Act.CALL_OFF, 16, calls_off=2)
    with pytest.raises(IllegalMove):
        act(planned, Act.CALL_OFF, 20, calls_off=2)
    suspended = act([ISSUED], Act.SUSPEND, 20, recorded=10)
    with pytest.raises(InvalidInput, match="has taken effect"):
        act(suspended, Act.CALL_OFF, 20, calls_off=2)


@pytest.mark.parametrize("named", [1, 3, 99, -1])
def test_only_a_planned_act_can_be_called_off(named: int) -> None:
    events = act(act([ISSUED], Act.SUSPEND, 20, recorded=10), Act.CALL_OFF, 11, calls_off=2)
    with pytest.raises(InvalidInput) as refusal:
        act(events, Act.CALL_OFF, 12, calls_off=named)
    assert refusal.value.violations[0].pointer == "/calls_off"


def test_calling_off_is_no_plan_itself() -> None:
    planned = act([ISSUED], Act.SUSPEND, 20, recorded=10)
    with pytest.raises(InvalidInput, match="at once"):
        act(planned, Act.CALL_OFF, 15, recorded=12, calls_off=2)
    with pytest.raises(InvalidInput, match="which act is called off"):
        act(planned, Act.RESTORE, 25, recorded=12, calls_off=2)


def test_a_restore_planned_for_an_earlier_suspension_would_lift_a_newer_one() -> None:
    events = act([ISSUED], Act.SUSPEND, 10)
    events = act(events, Act.RESTORE, 40, recorded=11)
    events = act(events, Act.RESTORE, 20)
    newer = act(events, Act.SUSPEND, 30)
    assert seen(newer, 45).status is Status.VALID
    assert [event.sequence for event in outdated_restores(events, newer[-1])] == [3]
    assert seen(act(newer, Act.CALL_OFF, 30, calls_off=3), 45).status is Status.SUSPENDED


def test_a_restore_planned_for_a_later_suspension_stays() -> None:
    events = act([ISSUED], Act.SUSPEND, 30, recorded=1)
    events = act(events, Act.RESTORE, 40, recorded=1)
    ended = act(events, Act.SUSPEND, 10, until=20)
    assert outdated_restores(events, ended[-1]) == []
    assert [seen(ended, number).status for number in (15, 25, 35, 45)] == [
        Status.SUSPENDED,
        Status.VALID,
        Status.SUSPENDED,
        Status.VALID,
    ]


def test_histories_without_calling_off_are_what_they_were() -> None:
    """An older planned restore lifts a newer suspension in what was recorded before such plans were called off."""
    events = [
        ISSUED,
        StatusEvent(2, Act.SUSPEND, Reason.FEE_UNPAID, day(10), day(10)),
        StatusEvent(3, Act.RESTORE, Reason.FEE_SETTLED, day(40), day(11)),
        StatusEvent(4, Act.RESTORE, Reason.FEE_SETTLED, day(20), day(20)),
        StatusEvent(5, Act.SUSPEND, Reason.FEE_UNPAID, day(30), day(30)),
    ]
    assert seen(events, 45).status is Status.VALID
