"""Issuing: what is stored, what is refused, and that nothing is half-stored."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select

from keys import KeyStoreError
from registry.domain.certificate import Holder, HolderId, HolderType
from registry.domain.errors import (
    Conflict,
    IdempotencyKeyReused,
    IllegalMove,
    InvalidInput,
    NotFound,
    NotPermitted,
    StorageUnavailable,
)
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.domain.verdict import Verdict
from registry.formats.certificate_request import certificate_of
from registry.services import api_keys, manage_keys
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import history, read_certificate, stored_document
from registry.services.idempotency import Idempotency
from registry.services.issue import issue, issue_many
from registry.services.verify import Verifier
from registry.services.versions import reissue
from registry.store.models import AuditEvent, Base, Certificate
from tests.conftest import Clock, sample_certificate


def rows_everywhere(registry: Registry) -> dict[str, int]:
    """How many rows each table has."""
    with registry.database.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def keyed_actor(registry: Registry, code: str = "cqc") -> Actor:
    """An actor with an API key, as Idempotency-Keys belong to one."""
    return api_keys.authenticate(registry, api_keys.create_api_key(registry, code, list(Verb), "test"))


def test_an_issued_certificate_verifies_as_valid(registry: Registry, actor: Actor) -> None:
    row = issue(registry, actor, sample_certificate())
    found = Verifier(registry, 0).by_public_id(row.public_id)
    assert found.verdict is Verdict.VALID
    assert found.terms["holder"]["name"]["zh"] == "宁波华丰精密机械有限公司（样例）"
    assert found.terms["sites"][0]["scope"]["zh"] == "注塑件的生产"


def test_the_stored_credential_is_accepted_by_an_independent_ed25519(registry: Registry, actor: Actor) -> None:
    """By hand, with other libraries: RFC 8785, SHA-256, base58, Ed25519."""
    import hashlib
    import json

    import base58
    import rfc8785

    row = issue(registry, actor, sample_certificate())
    document = json.loads(stored_document(registry, row.public_id)[1])
    proof = document.pop("proof")
    signature = base58.b58decode(proof.pop("proofValue")[1:])
    data = hashlib.sha256(rfc8785.dumps(proof)).digest() + hashlib.sha256(rfc8785.dumps(document)).digest()
    key = manage_keys.published_keys(registry, "cqc")[0].published
    assert proof["verificationMethod"] == key.verification_method == "did:web:registry.example:issuers:cqc#key-1"
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, data)


def test_a_number_is_given_once_in_an_issuer_and_again_in_another(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate())
    before = rows_everywhere(registry)
    with pytest.raises(Conflict, match="00125Q30001R0S"):
        issue(registry, actor, sample_certificate())
    assert rows_everywhere(registry) == before
    issue(registry, operator(registry, "other"), sample_certificate())


def test_two_concurrent_issues_of_a_number_give_one_certificate_and_one_conflict(
    registry: Registry, actor: Actor
) -> None:
    barrier = threading.Barrier(4)
    outcomes: list[object] = []

    def attempt() -> None:
        barrier.wait()
        try:
            outcomes.append(issue(registry, actor, sample_certificate()).public_id)
        except Conflict as error:
            outcomes.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3
    with registry.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Certificate)) == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scheme": "iso-9999"}, "/certificate/scheme"),
        ({"valid_until": date(2024, 1, 1)}, "/certificate/valid_until"),
        ({"decided_on": date(2026, 3, 3), "valid_from": date(2026, 3, 3)}, "/certificate/decided_on"),
        ({"number": " "}, "/certificate/number"),
    ],
)
def test_a_refusal_names_the_field_and_stores_nothing(
    registry: Registry, actor: Actor, changes: dict[str, Any], pointer: str
) -> None:
    before = rows_everywhere(registry)
    with pytest.raises(InvalidInput) as refused:
        issue(registry, actor, sample_certificate(**changes))
    assert pointer in [violation.pointer for violation in refused.value.violations]
    assert rows_everywhere(registry) == before


def test_a_wrong_check_digit_of_the_uscc_is_refused(registry: Registry, actor: Actor) -> None:
    holder = replace(sample_certificate().holder, identifier=HolderId("uscc", "91330282MA00000185"))
    with pytest.raises(InvalidInput, match="check digit") as refused:
        issue(registry, actor, sample_certificate(holder=holder))
    assert refused.value.violations[0].pointer == "/certificate/holder/identifier/value"


def test_a_scheme_that_the_issuer_is_not_authorized_for_is_refused(registry: Registry, actor: Actor) -> None:
    with pytest.raises(InvalidInput, match="not authorized"):
        issue(registry, actor, sample_certificate(scheme="gbt45001-2020"))
    with pytest.raises(InvalidInput, match="not authorized"):
        issue(registry, actor, sample_certificate(granted_on=date(2019, 1, 1), decided_on=date(2019, 12, 31)))


def test_a_batch_is_issued_whole_or_not_at_all(registry: Registry, actor: Actor) -> None:
    before = rows_everywhere(registry)
    good = [sample_certificate(f"N{position}") for position in range(20)]
    with pytest.raises(InvalidInput) as refused:
        issue_many(registry, actor, [*good, sample_certificate("N20", scheme="nonsense")])
    assert refused.value.violations[0].pointer == "/20/scheme"
    with pytest.raises(InvalidInput, match="more than once"):
        issue_many(registry, actor, [*good, good[3]])
    assert rows_everywhere(registry) == before
    public_ids = issue_many(registry, actor, good)
    assert [Verifier(registry, 0).by_public_id(one).verdict for one in public_ids] == [Verdict.VALID] * 20
    with pytest.raises(Conflict, match="N3"):
        issue_many(registry, actor, [sample_certificate("N99"), good[3]])
    assert rows_everywhere(registry)["certificates"] == 20


def test_a_batch_of_many_chunks_keeps_its_order(
    registry: Registry, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chunks are drafted, signed and stored at the same time."""
    monkeypatch.setattr("registry.services.draft._CHUNK", 3)
    numbers = [f"N{number}" for number in range(10)]
    schemes = ("gbt19001-2016", "gbt24001-2016")
    batch = [
        sample_certificate(number, scheme=schemes[position % 2], sites=sample_certificate().sites * (position % 3))
        for position, number in enumerate(numbers)
    ]
    public_ids = issue_many(registry, actor, batch)
    verifier = Verifier(registry, 0)
    for certificate, public_id in zip(batch, public_ids, strict=True):
        _, document = stored_document(registry, public_id)
        assert certificate_of(json.loads(document)) == certificate
        assert verifier.by_public_id(public_id).verdict is Verdict.VALID


