"""What relying parties watch: the queries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, case, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from registry.domain.certificate import HolderId
from registry.domain.changes import EXPIRY_NOTICE_DAYS, ChangeKind
from registry.store.models import Certificate
from registry.store.watch_models import PendingChange, Watch

_CHUNK = 500
_ASKED = {days: 1 << position for position, days in enumerate(EXPIRY_NOTICE_DAYS)}


class WatchedCertificate(NamedTuple):
    """A certificate (row id) by the first of its versions (row id)."""

    certification_id: int
    certificate_id: int


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """A watch: on the certificate with this public id, or on a holder."""

    id: int
    watch_id: str
    public_id: str | None
    holder: HolderId | None
    notice_days: tuple[int, ...]
    label: str | None
    created_at: datetime


class WatchTerms(NamedTuple):
    """How something is watched: before which ends one is told, and a label."""

    notice_days: Collection[int]
    label: str | None


def certifications_of(connection: Connection, public_ids: Collection[str]) -> dict[str, WatchedCertificate]:
    """Certificates by public id; what is not there is left out."""
    wanted, found = list(public_ids), {}
    first = func.coalesce(Certificate.first_version_id, Certificate.id)
    for start in range(0, len(wanted), _CHUNK):
        chosen = Certificate.public_id.in_(wanted[start : start + _CHUNK])
        for public_id, *keys in connection.execute(select(Certificate.public_id, first, Certificate.id).where(chosen)):
            found[public_id] = WatchedCertificate(*keys)
    return found


def count_watches(connection: Connection, party_id: int) -> int:
    """How many watches a party has."""
    return connection.scalar(select(func.count()).where(Watch.party_id == party_id)) or 0


def put_watches(
    connection: Connection,
    party_id: int,
    targets: Sequence[tuple[str, WatchedCertificate | HolderId]],
    terms: WatchTerms,
    at: datetime,
    actor: str,
) -> None:
    """Have a party watch, under ids of its own; what it watches already is watched by the new terms."""
    same = {
        "party_id": party_id,
        "notice_days": sum(_ASKED[days] for days in set(terms.notice_days)),
        "label": terms.label,
        "created_at": at,
        "created_by": actor,
    }
    certificates, holders = [], []
    for watch_id, target in targets:
        if isinstance(target, HolderId):
            named = {"holder_id_scheme": target.scheme, "holder_id": target.value}
            holders.append({**same, "watch_id": watch_id, **named})
        else:
            certificates.append({**same, "watch_id": watch_id, **target._asdict()})
    _put(connection, certificates, ("certification_id", "party_id"))
    _put(connection, holders, ("holder_id", "holder_id_scheme", "party_id"))


def _put(connection: Connection, rows: Sequence[dict[str, Any]], key: Sequence[str]) -> None:
    if not rows:
        return
    made = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(Watch)
    changed = {"notice_days": made.excluded.notice_days, "label": made.excluded.label}
    connection.execute(made.on_conflict_do_update(index_elements=key, set_=changed), rows)


def watches_of(
    connection: Connection, party_id: int, after: int, limit: int, label: str | None = None
) -> list[StoredWatch]:
    """A party's watches, oldest first, from behind a row id on; those of one label, where given."""
    columns = (
        *(Watch.id, Watch.watch_id, Certificate.public_id, Watch.holder_id_scheme, Watch.holder_id),
        *(Watch.notice_days, Watch.label, Watch.created_at),
    )
    statement = (
        select(*columns)
        .outerjoin(Certificate, Certificate.id == Watch.certificate_id)
        .where(Watch.party_id == party_id, Watch.id > after)
        .order_by(Watch.id)
        .limit(limit)
    )
    if label is not None:
        statement = statement.where(Watch.label == label)
    return [_watch(*row) for row in connection.execute(statement)]


def find_watch(connection: Connection, party_id: int, watch_id: str) -> int | None:
    """The row id of a party's watch."""
    return connection.scalar(select(Watch.id).where(Watch.watch_id == watch_id, Watch.party_id == party_id))


def remove_watch(connection: Connection, party_id: int, watch_id: str) -> bool:
    """End a watch; returns whether there was one."""
    mine = (Watch.watch_id == watch_id, Watch.party_id == party_id)
    return connection.execute(delete(Watch).where(*mine)).rowcount > 0


def remove_watches(connection: Connection, party_id: int, label: str) -> int:
    """End all watches of a label; returns how many there were."""
    return connection.execute(delete(Watch).where(Watch.party_id == party_id, Watch.label == label)).rowcount


def who_watches(connection: Connection, change_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Waiting changes, by row id, with the parties that are to be told of them: (party, change), in order."""
    asked = case(_ASKED, value=PendingChange.days, else_=0)
    told = or_(PendingChange.kind != ChangeKind.EXPIRING.value, Watch.notice_days.op("&")(asked) != 0)
    certification = func.coalesce(Certificate.first_version_id, Certificate.id)
    of_holder = and_(Watch.holder_id == Certificate.holder_id, Watch.holder_id_scheme == Certificate.holder_id_scheme)
    by_certificate, by_holder = (
        select(Watch.party_id, PendingChange.id)
        .join_from(PendingChange, Certificate, Certificate.id == PendingChange.certificate_id)
        .join(Watch, same)
        .where(PendingChange.id.in_(change_ids), told)
        for same in (Watch.certification_id == certification, of_holder)
    )
    return sorted((party, change) for party, change in connection.execute(by_certificate.union(by_holder)))


def _watch(
    key: int,
    watch_id: str,
    public_id: str | None,
    scheme: str | None,
    holder: str | None,
    notice_days: int,
    label: str | None,
    created_at: datetime,
) -> StoredWatch:
    days = tuple(one for one, bit in _ASKED.items() if notice_days & bit)
    named = HolderId(scheme, holder) if scheme is not None and holder is not None else None
    return StoredWatch(key, watch_id, public_id, named, days, label, created_at)
