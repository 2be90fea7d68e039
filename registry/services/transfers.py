"""Transfers of certifications between certification bodies.

The accepting body issues a certificate that names the one it comes from. What becomes of the former one is for its
issuer alone: it cancels it, or it agrees beforehand to hand it over, and then the new certificate supersedes it in the
same transaction. Without that agreement nobody's certificate is touched by another.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.certificate import CERTIFICATE_ZONE, Certificate, Replaced, day_of
from registry.domain.errors import Conflict, IllegalMove, InvalidInput, NotFound, Violation
from registry.domain.lifecycle import Status
from registry.domain.notices import NoticeKind
from registry.domain.public_id import MalformedPublicId, grouped, parse_public_id
from registry.domain.reasons import Act, Reason
from registry.domain.transfer import Origin, check_origin, differences
from registry.formats import canonical_json
from registry.formats.certificate_request import certificate_of
from registry.services.change_status import record_event
from registry.services.context import Actor, Registry, Verb, audit, audit_for, require_issuer
from registry.services.find import with_status
from registry.services.idempotency import Idempotency, remember
from registry.services.issue import after_clash, audit_issue, prepare, recall_issue, row_of, store_signed
from registry.services.log.integrate import integrate_at_once
from registry.services.record_acts import IntendedAct
from registry.store import certificates
from registry.store import transfers as store
from registry.store.certificates import StoredCertificate
from registry.store.issuers import get_issuer
from registry.store.notices import NewNotice, add_notices
from registry.store.transfers import StoredHandover
from registry.store.versions import begin_versions

MAX_PAGE = 100
# An agreement that nobody makes use of ends by itself.
DAYS_OPEN, MAX_DAYS_OPEN = 90, 366


def accept_transfer(
    registry: Registry,
    actor: Actor,
    certificate: Certificate,
    origin: Origin,
    note: str | None = None,
    idempotency: Idempotency | None = None,
) -> StoredCertificate:
    """Issue a certificate for a certification that comes from another body.

    Raises NotFound, InvalidInput, IllegalMove, Conflict, NotPermitted.
    """
    actor.require(Verb.ISSUE)
    earlier = recall_issue(registry, actor, idempotency)
    if earlier is not None:
        return earlier
    former = _former(registry, actor, certificate, origin)
    certificate = replace(certificate, replaces=_named(registry, origin, former))
    try:
        prepared, pen = prepare(registry, actor, certificate, Reason.TRANSFER, note)
        now = prepared[0].event.recorded_at
        with registry.database.transaction() as connection:
            taken = former is not None and _take_over(registry, connection, actor, former, certificate)
            if former is not None and taken:
                prepared = [replace(prepared[0], replaces_id=former.id)]
            keys = store_signed(registry, connection, actor, pen, prepared)
            if taken:
                begin_versions(connection, keys[0])
            audit_issue(connection, actor, prepared[0])
            if former is not None:
                told = NewNotice(NoticeKind.TRANSFERRED, former.id, day_of(now))
                add_notices(connection, former.issuer_id, [told], now)
            remember(connection, actor, idempotency, keys[0], 1, now)
            row = row_of(connection, prepared[0].public_id)
    except (IntegrityError, Conflict) as error:
        return after_clash(registry, actor, certificate, idempotency, error)
    integrate_at_once(registry)
    return row


def agree_handover(
    registry: Registry, actor: Actor, public_id: str, to_issuer: str, last_day: date | None = None
) -> None:
    """Agree that another issuer takes a certification over, until the end of `last_day`.

    Raises NotFound, InvalidInput, IllegalMove, Conflict, NotPermitted.
    """
    actor.require(Verb.CANCEL)
    now = registry.now()
    last_day = _last_day(last_day, day_of(now))
    try:
        with registry.database.transaction() as connection:
            row = _own(connection, actor, public_id)
            public_id = row.public_id
            receiver = require_issuer(connection, to_issuer)
            if receiver.id == actor.issuer_id:
                raise InvalidInput([Violation(("to",), "that is you; versions of a certificate are made by reissuing")])
            _require_valid(connection, row, now, "handed over")
            store.insert_handover(connection, row, receiver.id, now, actor.name, _end_of(last_day))
            audit(
                connection, now, actor, "certificate.hand_over", public_id, to=to_issuer, last_day=last_day.isoformat()
            )
    except IntegrityError as error:
        raise Conflict("Handing it over is agreed already; revoke that first.") from error


def revoke_handover(registry: Registry, actor: Actor, public_id: str) -> None:
    """Take an agreement back that nobody has made use of. Raises NotFound, NotPermitted."""
    actor.require(Verb.CANCEL)
    now = registry.now()
    with registry.database.transaction() as connection:
        row = _own(connection, actor, public_id)
        public_id = row.public_id
        if not store.revoke_handover(connection, row.id, now):
            raise NotFound("No agreement to hand this certificate over is open.")
        audit(connection, now, actor, "certificate.keep", public_id)


def list_handovers(registry: Registry, actor: Actor, after: int, limit: int) -> list[StoredHandover]:
    """The open agreements from and with the actor's issuer, oldest first. Raises InvalidInput, NotPermitted."""
    actor.require(Verb.READ)
    if not 0 < limit <= MAX_PAGE or not 0 <= after < 2**63:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}, after the id of an agreement")])
    with registry.database.read() as connection:
        return store.open_handovers(connection, actor.issuer_id, registry.now(), after, limit)