def test_an_api_key_without_the_verb_may_not_issue(registry: Registry, actor: Actor) -> None:
    with pytest.raises(NotPermitted):
        issue(registry, replace(actor, verbs=frozenset({Verb.READ})), sample_certificate())


def test_a_repeated_request_gets_the_same_certificate(registry: Registry, clock: Clock) -> None:
    someone = keyed_actor(registry)
    idempotency = Idempotency("order-1", b"fingerprint")
    first = issue(registry, someone, sample_certificate(), idempotency=idempotency)
    clock.advance(hours=1)
    assert issue(registry, someone, sample_certificate(), idempotency=idempotency).public_id == first.public_id
    assert rows_everywhere(registry)["certificates"] == 1
    with pytest.raises(IdempotencyKeyReused):
        issue(registry, someone, sample_certificate("X"), idempotency=Idempotency("order-1", b"another"))
    # Another key holder's key of the same text is another key.
    issue(registry, keyed_actor(registry), sample_certificate("X"), idempotency=Idempotency("order-1", b"another"))


def test_a_request_that_comes_twice_at_once_is_done_once(registry: Registry) -> None:
    someone = keyed_actor(registry)
    barrier = threading.Barrier(3)
    got: list[str] = []

    def attempt() -> None:
        barrier.wait()
        got.append(issue(registry, someone, sample_certificate(), idempotency=Idempotency("k", b"f")).public_id)

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 3
    assert len(set(got)) == 1


