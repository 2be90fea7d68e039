"""What verifying many certificates reads: set queries over a chunk, never one an item."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import InstrumentedAttribute

from registry.domain.signing_key import PublishedKey
from registry.store.log_models import LogCheckpoint, LogEntry, PendingEntry
from registry.store.models import Certificate, Issuer, SigningKey
from registry.store.verification import FOR_VERIFICATION, VerificationRow


class Candidate(NamedTuple):
    """A certificate that one of the values asked for fits. `fitting`: how many certificates fit that value."""

    key: int
    value: str
    issuer_code: str
    fitting: int


def by_number(connection: Connection, numbers: Collection[str], known_at: datetime, most: int) -> Sequence[Candidate]:
    """The certificates of numbers, recorded by `known_at`; of each number the newest `most`."""
    return _candidates(connection, Certificate.number, numbers, known_at, most)


def by_holder_id(connection: Connection, ids: Collection[str], known_at: datetime, most: int) -> Sequence[Candidate]:
    """The same by the identifiers of holders."""
    return _candidates(connection, Certificate.holder_id, ids, known_at, most)


def keys_of_public_ids(connection: Connection, public_ids: Collection[str], known_at: datetime) -> dict[str, int]:
    """The row ids of public ids that had been recorded by `known_at`."""
    statement = select(Certificate.public_id, Certificate.id).where(
        Certificate.public_id.in_(public_ids), Certificate.recorded_at <= known_at
    )
    return {row.public_id: row.id for row in connection.execute(statement)}


def rows_for_verification(connection: Connection, keys: Collection[int]) -> dict[int, VerificationRow]:
    """All that the verification of certificates needs, by row id."""
    found = connection.execute(FOR_VERIFICATION.where(Certificate.id.in_(keys)))
    return {row[0]: VerificationRow(*row) for row in found}


def published_keys(connection: Connection, verification_methods: Collection[str]) -> dict[str, PublishedKey]:
    """The keys of verification methods."""
    statement = select(
        SigningKey.verification_method,
        SigningKey.public_key,
        SigningKey.active_from,
        SigningKey.retired_at,
        SigningKey.compromised_since,
    ).where(SigningKey.verification_method.in_(verification_methods))
    return {row[0]: PublishedKey(*row) for row in connection.execute(statement)}


def issuing_pending(connection: Connection, keys: Collection[int]) -> set[int]:
    """Those of the certificates whose issuing waits for its place in the log, or has got it just now."""
    waiting = select(PendingEntry.certificate_id).where(
        PendingEntry.certificate_id.in_(keys), PendingEntry.sequence == 1
    )
    placed = select(LogEntry.certificate_id).where(LogEntry.certificate_id.in_(keys), LogEntry.sequence == 1)
    return set(connection.scalars(waiting.union(placed)))


def seen_by_log(connection: Connection, log_indexes: Collection[int]) -> dict[int, datetime]:
    """When the log took entries in: the time of the first checkpoint that covers each."""
    first = (
        select(LogCheckpoint.integrated_at)
        .where(LogCheckpoint.size > LogEntry.log_index)
        .order_by(LogCheckpoint.size)
        .limit(1)
        .scalar_subquery()
    )
    statement = select(LogEntry.log_index, first).where(LogEntry.log_index.in_(log_indexes))
    return {index: moment for index, moment in connection.execute(statement) if moment is not None}


def successors(connection: Connection, keys: Collection[int]) -> dict[int, str]:
    """The public ids of the certificates that replace others, by the row id of the replaced one."""
    statement = select(Certificate.replaces_id, Certificate.public_id).where(Certificate.replaces_id.in_(keys))
    return {replaced: public_id for replaced, public_id in connection.execute(statement) if replaced is not None}


def _candidates(
    connection: Connection, asked: InstrumentedAttribute[Any], values: Collection[str], known_at: datetime, most: int
) -> Sequence[Candidate]:
    ranked = (
        select(
            Certificate.id,
            asked.label("value"),
            Issuer.code,
            func.count().over(partition_by=asked).label("fitting"),
            func.row_number().over(partition_by=asked, order_by=Certificate.id.desc()).label("rank"),
        )
        .join(Issuer, Issuer.id == Certificate.issuer_id)
        .where(asked.in_(values), Certificate.recorded_at <= known_at)
        .subquery()
    )
    columns = (ranked.c.id, ranked.c.value, ranked.c.code, ranked.c.fitting)
    newest = select(*columns).where(ranked.c.rank <= most).order_by(ranked.c.id.desc())
    return [Candidate(*row) for row in connection.execute(newest)]
