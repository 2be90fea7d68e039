"""Issuing certificates that their issuer has signed itself, by what was prepared for it (`prepare`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy.exc import IntegrityError

from keys import Custody
from registry.domain.errors import Conflict, InvalidInput, NotFound, Violation
from registry.domain.lifecycle import StatusEvent
from registry.domain.public_id import parse_public_id
from registry.domain.reasons import Act
from registry.formats.canonical_json import JsonObject, MalformedJson, canonicalize
from registry.formats.certificate_request import certificate_of
from registry.formats.data_integrity import (
    Cryptosuite,
    MalformedProof,
    check_form,
    proof_configuration,
    signature_holds,
    take_apart_canonical,
)
from registry.formats.offline_status import CLOCK_SKEW
from registry.services.compare import departures
from registry.services.context import Actor, Registry, Verb
from registry.services.draft import Paper, check_all, lay_paper, number_taken
from registry.services.idempotency import Idempotency, remember
from registry.services.issue import audit_issue, first_reason, recall_issue, row_of, signing_time, store_signed
from registry.services.log.integrate import integrate_at_once
from registry.services.versions import open_predecessor, supersede
from registry.store import certificates as certificates_store
from registry.store import issuers
from registry.store import preparations as store
from registry.store.certificates import NewCertificate, StoredCertificate
from registry.store.issuers import StoredKey
from registry.store.preparations import StoredPreparation

_PROOF = ("credential", "proof")
_METHOD = (*_PROOF, "verificationMethod")
_CREATED = (*_PROOF, "created")


def submit(
    registry: Registry,
    actor: Actor,
    public_id: str,
    credential: JsonObject,
    idempotency: Idempotency | None = None,
) -> StoredCertificate:
    """Issue a prepared certificate by its signed credential, which must be the prepared one but for its proof.

    The same credential again is answered the same. Raises MalformedPublicId, NotFound, InvalidInput with the member of
    the credential, Conflict, IllegalMove, IdempotencyKeyReused, NotPermitted.
    """
    if Verb.REISSUE not in actor.verbs:
        actor.require(Verb.ISSUE)
    public_id = parse_public_id(public_id)
    try:
        signed = canonicalize(credential)
    except MalformedJson as error:
        raise InvalidInput([Violation(("credential",), str(error))]) from error
    earlier = recall_issue(registry, actor, idempotency) or _issued(registry, actor, public_id, signed)
    if earlier is not None:
        return earlier
    preparation = _preparation(registry, actor, public_id)
    actor.require(Verb.ISSUE if preparation.replaces_id is None else Verb.REISSUE)
    now = registry.now()
    key = _check(registry, actor, preparation, credential, signed, now)
    paper = lay_paper(registry, actor, key.name)
    now = signing_time(registry, paper)
    old = _predecessor(registry, actor, preparation)
    new = _certificate(preparation, old, signed, now)
    # An authorization may have ended meanwhile.
    check_all([new.terms], paper, now, batch=False)
    try:
        row = _store(registry, actor, paper, preparation, old, new, idempotency)
    except (IntegrityError, Conflict) as error:
        return _after_clash(registry, actor, new, error)
    integrate_at_once(registry)
    return row


def _issued(registry: Registry, actor: Actor, public_id: str, signed: bytes) -> StoredCertificate | None:
    """What this very credential issued before. Raises Conflict where another one has."""
    with registry.database.read() as connection:
        row = certificates_store.find_stored(connection, public_id, actor.issuer_id)
        if row is None:
            return None
        document = certificates_store.document_of(connection, public_id)
    if document != signed:
        raise Conflict("This certificate has been issued already, by a credential with another proof.")
    return row


def _preparation(registry: Registry, actor: Actor, public_id: str) -> StoredPreparation:
    with registry.database.read() as connection:
        found = store.find_preparation(connection, actor.issuer_id, public_id)
    if found is None:
        raise NotFound("No prepared certificate of yours has this id. Prepare it first.")
    if found.expires_at <= registry.now():
        ended = f"the preparation ended at {found.expires_at:%Y-%m-%dT%H:%M:%SZ}; prepare the certificate again"
        raise InvalidInput([Violation(("credential", "id"), ended)])
    return found


def _check(
    registry: Registry,
    actor: Actor,
    preparation: StoredPreparation,
    credential: JsonObject,
    signed: bytes,
    now: datetime,
) -> StoredKey:
    """The key that has signed the prepared document. Raises InvalidInput with all that is wrong."""
    document = orjson.loads(preparation.document)
    unsecured = {name: value for name, value in credential.items() if name != "proof"}
    wrong = [Violation(("credential", *one.path), one.reason) for one in departures(document, unsecured)]
    proof = credential.get("proof")
    if not isinstance(proof, dict):
        raise InvalidInput([*wrong, Violation(_PROOF, "one proof is needed, an object")])
    wrong += _wrong_members(proof, document["@context"], preparation)
    if wrong:
        raise InvalidInput(wrong)
    key = _key(registry, actor, proof["verificationMethod"], now)
    problem = _wrong_time(datetime.fromisoformat(proof["created"]), preparation, key, now)
    if problem is not None:
        raise InvalidInput([Violation(_CREATED, problem)])
    if not signature_holds(take_apart_canonical(signed), key.published.public_key):
        reason = "the signature does not hold over this document and proof with the named key"
        raise InvalidInput([Violation((*_PROOF, "proofValue"), reason)])
    return key


def _wrong_members(proof: Mapping[str, Any], context: Any, preparation: StoredPreparation) -> list[Violation]:
    """Where the proof is not such as the registry makes itself, so that a verifier can't tell them apart."""
    try:
        check_form(proof)
    except MalformedProof as error:
        return [Violation(_PROOF, str(error))]
    # What is left is free within bounds: with which key, when, and the signature.
    suite = Cryptosuite(preparation.cryptosuite)
    fixed = proof_configuration(context, "", preparation.prepared_at, suite)
    own = {"verificationMethod", "created", "proofValue"}
    wrong = [Violation((*_PROOF, name), "must be absent") for name in sorted(proof.keys() - fixed.keys() - own)]
    if "created" not in proof:
        wrong.append(Violation(_CREATED, "is needed"))
    for name in ("type", "cryptosuite", "proofPurpose"):
        if proof[name] != fixed[name]:
            wrong.append(Violation((*_PROOF, name), f"must be {fixed[name]!r}"))
    if "@context" in proof and (suite is Cryptosuite.RDFC or proof["@context"] != context):
        reason = "must be absent" if suite is Cryptosuite.RDFC else "must be that of the document"
        wrong.append(Violation((*_PROOF, "@context"), reason))
    return wrong


