"""Notices to issuers, their policies, and what is sent: the queries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from registry.domain.follow_up_policy import FollowUpPolicy
from registry.domain.lifecycle import State
from registry.domain.notices import NoticeKind
from registry.store.certificates import StoredCertificate, fetch_stored, stored_certificates
from registry.store.follow_up_models import FollowUpPolicyVersion, Notice, NoticeCounter
from registry.store.models import Certificate, Issuer

_CHUNK = 500


class NewNotice(NamedTuple):
    """What an issuer is told of a certificate (row id); `threshold` in days before an end."""

    kind: NoticeKind
    certificate_id: int
    about: date
    threshold: int = 0


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice with the certificate that it is about, as that is now."""

    number: int
    kind: NoticeKind
    about: date
    threshold: int
    recorded_at: datetime
    certificate: StoredCertificate


class StoredPolicy(NamedTuple):
    """An issuer's policy; version 0 is the default, which nobody has set."""

    version: int
    policy: FollowUpPolicy


class Mailing(NamedTuple):
    """An issuer whose notices behind `mailed` up to `last` are to be mailed; `begun`: up to which a mail was begun."""

    issuer_id: int
    mailed: int
    last: int
    begun: int | None


def policy_of(connection: Connection, issuer_id: int) -> StoredPolicy:
    """What counts for an issuer."""
    return policies(connection, [issuer_id])[issuer_id]


def policies(connection: Connection, issuer_ids: Collection[int]) -> dict[int, StoredPolicy]:
    """What counts for each issuer."""
    newest = (
        select(FollowUpPolicyVersion.issuer_id, func.max(FollowUpPolicyVersion.version))
        .where(FollowUpPolicyVersion.issuer_id.in_(issuer_ids))
        .group_by(FollowUpPolicyVersion.issuer_id)
    )
    key = tuple_(FollowUpPolicyVersion.issuer_id, FollowUpPolicyVersion.version)
    found = {one: StoredPolicy(0, FollowUpPolicy()) for one in issuer_ids}
    for row in connection.execute(select(FollowUpPolicyVersion.__table__).where(key.in_(newest))):
        terms: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in row.terms.items()
        }
        found[row.issuer_id] = StoredPolicy(row.version, FollowUpPolicy(**terms))
    return found


def insert_policy(
    connection: Connection, issuer_id: int, version: int, policy: FollowUpPolicy, at: datetime, actor: str
) -> None:
    """Append a version. Raises sqlalchemy.exc.IntegrityError where two come at once."""
    values = {"issuer_id": issuer_id, "version": version, "recorded_at": at, "actor": actor}
    connection.execute(insert(FollowUpPolicyVersion).values(terms=asdict(policy), **values))


def all_issuers(connection: Connection) -> list[int]:
    """The row ids of all issuers."""
    return list(connection.scalars(select(Issuer.id).order_by(Issuer.id)))


def add_notices(connection: Connection, issuer_id: int, new: Sequence[NewNotice], at: datetime) -> int:
    """Append those notices that were not given before; returns how many. The issuer's counter is held until the end."""
    if not new:
        return 0
    last = _hold_counter(connection, issuer_id)
    given = _given(connection, [one.certificate_id for one in new])
    fresh = [one for one in dict.fromkeys(new) if one not in given]
    if fresh:
        rows = [
            {"issuer_id": issuer_id, "number": number, "recorded_at": at, **one._asdict(), "kind": one.kind.value}
            for number, one in enumerate(fresh, last + 1)
        ]
        connection.execute(insert(Notice), rows)
        mine = NoticeCounter.issuer_id == issuer_id
        connection.execute(update(NoticeCounter).where(mine).values(last=last + len(fresh)))
    return len(fresh)


def notices_after(connection: Connection, issuer_id: int, after: int, limit: int) -> list[StoredNotice]:
    """An issuer's notices with numbers above `after`, in their order."""
    columns = (Notice.number, Notice.kind, Notice.about, Notice.threshold, Notice.recorded_at)
    statement = (
        stored_certificates()
        .join(Notice, Notice.certificate_id == Certificate.id)
        .add_columns(*columns)
        .where(Notice.issuer_id == issuer_id, Notice.number > after)
        .order_by(Notice.number)
        .limit(limit)
    )
    width = len(columns)
    found = []
    for row in connection.execute(statement):
        number, kind, about, threshold, recorded_at = row[-width:]
        certificate = StoredCertificate(*row[:-width])
        found.append(StoredNotice(number, NoticeKind(kind), about, threshold, recorded_at, certificate))
    return found


