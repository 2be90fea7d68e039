"""Certificates, their credentials and status events: the queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    or_,
    select,
    text,
)

from registry.domain.certificate import MAX_NAME_LENGTH, HolderType, day_of, period_of
from registry.domain.certificate import Certificate as CertificateTerms
from registry.domain.lifecycle import Period, Standing, State, Status, StatusEvent
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import SCHEMES
from registry.store.bulk import among, insert_rows
from registry.store.holder_names import fold_name, index_names
from registry.store.models import Certificate, Credential, Issuer
from registry.store.models import StatusEvent as StatusEventRow
from registry.store.status_lists import StatusPlace

# A SELECT of many columns, which the type checker need not know one by one.
AnySelect = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """What `insert_certificates` stores of one certificate; `packed`: its document, where that was packed already."""

    public_id: str
    terms: CertificateTerms
    document: bytes
    event: StatusEvent
    replaces_id: int | None = None
    place: StatusPlace | None = None
    first_version_id: int | None = None
    packed: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A row of the register, without the credential."""

    id: int
    public_id: str
    issuer_id: int
    issuer_code: str
    number: str
    revision: int
    scheme: str
    kind: str
    holder_type: str
    holder_name: str
    holder_name_en: str | None
    holder_id_scheme: str | None
    holder_id: str | None
    granted_on: date
    decided_on: date
    valid_from: date
    valid_until: date | None
    recorded_at: datetime
    state: str
    state_since: datetime
    state_reason: str
    state_changes_at: datetime | None
    event_count: int
    first_reason: str
    replaces_id: int | None
    first_version_id: int | None
    change: str | None
    branch_id: int | None

    @property
    def period(self) -> Period:
        """The validity as instants."""
        return period_of(self.valid_from, self.valid_until)

    @property
    def told(self) -> Standing:
        """The standing in the cache: what those who watch have been told last, though its time may be over."""
        return Standing(State(self.state), self.state_since, Reason(self.state_reason), self.state_changes_at)

    def standing(self, now: datetime) -> Standing | None:
        """The cached standing, or None where its time is over and the events must be read."""
        return cached_standing(self.state, self.state_since, self.state_reason, self.state_changes_at, now)


_STORED_COLUMNS = (
    Certificate.id,
    Certificate.public_id,
    Certificate.issuer_id,
    Issuer.code,
    Certificate.number,
    Certificate.revision,
    Certificate.scheme,
    Certificate.kind,
    Certificate.holder_type,
    Certificate.holder_name,
    Certificate.holder_name_en,
    Certificate.holder_id_scheme,
    Certificate.holder_id,
    Certificate.granted_on,
    Certificate.decided_on,
    Certificate.valid_from,
    Certificate.valid_until,
    Certificate.recorded_at,
    Certificate.state,
    Certificate.state_since,
    Certificate.state_reason,
    Certificate.state_changes_at,
    Certificate.event_count,
    Certificate.first_reason,
    Certificate.replaces_id,
    Certificate.first_version_id,
    Certificate.change,
    Certificate.branch_id,
)


def cached_standing(
    state: str, since: datetime, reason: str, changes_at: datetime | None, now: datetime
) -> Standing | None:
    """The standing in a row's cache, unless it has run out at `now`."""
    if changes_at is not None and changes_at <= now:
        return None
    return Standing(State(state), since, Reason(reason), changes_at)


def stored_certificates() -> AnySelect:
    """SELECT of StoredCertificate rows, to be narrowed down."""
    return select(*_STORED_COLUMNS).join(Issuer, Issuer.id == Certificate.issuer_id)


def fetch_stored(connection: Connection, statement: AnySelect) -> list[StoredCertificate]:
    """Run a statement made from `stored_certificates`."""
    return [StoredCertificate(*row) for row in connection.execute(statement)]


def find_stored(
    connection: Connection, public_id: str, issuer_id: int | None = None, *, for_update: bool = False
) -> StoredCertificate | None:
    """The row of a public id; of one issuer only, where given. `for_update` locks it until the transaction ends."""
    statement = stored_certificates().where(Certificate.public_id == public_id)
    if issuer_id is not None:
        statement = statement.where(Certificate.issuer_id == issuer_id)
    if for_update:
        statement = statement.with_for_update(of=Certificate.__table__)
    return next(iter(fetch_stored(connection, statement)), None)


