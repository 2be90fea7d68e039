"""Counting requests in windows."""

from __future__ import annotations

import pytest

from registry.web import counters
from registry.web.counters import WindowCounters


class Time:
    now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(counters, "time", clock)
    return clock


def test_a_new_window_counts_anew(clock: Time) -> None:
    windows = WindowCounters()
    assert [windows.incr("a", 60), windows.incr("a", 60), windows.incr("b", 60)] == [1, 2, 1]
    clock.now += 59
    assert windows.get("a") == 2
    clock.now += 1
    assert windows.get("a") == 0
    assert windows.incr("a", 60) == 1


def test_a_million_addresses_do_not_fill_the_memory(clock: Time) -> None:
    windows = WindowCounters()
    for address in range(20_000):
        windows.incr(str(address), 60)
        clock.now += 0.1
    assert windows.reset() < 3000


def test_addresses_beyond_the_most_that_are_remembered_are_counted_together(
    clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "_MAX_WINDOWS", 2000)
    windows = WindowCounters()
    for address in range(2000):
        assert windows.incr(str(address), 60) == 1
    assert [windows.incr(f"late {address}", 60) for address in range(3000)] == list(range(1, 3001))
    assert windows.incr("7", 60) == 2
    # Windows of another length have their own.
    assert windows.incr("late", 3600) == 1
    clock.now += 61
    assert [windows.incr(f"next {address}", 60) for address in range(1500)] == [1] * 1500
    assert windows.reset() <= 2000