def test_a_reissued_certificate_supersedes_the_old_one(registry: Registry, actor: Actor, clock: Clock) -> None:
    old = issue(registry, actor, sample_certificate())
    clock.advance(days=1)
    changed = sample_certificate("00125Q30001R0S-1", decided_on=date(2026, 3, 3), valid_from=date(2026, 3, 3))
    new = reissue(registry, actor, old.public_id, changed, Reason.CORRECTION)
    verifier = Verifier(registry, 0)
    found = verifier.by_public_id(old.public_id)
    assert (found.verdict, found.replaced_by) == (Verdict.SUPERSEDED, new.public_id)
    assert verifier.by_public_id(new.public_id).verdict is Verdict.VALID
    assert verifier.by_public_id(new.public_id).terms["replaces"]["number"] == "00125Q30001R0S"
    with pytest.raises(IllegalMove) as refused:
        reissue(registry, actor, old.public_id, sample_certificate("third"), Reason.CORRECTION)
    assert refused.value.status == "superseded"


def test_the_old_certificate_holds_until_the_new_one_begins(registry: Registry, actor: Actor, clock: Clock) -> None:
    old = issue(registry, actor, sample_certificate())
    later = sample_certificate(
        "later", decided_on=date(2026, 3, 1), valid_from=date(2026, 3, 10), valid_until=date(2029, 3, 9)
    )
    new = reissue(registry, actor, old.public_id, later, Reason.RECERTIFICATION)
    verifier = Verifier(registry, 0)
    assert verifier.by_public_id(old.public_id).verdict is Verdict.VALID
    assert verifier.by_public_id(new.public_id).verdict is Verdict.NOT_YET_VALID
    clock.advance(days=8)
    assert verifier.by_public_id(old.public_id).verdict is Verdict.SUPERSEDED
    assert verifier.by_public_id(new.public_id).verdict is Verdict.VALID


def test_a_reissue_that_fails_leaves_the_old_certificate_as_it_was(registry: Registry, actor: Actor) -> None:
    old = issue(registry, actor, sample_certificate())
    issue(registry, actor, sample_certificate("taken"))
    before = rows_everywhere(registry)
    with pytest.raises(Conflict):
        reissue(registry, actor, old.public_id, sample_certificate("taken"), Reason.CORRECTION)
    with pytest.raises(NotFound):
        reissue(registry, operator(registry, "other"), old.public_id, sample_certificate("n"), Reason.CORRECTION)
    assert rows_everywhere(registry) == before


