"""Certificates that the issuer signs itself: prepared, signed on its side, submitted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from registry.domain.errors import Conflict, IdempotencyKeyReused, IllegalMove, InvalidInput, NotFound, NotPermitted
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import Verdict
from registry.formats.data_integrity import Cryptosuite
from registry.services import api_keys, manage_issuers, manage_keys
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import history, versions
from registry.services.idempotency import Idempotency
from registry.services.issue import issue, issue_many
from registry.services.prepare import Prepared, give_up, list_preparations, open_preparation, prepare
from registry.services.submit import submit
from registry.services.verify import Verifier
from registry.store.models import AuditEvent, Authorization, Certificate
from registry.store.own_key_models import Preparation
from tests.conftest import Clock, sample_certificate
from tests.services.own_key_holders import KeyHolder, stamp
from tests.services.test_issue import rows_everywhere

HOLDER = KeyHolder()


@pytest.fixture
def own(registry: Registry, actor: Actor) -> Actor:
    """Somebody who may do everything for `cqc`, which has registered a key of its own."""
    HOLDER.register(registry, actor, retire_others=True)
    return actor


def prepared(registry: Registry, actor: Actor, number: str = "00125Q30001R0S", **changes: Any) -> Prepared:
    return prepare(registry, actor, sample_certificate(number, **changes))


def verdict(registry: Registry, public_id: str) -> Verdict:
    return Verifier(registry, 0).by_public_id(public_id).verdict


def refused(registry: Registry, actor: Actor, one: Prepared, credential: dict[str, Any]) -> list[tuple[str, str]]:
    """Pointers and reasons; and that nothing was stored."""
    before = rows_everywhere(registry)
    with pytest.raises(InvalidInput) as caught:
        submit(registry, actor, one.public_id, credential)
    assert rows_everywhere(registry) == before
    return [(violation.pointer, violation.reason) for violation in caught.value.violations]


def test_what_the_issuer_signed_is_valid_and_in_the_log(registry: Registry, own: Actor, clock: Clock) -> None:
    one = prepared(registry, own)
    clock.advance(hours=5)
    row = submit(registry, own, one.public_id, HOLDER.signed(one))
    assert (row.public_id, row.number, row.recorded_at) == (one.public_id, "00125Q30001R0S", clock.now)
    found = Verifier(registry, 0).by_public_id(one.public_id)
    assert found.verdict is Verdict.VALID
    assert [event.event.act for event in history(registry, own, one.public_id)] == [Act.ISSUE]
    with registry.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Preparation)) == 0
        acts = list(connection.scalars(select(AuditEvent.act).where(AuditEvent.subject == one.public_id)))
    assert acts == ["certificate.prepare", "certificate.issue"]


def test_the_time_of_signing_is_the_issuers(registry: Registry, own: Actor, clock: Clock) -> None:
    one = prepared(registry, own)
    signed_at = clock.advance(hours=2)
    clock.advance(hours=2)
    submit(registry, own, one.public_id, HOLDER.signed(one, created=stamp(signed_at)))
    assert verdict(registry, one.public_id) is Verdict.VALID


def test_a_proof_over_rdf_is_taken_where_the_issuer_has_chosen_that(registry: Registry, own: Actor) -> None:
    manage_issuers.set_cryptosuite(registry, "cqc", Cryptosuite.RDFC)
    one = prepared(registry, own)
    assert "@context" not in one.request.proof
    submit(registry, own, one.public_id, HOLDER.sign_data(one.request.as_json()))
    assert verdict(registry, one.public_id) is Verdict.VALID


def test_a_prepared_certificate_is_not_in_the_register(registry: Registry, own: Actor) -> None:
    one = prepared(registry, own)
    with pytest.raises(NotFound):
        Verifier(registry, 0).by_public_id(one.public_id)


def test_all_rules_are_checked_before_anything_is_kept(registry: Registry, own: Actor) -> None:
    before = rows_everywhere(registry)
    with pytest.raises(InvalidInput) as caught:
        prepared(registry, own, scheme="gbt45001-2020", valid_until=date(2024, 1, 1))
    pointers = {violation.pointer for violation in caught.value.violations}
    assert pointers == {"/certificate/scheme", "/certificate/valid_until"}
    assert rows_everywhere(registry) == before


def test_a_rule_that_is_broken_only_meanwhile_counts_too(registry: Registry, own: Actor) -> None:
    one = prepared(registry, own)
    with registry.database.transaction() as connection:
        connection.execute(update(Authorization).values(valid_until=date(2024, 12, 31)))
    ((pointer, reason),) = refused(registry, own, one, HOLDER.signed(one))
    assert pointer == "/certificate/scheme"
    assert "not authorized" in reason


def test_the_same_request_again_is_the_same_preparation(registry: Registry, own: Actor, clock: Clock) -> None:
    one = prepared(registry, own)
    clock.advance(minutes=5)
    assert prepared(registry, own) == one
    assert open_preparation(registry, own, one.public_id) == one


def test_a_kept_number_is_for_nobody_else(registry: Registry, actor: Actor) -> None:
    HOLDER.register(registry, actor)
    one = prepared(registry, actor)
    with pytest.raises(Conflict, match="kept until 2026-03-03T04:00:00Z by another preparation"):
        prepared(registry, actor, valid_until=date(2027, 1, 7))
    # The registry has a key of this issuer as well.
    with pytest.raises(Conflict, match="waits for its signature"):
        issue(registry, actor, sample_certificate())
    with pytest.raises(Conflict, match="waits for its signature"):
        issue_many(registry, actor, [sample_certificate("1"), sample_certificate()])
    assert issue(registry, operator(registry, "other"), sample_certificate()).number == one.number


def test_a_preparation_ends_and_frees_its_number(registry: Registry, own: Actor, clock: Clock) -> None:
    one = prepared(registry, own)
    clock.advance(days=1)
    ((pointer, reason),) = refused(registry, own, one, HOLDER.signed(one))
    assert pointer == "/credential/id"
    assert "ended at 2026-03-03T04:00:00Z; prepare the certificate again" in reason
    with pytest.raises(NotFound):
        open_preparation(registry, own, one.public_id)
    again = prepared(registry, own, valid_until=date(2027, 1, 7))
    assert again.public_id != one.public_id
    submit(registry, own, again.public_id, HOLDER.signed(again))
    with pytest.raises(NotFound, match="Prepare it first"):
        submit(registry, own, one.public_id, HOLDER.signed(one))


def test_preparations_that_ended_long_ago_are_forgotten(registry: Registry, own: Actor, clock: Clock) -> None:
    prepared(registry, own)
    clock.advance(days=9)
    prepared(registry, own, "2")
    with registry.database.read() as connection:
        assert list(connection.scalars(select(Preparation.number))) == ["2"]


def test_a_preparation_that_was_given_up_frees_its_number(registry: Registry, own: Actor) -> None:
    one = prepared(registry, own)
    give_up(registry, own, one.public_id)
    with pytest.raises(NotFound):
        give_up(registry, own, one.public_id)
    with pytest.raises(NotFound):
        submit(registry, own, one.public_id, HOLDER.signed(one))
    assert prepared(registry, own, valid_until=date(2027, 1, 7)).public_id != one.public_id


def test_another_issuers_preparations_are_not_there(registry: Registry, own: Actor) -> None:
    one = prepared(registry, own)
    other = operator(registry, "other")
    for act in (open_preparation, give_up):
        with pytest.raises(NotFound):
            act(registry, other, one.public_id)
    with pytest.raises(NotFound):
        submit(registry, other, one.public_id, HOLDER.signed(one))
    assert list_preparations(registry, other, None, 10) == ([], None)


def test_open_preparations_are_listed_by_number(registry: Registry, own: Actor) -> None:
    for number in ("3", "1", "2"):
        prepared(registry, own, number)
    first, after = list_preparations(registry, own, None, 2)
    rest, end = list_preparations(registry, own, after, 2)
    assert ([one.number for one in first], after) == (["1", "2"], "2")
    assert ([one.number for one in rest], end) == (["3"], None)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (
            lambda c: c["credentialSubject"]["certificate"].update(number="9"),
            "/credential/credentialSubject/certificate/number",
        ),
        (lambda c: c.update(validUntil="2099-01-01T00:00:00Z"), "/credential/validUntil"),
        (lambda c: c.pop("credentialStatus"), "/credential/credentialStatus"),
        (lambda c: c["@context"].append("https://example.com/more"), "/credential/@context/3"),
        (lambda c: c.update(more={}), "/credential/more"),
        (lambda c: c["issuer"].update(id="did:web:registry.example:issuers:other"), "/credential/issuer/id"),
        (
            lambda c: c["credentialSubject"]["certificate"].update(revision=1.0),
            "/credential/credentialSubject/certificate/revision",
        ),
    ],
)
def test_a_changed_document_is_refused_with_the_member(
    sqlite_registry: Registry, change: Callable[[dict[str, Any]], Any], pointer: str
) -> None:
    """Though signed by the right key, after the change."""
    actor = operator(sqlite_registry, "cqc")
    HOLDER.register(sqlite_registry, actor)
    one = prepared(sqlite_registry, actor)
    change(one.request.document)
    one.request.proof["@context"] = one.request.document["@context"]
    ((found, reason), *more) = refused(sqlite_registry, actor, one, HOLDER.signed(one))
    assert found == pointer
    assert "as it was handed out" in reason
    assert not more or pointer == "/credential/@context/3"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"cryptosuite": "eddsa-rdfc-2022"}, "/credential/proof/cryptosuite"),
        ({"type": "Ed25519Signature2020"}, "/credential/proof/type"),
        ({"proofPurpose": "authentication"}, "/credential/proof/proofPurpose"),
        ({"@context": ["https://www.w3.org/ns/credentials/v2"]}, "/credential/proof/@context"),
        ({"challenge": "x"}, "/credential/proof/challenge"),
        ({"domain": "x"}, "/credential/proof/domain"),
        ({"expires": "2030-01-01T00:00:00Z"}, "/credential/proof/expires"),
        ({"id": "urn:x:1"}, "/credential/proof/id"),
        ({"nonce": "1"}, "/credential/proof/nonce"),
        ({"created": None}, "/credential/proof/created"),
        ({"created": "yesterday"}, "/credential/proof"),
        ({"verificationMethod": None}, "/credential/proof"),
        ({"created": "2026-03-02T04:05:01Z"}, "/credential/proof/created"),
        ({"created": "2026-03-02T03:54:59Z"}, "/credential/proof/created"),
        ({"verificationMethod": "did:web:registry.example:issuers:cqc#key-9"}, "/credential/proof/verificationMethod"),
        ({"verificationMethod": "did:web:registry.example#log-1"}, "/credential/proof/verificationMethod"),
        ({"verificationMethod": "did:web:registry.example:issuers:cqc#key-1"}, "/credential/proof/verificationMethod"),
        (
            {"verificationMethod": "did:web:registry.example:issuers:other#key-1"},
            "/credential/proof/verificationMethod",
        ),
    ],
)
def test_a_proof_that_is_not_as_asked_for_is_refused_with_the_member(
    sqlite_registry: Registry, changes: dict[str, Any], pointer: str
) -> None:
    actor = operator(sqlite_registry, "cqc")
    HOLDER.register(sqlite_registry, actor)
    one = prepared(sqlite_registry, actor)
    assert [found for found, _ in refused(sqlite_registry, actor, one, HOLDER.signed(one, **changes))] == [pointer]


def test_a_proof_without_the_context_is_taken(registry: Registry, own: Actor) -> None:
    """Section 3.3.1, step 2 sets it; an implementation that leaves it out signs without it."""
    one = prepared(registry, own)
    submit(registry, own, one.public_id, HOLDER.signed(one, **{"@context": None}))
    assert verdict(registry, one.public_id) is Verdict.VALID


def test_a_signature_of_another_key_is_refused(registry: Registry, own: Actor) -> None:
    one = prepared(registry, own)
    assert refused(registry, own, one, KeyHolder(8).signed(one))[0][0] == "/credential/proof/proofValue"
    altered = HOLDER.signed(one)
    altered["proof"]["proofValue"] = altered["proof"]["proofValue"][:-1] + "1"
    assert refused(registry, own, one, altered)[0][0] == "/credential/proof/proofValue"


@pytest.mark.parametrize("proof", [None, [], [{}, {}], "proof", 7])
def test_without_a_proof_nothing_is_issued(sqlite_registry: Registry, proof: object) -> None:
    actor = operator(sqlite_registry, "cqc")
    HOLDER.register(sqlite_registry, actor)
    one = prepared(sqlite_registry, actor)
    document = {**one.request.document, **({} if proof is None else {"proof": proof})}
    assert refused(sqlite_registry, actor, one, document) == [("/credential/proof", "one proof is needed, an object")]


def test_a_retired_key_signs_no_more_and_its_successor_may(registry: Registry, own: Actor, clock: Clock) -> None:
    one = prepared(registry, own)
    clock.advance(hours=1)
    second = KeyHolder(8)
    key = second.register(registry, own, retire_others=True)
    ((pointer, reason),) = refused(registry, own, one, HOLDER.signed(one))
    assert (pointer, reason) == ("/credential/proof/verificationMethod", "the key is retired and signs no more")
    method = key.published.verification_method
    ((pointer, reason),) = refused(registry, own, one, second.signed(one, verificationMethod=method))
    assert pointer == "/credential/proof/created"
    assert "before the key was registered" in reason
    clock.advance(seconds=1)
    row = submit(registry, own, one.public_id, second.signed(one, verificationMethod=method, created=stamp(clock.now)))
    assert verdict(registry, row.public_id) is Verdict.VALID


def test_a_stolen_key_signs_no_more(registry: Registry, own: Actor) -> None:
    one = prepared(registry, own)
    manage_keys.mark_key_compromised(registry, "cqc-2", registry.now() - timedelta(hours=1))
    ((pointer, reason),) = refused(registry, own, one, HOLDER.signed(one))
    assert (pointer, reason) == ("/credential/proof/verificationMethod", "the key is compromised and signs no more")


def test_the_same_credential_again_is_answered_the_same(registry: Registry, own: Actor, clock: Clock) -> None:
    one = prepared(registry, own)
    credential = HOLDER.signed(one)
    row = submit(registry, own, one.public_id, credential)
    after = rows_everywhere(registry)
    clock.advance(days=30)
    assert submit(registry, own, one.public_id, credential) == row
    with pytest.raises(Conflict, match="another proof"):
        submit(registry, own, one.public_id, HOLDER.signed(one, created=stamp(clock.now)))
    assert rows_everywhere(registry) == after


def test_an_idempotency_key_counts_as_elsewhere(registry: Registry, own: Actor) -> None:
    keyed = api_keys.authenticate(registry, api_keys.create_api_key(registry, "cqc", list(Verb), "test"))
    one, two = prepared(registry, keyed), prepared(registry, keyed, "2")
    row = submit(registry, keyed, one.public_id, HOLDER.signed(one), Idempotency("k", b"1" * 32))
    assert submit(registry, keyed, one.public_id, HOLDER.signed(one), Idempotency("k", b"1" * 32)) == row
    with pytest.raises(IdempotencyKeyReused):
        submit(registry, keyed, two.public_id, HOLDER.signed(two), Idempotency("k", b"2" * 32))


def test_a_credential_that_comes_twice_at_once_issues_one_certificate(registry: Registry, own: Actor) -> None:
    one = prepared(registry, own)
    credential, barrier, rows = HOLDER.signed(one), threading.Barrier(4), []

    def attempt() -> None:
        barrier.wait()
        rows.append(submit(registry, own, one.public_id, credential).id)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows) == 4
    assert len(set(rows)) == 1
    with registry.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Certificate)) == 1


def test_a_number_that_was_taken_all_the_same_is_a_conflict(registry: Registry, actor: Actor) -> None:
    """By somebody who had looked just before the number was kept."""
    HOLDER.register(registry, actor)
    one = prepared(registry, actor)
    with registry.database.transaction() as connection:
        connection.execute(update(Preparation).values(expires_at=registry.now()))
    issue(registry, actor, sample_certificate())
    with registry.database.transaction() as connection:
        connection.execute(update(Preparation).values(expires_at=one.expires_at))
    with pytest.raises(Conflict, match="number is taken"):
        submit(registry, actor, one.public_id, HOLDER.signed(one))


def test_a_reissue_supersedes_the_old_certificate(registry: Registry, own: Actor, clock: Clock) -> None:
    old = prepared(registry, own)
    submit(registry, own, old.public_id, HOLDER.signed(old))
    new = prepare(registry, own, sample_certificate("R1"), Reason.CORRECTION, "renamed", replaces=old.public_id)
    terms = new.request.document["credentialSubject"]["certificate"]
    assert (terms["revision"], terms["replaces"]["number"]) == (1, old.number)
    assert verdict(registry, old.public_id) is Verdict.VALID
    clock.advance(hours=1)
    credential = HOLDER.signed(new)
    row = submit(registry, own, new.public_id, credential)
    assert submit(registry, own, new.public_id, credential) == row
    assert verdict(registry, old.public_id) is Verdict.SUPERSEDED
    assert Verifier(registry, 0).by_public_id(old.public_id).replaced_by == new.public_id
    last = history(registry, own, old.public_id)[-1].event
    assert (last.act, last.reason, last.note) == (Act.SUPERSEDE, Reason.CORRECTION, "renamed")


def test_a_prepared_version_keeps_the_number_and_waits_in_vain_once_the_certificate_is_suspended(
    registry: Registry, own: Actor
) -> None:
    old = prepared(registry, own)
    submit(registry, own, old.public_id, HOLDER.signed(old))
    corrected = sample_certificate(old.number, granted_on=date(2025, 1, 5))
    new = prepare(registry, own, corrected, Reason.CORRECTION, replaces=old.public_id)
    assert prepare(registry, own, corrected, Reason.CORRECTION, replaces=old.public_id).public_id == new.public_id
    assert new.request.document["credentialSubject"]["certificate"]["revision"] == 2
    change_status(registry, own, old.public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    with pytest.raises(IllegalMove, match="suspended"):
        submit(registry, own, new.public_id, HOLDER.signed(new))
    change_status(registry, own, old.public_id, Act.RESTORE, Reason.FEE_SETTLED)
    row = submit(registry, own, new.public_id, HOLDER.signed(new))
    assert (row.number, row.revision, row.change) == (old.number, 2, "correction")
    assert [one.certificate.public_id for one in versions(registry, own, old.public_id)] == [
        old.public_id,
        new.public_id,
    ]


def test_only_one_of_two_prepared_reissues_goes_through(registry: Registry, own: Actor) -> None:
    old = prepared(registry, own)
    submit(registry, own, old.public_id, HOLDER.signed(old))
    first, second = (
        prepare(registry, own, sample_certificate(number), Reason.CORRECTION, replaces=old.public_id)
        for number in ("R1", "R2")
    )
    submit(registry, own, first.public_id, HOLDER.signed(first))
    before = rows_everywhere(registry)
    with pytest.raises(IllegalMove):
        submit(registry, own, second.public_id, HOLDER.signed(second))
    assert rows_everywhere(registry) == before


def test_a_certificate_that_was_withdrawn_meanwhile_is_not_superseded(registry: Registry, own: Actor) -> None:
    old = prepared(registry, own)
    submit(registry, own, old.public_id, HOLDER.signed(old))
    new = prepare(registry, own, sample_certificate("R1"), Reason.CORRECTION, replaces=old.public_id)
    change_status(registry, own, old.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    with pytest.raises(IllegalMove):
        submit(registry, own, new.public_id, HOLDER.signed(new))


def test_who_may_not_issue_may_not_have_it_prepared(registry: Registry, own: Actor) -> None:
    one = prepared(registry, own)
    reader = Actor("reader", own.issuer_id, frozenset({Verb.READ}))
    with pytest.raises(NotPermitted):
        prepared(registry, reader, "2")
    with pytest.raises(NotPermitted):
        submit(registry, reader, one.public_id, HOLDER.signed(one))
    with pytest.raises(NotPermitted):
        give_up(registry, reader, one.public_id)
    reissuer = Actor("reissuer", own.issuer_id, frozenset({Verb.REISSUE}))
    with pytest.raises(NotPermitted):
        submit(registry, reissuer, one.public_id, HOLDER.signed(one))


def test_without_a_key_of_its_own_nothing_is_prepared(registry: Registry, actor: Actor) -> None:
    with pytest.raises(Conflict, match="registered no key of its own"):
        prepared(registry, actor)
    HOLDER.register(registry, actor)
    with pytest.raises(InvalidInput) as caught:
        prepare(registry, actor, sample_certificate(), key="cqc-1")
    assert caught.value.violations[0].pointer == "/key"


def test_the_registry_does_not_sign_for_an_issuer_that_keeps_its_key(registry: Registry, own: Actor) -> None:
    with pytest.raises(Conflict, match="holds its key itself: prepare"):
        issue(registry, own, sample_certificate())


def test_where_both_hold_keys_each_signs_with_its_own(registry: Registry, actor: Actor) -> None:
    HOLDER.register(registry, actor)
    row = issue(registry, actor, sample_certificate())
    one = prepared(registry, actor, "2")
    submit(registry, actor, one.public_id, HOLDER.signed(one))
    verifier = Verifier(registry, 0)
    methods = [
        (verifier.by_public_id(public_id).document or {})["proof"]["verificationMethod"].partition("#")[2]
        for public_id in (row.public_id, one.public_id)
    ]
    assert methods == ["key-1", "key-2"]
