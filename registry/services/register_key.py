"""Registering a key whose private half the issuer keeps: a challenge, and its answer as proof of possession."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from keys import Custody, Purpose
from registry.domain.errors import Conflict, InvalidInput, Violation
from registry.domain.signing_key import PublishedKey
from registry.formats.canonical_json import JsonObject
from registry.formats.data_integrity import MalformedProof
from registry.formats.did_key import resolve_did_key
from registry.formats.did_web import issuer_did
from registry.formats.key_registration import key_registration
from registry.formats.multikey import MalformedMultibase, decode_public_key
from registry.formats.proofs import verify_proofs
from registry.formats.signing_request import SigningRequest
from registry.formats.verification_methods import AUTHENTICATION
from registry.services import manage_keys
from registry.services.compare import departures
from registry.services.context import Actor, Registry, Verb, audit
from registry.store import issuers
from registry.store import key_challenges as store
from registry.store.issuers import StoredKey
from registry.store.key_challenges import StoredChallenge

# Long enough to carry the challenge to a machine without a network and its answer back.
ANSWERED_WITHIN = timedelta(days=1)
MAX_OPEN = 50


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be signed to have a key registered, and until when."""

    request: SigningRequest
    challenge: str
    domain: str
    expires_at: datetime


def challenge_for(registry: Registry, actor: Actor, public_key_multibase: str) -> Challenge:
    """A fresh challenge for the holder of a public key (Multikey, z6Mk…), in the place of an earlier one.

    Raises NotPermitted, InvalidInput for what is no Ed25519 key, Conflict for a key that is registered already.
    """
    actor.require(Verb.ADMINISTER)
    try:
        public_key = decode_public_key(public_key_multibase)
    except MalformedMultibase as error:
        raise InvalidInput([Violation(("public_key_multibase",), f"not an Ed25519 Multikey: {error}")]) from error
    now = registry.now()
    new = StoredChallenge(public_key, secrets.token_urlsafe(32), now + ANSWERED_WITHIN)
    try:
        with registry.database.transaction() as connection:
            issuer = issuers.get_issuer(connection, actor.issuer_id)
            _refuse_registered(connection, public_key)
            store.forget_challenges(connection, issuer.id, now)
            if store.count_challenges(connection, issuer.id) >= MAX_OPEN:
                raise Conflict(f"{MAX_OPEN} challenges wait for their answers. Answer those, or wait for their end.")
            store.insert_challenge(connection, issuer.id, new)
    except IntegrityError as error:
        raise Conflict("Another challenge for this key was given at this moment.") from error
    return _challenge(registry, issuer_did(registry.base_url, issuer.code), new)


def register_key(registry: Registry, actor: Actor, document: JsonObject, *, retire_others: bool = False) -> StoredKey:
    """Publish the key whose holder has answered a challenge, by the signed `document`.

    Certificates signed with it are taken from now on (`submit`). `retire_others` lets all other keys of the issuer sign
    no more. Raises NotPermitted, InvalidInput with the field, Conflict for a key that is registered already.
    """
    actor.require(Verb.ADMINISTER)
    now = registry.now()
    given = _given_challenge(registry, actor, document, now)
    with registry.database.read() as connection:
        issuer = issuers.get_issuer(connection, actor.issuer_id)
        published = issuers.all_keys(connection)
    did = issuer_did(registry.base_url, issuer.code)
    _check_answer(_challenge(registry, did, given), document, now)
    name, fragment = manage_keys.free_name(published, issuer.code, Purpose.ISSUER)
    key = PublishedKey(f"{did}#{fragment}", given.public_key, now)
    try:
        with registry.database.transaction() as connection:
            _refuse_registered(connection, given.public_key)
            if not store.use_challenge(connection, issuer.id, given.challenge):
                raise InvalidInput([_NO_CHALLENGE])
            issuers.insert_key(connection, issuer.id, name, Purpose.ISSUER, key, Custody.ISSUER)
            registered = manage_keys.published_key(connection, name)
            audit(connection, now, actor, "key.register", name, after=manage_keys.told(registered))
    except IntegrityError as error:
        raise Conflict("This key, or another one of this issuer, was registered at this moment. Try again.") from error
    if retire_others:
        manage_keys.retire_older(registry, registered, issuer.code, None, actor)
    return registered


_NO_CHALLENGE = Violation(
    ("document", "proof", "challenge"), "not a challenge that waits for this issuer's answer; ask for a new one"
)


def _challenge(registry: Registry, did: str, given: StoredChallenge) -> Challenge:
    request = key_registration(did, given.public_key, given.challenge, registry.base_url)
    return Challenge(request, given.challenge, registry.base_url, given.expires_at)


def _given_challenge(registry: Registry, actor: Actor, document: JsonObject, now: datetime) -> StoredChallenge:
    """The challenge that a document answers. Raises InvalidInput."""
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise InvalidInput([Violation(("document", "proof"), "one proof is needed, an object")])
    challenge = proof.get("challenge")
    given = None
    if isinstance(challenge, str):
        with registry.database.read() as connection:
            given = store.find_challenge(connection, actor.issuer_id, challenge)
    if given is None:
        raise InvalidInput([_NO_CHALLENGE])
    if given.expires_at <= now:
        ended = f"the challenge ended at {given.expires_at:%Y-%m-%dT%H:%M:%SZ}; ask for a new one"
        raise InvalidInput([Violation(_NO_CHALLENGE.path, ended)])
    return given


def _check_answer(asked: Challenge, document: JsonObject, now: datetime) -> None:
    """That the document is the one that was handed out, with a proof that holds and was made for this. InvalidInput."""
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    wrong = [
        Violation(("document", *one.path), one.reason) for one in departures(asked.request.document, unsecured)
    ] or _wrong_members(asked.request.proof, document["proof"])
    if wrong:
        raise InvalidInput(wrong)
    try:
        (result,) = verify_proofs(
            document,
            resolve_did_key,
            purpose=AUTHENTICATION,
            challenge=asked.challenge,
            domain=asked.domain,
            now=now,
        )
    except MalformedProof as error:
        raise InvalidInput([Violation(("document", "proof"), str(error))]) from error
    if result.problem is not None:
        raise InvalidInput([Violation(("document", "proof"), result.problem)])


def _wrong_members(wanted: Mapping[str, Any], proof: Mapping[str, Any]) -> list[Violation]:
    """Members of the proof that are not as handed out; the suite is the signer's choice, and verified."""
    return [
        Violation(("document", "proof", name), f"must be {wanted[name]!r}")
        for name in ("type", "verificationMethod", "proofPurpose", "challenge", "domain")
        if proof.get(name) != wanted[name]
    ]


def _refuse_registered(connection: Connection, public_key: bytes) -> None:
    """Whose a signature is must be clear: one key, one owner. Raises Conflict."""
    if issuers.is_published(connection, public_key):
        raise Conflict("This key is registered already, here or for somebody else. Make a new one.")