def get_stored(connection: Connection, key: int, *, for_update: bool = False) -> StoredCertificate:
    """The row of a row id that a foreign key has promised; `for_update` as in `find_stored`."""
    statement = stored_certificates().where(Certificate.id == key)
    if for_update:
        statement = statement.with_for_update(of=Certificate.__table__)
    return fetch_stored(connection, statement)[0]


def taken_numbers(connection: Connection, issuer_id: int, numbers: Sequence[str]) -> list[str]:
    """Those of `numbers` that the issuer has used already."""
    condition = among(connection, Certificate.number, numbers)
    statement = select(Certificate.number).where(Certificate.issuer_id == issuer_id, condition)
    return list(connection.scalars(statement))


def insert_certificates(
    connection: Connection,
    issuer_id: int,
    signing_key_id: int,
    actor: str,
    certificates: Sequence[NewCertificate],
    branch_id: int | None = None,
) -> list[int]:
    """Store certificates with their credentials, first events and search entries; returns their row ids.

    One statement a table for any number of certificates. Raises sqlalchemy.exc.IntegrityError where a number is taken.
    """
    ids = _allot_ids(connection, len(certificates))
    numbered = list(zip(ids, certificates, strict=True))
    rows = [_certificate_row(key, issuer_id, signing_key_id, branch_id, new) for key, new in numbered]
    insert_rows(connection, Certificate.__table__, _CERTIFICATE_COLUMNS, rows)
    documents = [(key, new.packed or new.document) for key, new in numbered]
    insert_rows(connection, Credential.__table__, ("certificate_id", "document"), documents)
    insert_events(connection, actor, [(key, new.event) for key, new in numbered])
    # Persons have no folded name.
    index_names(connection, [row[:3] for row in rows if row[1] is not None])
    return ids


_EVENT_COLUMNS = (
    "certificate_id",
    "sequence",
    "act",
    "reason",
    "note",
    "effective_at",
    "until",
    "recorded_at",
    "actor",
    "calls_off",
)


def insert_events(connection: Connection, actor: str, events: Iterable[tuple[int, StatusEvent]]) -> None:
    """Append status events: (certificate row id, event)."""
    rows = [
        (
            key,
            one.sequence,
            one.act,
            one.reason,
            one.note,
            one.effective_at,
            one.until,
            one.recorded_at,
            actor,
            one.calls_off,
        )
        for key, one in events
    ]
    insert_rows(connection, StatusEventRow.__table__, _EVENT_COLUMNS, rows)


def events_of(connection: Connection, keys: Collection[int]) -> dict[int, list[StatusEvent]]:
    """The status events of certificates, in the order of recording, by row id. One query."""
    events: dict[int, list[StatusEvent]] = {key: [] for key in keys}
    for key, event, _ in recorded_events(connection, keys):
        events[key].append(event)
    return events


def recorded_events(connection: Connection, keys: Collection[int]) -> list[tuple[int, StatusEvent, str]]:
    """The status events of certificates: row id, event, and who recorded it. One query."""
    statement = (
        select(StatusEventRow.__table__)
        .where(StatusEventRow.certificate_id.in_(keys))
        .order_by(StatusEventRow.certificate_id, StatusEventRow.sequence)
    )
    return [
        (
            row.certificate_id,
            StatusEvent(
                sequence=row.sequence,
                act=Act(row.act),
                reason=Reason(row.reason),
                effective_at=row.effective_at,
                recorded_at=row.recorded_at,
                until=row.until,
                note=row.note,
                calls_off=row.calls_off,
            ),
            row.actor,
        )
        for row in connection.execute(statement)
    ]