def test_every_act_is_in_the_audit_trail(registry: Registry, actor: Actor) -> None:
    row = issue(registry, actor, sample_certificate())
    change_status(registry, actor, row.public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    with registry.database.read() as connection:
        entries = connection.execute(
            select(AuditEvent.actor, AuditEvent.act, AuditEvent.subject).order_by(AuditEvent.id.desc()).limit(2)
        ).all()
    assert [tuple(entry) for entry in entries] == [
        ("test", "certificate.suspend", row.public_id),
        ("test", "certificate.issue", row.public_id),
    ]


def test_a_rotated_key_signs_from_now_on_and_old_signatures_stay_valid(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    old = issue(registry, actor, sample_certificate("old"))
    clock.advance(hours=1)
    manage_keys.rotate_key(registry, "cqc")
    clock.advance(hours=1)
    new = issue(registry, actor, sample_certificate("new"))
    verifier = Verifier(registry, 0)
    assert verifier.by_public_id(old.public_id).verdict is Verdict.VALID
    assert verifier.by_public_id(new.public_id).verdict is Verdict.VALID
    assert b"#key-2" in stored_document(registry, new.public_id)[1]


def test_without_an_active_key_nothing_is_issued(registry: Registry, actor: Actor) -> None:
    manage_keys.retire_key(registry, "cqc-1")
    with pytest.raises(Conflict, match="no active key"):
        issue(registry, actor, sample_certificate())


def test_a_backdated_period_was_valid_then_and_the_registry_learned_of_it_now(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    row = issue(registry, actor, sample_certificate())
    event = history(registry, actor, row.public_id)[0].event
    assert event.recorded_at == clock.now
    assert event.effective_at < clock.now - timedelta(days=300)
    assert read_certificate(registry, actor, row.public_id)[0].status.status is Status.VALID


def test_a_certificate_can_be_reissued_once(registry: Registry, actor: Actor) -> None:
    """A second try, with an earlier date than the planned one, is a conflict and no accident."""
    old = issue(registry, actor, sample_certificate())
    planned = sample_certificate(
        "B", decided_on=date(2026, 3, 1), valid_from=date(2026, 3, 20), valid_until=date(2029, 3, 19)
    )
    reissue(registry, actor, old.public_id, planned, Reason.RECERTIFICATION)
    with pytest.raises(Conflict, match="reissued already"):
        reissue(registry, actor, old.public_id, replace(planned, number="C"), Reason.RECERTIFICATION)


def test_what_is_issued_while_a_key_is_retired_is_valid_or_refused(registry: Registry, actor: Actor) -> None:
    """Never a certificate that is stored and invalid for ever."""
    stored: list[str] = []
    ticking = replace(registry, clock=lambda: datetime.now(UTC))
    stop = threading.Event()

    def keep_issuing() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                stored.append(issue(ticking, actor, sample_certificate(f"N{number}")).public_id)
            except (Conflict, StorageUnavailable, KeyStoreError):
                return

    threads = [threading.Thread(target=keep_issuing)]
    for thread in threads:
        thread.start()
    while len(stored) < 3 and threads[0].is_alive():
        pass
    manage_keys.retire_key(ticking, "cqc-1")
    stop.set()
    for thread in threads:
        thread.join()
    assert stored
    assert {Verifier(ticking, 0).by_public_id(one).verdict for one in stored} == {Verdict.VALID}


def test_a_clock_that_is_behind_the_keys_still_makes_valid_certificates(registry: Registry, clock: Clock) -> None:
    actor = operator(registry, "cqc")
    manage_keys.rotate_key(registry, "cqc")
    clock.advance(seconds=-5)
    row = issue(registry, actor, sample_certificate())
    clock.advance(seconds=10)
    assert Verifier(registry, 0).by_public_id(row.public_id).verdict is Verdict.VALID


def test_a_key_file_that_is_not_the_published_key_signs_nothing(registry: Registry, actor: Actor) -> None:
    folder = registry.settings.keys_dir
    other = json.loads((folder / "other-1.json").read_text())
    (folder / "cqc-1.json").write_text(json.dumps({**other, "name": "cqc-1", "owner": "cqc"}))
    with pytest.raises(KeyStoreError, match="not the published key"):
        issue(registry, actor, sample_certificate())


def test_identity_numbers_of_persons_are_refused(registry: Registry, actor: Actor) -> None:
    person = Holder(HolderType.PERSON, Text("王样例"), identifier=HolderId("other", "110101199003070011"))
    training = sample_certificate("T", scheme="gbt19011-2021-training", holder=person, valid_until=None)
    with pytest.raises(InvalidInput) as refused:
        issue(registry, actor, training)
    assert [one.pointer for one in refused.value.violations] == ["/certificate/holder/identifier"]


def test_a_term_that_no_scheme_grants_is_refused(registry: Registry, actor: Actor) -> None:
    with pytest.raises(InvalidInput, match="run 3 years"):
        issue(registry, actor, sample_certificate(valid_until=date(2038, 1, 7)))
