"""What the worker does about surveillance: tells issuers what is due, warns, and suspends what was missed.

Each portion is one transaction, in which the plans are locked, so that several workers, and one that is killed at any
point, do everything once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection

from registry.domain.certificate import day_of
from registry.domain.errors import IllegalMove
from registry.domain.lifecycle import State
from registry.domain.notices import NoticeKind
from registry.domain.reasons import Act, Reason
from registry.domain.surveillance import Stage
from registry.services.change_status import refresh_due
from registry.services.context import Actor, Registry, Verb
from registry.services.log.integrate import integrate_at_once
from registry.services.record_acts import IntendedAct, Life, decide, open_lives, write_down
from registry.store import notices, surveillance
from registry.store.certificates import StoredCertificate
from registry.store.notices import NewNotice, StoredPolicy
from registry.store.surveillance import StoredPlan

_AT_ONCE = 200
_BEGINNING = (date.min, 0)
_Cursor = tuple[date, int]
# The versions of certifications that are not over, by the row id of the first one.
_Living = dict[int, list[StoredCertificate]]


def watch_surveillance(registry: Registry) -> int:
    """Do what is due now for all issuers; returns how many certificates were suspended. Raises RegistryError."""
    refresh_due(registry)
    with registry.database.read() as connection:
        policies = notices.policies(connection, notices.all_issuers(connection))
    suspended = 0
    for issuer_id, policy in policies.items():
        suspended += _IssuerWatch(registry, issuer_id, policy).run()
    if suspended:
        integrate_at_once(registry)
    return suspended


class _IssuerWatch:
    """One issuer's plans at one moment."""

    def __init__(self, registry: Registry, issuer_id: int, policy: StoredPolicy) -> None:
        self._registry = registry
        self._issuer_id = issuer_id
        self._version, self._policy = policy
        self._now = registry.now()
        self._today = day_of(self._now)
        self._suspended = 0

    def run(self) -> int:
        """Announce, warn, suspend; returns how many certificates were suspended."""
        policy, today = self._policy, self._today
        self._each(Stage.PLANNED, today + timedelta(policy.surveillance_notice_days), None, self._announce)
        if not policy.suspends:
            # A warning of once does not count when the issuer changes its mind again.
            self._each(Stage.WARNED, date.max, None, self._forget_warning)
            return 0
        to_warn = today - timedelta(policy.grace_days + 1 - policy.warning_days)
        self._each(Stage.ANNOUNCED, to_warn, None, self._warn)
        missed = today - timedelta(policy.grace_days + 1)
        self._each(Stage.WARNED, missed, today - timedelta(policy.warning_days), self._suspend)
        return self._suspended

    def _announce(self, connection: Connection, plans: Sequence[StoredPlan], living: _Living) -> None:
        told = [
            NewNotice(NoticeKind.SURVEILLANCE_DUE, living[one.first_version_id][-1].id, one.due_on) for one in plans
        ]
        surveillance.set_stage(connection, _keys(plans), Stage.ANNOUNCED)
        notices.add_notices(connection, self._issuer_id, told, self._now)

    def _warn(self, connection: Connection, plans: Sequence[StoredPlan], living: _Living) -> None:
        earliest = self._today + timedelta(self._policy.warning_days)
        grace = timedelta(self._policy.grace_days + 1)
        told = [
            NewNotice(
                NoticeKind.SUSPENSION_NEAR, living[one.first_version_id][-1].id, max(one.due_on + grace, earliest)
            )
            for one in plans
        ]
        surveillance.set_stage(connection, _keys(plans), Stage.WARNED, self._today)
        notices.add_notices(connection, self._issuer_id, told, self._now)

    def _forget_warning(self, connection: Connection, plans: Sequence[StoredPlan], _living: _Living) -> None:
        surveillance.set_stage(connection, _keys(plans), Stage.ANNOUNCED)

    def _suspend(self, connection: Connection, plans: Sequence[StoredPlan], living: _Living) -> None:
        """All versions that are in force or will be. What is suspended for another cause stays on the list."""
        lives = open_lives(
            connection,
            {row.id for one in plans for row in living[one.first_version_id] if row.state == State.ACTIVE},
            lock=True,
        )
        missed = []
        for one in plans:
            active = [lives[row.id] for row in living[one.first_version_id] if row.state == State.ACTIVE]
            if [life for life in active if self._do(life, one)]:
                missed.append(one)
        if not missed:
            return
        write_down(self._registry, connection, self._actor(), lives.values())
        surveillance.set_stage(connection, _keys(missed), Stage.MISSED)
        told = [NewNotice(NoticeKind.SUSPENDED, living[one.first_version_id][-1].id, self._today) for one in missed]
        notices.add_notices(connection, self._issuer_id, told, self._now)
        self._suspended += len(missed)

    def _do(self, life: Life, plan: StoredPlan) -> bool:
        note = f"due on {plan.due_on}; policy version {self._version}"
        try:
            decide(life, IntendedAct(Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE, note=note), self._now)
        except IllegalMove:
            # Somebody has acted on it at this moment.
            return False
        return True

    def _actor(self) -> Actor:
        return Actor("surveillance policy", self._issuer_id, frozenset({Verb.SUSPEND}))

    def _each(
        self,
        stage: Stage,
        due_by: date,
        warned_by: date | None,
        act: Callable[[Connection, Sequence[StoredPlan], _Living], None],
    ) -> None:
        """Go through the plans of a stage in portions. Plans of what is over are taken away."""
        after = _BEGINNING
        while self._any(stage, due_by, warned_by, after):
            with self._registry.database.transaction() as connection:
                plans = self._plans(connection, stage, due_by, warned_by, after, _AT_ONCE, lock=True)
                living = surveillance.living_versions(
                    connection, [plan.first_version_id for plan in plans], self._today
                )
                over = [key for key, versions in living.items() if not versions]
                if over:
                    surveillance.remove_plans(connection, over)
                left = [plan for plan in plans if living[plan.first_version_id]]
                if left:
                    act(connection, left, living)
            if len(plans) < _AT_ONCE:
                return
            after = (plans[-1].due_on, plans[-1].first_version_id)

    def _any(self, stage: Stage, due_by: date, warned_by: date | None, after: _Cursor) -> bool:
        with self._registry.database.read() as connection:
            return bool(self._plans(connection, stage, due_by, warned_by, after, 1))

    def _plans(
        self,
        connection: Connection,
        stage: Stage,
        due_by: date,
        warned_by: date | None,
        after: _Cursor,
        limit: int,
        *,
        lock: bool = False,
    ) -> list[StoredPlan]:
        return surveillance.plans_at(
            connection, self._issuer_id, stage, due_by, after, limit, warned_by=warned_by, lock=lock
        )


def _keys(plans: Sequence[StoredPlan]) -> list[int]:
    return [one.first_version_id for one in plans]