def count_certificates(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> int:
    """How many certificates meet all conditions."""
    return connection.scalar(select(func.count()).select_from(Certificate).where(*conditions)) or 0


def due_for_change(connection: Connection, now: datetime, limit: int, *, lock: bool = False) -> list[int]:
    """Row ids of certificates whose cached state has run out by `now`; `lock` takes those that nobody holds."""
    statement = (
        select(Certificate.id)
        .where(Certificate.state_changes_at.is_not(None), Certificate.state_changes_at <= now)
        .order_by(Certificate.state_changes_at)
        .limit(limit)
    )
    if lock:
        statement = statement.with_for_update(skip_locked=True)
    return list(connection.scalars(statement))


def document_of(connection: Connection, public_id: str) -> bytes | None:
    """The canonical bytes of a signed credential."""
    statement = (
        select(Credential.document)
        .join(Certificate, Certificate.id == Credential.certificate_id)
        .where(Certificate.public_id == public_id)
    )
    return connection.scalar(statement)


def successor_of(connection: Connection, key: int) -> str | None:
    """The public id of the certificate that replaces this one."""
    return connection.scalar(select(Certificate.public_id).where(Certificate.replaces_id == key))


def status_condition(status: Status, now: datetime) -> Any:
    """The SQL condition for a status at `now`, over caches that have been renewed until then."""
    today = day_of(now)
    over = and_(Certificate.valid_until.is_not(None), Certificate.valid_until < today)
    running = or_(Certificate.valid_until.is_(None), Certificate.valid_until >= today)
    if status is Status.EXPIRED:
        return and_(Certificate.state.in_((State.ACTIVE.value, State.SUSPENDED.value)), over)
    if status is Status.NOT_YET_VALID:
        return and_(Certificate.state == State.ACTIVE.value, Certificate.valid_from > today, running)
    if status is Status.VALID:
        return and_(Certificate.state == State.ACTIVE.value, Certificate.valid_from <= today, running)
    if status is Status.SUSPENDED:
        return and_(Certificate.state == State.SUSPENDED.value, running)
    return Certificate.state == status.value


def _allot_ids(connection: Connection, count: int) -> list[int]:
    """Row ids for new certificates, so that all tables are filled without reading keys back."""
    if connection.dialect.name == "sqlite":
        # Nobody else inserts meanwhile: the transaction holds the write lock from its beginning.
        highest = connection.scalar(select(func.max(Certificate.id))) or 0
        return list(range(highest + 1, highest + 1 + count))
    statement = text("SELECT nextval('certificates_id_seq') FROM generate_series(1, :count)")
    return list(connection.scalars(statement, {"count": count}))


_CERTIFICATE_COLUMNS = (
    "id",
    "holder_name_folded",
    "holder_name_en_folded",
    "public_id",
    "issuer_id",
    "number",
    "revision",
    "scheme",
    "kind",
    "branch_id",
    "holder_type",
    "holder_name",
    "holder_name_en",
    "holder_id_scheme",
    "holder_id",
    "region",
    "industry",
    "size",
    "granted_on",
    "decided_on",
    "valid_from",
    "valid_until",
    "signing_key_id",
    "recorded_at",
    "replaces_id",
    "first_version_id",
    "change",
    "state",
    "state_since",
    "state_reason",
    "event_count",
    "first_reason",
    "status_list_id",
    "status_index",
)


def _certificate_row(
    key: int, issuer_id: int, signing_key_id: int, branch_id: int | None, new: NewCertificate
) -> tuple[Any, ...]:
    """The values of _CERTIFICATE_COLUMNS."""
    terms, holder, event, place = new.terms, new.terms.holder, new.event, new.place
    searchable = holder.type is not HolderType.PERSON
    name, name_en, identifier = holder.name.zh, holder.name.en, holder.identifier
    return (
        key,
        fold_name(name)[:MAX_NAME_LENGTH] if searchable else None,
        fold_name(name_en)[:MAX_NAME_LENGTH] if searchable and name_en else None,
        new.public_id,
        issuer_id,
        terms.number,
        terms.revision,
        terms.scheme,
        SCHEMES[terms.scheme].kind.value,
        branch_id,
        holder.type.value,
        name,
        name_en,
        None if identifier is None else identifier.scheme,
        None if identifier is None else identifier.value,
        holder.region,
        holder.industry,
        None if holder.size is None else holder.size.value,
        terms.granted_on,
        terms.decided_on,
        terms.valid_from,
        terms.valid_until,
        signing_key_id,
        event.recorded_at,
        new.replaces_id,
        new.first_version_id,
        None if terms.replaces is None else terms.replaces.change,
        State.ACTIVE.value,
        event.effective_at,
        event.reason.value,
        1,
        event.reason.value,
        None if place is None else place.list_id,
        None if place is None else place.index,
    )
