"""The offline QR: for which certificates it is made, and what its check finds."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from registry.domain.certificate import Holder, HolderType
from registry.domain.errors import Conflict, IllegalMove, InvalidInput, NotFound
from registry.domain.public_id import MalformedPublicId, new_public_id
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.domain.verdict import Verdict
from registry.formats.cose_statement import Claims, address_of, compose, read
from registry.services import manage_keys
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.issue import issue
from registry.services.offline_qr import offline_address
from registry.services.verify import Verifier
from registry.services.verify_statement import StatementFinding, StatementVerification, verify_statement
from registry.services.versions import reissue
from registry.store.models import Credential
from tests.conftest import BASE_URL, Clock, sample_certificate


@pytest.fixture
def registry(sqlite_registry: Registry) -> Registry:
    """Nothing here depends on the database beyond what the tests of verifying cover on both."""
    return sqlite_registry


@pytest.fixture
def verifier(registry: Registry) -> Verifier:
    return Verifier(registry, 0)


@pytest.fixture
def public_id(registry: Registry, actor: Actor) -> str:
    return issue(registry, actor, sample_certificate()).public_id


@pytest.fixture
def text(registry: Registry, verifier: Verifier, public_id: str) -> str:
    return offline_address(registry, verifier, public_id)


@pytest.fixture
def check(registry: Registry, verifier: Verifier) -> Callable[[str], StatementVerification]:
    return lambda text: verify_statement(registry, verifier, text)


def signed(registry: Registry, claims: Claims, key: str = "cqc-1", key_id: str = "key-1") -> str:
    """The text of a code with any claims, signed with any key."""
    statement = compose(claims, key_id, registry.keys.signer(key, registry.now()).sign)
    return address_of(BASE_URL, claims.public_id, statement)


def test_it_says_what_the_credential_says_and_leads_to_its_page(
    check: Callable[[str], StatementVerification], text: str, public_id: str
) -> None:
    assert text.startswith(f"{BASE_URL}/v/{public_id}#")
    found = check(text)
    assert (found.finding, found.verdict, found.differences) == (StatementFinding.AGREES, Verdict.VALID, ())
    claims, terms = found.statement.claims, sample_certificate()
    assert (claims.number, claims.holder, claims.identifier) == (
        terms.number,
        terms.holder.name,
        terms.holder.identifier,
    )
    assert (claims.valid_from, claims.valid_until) == (terms.valid_from, terms.valid_until)
    assert found.statement.verification_method == "did:web:registry.example:issuers:cqc#key-1"


def test_the_part_behind_the_sign_is_enough(check: Callable[[str], StatementVerification], text: str) -> None:
    assert check(text.partition("#")[2]).finding is StatementFinding.AGREES


def test_asked_again_it_is_the_same(registry: Registry, verifier: Verifier, public_id: str, text: str) -> None:
    assert offline_address(registry, verifier, public_id.lower()) == text


def test_a_certificate_without_an_english_name_agrees(
    registry: Registry, actor: Actor, verifier: Verifier, check: Callable[[str], StatementVerification]
) -> None:
    holder = replace(sample_certificate().holder, name=Text("华丰"))
    public_id = issue(registry, actor, sample_certificate(holder=holder)).public_id
    assert check(offline_address(registry, verifier, public_id)).finding is StatementFinding.AGREES


def test_an_english_name_that_had_no_room_is_no_difference(
    registry: Registry, actor: Actor, verifier: Verifier, check: Callable[[str], StatementVerification]
) -> None:
    holder = replace(sample_certificate().holder, name=Text("华丰" * 20, "Huafeng " * 20 + "Ltd."))
    public_id = issue(registry, actor, sample_certificate(holder=holder)).public_id
    found = check(offline_address(registry, verifier, public_id))
    assert found.statement.claims.holder.en is None
    assert found.finding is StatementFinding.AGREES


def test_a_certificate_that_is_not_in_force_yet_can_be_printed(
    registry: Registry, actor: Actor, verifier: Verifier, check: Callable[[str], StatementVerification]
) -> None:
    later = sample_certificate(valid_from=date(2026, 5, 1), valid_until=date(2029, 4, 30))
    public_id = issue(registry, actor, later).public_id
    found = check(offline_address(registry, verifier, public_id))
    assert (found.finding, found.verdict) == (StatementFinding.AGREES, Verdict.NOT_YET_VALID)


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE),
        (Act.WITHDRAW, Reason.MISUSE_OF_MARK),
        (Act.CANCEL, Reason.HOLDER_REQUEST),
    ],
)
def test_nothing_new_is_signed_for_what_the_issuer_has_taken_back(
    registry: Registry,
    actor: Actor,
    verifier: Verifier,
    check: Callable[[str], StatementVerification],
    public_id: str,
    text: str,
    act: Act,
    reason: Reason,
) -> None:
    change_status(registry, actor, public_id, act, reason)
    with pytest.raises(IllegalMove):
        offline_address(registry, verifier, public_id)
    # What was printed before is genuine still, and its check tells the present status.
    found = check(text)
    assert found.finding is StatementFinding.AGREES
    assert found.verdict is verifier.by_public_id(public_id).verdict is not Verdict.VALID


def test_a_restored_certificate_can_be_printed_again(
    registry: Registry, actor: Actor, verifier: Verifier, public_id: str, text: str
) -> None:
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    change_status(registry, actor, public_id, Act.RESTORE, Reason.SURVEILLANCE_COMPLETED)
    assert offline_address(registry, verifier, public_id) == text


def test_nothing_is_signed_for_expired_and_superseded_certificates(
    registry: Registry, actor: Actor, verifier: Verifier, public_id: str, clock: Clock
) -> None:
    newer = sample_certificate("00125Q30001R0S-1", valid_from=date(2026, 3, 2), decided_on=date(2026, 3, 1))
    replacing = reissue(registry, actor, public_id, newer, Reason.CORRECTION)
    with pytest.raises(IllegalMove):
        offline_address(registry, verifier, public_id)
    clock.advance(days=3 * 366)
    with pytest.raises(IllegalMove):
        offline_address(registry, verifier, replacing.public_id)


def test_nothing_is_signed_for_what_fails_the_registrys_own_check(
    registry: Registry, verifier: Verifier, check: Callable[[str], StatementVerification], public_id: str, text: str
) -> None:
    """Who can write into the database must not get the issuer's signature for it."""
    document = verifier.by_public_id(public_id).document
    assert document is not None
    with registry.database.transaction() as connection:
        changed = b'{"id":"' + document["id"].encode() + b'"}'
        connection.execute(update(Credential).values(document=changed))
    with pytest.raises(Conflict, match="own check"):
        offline_address(registry, verifier, public_id)
    found = check(text)
    assert (found.finding, found.verdict) == (StatementFinding.UNCONFIRMED, Verdict.INVALID)


