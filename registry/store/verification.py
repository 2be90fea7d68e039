"""The one query behind a verification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, false, func, literal_column, or_, select

from registry.domain.signing_key import PublishedKey
from registry.store.certificates import AnySelect
from registry.store.log_models import LogEntry
from registry.store.models import Authorization, Certificate, Credential, SigningKey


class VerificationRow(NamedTuple):
    """All that a verification needs, from one query.

    `authorized`: the issuer might certify the scheme then. `log_index`: where the log has its issuing; None: nowhere.
    """

    key: int
    public_id: str
    number: str
    scheme: str
    valid_from: date
    valid_until: date | None
    recorded_at: datetime
    state: str
    state_since: datetime
    state_reason: str
    state_changes_at: datetime | None
    event_count: int
    first_version_id: int | None
    document: bytes
    verification_method: str
    public_key: bytes
    key_active_from: datetime
    key_retired_at: datetime | None
    key_compromised_since: datetime | None
    key_of_issuer: bool
    authorized: bool
    log_index: int | None

    @property
    def published_key(self) -> PublishedKey:
        """The key that signed."""
        return PublishedKey(
            self.verification_method,
            self.public_key,
            self.key_active_from,
            self.key_retired_at,
            self.key_compromised_since,
        )


FOR_VERIFICATION: AnySelect = (
    select(
        Certificate.id,
        Certificate.public_id,
        Certificate.number,
        Certificate.scheme,
        Certificate.valid_from,
        Certificate.valid_until,
        Certificate.recorded_at,
        Certificate.state,
        Certificate.state_since,
        Certificate.state_reason,
        Certificate.state_changes_at,
        Certificate.event_count,
        Certificate.first_version_id,
        Credential.document,
        SigningKey.verification_method,
        SigningKey.public_key,
        SigningKey.active_from,
        SigningKey.retired_at,
        SigningKey.compromised_since,
        func.coalesce(SigningKey.issuer_id == Certificate.issuer_id, false()).label("key_of_issuer"),
        exists()
        .where(
            Authorization.issuer_id == Certificate.issuer_id,
            Authorization.scheme == Certificate.scheme,
            Authorization.valid_from <= Certificate.decided_on,
            or_(Authorization.valid_until.is_(None), Authorization.valid_until >= Certificate.decided_on),
        )
        .label("authorized"),
        LogEntry.log_index,
    )
    .join(Credential, Credential.certificate_id == Certificate.id)
    .join(SigningKey, SigningKey.id == Certificate.signing_key_id)
    .outerjoin(LogEntry, and_(LogEntry.certificate_id == Certificate.id, LogEntry.sequence == literal_column("1")))
)
FIND_FOR_VERIFICATION: AnySelect = FOR_VERIFICATION.where(Certificate.public_id == bindparam("public_id"))


def page_for_verification(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], after: int, limit: int
) -> list[VerificationRow]:
    """Certificates with all that their verification needs, in the order of their row ids, those after `after`."""
    page = FOR_VERIFICATION.where(Certificate.id > after, *conditions).order_by(Certificate.id).limit(limit)
    return [VerificationRow(*row) for row in connection.execute(page)]
