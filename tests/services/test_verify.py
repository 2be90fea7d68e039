"""Verifying what is registered, and judging what is handed in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from registry.domain.errors import InvalidInput, NotFound
from registry.domain.public_id import MalformedPublicId, new_public_id
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import CheckName, Finding, Outcome, Verdict
from registry.formats.data_integrity import add_proof
from registry.services import manage_keys
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry
from registry.services.find import stored_document
from registry.services.issue import issue
from registry.services.verify import Verification, Verifier
from registry.store.models import Authorization, Certificate, Credential, Issuer
from tests.conftest import NOON, Clock, sample_certificate

REMEMBERED = (0, 64)


def outcome(found: Verification, name: CheckName) -> tuple[Outcome, Finding]:
    return next((one.outcome, one.finding) for one in found.checks if one.name is name)


def signed_by(registry: Registry, document: dict[str, Any], method: str, key: str = "cqc-1") -> bytes:
    document.pop("proof", None)
    return add_proof(document, method, registry.now(), registry.keys.signer(key, registry.now()).sign)


@pytest.fixture(params=REMEMBERED, ids=["anew", "remembered"])
def verifier(request: pytest.FixtureRequest, registry: Registry) -> Verifier:
    return Verifier(registry, request.param)


@pytest.fixture
def public_id(registry: Registry, actor: Actor) -> str:
    return issue(registry, actor, sample_certificate()).public_id


def test_every_check_is_told_with_its_own_result(verifier: Verifier, public_id: str) -> None:
    found = verifier.by_public_id(public_id)
    assert [one.name for one in found.checks] == list(CheckName)
    assert [one.outcome for one in found.checks] == [Outcome.PASS] * 6


def test_a_withdrawal_shows_at_once_although_the_signature_was_remembered(
    registry: Registry, actor: Actor, verifier: Verifier, public_id: str
) -> None:
    assert verifier.by_public_id(public_id).verdict is Verdict.VALID
    change_status(registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    found = verifier.by_public_id(public_id)
    assert found.verdict is Verdict.WITHDRAWN
    assert outcome(found, CheckName.STATUS) == (Outcome.FAIL, Finding.STATUS_WITHDRAWN)
    assert outcome(found, CheckName.SIGNATURE)[0] is Outcome.PASS


def test_a_certificate_expires_at_the_end_of_its_last_day_in_china(
    verifier: Verifier, public_id: str, clock: Clock
) -> None:
    clock.now = NOON.replace(year=2028, month=1, day=7, hour=15, minute=59)
    assert verifier.by_public_id(public_id).verdict is Verdict.VALID
    clock.advance(minutes=1)
    assert verifier.by_public_id(public_id).verdict is Verdict.EXPIRED


def test_a_changed_byte_in_the_database_makes_the_verdict_invalid(
    registry: Registry, verifier: Verifier, public_id: str
) -> None:
    assert verifier.by_public_id(public_id).verdict is Verdict.VALID
    _, document = stored_document(registry, public_id)
    forged = document.replace("慈溪".encode(), "杭州".encode(), 1)
    with registry.database.transaction() as connection:
        connection.execute(update(Credential).values(document=forged))
    found = verifier.by_public_id(public_id)
    assert found.verdict is Verdict.INVALID
    assert outcome(found, CheckName.SIGNATURE) == (Outcome.FAIL, Finding.SIGNATURE_BROKEN)


def test_a_credential_moved_to_another_row_is_found_out(
    registry: Registry, actor: Actor, verifier: Verifier, public_id: str
) -> None:
    """Somebody with the database could put a genuine credential behind the QR code of another certificate."""
    other = issue(registry, actor, sample_certificate("another"))
    _, document = stored_document(registry, public_id)
    with registry.database.transaction() as connection:
        connection.execute(update(Credential).where(Credential.certificate_id == other.id).values(document=document))
    found = verifier.by_public_id(other.public_id)
    assert found.verdict is Verdict.INVALID
    assert outcome(found, CheckName.SIGNATURE) == (Outcome.FAIL, Finding.DIFFERS_FROM_REGISTER)


def test_dates_changed_in_the_register_alone_are_found_out(
    registry: Registry, verifier: Verifier, public_id: str
) -> None:
    with registry.database.transaction() as connection:
        connection.execute(update(Certificate).values(valid_until=NOON.date() + timedelta(days=9999)))
    assert verifier.by_public_id(public_id).verdict is Verdict.INVALID


def test_an_issuer_without_authorization_is_not_believed(
    registry: Registry, verifier: Verifier, public_id: str
) -> None:
    with registry.database.transaction() as connection:
        connection.execute(delete(Authorization))
    found = verifier.by_public_id(public_id)
    assert found.verdict is Verdict.INVALID
    assert outcome(found, CheckName.ISSUER) == (Outcome.FAIL, Finding.ISSUER_NOT_AUTHORIZED)


def test_a_compromised_key_spoils_what_was_recorded_since_and_nothing_before(
    registry: Registry, actor: Actor, verifier: Verifier, public_id: str, clock: Clock
) -> None:
    since = clock.advance(days=1)
    clock.advance(days=1)
    late = issue(registry, actor, sample_certificate("late")).public_id
    manage_keys.mark_key_compromised(registry, "cqc-1", since)
    assert outcome(verifier.by_public_id(public_id), CheckName.KEY) == (Outcome.PASS, Finding.KEY_COMPROMISED_LATER)
    assert verifier.by_public_id(public_id).verdict is Verdict.VALID
    found = verifier.by_public_id(late)
    assert (found.verdict, outcome(found, CheckName.KEY)[1]) == (Verdict.INVALID, Finding.KEY_COMPROMISED)


def test_ids_that_are_unknown_or_mistyped(verifier: Verifier, public_id: str) -> None:
    with pytest.raises(NotFound):
        verifier.by_public_id(new_public_id(b"\x01" * 16))
    with pytest.raises(MalformedPublicId):
        verifier.by_public_id(public_id[:-1])
    assert verifier.by_public_id(public_id.lower()).public_id == public_id


def test_a_certificate_that_was_given_to_another_issuer_in_the_database_is_found_out(
    registry: Registry, verifier: Verifier, public_id: str
) -> None:
    with registry.database.transaction() as connection:
        other = connection.scalar(select(Issuer.id).where(Issuer.code == "other"))
        connection.execute(update(Certificate).values(issuer_id=other))
    assert verifier.by_public_id(public_id).verdict is Verdict.INVALID


# Documents that somebody hands in.


def test_a_genuine_document_is_judged_like_its_id_however_it_is_written(
    registry: Registry, verifier: Verifier, public_id: str
) -> None:
    _, document = stored_document(registry, public_id)
    pretty = json.dumps(json.loads(document), indent=4, ensure_ascii=True).encode()
    for body in (document, pretty):
        found = verifier.document(body)
        assert (found.verdict, found.differences) == (Verdict.VALID, ())


def test_an_altered_document_is_invalid_and_the_place_is_named(
    registry: Registry, verifier: Verifier, public_id: str
) -> None:
    document = json.loads(stored_document(registry, public_id)[1])
    document["credentialSubject"]["certificate"]["scope"]["zh"] = "飞机的设计和生产"
    found = verifier.document(json.dumps(document).encode())
    assert found.verdict is Verdict.INVALID
    assert outcome(found, CheckName.SIGNATURE) == (Outcome.FAIL, Finding.SIGNATURE_BROKEN)
    (difference,) = found.differences
    assert difference.pointer == "/credentialSubject/certificate/scope/zh"
    assert difference.presented == "飞机的设计和生产"
    assert found.terms["scope"]["zh"] == "汽车用注塑件的设计和生产"


def test_a_document_that_only_claims_another_id_is_not_valid(
    registry: Registry, actor: Actor, verifier: Verifier, public_id: str
) -> None:
    other = issue(registry, actor, sample_certificate("another")).public_id
    document = json.loads(stored_document(registry, public_id)[1])
    document["id"] = document["id"].replace(public_id, other)
    assert verifier.document(json.dumps(document).encode()).verdict is Verdict.INVALID


def test_a_document_signed_by_the_issuer_that_the_registry_never_saw_is_unknown(
    registry: Registry, verifier: Verifier, public_id: str
) -> None:
    document = json.loads(stored_document(registry, public_id)[1])
    document["id"] = document["id"].replace(public_id, new_public_id(b"\x02" * 16))
    found = verifier.document(signed_by(registry, document, "did:web:registry.example:issuers:cqc#key-1"))
    assert found.verdict is Verdict.UNKNOWN
    assert outcome(found, CheckName.SIGNATURE)[0] is Outcome.PASS
    assert outcome(found, CheckName.STATUS) == (Outcome.FAIL, Finding.NOT_REGISTERED)


def test_a_second_document_signed_under_a_registered_id_is_invalid(
    registry: Registry, verifier: Verifier, public_id: str
) -> None:
    document = json.loads(stored_document(registry, public_id)[1])
    document["name"] = "another"
    found = verifier.document(signed_by(registry, document, "did:web:registry.example:issuers:cqc#key-1"))
    assert found.verdict is Verdict.INVALID
    assert outcome(found, CheckName.SIGNATURE) == (Outcome.FAIL, Finding.DIFFERS_FROM_REGISTER)


def test_a_retired_key_does_not_vouch_for_what_the_registry_never_saw(
    registry: Registry, verifier: Verifier, public_id: str, clock: Clock
) -> None:
    document = json.loads(stored_document(registry, public_id)[1])
    document["id"] = document["id"].replace(public_id, new_public_id(b"\x02" * 16))
    body = signed_by(registry, document, "did:web:registry.example:issuers:cqc#key-1")
    clock.advance(days=1)
    manage_keys.rotate_key(registry, "cqc")
    found = verifier.document(body)
    assert (found.verdict, outcome(found, CheckName.KEY)[1]) == (Verdict.INVALID, Finding.KEY_RETIRED_BEFORE)


@pytest.mark.parametrize(
    ("method", "finding"),
    [
        ("did:web:evil.example#key-1", Finding.KEY_UNKNOWN),
        # Another issuer's genuine key, for a document that names this issuer.
        ("did:web:registry.example:issuers:other#key-1", Finding.KEY_OF_ANOTHER),
        # The registry's own key is no issuer's key.
        ("did:web:registry.example#registry-1", Finding.KEY_OF_ANOTHER),
    ],
)
def test_a_key_that_is_not_the_issuers_is_refused(
    registry: Registry, verifier: Verifier, public_id: str, method: str, finding: Finding
) -> None:
    document = json.loads(stored_document(registry, public_id)[1])
    document["id"] = document["id"].replace(public_id, new_public_id(b"\x02" * 16))
    key = {"other#key-1": "other-1", "example#key-1": "registry-1"}.get(method.rsplit(":")[-1], "cqc-1")
    found = verifier.document(signed_by(registry, document, method, key))
    assert (found.verdict, outcome(found, CheckName.KEY)[1]) == (Verdict.INVALID, finding)


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: d.pop("proof"),
        lambda d: d["proof"].update(cryptosuite="eddsa-rdfc-2022"),
        lambda d: d["proof"].update(proofPurpose="authentication"),
        lambda d: d["proof"].update(verificationMethod=5),
        lambda d: d["proof"].update(proofValue=["z"]),
        lambda d: d["proof"].update(created=[]),
        lambda d: d.update(proof=[d["proof"], d["proof"]]),
        lambda d: d.update(issuer=None),
        lambda d: d.update(id=7),
        lambda d: d.update(credentialSubject="nobody"),
    ],
)
def test_a_damaged_document_is_never_valid_and_never_an_accident(
    registry: Registry, verifier: Verifier, public_id: str, damage: Callable[[dict[str, Any]], object]
) -> None:
    document = json.loads(stored_document(registry, public_id)[1])
    damage(document)
    assert verifier.document(json.dumps(document).encode()).verdict in {Verdict.INVALID, Verdict.UNKNOWN}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff", b'{"a":1,"a":2}', b"[" * 5000, b'{"a":1e999}', b'{"a":' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_object_is_refused_with_the_reason(registry: Registry, verifier: Verifier, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        verifier.document(body)