def _key(registry: Registry, actor: Actor, method: str, now: datetime) -> StoredKey:
    """The active key of a DID URL, if the actor's issuer holds it itself. Raises InvalidInput."""
    with registry.database.read() as connection:
        key = issuers.find_key(connection, method)
        code = issuers.get_issuer(connection, actor.issuer_id).code
    problem = None
    if key is None:
        problem = "no key that is registered here"
    elif key.issuer_code != code:
        problem = "the key is not this issuer's"
    elif key.custody != Custody.ISSUER:
        problem = "the registry holds this key for the issuer, and signs with it itself"
    elif not key.published.may_sign(now):
        problem = f"the key is {key.published.state_at(now)} and signs no more"
    if key is None or problem is not None:
        raise InvalidInput([Violation(_METHOD, problem or "")])
    return key


def _wrong_time(created: datetime, preparation: StoredPreparation, key: StoredKey, now: datetime) -> str | None:
    """Why a signature can't have been made at the time that its proof tells, or None."""
    if created > now + CLOCK_SKEW:
        return f"lies in the future: it is {now:%Y-%m-%dT%H:%M:%SZ} here. Is the clock there right?"
    if created < preparation.prepared_at - CLOCK_SKEW:
        told = f"{preparation.prepared_at:%Y-%m-%dT%H:%M:%SZ}"
        return f"lies before the document was prepared, at {told}. Is the clock there right?"
    # Proofs tell whole seconds.
    if created + timedelta(seconds=1) <= key.published.active_from:
        return f"lies before the key was registered, at {key.published.active_from:%Y-%m-%dT%H:%M:%SZ}"
    return None


def _predecessor(registry: Registry, actor: Actor, preparation: StoredPreparation) -> StoredCertificate | None:
    """The certificate that is to be replaced, if it still may be. Raises Conflict, IllegalMove."""
    if preparation.replaces_id is None:
        return None
    with registry.database.read() as connection:
        public_id = certificates_store.get_stored(connection, preparation.replaces_id).public_id
    old = open_predecessor(registry, actor, public_id)
    old.require(preparation.reason)
    return old.row


def _certificate(
    preparation: StoredPreparation, old: StoredCertificate | None, signed: bytes, now: datetime
) -> NewCertificate:
    terms = certificate_of(orjson.loads(preparation.document))
    reason, note, first_version_id = preparation.reason, preparation.note, None
    if old is not None:
        reason, note, first_version_id = first_reason(reason), None, old.first_version_id or old.id
    # What begins in the past was in force then; what begins later is known from now on.
    event = StatusEvent(1, Act.ISSUE, reason, min(now, terms.period.starts_at), now, note=note)
    return NewCertificate(
        preparation.public_id, terms, signed, event, preparation.replaces_id, preparation.place, first_version_id
    )


def _store(
    registry: Registry,
    actor: Actor,
    paper: Paper,
    preparation: StoredPreparation,
    old: StoredCertificate | None,
    new: NewCertificate,
    idempotency: Idempotency | None,
) -> StoredCertificate:
    """One transaction, as for any certificate; the preparation ends in it."""
    now = new.event.recorded_at
    with registry.database.transaction() as connection:
        if not store.remove_preparation(connection, actor.issuer_id, new.public_id):
            raise Conflict("This preparation was submitted or given up at this moment.")
        if old is not None:
            supersede(registry, connection, actor, old, new.terms, preparation.note, now)
        (row_id,) = store_signed(registry, connection, actor, paper, [new])
        audit_issue(connection, actor, new)
        remember(connection, actor, idempotency, row_id, 1, now)
        return row_of(connection, new.public_id)


def _after_clash(registry: Registry, actor: Actor, new: NewCertificate, error: Exception) -> StoredCertificate:
    """The certificate of the same credential where that came twice at once; otherwise the clash as a refusal."""
    twin = _issued(registry, actor, new.public_id, new.document)
    if twin is not None:
        return twin
    with registry.database.read() as connection:
        taken = certificates_store.taken_numbers(connection, actor.issuer_id, [new.terms.number])
    if taken and not isinstance(error, Conflict):
        raise number_taken(taken) from error
    raise error
