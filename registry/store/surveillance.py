"""Surveillance plans and records: the queries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, or_, select, tuple_, update

from registry.domain.lifecycle import State
from registry.domain.surveillance import AuditRecord, AuditResult, Plan, Stage
from registry.store.bulk import insert_rows
from registry.store.certificates import StoredCertificate, fetch_stored, stored_certificates
from registry.store.follow_up_models import SurveillancePlan, SurveillanceRecord
from registry.store.models import Certificate

_CHUNK = 500
_COLUMNS = ("first_version_id", "issuer_id", "certificate_id", "due_on", "passed", "stage", "warned_on")


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A certification's next surveillance audit; `certificate_id`: the newest version of the certificate."""

    first_version_id: int
    issuer_id: int
    certificate_id: int
    due_on: date
    passed: int
    stage: Stage
    warned_on: date | None

    @property
    def plan(self) -> Plan:
        """As the domain has it."""
        return Plan(self.due_on, self.passed)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """What was recorded, by whom, and the plan from then on."""

    sequence: int
    certificate_id: int
    record: AuditRecord
    plan: Plan
    recorded_at: datetime
    actor: str


def insert_plans(connection: Connection, plans: Sequence[StoredPlan]) -> None:
    """Store plans of new certifications."""
    rows = [
        (one.first_version_id, one.issuer_id, one.certificate_id, one.due_on, one.passed, int(one.stage), one.warned_on)
        for one in plans
    ]
    insert_rows(connection, SurveillancePlan.__table__, _COLUMNS, rows)


def find_plan(connection: Connection, first_version_id: int, *, for_update: bool = False) -> StoredPlan | None:
    """The plan of a certification; `for_update` locks it until the transaction ends."""
    statement = select(SurveillancePlan.__table__).where(SurveillancePlan.first_version_id == first_version_id)
    if for_update:
        statement = statement.with_for_update()
    row = connection.execute(statement).first()
    return None if row is None else _plan(row)


def replace_plan(connection: Connection, plan: StoredPlan) -> None:
    """Store the plan of a certification in the place of the one before, if there was one."""
    remove_plans(connection, [plan.first_version_id])
    insert_plans(connection, [plan])


def remove_plans(connection: Connection, first_version_ids: Collection[int]) -> None:
    """Take away the plans of certifications that no audit is due for."""
    connection.execute(delete(SurveillancePlan).where(SurveillancePlan.first_version_id.in_(first_version_ids)))


def remove_over(connection: Connection, today: date) -> None:
    """Take away the plans that are overdue while no version of the certificate is in force any more."""
    of_plan = or_(
        Certificate.first_version_id == SurveillancePlan.first_version_id,
        Certificate.id == SurveillancePlan.first_version_id,
    )
    living = exists().where(of_plan, _in_force(today))
    connection.execute(delete(SurveillancePlan).where(SurveillancePlan.due_on < today, ~living))


def set_stage(
    connection: Connection, first_version_ids: Collection[int], stage: Stage, warned_on: date | None = None
) -> None:
    """Note how far the next audits of certifications have led."""
    mine = SurveillancePlan.first_version_id.in_(first_version_ids)
    values = {"stage": int(stage)} if warned_on is None else {"stage": int(stage), "warned_on": warned_on}
    connection.execute(update(SurveillancePlan).where(mine).values(**values))


def missed(connection: Connection, first_version_ids: Collection[int]) -> set[int]:
    """Those certifications that are suspended because an audit was missed."""
    found: set[int] = set()
    keys = list(first_version_ids)
    for start in range(0, len(keys), _CHUNK):
        statement = select(SurveillancePlan.first_version_id).where(
            SurveillancePlan.first_version_id.in_(keys[start : start + _CHUNK]),
            SurveillancePlan.stage == int(Stage.MISSED),
        )
        found.update(connection.scalars(statement))
    return found


