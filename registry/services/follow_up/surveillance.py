"""Surveillance audits: what was done, and what is due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from registry.domain.certificate import day_of
from registry.domain.errors import IllegalMove, InvalidInput, NotFound, Violation
from registry.domain.lifecycle import FINAL_STATES, Status, StatusAt
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.surveillance import AuditRecord, Plan, Stage, check_record, next_plan
from registry.services.change_status import refresh_due
from registry.services.context import Actor, Registry, Verb, audit
from registry.services.find import Found, with_status
from registry.services.follow_up.plans import term_of
from registry.services.idempotency import Idempotency, recall, remember
from registry.store import surveillance as store
from registry.store.certificates import StoredCertificate, find_stored, get_stored
from registry.store.notices import policy_of
from registry.store.surveillance import StoredPlan, StoredRecord

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Surveillance:
    """The plan of a certification, how far what is not done has led, and all that was recorded."""

    certificate: StoredCertificate
    plan: Plan
    stage: Stage
    records: list[StoredRecord]


@dataclass(frozen=True, slots=True)
class Due:
    """A certificate in force whose next audit is due, or will be."""

    certificate: StoredCertificate
    status: StatusAt
    plan: StoredPlan


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page of the list; `next_after` is the cursor of the next one, None on the last."""

    items: list[Due]
    next_after: str | None


def record_audit(
    registry: Registry, actor: Actor, public_id: str, record: AuditRecord, idempotency: Idempotency | None = None
) -> StoredRecord:
    """Record the result of a surveillance audit, or the date for the next one.

    A passed audit restores nothing by itself: that is an act. Raises NotFound, IllegalMove, InvalidInput, NotPermitted.
    """
    actor.require(Verb.SURVEY)
    public_id = parse_public_id(public_id)
    now = registry.now()
    with registry.database.transaction() as connection:
        earlier = recall(connection, actor, idempotency)
        if earlier is not None:
            first = get_stored(connection, earlier.certificate_id).first_version_id or earlier.certificate_id
            return store.records_of(connection, first)[earlier.sequence - 1]
        row = _own(connection, actor, public_id)
        first = row.first_version_id or row.id
        before = store.find_plan(connection, first, for_update=True)
        _require_in_force(connection, row, registry)
        plan, stage = (before.plan, before.stage) if before else (_plan_so_far(connection, first), Stage.PLANNED)
        check_record(plan, record, term_of(row), stage, day_of(now))
        interval = policy_of(connection, actor.issuer_id).policy.longest_interval_months
        after = next_plan(plan, record, term_of(row), interval)
        sequence = store.last_sequence(connection, first) + 1
        done = StoredRecord(sequence, row.id, replace(record, due_on=after.due_on), after, now, actor.name)
        store.insert_record(connection, first, done)
        if after != plan:
            _replace_plan(connection, row, first, before, after)
        _audit(connection, actor, public_id, done, plan)
        remember(connection, actor, idempotency, row.id, sequence, now)
    return done


def read_surveillance(registry: Registry, actor: Actor, public_id: str) -> Surveillance:
    """The plan and the records of one of the issuer's certificates. Raises NotFound, NotPermitted."""
    actor.require(Verb.READ)
    with registry.database.read() as connection:
        row = _own(connection, actor, parse_public_id(public_id))
        first = row.first_version_id or row.id
        stored = store.find_plan(connection, first)
        records = store.records_of(connection, first)
    if stored is None:
        return Surveillance(row, Plan(None, records[-1].plan.passed if records else 0), Stage.PLANNED, records)
    return Surveillance(row, stored.plan, stored.stage, records)


def list_due(registry: Registry, actor: Actor, due_by: date, after: str | None, limit: int) -> DuePage:
    """The issuer's certificates in force whose next audit is due by a day, the longest overdue first.

    Raises InvalidInput, NotPermitted.
    """
    actor.require(Verb.READ)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    refresh_due(registry)
    now = registry.now()
    with registry.database.read() as connection:
        begin = _cursor(connection, actor, after)
        found = store.due_list(connection, actor.issuer_id, due_by, day_of(now), begin, limit + 1)
        rows = [certificate for _, certificate in found[:limit]]
        status = {one.certificate.id: one for one in with_status(connection, rows, now)}
    items = [
        Due(one.certificate, one.status, plan)
        for plan, certificate in found[:limit]
        if (one := status.get(certificate.id)) is not None
    ]
    more = len(found) > limit
    return DuePage(items, f"{found[limit - 1][0].due_on}.{rows[-1].public_id}" if more else None)


def _cursor(connection: Connection, actor: Actor, after: str | None) -> tuple[date, int] | None:
    """The day and the certification behind which a page begins, which may have another date by now."""
    if after is None:
        return None
    day, _, public_id = after.partition(".")
    try:
        row = find_stored(connection, parse_public_id(public_id), actor.issuer_id)
        if row is not None:
            return date.fromisoformat(day), row.first_version_id or row.id
    except (MalformedPublicId, ValueError):
        pass
    raise InvalidInput([Violation(("after",), "not a cursor of this list; use the one in the page before")])


def _own(connection: Connection, actor: Actor, public_id: str) -> StoredCertificate:
    row = find_stored(connection, public_id, actor.issuer_id)
    if row is None:
        raise NotFound("No certificate of yours has this id.")
    return row


def _require_in_force(connection: Connection, row: StoredCertificate, registry: Registry) -> None:
    found: list[Found] = with_status(connection, [row], registry.now())
    for one in found:
        if one.status.status.value in FINAL_STATES or one.status.status is Status.EXPIRED:
            status = one.status.status
            raise IllegalMove(f"The certificate is {status}; surveillance is recorded on the one in force.", status)


def _plan_so_far(connection: Connection, first_version_id: int) -> Plan:
    """Where no audit is due: how many there were."""
    records = store.records_of(connection, first_version_id)
    return Plan(None, records[-1].plan.passed if records else 0)


def _replace_plan(
    connection: Connection, row: StoredCertificate, first: int, before: StoredPlan | None, after: Plan
) -> None:
    store.remove_plans(connection, [first])
    if after.due_on is not None:
        newest = before.certificate_id if before else row.id
        made = StoredPlan(first, row.issuer_id, newest, after.due_on, after.passed, Stage.PLANNED, None)
        store.insert_plans(connection, [made])


def _audit(connection: Connection, actor: Actor, public_id: str, done: StoredRecord, before: Plan) -> None:
    audit(
        connection,
        done.recorded_at,
        actor,
        "certificate.surveillance",
        public_id,
        before={"due_on": _written(before.due_on)},
        after={"due_on": _written(done.plan.due_on)},
        sequence=done.sequence,
        result=done.record.result.value,
        held_on=_written(done.record.held_on),
    )


def _written(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
