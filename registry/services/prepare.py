"""Preparing certificates that their issuer signs itself: all checks, and the document to be signed.

What is prepared keeps its number, its public id and its place in the status lists until it is submitted (`submit`),
given up, or ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy.exc import IntegrityError

from registry.domain.certificate import Certificate
from registry.domain.errors import Conflict, NotFound
from registry.domain.public_id import grouped, parse_public_id
from registry.domain.reasons import Reason
from registry.domain.signing_key import SIGNED_WITHIN
from registry.formats.certificate_request import certificate_of
from registry.formats.data_integrity import Cryptosuite, proof_configuration
from registry.formats.signing_request import SigningRequest
from registry.services.context import Actor, Registry, Verb, audit
from registry.services.draft import Draft, Paper, check_orders, draft, lay_paper
from registry.services.issue import first_reason, signing_time
from registry.services.versions import as_version, open_predecessor
from registry.store import issuers
from registry.store import preparations as store
from registry.store.certificates import StoredCertificate
from registry.store.issuers import StoredKey
from registry.store.preparations import StoredPreparation

MAX_OPEN = 10_000
# Those that have ended are remembered for a while, so that whoever is late is told so.
_REMEMBERED_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A certificate that waits for its issuer's signature: what is to be signed, with which key, and until when."""

    request: SigningRequest
    public_id: str
    number: str
    key: StoredKey
    expires_at: datetime


def prepare(
    registry: Registry,
    actor: Actor,
    certificate: Certificate,
    reason: Reason = Reason.INITIAL,
    note: str | None = None,
    key: str | None = None,
    replaces: str | None = None,
) -> Prepared:
    """Check a certificate and draft its credential for the issuer's newest own key, or for the one named.

    `replaces`: the public id of a certificate that it will supersede, for `reason`. The same request again is answered
    the same as long as the preparation is open. Raises InvalidInput, Conflict, NotFound, IllegalMove, NotPermitted.
    """
    actor.require(Verb.ISSUE if replaces is None else Verb.REISSUE)
    before = None if replaces is None else open_predecessor(registry, actor, parse_public_id(replaces))
    if before is not None:
        certificate = as_version(registry, before, certificate, reason, note)
    old = before.row if before is not None else None
    paper = lay_paper(registry, actor, key)
    now = signing_time(registry, paper)
    earlier = _earlier(registry, paper, certificate, now)
    if earlier is not None:
        if not _is_same(earlier, paper, certificate, reason, note, old):
            raise _kept_by(earlier)
        return _prepared(earlier, paper.key)
    issue_reason, issue_note = (reason, note) if old is None else (first_reason(reason), None)
    keeps_number = old is not None and old.number == certificate.number
    orders = check_orders(registry, paper, [certificate], issue_reason, issue_note, now, keeps_number=keeps_number)
    (drafted,) = draft(registry, paper, orders, issue_reason, issue_note, now)
    new = _preparation(drafted, paper, reason, note, old, now)
    _keep(registry, actor, new, now)
    return _prepared(new, paper.key)


def open_preparation(registry: Registry, actor: Actor, public_id: str) -> Prepared:
    """A preparation once more, as it was handed out. Raises MalformedPublicId, NotFound, NotPermitted."""
    actor.require(Verb.READ)
    with registry.database.read() as connection:
        found = store.find_preparation(connection, actor.issuer_id, parse_public_id(public_id))
        if found is None or found.expires_at <= registry.now():
            raise NotFound("No prepared certificate of yours has this id; it may have ended.")
        key = issuers.get_key(connection, found.signing_key_id)
    return _prepared(found, key)


def list_preparations(
    registry: Registry, actor: Actor, after: str | None, limit: int
) -> tuple[list[StoredPreparation], str | None]:
    """A page of the open preparations of the issuer, by number, and the number after which the next page begins."""
    actor.require(Verb.READ)
    with registry.database.read() as connection:
        found = store.preparations_of(connection, actor.issuer_id, registry.now(), after or "", limit + 1)
    return found[:limit], found[limit - 1].number if len(found) > limit else None