def plans_at(
    connection: Connection,
    issuer_id: int,
    stage: Stage,
    due_by: date,
    after: tuple[date, int],
    limit: int,
    *,
    warned_by: date | None = None,
    lock: bool = False,
) -> list[StoredPlan]:
    """An issuer's plans in a stage that are due by a day, from behind `after` on; `lock` those that nobody holds."""
    key = (SurveillancePlan.due_on, SurveillancePlan.first_version_id)
    statement = (
        select(SurveillancePlan.__table__)
        .where(
            SurveillancePlan.issuer_id == issuer_id,
            SurveillancePlan.stage == int(stage),
            SurveillancePlan.due_on <= due_by,
            tuple_(*key) > tuple_(*after),
        )
        .order_by(*key)
        .limit(limit)
    )
    if warned_by is not None:
        statement = statement.where(SurveillancePlan.warned_on <= warned_by)
    if lock:
        statement = statement.with_for_update(skip_locked=True)
    return [_plan(row) for row in connection.execute(statement)]


def due_list(
    connection: Connection, issuer_id: int, due_by: date, today: date, after: tuple[date, int] | None, limit: int
) -> list[tuple[StoredPlan, StoredCertificate]]:
    """An issuer's certificates in force whose next audit is due by a day, the earliest first."""
    key = (SurveillancePlan.due_on, SurveillancePlan.first_version_id)
    statement = (
        stored_certificates()
        .join(SurveillancePlan, SurveillancePlan.certificate_id == Certificate.id)
        .add_columns(*SurveillancePlan.__table__.columns)
        .where(SurveillancePlan.issuer_id == issuer_id, SurveillancePlan.due_on <= due_by, _in_force(today))
        .order_by(*key)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*after))
    width = len(_COLUMNS)
    return [(_plan(row[-width:]), StoredCertificate(*row[:-width])) for row in connection.execute(statement)]


def living_versions(
    connection: Connection, first_version_ids: Collection[int], today: date
) -> dict[int, list[StoredCertificate]]:
    """The versions of certifications that are in force or suspended, or will be, by the caches, oldest first."""
    found: dict[int, list[StoredCertificate]] = {key: [] for key in first_version_ids}
    of_these = or_(Certificate.first_version_id.in_(first_version_ids), Certificate.id.in_(first_version_ids))
    statement = stored_certificates().where(of_these, _in_force(today)).order_by(Certificate.id)
    for row in fetch_stored(connection, statement):
        found[row.first_version_id or row.id].append(row)
    return found


def insert_record(connection: Connection, first_version_id: int, new: StoredRecord) -> None:
    """Append a record. Raises sqlalchemy.exc.IntegrityError where two come at once."""
    connection.execute(
        insert(SurveillanceRecord).values(
            first_version_id=first_version_id,
            sequence=new.sequence,
            certificate_id=new.certificate_id,
            result=new.record.result.value,
            held_on=new.record.held_on,
            due_on=new.plan.due_on,
            passed=new.plan.passed,
            note=new.record.note,
            recorded_at=new.recorded_at,
            actor=new.actor,
        )
    )


def records_of(connection: Connection, first_version_id: int) -> list[StoredRecord]:
    """All records of a certification, in their order."""
    statement = (
        select(SurveillanceRecord.__table__)
        .where(SurveillanceRecord.first_version_id == first_version_id)
        .order_by(SurveillanceRecord.sequence)
    )
    return [
        StoredRecord(
            row.sequence,
            row.certificate_id,
            AuditRecord(AuditResult(row.result), row.held_on, row.due_on, row.note),
            Plan(row.due_on, row.passed),
            row.recorded_at,
            row.actor,
        )
        for row in connection.execute(statement)
    ]


def last_sequence(connection: Connection, first_version_id: int) -> int:
    """The number of the last record of a certification; 0 before the first."""
    mine = SurveillanceRecord.first_version_id == first_version_id
    return connection.scalar(select(func.max(SurveillanceRecord.sequence)).where(mine)) or 0


def _in_force(today: date) -> ColumnElement[bool]:
    """Not over: neither by an act nor by its end."""
    running = or_(Certificate.valid_until.is_(None), Certificate.valid_until >= today)
    return Certificate.state.in_((State.ACTIVE.value, State.SUSPENDED.value)) & running


def _plan(row: Sequence[Any]) -> StoredPlan:
    first_version_id, issuer_id, certificate_id, due_on, passed, stage, warned_on = row
    return StoredPlan(first_version_id, issuer_id, certificate_id, due_on, passed, Stage(stage), warned_on)