def expiring(
    connection: Connection,
    issuer_id: int,
    threshold: int,
    first: date,
    last: date,
    after: tuple[date, int],
    limit: int,
) -> list[StoredCertificate]:
    """An issuer's certificates in force that end from `first` to `last`, by their end, from behind `after` on.

    Without those that have a successor, and those that were reminded of at this threshold.
    """
    key = (Certificate.valid_until, Certificate.id)
    newer = Certificate.__table__.alias("newer")
    reminded = exists().where(
        Notice.certificate_id == Certificate.id,
        Notice.kind == NoticeKind.EXPIRY.value,
        Notice.about == Certificate.valid_until,
        Notice.threshold == threshold,
    )
    statement = (
        stored_certificates()
        .where(
            Certificate.issuer_id == issuer_id,
            Certificate.valid_until.between(first, last),
            Certificate.state.in_((State.ACTIVE.value, State.SUSPENDED.value)),
            tuple_(*key) > tuple_(*after),
            ~exists().where(newer.c.replaces_id == Certificate.id),
            ~reminded,
        )
        .order_by(*key)
        .limit(limit)
    )
    return fetch_stored(connection, statement)


def to_be_mailed(connection: Connection, now: datetime) -> list[Mailing]:
    """The issuers that have notices which nobody has mailed or is about to mail."""
    idle = or_(NoticeCounter.busy_until.is_(None), NoticeCounter.busy_until <= now)
    statement = (
        select(NoticeCounter.issuer_id, NoticeCounter.mailed, NoticeCounter.last, NoticeCounter.mailing)
        .where(NoticeCounter.last > NoticeCounter.mailed, idle)
        .order_by(NoticeCounter.issuer_id)
    )
    return [Mailing(*row) for row in connection.execute(statement)]


def claim_mailing(connection: Connection, mailing: Mailing, bound: int, now: datetime, until: datetime) -> bool:
    """Take over the mail of notices up to `bound`, until a moment; False where somebody else has, or has done it."""
    idle = or_(NoticeCounter.busy_until.is_(None), NoticeCounter.busy_until <= now)
    mine = (NoticeCounter.issuer_id == mailing.issuer_id, NoticeCounter.mailed == mailing.mailed, idle)
    return connection.execute(update(NoticeCounter).where(*mine).values(mailing=bound, busy_until=until)).rowcount == 1


def settle_mailing(connection: Connection, issuer_id: int, mailed: int, until: datetime) -> None:
    """End the claim that lasts to `until`: all up to `mailed` is done."""
    mine = (NoticeCounter.issuer_id == issuer_id, NoticeCounter.busy_until == until)
    connection.execute(update(NoticeCounter).where(*mine).values(mailed=mailed, mailing=None, busy_until=None))


def put_off_mailing(connection: Connection, issuer_id: int, until: datetime, busy: datetime) -> None:
    """End the claim that lasts to `until`: nobody tries the same mail again before `busy`."""
    mine = (NoticeCounter.issuer_id == issuer_id, NoticeCounter.busy_until == until)
    connection.execute(update(NoticeCounter).where(*mine).values(busy_until=busy))


def _hold_counter(connection: Connection, issuer_id: int) -> int:
    """The number of the issuer's last notice; nobody else adds any until the transaction ends."""
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(NoticeCounter)
    connection.execute(made.values(issuer_id=issuer_id, last=0, mailed=0).on_conflict_do_nothing())
    statement = select(NoticeCounter.last).where(NoticeCounter.issuer_id == issuer_id).with_for_update()
    return connection.scalars(statement).one()


def _given(connection: Connection, certificate_ids: Sequence[int]) -> set[NewNotice]:
    given: set[NewNotice] = set()
    for start in range(0, len(certificate_ids), _CHUNK):
        columns = (Notice.kind, Notice.certificate_id, Notice.about, Notice.threshold)
        mine = Notice.certificate_id.in_(certificate_ids[start : start + _CHUNK])
        for kind, certificate_id, about, threshold in connection.execute(select(*columns).where(mine)):
            given.add(NewNotice(NoticeKind(kind), certificate_id, about, threshold))
    return given