def test_what_is_not_registered_gets_none(registry: Registry, verifier: Verifier) -> None:
    with pytest.raises(NotFound):
        offline_address(registry, verifier, new_public_id(bytes(16)))
    with pytest.raises(MalformedPublicId):
        offline_address(registry, verifier, "nonsense")


def test_prints_outlive_the_key_that_signed_them(
    registry: Registry,
    verifier: Verifier,
    check: Callable[[str], StatementVerification],
    public_id: str,
    text: str,
    clock: Clock,
) -> None:
    clock.advance(hours=1)
    manage_keys.rotate_key(registry, "cqc")
    newer = offline_address(registry, verifier, public_id)
    assert read(newer).key_id == "key-2"
    for one in (text, newer):
        assert check(one).finding is StatementFinding.AGREES
    clock.advance(hours=1)
    manage_keys.retire_key(registry, "cqc-2")
    with pytest.raises(Conflict):
        offline_address(registry, verifier, public_id)
    assert check(newer).finding is StatementFinding.AGREES


def test_a_compromised_key_signs_no_more_and_what_it_signed_rests_on_the_register(
    registry: Registry,
    verifier: Verifier,
    check: Callable[[str], StatementVerification],
    public_id: str,
    text: str,
    clock: Clock,
) -> None:
    forged = signed(registry, replace(read(text).claims, holder=Text("飞龙")))
    clock.advance(hours=1)
    manage_keys.create_key(registry, "cqc")
    manage_keys.mark_key_compromised(registry, "cqc-1", registry.now())
    found = check(text)
    assert found.finding is StatementFinding.KEY_COMPROMISED
    assert found.verdict is verifier.by_public_id(public_id).verdict is Verdict.VALID
    # The thief's own statements differ from the register.
    assert (check(forged).finding, check(forged).verdict) == (StatementFinding.DIFFERS, Verdict.INVALID)
    assert read(offline_address(registry, verifier, public_id)).key_id == "key-2"


