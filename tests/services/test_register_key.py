"""Registering a key that the issuer keeps: whoever has the private half, for its own issuer, once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from registry.domain.errors import Conflict, InvalidInput, NotPermitted
from registry.formats.data_integrity import Cryptosuite
from registry.formats.multikey import encode_base58btc, encode_public_key
from registry.formats.proofs import secure
from registry.services import did_documents, manage_keys
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.register_key import MAX_OPEN, challenge_for, register_key
from registry.store.models import AuditEvent
from registry.store.own_key_models import KeyChallenge
from tests.conftest import Clock
from tests.services.own_key_holders import KeyHolder

HOLDER = KeyHolder()


def refused(registry: Registry, actor: Actor, document: dict[str, Any]) -> list[tuple[str, str]]:
    """Pointers and reasons; and that no key came of it."""
    before = len(manage_keys.published_keys(registry))
    with pytest.raises(InvalidInput) as caught:
        register_key(registry, actor, document)
    assert len(manage_keys.published_keys(registry)) == before
    return [(one.pointer, one.reason) for one in caught.value.violations]


def test_a_registered_key_is_published_like_any_other(registry: Registry, actor: Actor) -> None:
    key = HOLDER.register(registry, actor)
    assert (key.name, key.custody, key.issuer_code) == ("cqc-2", "issuer", "cqc")
    document = did_documents.of_issuer(registry, "cqc")
    first, second = document["verificationMethod"]
    assert second["id"] == "did:web:registry.example:issuers:cqc#key-2"
    assert second["publicKeyMultibase"] == HOLDER.multibase
    assert first.keys() == second.keys()
    assert second["id"] in document["assertionMethod"]
    with registry.database.read() as connection:
        event = connection.execute(select(AuditEvent.act, AuditEvent.subject).order_by(AuditEvent.id.desc())).first()
    assert event == ("key.register", "cqc-2")


def test_the_64_bytes_alone_are_enough_to_answer(registry: Registry, actor: Actor) -> None:
    asked = challenge_for(registry, actor, HOLDER.multibase)
    assert register_key(registry, actor, HOLDER.sign_data(asked.request.as_json())).name == "cqc-2"


def test_the_other_cryptosuite_will_do(registry: Registry, actor: Actor) -> None:
    asked = challenge_for(registry, actor, HOLDER.multibase)
    answer = secure(
        asked.request.document,
        Cryptosuite.RDFC,
        asked.request.proof["verificationMethod"],
        registry.now(),
        HOLDER.private_key.sign,
        purpose="authentication",
        challenge=asked.challenge,
        domain=asked.domain,
    )
    assert register_key(registry, actor, answer).name == "cqc-2"


def test_a_challenge_is_answered_once(registry: Registry, actor: Actor) -> None:
    asked = challenge_for(registry, actor, HOLDER.multibase)
    answer = HOLDER.sign(asked.request)
    register_key(registry, actor, answer)
    assert refused(registry, actor, answer) == [
        ("/document/proof/challenge", "not a challenge that waits for this issuer's answer; ask for a new one")
    ]


def test_a_challenge_ends(registry: Registry, actor: Actor, clock: Clock) -> None:
    asked = challenge_for(registry, actor, HOLDER.multibase)
    clock.advance(days=1)
    ((pointer, reason),) = refused(registry, actor, HOLDER.sign(asked.request))
    assert pointer == "/document/proof/challenge"
    assert "ended at 2026-03-03T04:00:00Z" in reason


def test_a_challenge_is_for_one_issuer(registry: Registry, actor: Actor) -> None:
    asked = challenge_for(registry, operator(registry, "other"), HOLDER.multibase)
    ((pointer, _),) = refused(registry, actor, HOLDER.sign(asked.request))
    assert pointer == "/document/proof/challenge"


def test_a_newer_challenge_for_the_same_key_takes_the_place_of_the_older(registry: Registry, actor: Actor) -> None:
    older = challenge_for(registry, actor, HOLDER.multibase)
    newer = challenge_for(registry, actor, HOLDER.multibase)
    assert refused(registry, actor, HOLDER.sign(older.request))[0][0] == "/document/proof/challenge"
    register_key(registry, actor, HOLDER.sign(newer.request))


def test_only_the_private_half_of_that_very_key_answers(registry: Registry, actor: Actor) -> None:
    asked = challenge_for(registry, actor, HOLDER.multibase)
    ((pointer, reason),) = refused(registry, actor, KeyHolder(8).sign(asked.request))
    assert pointer == "/document/proof"
    assert "signature does not fit" in reason


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (lambda d: d.update(id="did:web:registry.example:issuers:other"), "/document/id"),
        (
            lambda d: d["verificationMethod"][0].update(controller="did:web:x.example"),
            "/document/verificationMethod/0/controller",
        ),
        (
            lambda d: d["verificationMethod"][0].update(publicKeyMultibase=KeyHolder(8).multibase),
            "/document/verificationMethod/0/publicKeyMultibase",
        ),
        (lambda d: d.update(more=1), "/document/more"),
        (lambda d: d.pop("proof"), "/document/proof"),
        (lambda d: d.update(proof=[d["proof"]]), "/document/proof"),
        (lambda d: d["proof"].update(proofPurpose="assertionMethod"), "/document/proof/proofPurpose"),
        (lambda d: d["proof"].update(domain="https://elsewhere.example"), "/document/proof/domain"),
        (lambda d: d["proof"].pop("domain"), "/document/proof/domain"),
        (lambda d: d["proof"].update(challenge=7), "/document/proof/challenge"),
        (lambda d: d["proof"].update(verificationMethod="did:key:z6Mk#z6Mk"), "/document/proof/verificationMethod"),
        (lambda d: d["proof"].update(proofValue="z1"), "/document/proof"),
        (lambda d: d["proof"].update(created="2026-03-02T04:00:00Z"), "/document/proof"),
        (lambda d: d["proof"].update(type="Ed25519Signature2020"), "/document/proof/type"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused_with_its_place(
    sqlite_registry: Registry, change: Callable[[dict[str, Any]], Any], pointer: str
) -> None:
    actor = operator(sqlite_registry, "cqc")
    answer = HOLDER.sign(challenge_for(sqlite_registry, actor, HOLDER.multibase).request)
    change(answer)
    assert pointer in [found for found, _ in refused(sqlite_registry, actor, answer)]


def test_a_proof_that_has_expired_is_refused(registry: Registry, actor: Actor, clock: Clock) -> None:
    asked = challenge_for(registry, actor, HOLDER.multibase)
    answer = HOLDER.sign(asked.request, expires="2026-03-02T04:00:00Z")
    assert "expired" in refused(registry, actor, answer)[0][1]


def test_a_key_has_one_owner(registry: Registry, actor: Actor) -> None:
    HOLDER.register(registry, actor)
    other = operator(registry, "other")
    for whose in (actor, other):
        with pytest.raises(Conflict, match="registered already"):
            challenge_for(registry, whose, HOLDER.multibase)
    # Also the registry's own keys and those in its custody.
    for name in ("log-1", "other-1"):
        key = next(one for one in manage_keys.published_keys(registry) if one.name == name)
        with pytest.raises(Conflict, match="registered already"):
            challenge_for(registry, actor, encode_public_key(key.published.public_key))


def test_of_two_issuers_with_challenges_for_a_key_only_the_first_gets_it(registry: Registry, actor: Actor) -> None:
    other = operator(registry, "other")
    mine, theirs = (challenge_for(registry, whose, HOLDER.multibase) for whose in (actor, other))
    register_key(registry, actor, HOLDER.sign(mine.request))
    with pytest.raises(Conflict, match="registered already"):
        register_key(registry, other, HOLDER.sign(theirs.request))
    assert [key.name for key in manage_keys.published_keys(registry, "other")] == ["other-1"]


def test_a_key_that_would_let_anybody_sign_is_refused(registry: Registry, actor: Actor) -> None:
    """A point of small order, for which one signature holds over everything (RFC 8032 leaves it to implementations)."""
    weak = bytes([1]) + bytes(31)
    asked = challenge_for(registry, actor, encode_public_key(weak))
    forged = {**asked.request.proof, "proofValue": encode_base58btc(weak + bytes(32))}
    assert refused(registry, actor, {**asked.request.document, "proof": forged})[0][0] == "/document/proof"


@pytest.mark.parametrize(
    "text", ["", "z6Mk", "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv", "u" + "A" * 46, "z" * 5000]
)
def test_what_is_no_ed25519_key_gets_no_challenge(sqlite_registry: Registry, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        challenge_for(sqlite_registry, operator(sqlite_registry, "cqc"), text)
    assert [one.pointer for one in caught.value.violations] == ["/public_key_multibase"]


def test_only_an_administrator_may(registry: Registry, actor: Actor) -> None:
    officer = Actor("officer", actor.issuer_id, frozenset(Verb) - {Verb.ADMINISTER})
    with pytest.raises(NotPermitted):
        challenge_for(registry, officer, HOLDER.multibase)
    answer = HOLDER.sign(challenge_for(registry, actor, HOLDER.multibase).request)
    with pytest.raises(NotPermitted):
        register_key(registry, officer, answer)


def test_open_challenges_are_bounded_and_those_that_ended_are_forgotten(
    sqlite_registry: Registry, clock: Clock
) -> None:
    actor = operator(sqlite_registry, "cqc")
    for seed in range(1, MAX_OPEN + 1):
        challenge_for(sqlite_registry, actor, KeyHolder(seed).multibase)
    with pytest.raises(Conflict, match="wait for their answers"):
        challenge_for(sqlite_registry, actor, KeyHolder(200).multibase)
    clock.advance(days=1, seconds=1)
    challenge_for(sqlite_registry, actor, KeyHolder(200).multibase)
    with sqlite_registry.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(KeyChallenge)) == 1


def test_the_others_can_be_retired_with_the_same_act(registry: Registry, actor: Actor) -> None:
    HOLDER.register(registry, actor, retire_others=True)
    states = {key.name: key.published.state_at(registry.now()) for key in manage_keys.published_keys(registry, "cqc")}
    assert states == {"cqc-1": "retired", "cqc-2": "active"}
    assert manage_keys.published_keys(registry, "other")[0].published.may_sign(registry.now())


def test_an_own_key_is_retired_and_marked_like_any_other(registry: Registry, actor: Actor, clock: Clock) -> None:
    HOLDER.register(registry, actor)
    clock.advance(days=1)
    assert manage_keys.retire_key(registry, "cqc-2").published.retired_at == clock.now
    marked = manage_keys.mark_key_compromised(registry, "cqc-2", clock.now - timedelta(hours=1))
    assert marked.published.state_at(clock.now) == "compromised"
