"""The lifecycle held against a naive second reading of it, over generated histories."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from registry.domain.errors import IllegalMove, InvalidInput
from registry.domain.lifecycle import Standing, StatusEvent, admit, outdated_restores, standing_at, status_at
from tests.domain import naive
from tests.domain.naive import Deed, moment

ACTS = ("issue", "suspend", "restore", "withdraw", "cancel", "supersede")
# Final acts end the story, so they come seldom.
MANY_SUSPENSIONS = [*ACTS, *["suspend", "restore"] * 4]
HOURS = st.integers(-6, 16)
PERIODS = st.tuples(st.integers(-6, 12), st.none() | st.integers(1, 30)).map(
    lambda pair: (pair[0], None if pair[1] is None else pair[0] + pair[1])
)


@st.composite
def deeds(draw: st.DrawFn) -> list[Deed]:
    """Any history at all, admitted or not, often with equal times; recorded in order."""
    recorded = sorted(draw(st.lists(HOURS, max_size=7)))
    history = []
    for position, hour in enumerate(recorded):
        if position and draw(st.integers(0, 3)) == 0:
            history.append(Deed("call_off", hour, hour, calls_off=draw(st.integers(1, len(recorded) + 1))))
            continue
        act = draw(st.sampled_from(MANY_SUSPENSIONS)) if position else "issue"
        effective = draw(HOURS if position else st.integers(-6, 3))
        until = draw(st.none() | st.integers(effective + 1, effective + 8)) if act == "suspend" else None
        history.append(Deed(act, effective, hour, until))
    return history


def told(history: list[Deed], period: tuple[int, int | None], when: int, known: int) -> str:
    """What the code under test says, in the words of the naive reading."""
    answer = status_at(naive.events_of(history), naive.period(*period), moment(when), moment(known))
    return "unknown" if answer is None else answer.status.value


@settings(max_examples=400, deadline=None)
@given(deeds(), PERIODS, HOURS, HOURS)
def test_the_status_of_any_history_is_what_living_through_it_gives(
    history: list[Deed], period: tuple[int, int | None], when: int, known: int
) -> None:
    assert told(history, period, when, known) == naive.status(history, *period, when, known)


@settings(max_examples=200, deadline=None)
@given(deeds(), HOURS, HOURS)
def test_a_state_holds_since_the_hour_in_which_it_came_about(history: list[Deed], when: int, known: int) -> None:
    expected = naive.story(history, when, known)
    standing = standing_at(naive.events_of(history), moment(when), moment(known))
    assert (standing is None) == (expected.state == "unknown")
    assert standing is None or standing.since == moment(expected.since)


@settings(max_examples=200, deadline=None)
@given(deeds(), st.randoms(use_true_random=False), HOURS, HOURS)
def test_the_order_in_which_events_are_read_from_the_database_does_not_matter(
    history: list[Deed], random: Any, when: int, known: int
) -> None:
    events = naive.events_of(history)
    shuffled = random.sample(events, len(events))
    assert standing_at(shuffled, moment(when), moment(known)) == standing_at(events, moment(when), moment(known))


@settings(max_examples=200, deadline=None)
@given(deeds(), st.sampled_from(ACTS), HOURS, st.integers(0, 10), PERIODS, HOURS, HOURS)
def test_what_is_recorded_later_never_changes_what_was_said_before(
    history: list[Deed], act: str, effective: int, delay: int, period: tuple[int, int | None], when: int, known: int
) -> None:
    later = Deed(act, effective, max([known, *(deed.recorded for deed in history)]) + 1 + delay)
    assert told([*history, later], period, when, known) == told(history, period, when, known)


@settings(max_examples=400, deadline=None)
@given(deeds(), HOURS)
def test_a_cached_standing_is_right_until_the_time_at_which_it_says_it_may_change(
    history: list[Deed], when: int
) -> None:
    events = naive.events_of(history)
    cached = standing_at(events, moment(when), moment(30))
    if cached is None:
        return
    assert cached.changes_at is None or cached.changes_at > moment(when)
    for hour in range(when, 30):
        if cached.changes_at is not None and cached.changes_at <= moment(hour):
            break
        fresh = standing_at(events, moment(hour), moment(30))
        assert fresh is not None
        assert (fresh.state, fresh.since, fresh.reason) == (cached.state, cached.since, cached.reason)


class CertificateLife(RuleBasedStateMachine):
    """An issuer acts at random; time passes; a bank remembers every answer that it ever got."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.deeds: list[Deed] = []
        self.events: list[StatusEvent] = []
        self.answers: dict[tuple[int, int], str] = {}
        self.cached: Standing | None = None
        self.fell_to: str | None = None

    @initialize(period=PERIODS, issued=st.integers(-6, 0))
    def issue(self, period: tuple[int, int | None], issued: int) -> None:
        self.starts, self.ends = period
        self.period = naive.period(*period)
        self.append(Deed("issue", min(issued, self.starts), 0))

    def append(self, deed: Deed) -> None:
        self.deeds.append(deed)
        self.events.append(naive.event(len(self.events) + 1, deed))
        self.cached = standing_at(self.events, moment(self.now), moment(self.now))

    def expected(self, when: int, known: int) -> str:
        return naive.status(self.deeds, self.starts, self.ends, when, known)

    @rule(hours=st.integers(1, 5))
    def time_passes(self, hours: int) -> None:
        self.now += hours
        changes_at = self.cached.changes_at if self.cached is not None else None
        if changes_at is not None and changes_at <= moment(self.now):
            self.cached = standing_at(self.events, moment(self.now), moment(self.now))

    @rule(
        act=st.sampled_from(MANY_SUSPENSIONS),
        shift=st.just(0) | st.integers(-4, 8),
        until=st.none() | st.none() | st.integers(-1, 6),
    )
    def try_to_act(self, act: str, shift: int, until: int | None) -> None:
        effective = self.now + shift
        deed = Deed(act, effective, self.now, None if until is None else effective + until)
        new = naive.event(len(self.events) + 1, deed)
        present = self.expected(self.now, self.now)
        if self.is_legal(deed):
            admit(self.events, new, self.period)
            self.append(deed)
            return
        with pytest.raises((IllegalMove, InvalidInput)) as refusal:
            admit(self.events, new, self.period)
        if isinstance(refusal.value, IllegalMove):
            assert refusal.value.status == present

    @rule(position=st.integers(0, 12))
    def try_to_call_off(self, position: int) -> None:
        deed = Deed("call_off", self.now, self.now, calls_off=position)
        new = naive.event(len(self.events) + 1, deed)
        present = self.expected(self.now, self.now)
        named = self.deeds[position - 1] if 0 < position <= len(self.deeds) else None
        planned = named is not None and named.act != "call_off" and named.effective > self.now
        if planned and present not in naive.FINAL and not naive.is_called_off(self.deeds, position, self.now):
            admit(self.events, new, self.period)
            self.append(deed)
            return
        with pytest.raises(IllegalMove if present in naive.FINAL else InvalidInput):
            admit(self.events, new, self.period)

    @rule(shift=st.just(0) | st.integers(0, 6), until=st.none() | st.integers(1, 8))
    def suspend_and_drop_what_is_outdated(self, shift: int, until: int | None) -> None:
        """As the service does it: then no restore that was recorded before lifts the suspension."""
        begins = self.now + shift
        suspension = Deed("suspend", begins, self.now, None if until is None else begins + until)
        if not self.is_legal(suspension):
            return
        outdated = outdated_restores(self.events, naive.event(len(self.events) + 1, suspension))
        kept = [*self.deeds, suspension]
        self.append(suspension)
        for planned in outdated:
            self.append(Deed("call_off", self.now, self.now, calls_off=planned.sequence))
        dropped = {planned.sequence for planned in outdated}
        assert all(kept[sequence - 1].act == "restore" for sequence in dropped)
        assert self.first_restored(self.deeds, suspension) is None
        for sequence in dropped:
            # None is dropped without need: had it alone stayed, it would have lifted the suspension.
            others = [deed for deed in self.deeds if deed.calls_off != sequence]
            assert self.first_restored(others, suspension) == kept[sequence - 1].effective

    def first_restored(self, deeds: list[Deed], suspension: Deed) -> int | None:
        """The hour in which a restore lifts the suspension, if one does."""
        for hour in range(suspension.effective, self.now + 40):
            then = naive.story(deeds, hour, self.now)
            if (then.state, then.since) == ("suspended", suspension.effective):
                continue
            restored = any(deed.act == "restore" and deed.effective == hour for deed in deeds)
            return (
                hour if then.state == "valid" and then.since == hour and restored and suspension.until != hour else None
            )
        return None

    def is_legal(self, deed: Deed) -> bool:
        """By the standard's text: the right act for the status then, and never behind what is already in force."""
        if deed.until is not None and (deed.act != "suspend" or deed.until <= deed.effective):
            return False
        done = [earlier.effective for earlier in self.deeds if earlier.effective <= self.now]
        latest = max([naive.story(self.deeds, self.now, self.now).since, *done])
        return deed.effective >= latest and deed.act in naive.LEGAL[self.expected(deed.effective, self.now)]

    @rule(when=st.integers(-10, 40))
    def a_bank_asks(self, when: int) -> None:
        answer = told(self.deeds, (self.starts, self.ends), when, self.now)
        assert answer == self.expected(when, self.now)

    # What is recorded within this very hour may be still to come, so only what is said of the hour before is settled.
    @rule(when=st.integers(-10, 40), ago=st.integers(1, 5))
    def a_bank_keeps_an_answer(self, when: int, ago: int) -> None:
        known = self.now - ago
        self.answers[when, known] = told(self.deeds, (self.starts, self.ends), when, known)

    def teardown(self) -> None:
        for (when, known), answer in self.answers.items():
            assert told(self.deeds, (self.starts, self.ends), when, known) == answer

    @invariant()
    def a_cached_standing_is_the_fresh_one(self) -> None:
        if self.cached is not None:
            fresh = standing_at(self.events, moment(self.now), moment(self.now))
            assert fresh is not None
            assert (fresh.state, fresh.since, fresh.reason) == (
                self.cached.state,
                self.cached.since,
                self.cached.reason,
            )

    @precondition(lambda self: bool(self.events))
    @invariant()
    def what_is_final_stays_final(self) -> None:
        status = told(self.deeds, (self.starts, self.ends), self.now, self.now)
        if self.fell_to is not None:
            assert status == self.fell_to
        elif status in naive.FINAL:
            self.fell_to = status


TestCertificateLife = CertificateLife.TestCase
TestCertificateLife.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