CHANGES: dict[str, dict[str, Any]] = {
    "/number": {"number": "00125Q30001R1S"},
    "/holder/name/zh": {"holder": Text("飞龙", "Ningbo Huafeng Precision Machinery Co., Ltd. (Sample)")},
    "/holder/name/en": {"holder": Text("宁波华丰精密机械有限公司（样例）", "Feilong")},
    "/holder/identifier": {"identifier": None},
    "/standard": {"standard": "ISO 14001:2015"},
    "/scope_digest": {"scope_digest": bytes(16)},
    "/granted_on": {"granted_on": date(2020, 1, 6)},
    "/decided_on": {"decided_on": date(2025, 1, 5)},
    "/valid_from": {"valid_from": date(2025, 1, 7)},
    "/valid_until": {"valid_until": None},
}


@pytest.mark.parametrize("pointer", CHANGES)
def test_each_change_of_what_is_signed_shows_and_is_named(
    registry: Registry, check: Callable[[str], StatementVerification], text: str, pointer: str
) -> None:
    altered = replace(read(text).claims, **CHANGES[pointer])
    # Signed by the issuer itself, the register differs; signed with another's key, it is a forgery.
    for key, finding in (("cqc-1", StatementFinding.DIFFERS), ("other-1", StatementFinding.ALTERED)):
        found = check(signed(registry, altered, key))
        assert (found.finding, found.verdict) == (finding, Verdict.INVALID)
        assert [one.pointer for one in found.differences] == [pointer]


def test_a_statement_of_another_issuer_for_this_certificate_differs(
    registry: Registry, check: Callable[[str], StatementVerification], text: str
) -> None:
    claims = replace(read(text).claims, issuer="did:web:registry.example:issuers:other")
    found = check(signed(registry, claims, "other-1"))
    assert found.finding is StatementFinding.DIFFERS
    assert [one.pointer for one in found.differences] == ["/issuer"]


def test_the_signed_part_of_one_code_on_the_address_of_another_shows(
    registry: Registry,
    actor: Actor,
    verifier: Verifier,
    check: Callable[[str], StatementVerification],
    text: str,
) -> None:
    second = issue(registry, actor, sample_certificate("00125Q30002R0S")).public_id
    address = offline_address(registry, verifier, second).partition("#")[0]
    found = check(f"{address}#{text.partition('#')[2]}")
    assert (found.finding, found.verdict) == (StatementFinding.OF_ANOTHER, Verdict.INVALID)


@pytest.mark.parametrize(
    "address", ["https://registry.example.evil.test/v/{id}", "http://registry.example/v/{id}", "https://{id}"]
)
def test_a_genuine_statement_on_the_address_of_a_stranger_shows(
    check: Callable[[str], StatementVerification], text: str, public_id: str, address: str
) -> None:
    found = check(address.format(id=public_id) + "#" + text.partition("#")[2])
    assert (found.finding, found.verdict) == (StatementFinding.ELSEWHERE, Verdict.INVALID)


def test_keys_that_are_no_issuers_confirm_nothing(
    registry: Registry, check: Callable[[str], StatementVerification], text: str
) -> None:
    claims = read(text).claims
    assert check(signed(registry, claims, key_id="key-9")).finding is StatementFinding.KEY_UNKNOWN
    own = replace(claims, issuer="did:web:registry.example")
    found = check(signed(registry, own, "registry-1", "registry-1"))
    assert (found.finding, found.verdict) == (StatementFinding.KEY_UNKNOWN, Verdict.INVALID)


def test_a_signed_statement_of_what_was_never_registered_is_unconfirmed(
    registry: Registry, check: Callable[[str], StatementVerification], text: str
) -> None:
    claims = replace(read(text).claims, public_id=new_public_id(bytes(range(16))))
    found = check(signed(registry, claims))
    assert (found.finding, found.verdict, found.registered) == (StatementFinding.UNCONFIRMED, Verdict.UNKNOWN, None)


def test_what_is_no_statement_is_refused(check: Callable[[str], StatementVerification], text: str) -> None:
    for other in ("", "#", text[:-4], text + "AAAA", "#" + b32encode(bytes(200)).decode()):
        with pytest.raises(InvalidInput):
            check(other)


def test_a_person_is_named_with_no_more_than_the_certificate_says(
    registry: Registry, verifier: Verifier, check: Callable[[str], StatementVerification]
) -> None:
    person = Holder(HolderType.PERSON, Text("李四（样例）"))
    terms = sample_certificate(
        "P-1", scheme="gbt19011-2021-training", holder=person, sites=(), valid_until=None, scope=Text("管理体系审核")
    )
    public_id = issue(registry, operator(registry, "cqc"), terms).public_id
    found = check(offline_address(registry, verifier, public_id))
    assert found.finding is StatementFinding.AGREES
    assert (found.statement.claims.identifier, found.statement.claims.valid_until) == (None, None)
