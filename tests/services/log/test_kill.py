"""kill -9 at any point: nothing unlogged, nothing twice, no gap."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

from registry.domain.reasons import Act, Reason
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry
from registry.services.issue import issue
from registry.services.log.audit import audit_log
from registry.services.log.integrate import integrate_pending
from registry.store import log_audit
from tests.conftest import sample_certificate
from tests.services.log.logs import end_of, fork

_ENOUGH = 200


def _at_each_step(do: Callable[[], None]) -> None:
    """Before each statement, before each commit, and after it."""
    event.listen(Engine, "before_cursor_execute", lambda *_: do())
    event.listen(Engine, "commit", lambda _connection: do())
    commit: Callable[[Any, Any], None] = DefaultDialect.do_commit

    def then_do(self: Any, connection: Any) -> None:
        commit(self, connection)
        do()

    DefaultDialect.do_commit = then_do  # type: ignore[method-assign]


def _story(registry: Registry, actor: Actor, number: int) -> None:
    row = issue(registry, actor, sample_certificate(f"00125Q3{number:04}R0S"))
    change_status(registry, actor, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)


def _until(step: int, work: Callable[[Registry], object]) -> Callable[[Registry], None]:
    """The same work, in a process that dies at that step."""
    left = [step]

    def count_down() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def doomed(registry: Registry) -> None:
        _at_each_step(count_down)
        work(registry)

    return doomed


def _acts(registry: Registry) -> int:
    with registry.database.read() as connection:
        return log_audit.count_events(connection)


def test_a_process_killed_at_any_step_leaves_a_log_that_the_next_one_completes(
    registry: Registry, actor: Actor
) -> None:
    survived = set()
    for step in range(1, _ENOUGH):
        before = _acts(registry)
        ended = end_of(fork(registry, _until(step, partial(_story, actor=actor, number=step))))
        integrate_pending(registry)
        found = audit_log(registry)
        assert found.findings == (), f"killed at step {step}"
        assert (found.size, found.waiting) == (_acts(registry), 0)
        survived.add(found.size - before)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    else:
        pytest.fail(f"it never came to its end in {_ENOUGH} steps")
    # It died before anything was recorded, between the two acts, and after both.
    assert survived == {0, 1, 2}


def test_a_worker_killed_at_any_step_of_placing_leaves_a_log_that_the_next_one_completes(
    registry: Registry, actor: Actor
) -> None:
    waiting = replace(registry, settings=replace(registry.settings, log_worker=True))
    for step in range(1, _ENOUGH):
        _story(waiting, actor, step)
        ended = end_of(fork(registry, _until(step, integrate_pending)))
        integrate_pending(registry)
        found = audit_log(registry)
        assert found.findings == (), f"killed at step {step}"
        assert (found.size, found.waiting) == (2 * step, 0)
        if ended == 0:
            # Reading, locking, tiles, entries, checkpoint, commit.
            assert step > 8
            return
        assert ended == -signal.SIGKILL
    pytest.fail(f"it never came to its end in {_ENOUGH} steps")