def give_up(registry: Registry, actor: Actor, public_id: str) -> None:
    """Free the number of a preparation that nobody will sign. Raises MalformedPublicId, NotFound, NotPermitted."""
    public_id = parse_public_id(public_id)
    now = registry.now()
    with registry.database.transaction() as connection:
        found = store.find_preparation(connection, actor.issuer_id, public_id)
        if found is None:
            raise NotFound("No prepared certificate of yours has this id; it may have ended.")
        actor.require(Verb.ISSUE if found.replaces_id is None else Verb.REISSUE)
        store.remove_preparation(connection, actor.issuer_id, public_id)
        audit(connection, now, actor, "certificate.give_up", public_id, number=found.number)


def _earlier(registry: Registry, paper: Paper, certificate: Certificate, now: datetime) -> StoredPreparation | None:
    """The open preparation that keeps the number of a certificate."""
    with registry.database.read() as connection:
        found = store.preparation_of_number(connection, paper.issuer_id, certificate.number)
    return found if found is not None and found.expires_at > now else None


def _is_same(
    earlier: StoredPreparation,
    paper: Paper,
    certificate: Certificate,
    reason: Reason,
    note: str | None,
    old: StoredCertificate | None,
) -> bool:
    asked = (reason, note, old and old.id, paper.key.id)
    given = (earlier.reason, earlier.note, earlier.replaces_id, earlier.signing_key_id)
    return asked == given and certificate_of(orjson.loads(earlier.document)) == certificate


def _kept_by(earlier: StoredPreparation) -> Conflict:
    until = f"{earlier.expires_at:%Y-%m-%dT%H:%M:%SZ}"
    return Conflict(
        f"The number {earlier.number} is kept until {until} by another preparation, {grouped(earlier.public_id)}. "
        "Submit or give up that one first."
    )


def _preparation(
    drafted: Draft, paper: Paper, reason: Reason, note: str | None, old: StoredCertificate | None, now: datetime
) -> StoredPreparation:
    return StoredPreparation(
        public_id=drafted.public_id,
        number=drafted.certificate.number,
        document=drafted.unsigned.unsecured,
        cryptosuite=str(paper.cryptosuite),
        signing_key_id=paper.key.id,
        reason=reason,
        note=note,
        replaces_id=None if old is None else old.id,
        place=drafted.place,
        prepared_at=now,
        expires_at=now + SIGNED_WITHIN,
    )


def _keep(registry: Registry, actor: Actor, new: StoredPreparation, now: datetime) -> None:
    """Store a preparation in the place of one of the same number that has ended. Raises Conflict."""
    try:
        with registry.database.transaction() as connection:
            store.forget_preparations(connection, actor.issuer_id, now - _REMEMBERED_FOR)
            if store.count_open(connection, actor.issuer_id, now) >= MAX_OPEN:
                raise Conflict(f"{MAX_OPEN} prepared certificates wait for their signatures. Submit or give up some.")
            store.forget_ended(connection, actor.issuer_id, new.number, now)
            store.insert_preparation(connection, actor.issuer_id, new)
            audit(connection, now, actor, "certificate.prepare", new.public_id, number=new.number)
    except IntegrityError as error:
        raise Conflict(f"A certificate with the number {new.number} was prepared at this moment.") from error


def _prepared(one: StoredPreparation, key: StoredKey) -> Prepared:
    document = orjson.loads(one.document)
    suite = Cryptosuite(one.cryptosuite)
    proof = proof_configuration(document["@context"], key.published.verification_method, one.prepared_at, suite)
    if suite is Cryptosuite.RDFC:
        # Its proofs have no context of their own (3.2.1).
        del proof["@context"]
    return Prepared(SigningRequest(document, proof), one.public_id, one.number, key, one.expires_at)