def _former(registry: Registry, actor: Actor, certificate: Certificate, origin: Origin) -> StoredCertificate | None:
    """The certificate of this registry that is transferred, if it may be; None for one from elsewhere."""
    try:
        check_origin(origin)
        public_id = None if origin.public_id is None else parse_public_id(origin.public_id)
    except InvalidInput as error:
        wrong = [Violation(("transferred_from", *one.path), one.reason) for one in error.violations]
        raise InvalidInput(wrong) from error
    except MalformedPublicId as error:
        raise InvalidInput([Violation(("transferred_from", "public_id"), str(error))]) from error
    if public_id is None:
        return None
    with registry.database.read() as connection:
        row = certificates.find_stored(connection, public_id)
        document = certificates.document_of(connection, public_id)
        if row is None or document is None:
            raise NotFound("No certificate with this id is in the registry.")
        if row.issuer_id == actor.issuer_id:
            reason = "it is yours already; versions of a certificate are made by reissuing"
            raise InvalidInput([Violation(("transferred_from", "public_id"), reason)])
        _require_valid(connection, row, registry.now(), "transferred")
    wrong = list(differences(certificate_of(canonical_json.parse(document)), certificate))
    if wrong:
        raise InvalidInput(wrong)
    return row


def _named(registry: Registry, origin: Origin, former: StoredCertificate | None) -> Replaced:
    """How the new certificate names the one it comes from."""
    if former is None:
        return Replaced(Reason.TRANSFER.value, origin.number or "", body=origin.body)
    with registry.database.read() as connection:
        body = get_issuer(connection, former.issuer_id).name.zh
    return Replaced(Reason.TRANSFER.value, former.number, former.revision, former.public_id, body)


def _take_over(
    registry: Registry, connection: Connection, actor: Actor, former: StoredCertificate, certificate: Certificate
) -> bool:
    """Supersede the former certificate where its issuer has agreed; its act is recorded as that issuer's."""
    now = registry.now()
    # Agreeing and revoking lock the certificate first as well.
    certificates.get_stored(connection, former.id, for_update=True)
    agreed_by = store.take_handover(connection, former.id, actor.issuer_id, now)
    if agreed_by is None:
        return False
    if certificate.valid_from > day_of(now):
        # Until then either issuer might think otherwise, and one would have to act on the other's certificate.
        reason = "a certificate that is handed over begins today or before"
        raise InvalidInput([Violation(("certificate", "valid_from"), reason)])
    their = Actor(agreed_by, former.issuer_id, frozenset({Verb.REISSUE}))
    code = get_issuer(connection, actor.issuer_id).code
    intended = IntendedAct(Act.SUPERSEDE, Reason.TRANSFER, note=f"handed over to {code} as agreed")
    change = record_event(registry, connection, their, former.public_id, intended, now)
    if change.certificate.event_count != former.event_count:
        raise Conflict("Somebody has just acted on the former certificate. Read it again, then repeat.")
    # Who it was there, and from where, is not for the former issuer to read.
    begin_versions(connection, former.id)
    audit_for(connection, now, code, former.issuer_id, "certificate.taken_over", former.public_id, by=code)
    return True


def _require_valid(connection: Connection, row: StoredCertificate, now: datetime, done: str) -> None:
    """Raises IllegalMove, Conflict unless a certificate is valid and nothing is to take its place."""
    status = with_status(connection, [row], now)[0].status.status
    if status is not Status.VALID:
        word = status.value.replace("_", " ")
        raise IllegalMove(f"The certificate is {word}; only one that is valid is {done}.", status)
    successor = certificates.successor_of(connection, row.id)
    if successor is not None:
        raise Conflict(f"This certificate has been reissued already, as {grouped(successor)}.")


def _last_day(wanted: date | None, today: date) -> date:
    """Raises InvalidInput."""
    last = today + timedelta(DAYS_OPEN) if wanted is None else wanted
    if not today <= last <= today + timedelta(MAX_DAYS_OPEN):
        raise InvalidInput([Violation(("last_day",), f"must be within {MAX_DAYS_OPEN} days from today")])
    return last


def _end_of(last_day: date) -> datetime:
    return datetime.combine(last_day + timedelta(1), time.min, CERTIFICATE_ZONE)


def _own(connection: Connection, actor: Actor, public_id: str) -> StoredCertificate:
    row = certificates.find_stored(connection, parse_public_id(public_id), actor.issuer_id, for_update=True)
    if row is None:
        raise NotFound("No certificate of yours has this id.")
    return row
