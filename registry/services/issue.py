"""Issuing certificates: rules, signature, and one transaction that stores all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.certificate import Certificate
from registry.domain.errors import Conflict, InvalidInput, StorageUnavailable, Violation
from registry.domain.reasons import Reason
from registry.services.context import Actor, Registry, Verb, audit
from registry.services.draft import Paper, Pen, check_orders, draft, lay_paper, number_taken, open_pen, sign, sign_ahead
from registry.services.follow_up.plans import plan_issued
from registry.services.garbage import collected_later
from registry.services.idempotency import Earlier, Idempotency, recall, remember
from registry.services.issuer_keys import signs_itself
from registry.services.log.integrate import integrate_at_once
from registry.services.log.record import log_issued
from registry.store import certificates as store
from registry.store import issuers
from registry.store.certificates import NewCertificate, StoredCertificate

MAX_BATCH = 10_000


def issue(
    registry: Registry,
    actor: Actor,
    certificate: Certificate,
    reason: Reason = Reason.INITIAL,
    note: str | None = None,
    idempotency: Idempotency | None = None,
) -> StoredCertificate:
    """Issue one certificate. Raises InvalidInput, Conflict, IdempotencyKeyReused, NotPermitted."""
    actor.require(Verb.ISSUE)
    earlier = recall_issue(registry, actor, idempotency)
    if earlier is not None:
        return earlier
    try:
        prepared, pen = prepare(registry, actor, certificate, reason, note)
        with registry.database.transaction() as connection:
            keys = store_signed(registry, connection, actor, pen, prepared)
            audit_issue(connection, actor, prepared[0])
            remember(connection, actor, idempotency, keys[0], 1, prepared[0].event.recorded_at)
            row = row_of(connection, prepared[0].public_id)
    except (IntegrityError, Conflict) as error:
        return after_clash(registry, actor, certificate, idempotency, error)
    integrate_at_once(registry)
    return row


def check(
    registry: Registry, actor: Actor, certificate: Certificate, reason: Reason = Reason.INITIAL, note: str | None = None
) -> None:
    """Raise what `issue` would raise for this certificate, and store nothing."""
    actor.require(Verb.ISSUE)
    check_order(registry, actor, certificate, reason, note)


def issue_many(registry: Registry, actor: Actor, certificates: Sequence[Certificate]) -> list[str]:
    """Issue up to MAX_BATCH certificates at once, all or none; returns their public ids in order.

    Raises InvalidInput (paths begin with the position in the batch) and Conflict.
    """
    actor.require(Verb.ISSUE)
    if not 0 < len(certificates) <= MAX_BATCH:
        raise InvalidInput([Violation((), f"a batch has 1 to {MAX_BATCH} certificates")])
    with collected_later():
        public_ids = _issue_all(registry, actor, certificates)
    integrate_at_once(registry)
    return public_ids


def _issue_all(registry: Registry, actor: Actor, certificates: Sequence[Certificate]) -> list[str]:
    pen = open_pen(registry, actor)
    now = signing_time(registry, pen)
    orders = check_orders(registry, pen, certificates, Reason.INITIAL, None, now, batch=True)
    drafts = draft(registry, pen, orders, Reason.INITIAL, None, now)
    public_ids = []
    try:
        with registry.database.transaction() as connection:
            for signed in sign_ahead(pen, drafts):
                store_signed(registry, connection, actor, pen, signed)
                public_ids += [new.public_id for new in signed]
            what = f"batch of {len(public_ids)}"
            audit(connection, now, actor, "certificate.issue", what, number=certificates[0].number)
    except IntegrityError as error:
        with registry.database.read() as connection:
            taken = store.taken_numbers(connection, pen.issuer_id, [one.number for one in certificates])
        if not taken:
            raise
        raise number_taken(taken) from error
    return public_ids


def first_reason(reason: Reason) -> Reason:
    """Why a certificate is issued that supersedes another for `reason`."""
    return reason if reason in {Reason.RECERTIFICATION, Reason.TRANSFER} else Reason.INITIAL


def after_clash(
    registry: Registry,
    actor: Actor,
    certificate: Certificate,
    idempotency: Idempotency | None,
    error: Exception,
) -> StoredCertificate:
    """The certificate of the same request where that came twice at once; otherwise the clash as a refusal."""
    twin = recall_issue(registry, actor, idempotency)
    if twin is not None:
        return twin
    with registry.database.read() as connection:
        taken = store.taken_numbers(connection, actor.issuer_id, [certificate.number])
    if taken and not isinstance(error, Conflict):
        raise number_taken(taken) from error
    raise error


def prepare(
    registry: Registry,
    actor: Actor,
    certificate: Certificate,
    reason: Reason,
    note: str | None,
    old: StoredCertificate | None = None,
) -> tuple[list[NewCertificate], Pen]:
    """Check and sign one, before any transaction, so that no lock is held while signing; `old` is the version before.

    Raises InvalidInput, Conflict.
    """
    pen = open_pen(registry, actor)
    now = signing_time(registry, pen)
    keeps_number = old is not None and old.number == certificate.number
    orders = check_orders(registry, pen, [certificate], reason, note, now, keeps_number=keeps_number)
    return sign(pen, draft(registry, pen, orders, reason, note, now, old)), pen


def check_order(
    registry: Registry,
    actor: Actor,
    certificate: Certificate,
    reason: Reason,
    note: str | None,
    old: StoredCertificate | None = None,
) -> None:
    """Raise what `prepare` would raise, or `services.prepare` for an issuer that signs itself; sign nothing."""
    own = signs_itself(registry, actor.issuer_id)
    paper = lay_paper(registry, actor) if own else open_pen(registry, actor)
    keeps_number = old is not None and old.number == certificate.number
    now = signing_time(registry, paper)
    check_orders(registry, paper, [certificate], reason, note, now, keeps_number=keeps_number)


def signing_time(registry: Registry, pen: Paper) -> datetime:
    """Now; the machine that made the key may be ahead of this one, and nothing is signed before its key began."""
    return max(registry.now(), pen.key.published.active_from)


def store_signed(
    registry: Registry, connection: Connection, actor: Actor, pen: Paper, prepared: Sequence[NewCertificate]
) -> list[int]:
    """Store signed certificates with their entries for the log; returns their row ids. Raises StorageUnavailable."""
    key = issuers.hold_key(connection, pen.key.id)
    if not key.may_sign(prepared[0].event.recorded_at):
        raise StorageUnavailable("The signing key was retired at this moment; nothing was stored. Try again.")
    keys = store.insert_certificates(connection, pen.issuer_id, pen.key.id, actor.name, prepared, actor.branch_id)
    log_issued(connection, registry.base_url, pen.profile.code, keys, prepared)
    plan_issued(connection, pen.issuer_id, keys, prepared)
    return keys


def audit_issue(connection: Connection, actor: Actor, new: NewCertificate) -> None:
    """Enter one new certificate in the audit trail."""
    audit(connection, new.event.recorded_at, actor, "certificate.issue", new.public_id, number=new.terms.number)


def recall_issue(registry: Registry, actor: Actor, idempotency: Idempotency | None) -> StoredCertificate | None:
    """The certificate that a request with the same Idempotency-Key has issued before."""
    if idempotency is None:
        return None
    with registry.database.read() as connection:
        earlier: Earlier | None = recall(connection, actor, idempotency)
        return None if earlier is None else store.get_stored(connection, earlier.certificate_id)


def row_of(connection: Connection, public_id: str) -> StoredCertificate:
    """The row of a certificate that was inserted in this transaction."""
    row = store.find_stored(connection, public_id)
    assert row is not None  # noqa: S101 - inserted in this transaction
    return row
