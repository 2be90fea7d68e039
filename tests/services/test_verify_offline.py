"""A bank in a closed network: what it is told of genuine, altered, forged, fallen and out-of-date certificates."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from registry.domain.errors import InvalidInput
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import CheckName, Finding, Outcome, Verdict
from registry.formats.signed_note import ED25519_COSIGNATURE, parse_note
from registry.formats.tlog_cosignature import cosign
from registry.formats.tlog_proof import TrustPolicy
from registry.services import manage_keys
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.log.copy import LogCopy
from registry.services.log.integrate import integrate_pending
from registry.services.log.keys import verifier_keys
from registry.services.offline_qr import offline_address
from registry.services.sample.load import load_samples
from registry.services.verify import Verifier
from registry.services.verify_offline import OfflineVerifier
from registry.services.versions import reissue
from registry.store.log import insert_cosignature, newest_head
from registry.store.models import Certificate
from tests.conftest import Clock, remove_issuers, sample_certificate
from tests.formats.tlog_vectors import signing_key
from tests.services.offline import (
    bundle_of,
    document_of,
    finding,
    new,
    offline,
    pen_of,
    proof_of,
    save_log,
    signed_by,
)

KEY_1 = "did:web:registry.example:issuers:cqc#key-1"


@pytest.fixture
def registry(sqlite_registry: Registry) -> Registry:
    """On SQLite: what is told depends on documents alone."""
    return sqlite_registry


@pytest.fixture
def genuine(registry: Registry) -> bytes:
    return document_of(registry, new(registry))


def act(registry: Registry, public_id: str, act: Act, reason: Reason, **more: Any) -> None:
    change_status(registry, operator(registry, "cqc"), public_id, act, reason, **more)


def withdraw(registry: Registry, public_id: str) -> None:
    act(registry, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)


def suspend(registry: Registry, public_id: str, **more: Any) -> None:
    act(registry, public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE, **more)


# The registry's own verdicts.


def test_a_bank_is_told_what_the_registry_itself_would_tell_of_each_certificate(
    registry: Registry, tmp_path: Path
) -> None:
    remove_issuers(registry)
    load_samples(registry, 60, lambda _done, _total: None)
    with registry.database.read() as connection:
        public_ids = list(connection.scalars(select(Certificate.public_id)))
    online = Verifier(registry, 0)
    by_bundle, by_log = offline(registry), offline(registry, save_log(registry, tmp_path / "log"))
    # Status lists know one word for all that is final.
    in_lists = {Verdict.CANCELLED: Verdict.WITHDRAWN, Verdict.SUPERSEDED: Verdict.WITHDRAWN}
    seen: Counter[Verdict] = Counter()
    for public_id in public_ids:
        verdict = online.by_public_id(public_id).verdict
        document = document_of(registry, public_id)
        assert by_log.document(document).verdict is verdict
        assert by_bundle.document(document).verdict is in_lists.get(verdict, verdict)
        assert by_bundle.document(document, proof_of(registry, public_id)).verdict is in_lists.get(verdict, verdict)
        seen[verdict] += 1
    assert seen.keys() >= set(Verdict) - {Verdict.INVALID, Verdict.UNKNOWN, Verdict.NOT_YET_VALID}


def test_every_check_of_a_genuine_certificate_is_told(registry: Registry, genuine: bytes) -> None:
    found = offline(registry).document(genuine)
    assert found.verdict is Verdict.VALID
    assert [(check.name, check.outcome) for check in found.checks] == [
        (CheckName.SIGNATURE, Outcome.PASS),
        (CheckName.KEY, Outcome.PASS),
        (CheckName.ISSUER, Outcome.PASS),
        (CheckName.PERIOD, Outcome.PASS),
        (CheckName.STATUS, Outcome.PASS),
        (CheckName.LOG, Outcome.NOT_CHECKED),
    ]
    assert found.public_id == json.loads(genuine)["id"].rpartition("/")[2]


def test_dates_count_to_the_moment(registry: Registry, clock: Clock) -> None:
    today = date(2026, 3, 2)
    early = document_of(registry, new(registry, valid_from=today + timedelta(days=1), decided_on=today))
    last_day = document_of(registry, new(registry, "2", valid_until=today))
    verifier = offline(registry)
    assert (verifier.document(early).verdict, verifier.document(last_day).verdict) == ("not_yet_valid", "valid")
    # Midnight in China.
    clock.now = clock.now.replace(hour=15, minute=59, second=59)
    verifier = offline(registry)
    assert (verifier.document(early).verdict, verifier.document(last_day).verdict) == ("not_yet_valid", "valid")
    clock.advance(seconds=1)
    verifier = offline(registry)
    assert (verifier.document(early).verdict, verifier.document(last_day).verdict) == ("valid", "expired")


# What was made of a genuine document.


def edited(**members: Any) -> Callable[[bytes], bytes]:
    """A change of the certificate's own terms."""

    def edit(body: bytes) -> bytes:
        document = json.loads(body)
        document["credentialSubject"]["certificate"].update(members)
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    return edit


def rewritten(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def rewrite(body: bytes) -> bytes:
        document = json.loads(body)
        change(document)
        return json.dumps(document).encode()

    return rewrite


ALTERED: dict[str, Callable[[bytes], bytes]] = {
    "a later end": edited(valid_until="2031-01-07"),
    "no end": lambda body: body.replace(b',"valid_until":"2028-01-07"', b""),
    "an end that is none": edited(valid_until=[]),
    "an end beyond all days": edited(valid_until="9999-12-31"),
    "another holder": edited(holder={"name": {"zh": "甲"}}),
    "a holder that is none": edited(holder="x"),
    "a member more": rewritten(lambda document: document.update(remark="x")),
    "a context behind those that were signed": rewritten(lambda document: document["@context"].append("urn:x")),
    "without its status": rewritten(lambda document: document.pop("credentialStatus")),
    "another place in the status list": rewritten(
        lambda document: [entry.update(statusListIndex="5") for entry in document["credentialStatus"]]
    ),
    "another proof purpose": rewritten(lambda document: document["proof"].update(proofPurpose="authentication")),
    "another date of signing": rewritten(lambda document: document["proof"].update(created="2026-01-01T00:00:00Z")),
    "a proof value cut short": rewritten(lambda document: document["proof"].update(proofValue="z1")),
    "another suite": rewritten(lambda document: document["proof"].update(cryptosuite="eddsa-rdfc-2022")),
    "no proof": rewritten(lambda document: document.pop("proof")),
    "a list of proofs": rewritten(lambda document: document.update(proof=[document["proof"]])),
    "two proofs": rewritten(lambda document: document.update(proof=[document["proof"]] * 2)),
    "a proof that is none": rewritten(lambda document: document.update(proof="x")),
}


@pytest.mark.parametrize("how", ALTERED)
def test_what_was_altered_is_invalid(registry: Registry, genuine: bytes, how: str, tmp_path: Path) -> None:
    body = ALTERED[how](genuine)
    assert body != genuine
    assert offline(registry).document(body).verdict is Verdict.INVALID
    assert offline(registry, save_log(registry, tmp_path)).document(body).verdict is Verdict.INVALID


def with_second_member(body: bytes) -> bytes:
    return body.replace(b'"number":', b'"number":"1","number":', 1)


def with_second_proof(body: bytes) -> bytes:
    return body.replace(b'"proof":', b'"proof":{},"proof":', 1)


@pytest.mark.parametrize(
    "change",
    [
        with_second_member,
        with_second_proof,
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body + b"{}",
        lambda body: body[:-1],
        lambda body: b"[" + body + b"]",
        lambda body: body.decode().encode("utf-16"),
        lambda body: b"",
        lambda body: b"null",
        lambda body: b"{" * 100_000,
        lambda body: b'{"proof":' * 300 + b"{}" + b"}" * 300,
    ],
)
def test_what_two_readers_may_understand_differently_is_not_judged(
    registry: Registry, genuine: bytes, change: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(InvalidInput):
        offline(registry).document(change(genuine))


@pytest.mark.parametrize(
    "write",
    [
        lambda document: json.dumps(document, indent=2),
        lambda document: json.dumps(document, ensure_ascii=True),
        # As JavaScript writes it after `{...document, proof}`.
        lambda document: json.dumps(
            {**dict(sorted((n, v) for n, v in document.items() if n != "proof")), "proof": document["proof"]},
            ensure_ascii=False,
            separators=(",", ":"),
        ),
    ],
    ids=["indented", "escaped", "proof last"],
)
def test_another_way_of_writing_the_same_document_changes_nothing(
    registry: Registry, genuine: bytes, write: Callable[[Any], str], tmp_path: Path
) -> None:
    body = write(json.loads(genuine)).encode()
    assert body != genuine
    found = offline(registry, save_log(registry, tmp_path)).document(body)
    assert (found.verdict, finding(found, CheckName.LOG)) == (Verdict.VALID, Finding.LOGGED)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_makes_a_document_valid_or_the_verifier_stumble(
    registry: Registry, genuine: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(genuine) - 1))
    put = data.draw(st.binary(max_size=4) | st.sampled_from([b"null", b"[]", b'"x"', b"{}", b"1e400", b"\\ud800"]))
    damaged = genuine[:at] + put + genuine[at + data.draw(st.integers(0, 40)) :]
    with suppress(InvalidInput):
        verdict = offline_once(registry).document(damaged).verdict
        assert verdict is not Verdict.VALID or json.loads(damaged) == json.loads(genuine)


_kept: dict[int, OfflineVerifier] = {}


def offline_once(registry: Registry) -> OfflineVerifier:
    """One verifier for all examples of a test."""
    if id(registry) not in _kept:
        _kept.clear()
        _kept[id(registry)] = offline(registry)
    return _kept[id(registry)]


# Keys.


def test_a_key_of_another_issuer_is_not_enough(registry: Registry, genuine: bytes) -> None:
    forged = signed_by(registry, genuine, pen_of(registry, "other-1"), KEY_1.replace("cqc", "other"))
    found = offline(registry).document(forged)
    assert (found.verdict, finding(found, CheckName.SIGNATURE)) == (Verdict.INVALID, Finding.SIGNATURE_HOLDS)
    assert finding(found, CheckName.KEY) is Finding.KEY_OF_ANOTHER


def test_keys_of_the_registry_itself_and_of_strangers_sign_no_certificates(registry: Registry, genuine: bytes) -> None:
    verifier = offline(registry)
    own = manage_keys.own_keys(registry)
    for name, method in [(key.name, key.published.verification_method) for key in own]:
        assert verifier.document(signed_by(registry, genuine, pen_of(registry, name), method)).verdict == "invalid"
    _, stranger = signing_key("x", bytes(32))
    for method in (KEY_1, KEY_1[:-1] + "7", "did:web:elsewhere.example#key-1", "did:key:z6Mk#z6Mk", "https://x/#1"):
        assert verifier.document(signed_by(registry, genuine, stranger, method)).verdict is Verdict.INVALID


def test_the_bundle_of_another_registry_is_no_help(registry: Registry, genuine: bytes) -> None:
    bundle = bundle_of(registry)
    found = OfflineVerifier(replace(bundle, issuers={}), registry.now()).document(genuine)
    assert (found.verdict, finding(found, CheckName.KEY)) == (Verdict.INVALID, Finding.KEY_UNKNOWN)


def test_an_issuer_that_may_not_certify_this_is_found_out(registry: Registry, genuine: bytes) -> None:
    for change in ({"scheme": "gbt45001-2020"}, {"decided_on": "2019-12-31"}, {"decided_on": "x"}, {"scheme": None}):
        forged = signed_by(registry, edited(**change)(genuine), pen_of(registry), KEY_1)
        found = offline(registry).document(forged)
        assert (found.verdict, finding(found, CheckName.ISSUER)) == (Verdict.INVALID, Finding.ISSUER_NOT_AUTHORIZED)


def test_dates_that_are_none_are_not_taken_for_no_end(registry: Registry, genuine: bytes) -> None:
    """Though the issuer signed them."""
    ends: tuple[Any, ...] = ("2028-13-01", "9999-12-31", "", "x", [], None, 2028)
    for end in ends:
        signed = signed_by(registry, edited(valid_until=end)(genuine), pen_of(registry), KEY_1)
        assert offline(registry).document(signed).verdict is Verdict.UNKNOWN


def test_what_a_rotated_key_signed_stays_good_and_nothing_new_does(
    registry: Registry, genuine: bytes, clock: Clock
) -> None:
    pen = pen_of(registry)
    clock.advance(hours=1)
    manage_keys.rotate_key(registry, "cqc")
    clock.advance(hours=1)
    verifier = offline(registry)
    found = verifier.document(genuine)
    assert (found.verdict, finding(found, CheckName.KEY)) == (Verdict.VALID, Finding.KEY_RETIRED_LATER)
    assert verifier.document(document_of(registry, new(registry, "2"))).verdict is Verdict.VALID
    late = verifier.document(signed_by(registry, genuine, pen, KEY_1))
    assert (late.verdict, finding(late, CheckName.KEY)) == (Verdict.INVALID, Finding.KEY_RETIRED_BEFORE)


def test_of_a_compromised_key_counts_what_the_log_saw_before_and_the_registry_agrees(
    registry: Registry, clock: Clock, tmp_path: Path
) -> None:
    early = new(registry, "early")
    clock.advance(days=1)
    # Recorded before, but not in the log by then.
    worker = replace(registry, settings=replace(registry.settings, log_worker=True))
    recorded = new(worker, "recorded")
    since = clock.advance(hours=1)
    integrate_pending(registry)
    clock.advance(days=1)
    late = new(registry, "late")
    manage_keys.rotate_key(registry, "cqc")
    manage_keys.mark_key_compromised(registry, "cqc-1", since)
    clock.advance(hours=1)
    fresh = new(registry, "fresh")
    online = Verifier(registry, 0)
    verifier, with_copy = offline(registry), offline(registry, save_log(registry, tmp_path))
    expected = {
        early: (Verdict.VALID, Finding.KEY_COMPROMISED_LATER),
        recorded: (Verdict.INVALID, Finding.KEY_COMPROMISED),
        late: (Verdict.INVALID, Finding.KEY_COMPROMISED),
        fresh: (Verdict.VALID, Finding.KEY_ACTIVE),
    }
    for public_id, outcome in expected.items():
        document = document_of(registry, public_id)
        for found in (
            online.by_public_id(public_id),
            verifier.document(document, proof_of(registry, public_id)),
            with_copy.document(document),
        ):
            assert (found.verdict, finding(found, CheckName.KEY)) == outcome


def test_without_the_log_nobody_can_say_what_a_compromised_key_signed_when(
    registry: Registry, genuine: bytes, clock: Clock
) -> None:
    """The thief writes any date into a proof: the date clears nobody, but may speak against him."""
    pen = pen_of(registry)
    since = clock.advance(hours=1)
    clock.advance(hours=1)
    manage_keys.mark_key_compromised(registry, "cqc-1", since)
    clock.advance(hours=1)
    verifier = offline(registry)
    backdated = signed_by(registry, edited(number="forged")(genuine), pen, KEY_1, since - timedelta(minutes=5))
    for document in (genuine, backdated):
        found = verifier.document(document)
        assert found.verdict is Verdict.UNKNOWN
        check = next(one for one in found.checks if one.name is CheckName.KEY)
        assert (check.outcome, check.finding) == (Outcome.NOT_CHECKED, Finding.KEY_COMPROMISED)
        assert "log proof" in check.detail
    late = verifier.document(signed_by(registry, genuine, pen, KEY_1, since))
    assert (late.verdict, finding(late, CheckName.KEY)) == (Verdict.INVALID, Finding.KEY_COMPROMISED)
    undated = rewritten(lambda document: document["proof"].pop("created"))(genuine)
    assert verifier.document(undated).verdict is Verdict.INVALID


# Status.


def test_what_has_fallen_is_told_and_what_was_restored_is_valid(registry: Registry, clock: Clock) -> None:
    ids = [new(registry, number) for number in "123"]
    suspend(registry, ids[0])
    withdraw(registry, ids[1])
    suspend(registry, ids[2])
    clock.advance(seconds=2)
    verdicts = [offline(registry).document(document_of(registry, one)).verdict for one in ids]
    assert verdicts == [Verdict.SUSPENDED, Verdict.WITHDRAWN, Verdict.SUSPENDED]
    for public_id in (ids[0], ids[2]):
        act(registry, public_id, Act.RESTORE, Reason.SURVEILLANCE_COMPLETED)
    clock.advance(seconds=2)
    verdicts = [offline(registry).document(document_of(registry, one)).verdict for one in ids]
    assert verdicts == [Verdict.VALID, Verdict.WITHDRAWN, Verdict.VALID]


def test_a_bundle_out_of_date_says_so_but_what_is_final_stays_known(registry: Registry, clock: Clock) -> None:
    ids = [new(registry, "1"), new(registry, "2"), new(registry, "3"), new(registry, "4", valid_until=date(2026, 3, 5))]
    withdraw(registry, ids[1])
    suspend(registry, ids[2])
    clock.advance(seconds=2)
    bundle = bundle_of(registry)
    documents = [document_of(registry, one) for one in ids]
    clock.advance(days=7)
    in_time = OfflineVerifier(bundle, clock.now)
    assert [in_time.document(one).verdict for one in documents] == ["valid", "withdrawn", "suspended", "expired"]
    clock.advance(seconds=1)
    too_late = OfflineVerifier(bundle, clock.now)
    assert [too_late.document(one).verdict for one in documents] == ["unknown", "withdrawn", "unknown", "expired"]
    check = next(one for one in too_late.document(documents[0]).checks if one.name is CheckName.STATUS)
    assert (check.outcome, check.finding) == (Outcome.NOT_CHECKED, Finding.STATUS_NOT_KNOWN)
    assert "fetch a newer one" in check.detail


def test_without_its_status_list_nothing_is_called_valid(registry: Registry, genuine: bytes) -> None:
    bundle = bundle_of(registry)
    for address in bundle.lists:
        fewer = {name: one for name, one in bundle.lists.items() if name != address}
        assert OfflineVerifier(replace(bundle, lists=fewer), registry.now()).document(genuine).verdict == "unknown"


# Log proofs.


def test_the_log_proof_beside_a_certificate_is_checked(registry: Registry, clock: Clock) -> None:
    public_id = new(registry)
    found = offline(registry).document(document_of(registry, public_id), proof_of(registry, public_id))
    assert (found.verdict, finding(found, CheckName.LOG)) == (Verdict.VALID, Finding.LOGGED)
    assert found.recorded_at == clock.now


def test_a_proof_that_shows_something_else_is_a_failure(registry: Registry, clock: Clock) -> None:
    public_id, other = new(registry), new(registry, "2")
    suspend(registry, public_id)
    good = proof_of(registry, public_id)
    first, rest = good.split(b"\n", 1)
    _, tail = rest.split(b"\n", 1)
    for proof in (
        proof_of(registry, other),
        # Of the suspension, not of the issuing.
        proof_of(registry, public_id, 2),
        good.replace(b"index 0", b"index 1"),
        first + b"\n" + tail,
        good[:-9],
        b"",
        b"\xff",
        first + b"\n" + proof_of(registry, other).split(b"\n")[1] + b"\n" + tail,
    ):
        found = offline(registry).document(document_of(registry, public_id), proof)
        assert (found.verdict, finding(found, CheckName.LOG)) == (Verdict.INVALID, Finding.LOG_DIFFERS)


def test_a_proof_needs_the_pinned_key_and_enough_witnesses(registry: Registry) -> None:
    public_id = new(registry)
    document = document_of(registry, public_id)
    witness, cosign_it = signing_key("witness.example/one", bytes([5]) * 32, ED25519_COSIGNATURE)
    before = proof_of(registry, public_id)
    with registry.database.transaction() as connection:
        head = newest_head(connection)
        assert head is not None
        line = cosign(parse_note(head.note).text, witness, 1772000000, cosign_it).line
        insert_cosignature(connection, head.size, witness.vkey, line)
    bundle = bundle_of(registry, TrustPolicy(tuple(verifier_keys(registry)), (witness,), 1))
    verifier = OfflineVerifier(bundle, registry.now())
    assert verifier.document(document, proof_of(registry, public_id)).verdict is Verdict.VALID
    # What too few have cosigned yet shows nothing, and nothing false.
    early = verifier.document(document, before)
    assert (early.verdict, finding(early, CheckName.LOG)) == (Verdict.VALID, Finding.LOG_NOT_AT_HAND)
    assert "Fetch it again" in early.checks[-1].detail
    of_another = proof_of(registry, new(registry, "another"))
    assert finding(verifier.document(document, of_another), CheckName.LOG) is Finding.LOG_DIFFERS
    stranger, _ = signing_key("registry.example/log", bytes(32))
    other = OfflineVerifier(replace(bundle, policy=TrustPolicy((stranger,))), registry.now())
    assert finding(other.document(document, proof_of(registry, public_id)), CheckName.LOG) is Finding.LOG_DIFFERS


# A copy of the log.


def test_a_copy_of_the_log_knows_what_happened_after_the_lists_were_made(
    registry: Registry, clock: Clock, tmp_path: Path
) -> None:
    ids = {name: new(registry, name) for name in ("quiet", "withdrawn", "cancelled", "superseded", "suspended", "back")}
    suspend(registry, ids["back"])
    clock.advance(minutes=1)
    bundle = bundle_of(registry)
    clock.advance(minutes=1)
    withdraw(registry, ids["withdrawn"])
    act(registry, ids["cancelled"], Act.CANCEL, Reason.HOLDER_REQUEST)
    again = sample_certificate("superseded-1", decided_on=date(2026, 3, 2), valid_from=date(2026, 3, 2))
    reissue(registry, operator(registry, "cqc"), ids["superseded"], again, Reason.CORRECTION)
    suspend(registry, ids["suspended"], until=clock.now + timedelta(days=3))
    act(registry, ids["back"], Act.RESTORE, Reason.SURVEILLANCE_COMPLETED)
    copied = save_log(registry, tmp_path)
    clock.advance(hours=1)

    def verdicts(log: Path | None) -> dict[str, Verdict]:
        verifier = OfflineVerifier(bundle, clock.now, LogCopy(log, bundle) if log else None)
        return {name: verifier.document(document_of(registry, one)).verdict for name, one in ids.items()}

    assert set(verdicts(None).values()) == {Verdict.VALID, Verdict.SUSPENDED}
    # It clears nobody: whoever was suspended by the lists stays so until newer ones are there.
    assert verdicts(copied) == {
        "quiet": Verdict.VALID,
        "withdrawn": Verdict.WITHDRAWN,
        "cancelled": Verdict.CANCELLED,
        "superseded": Verdict.SUPERSEDED,
        "suspended": Verdict.SUSPENDED,
        "back": Verdict.SUSPENDED,
    }
    clock.advance(days=3)
    assert verdicts(copied)["suspended"] is Verdict.VALID


def test_a_copy_of_the_log_that_is_older_than_the_bundle_is_refused(
    registry: Registry, clock: Clock, tmp_path: Path
) -> None:
    """What happened in between, and whether it is the same log at all, it can't tell."""
    public_id = new(registry)
    suspend(registry, public_id)
    copied = save_log(registry, tmp_path)
    clock.advance(days=1)
    act(registry, public_id, Act.RESTORE, Reason.SURVEILLANCE_COMPLETED)
    assert "older than the trust bundle" in refused(registry, copied)


def test_a_suspension_that_the_lists_have_seen_end_does_not_count(
    registry: Registry, clock: Clock, tmp_path: Path
) -> None:
    public_id = new(registry)
    suspend(registry, public_id, until=clock.now + timedelta(days=1))
    clock.advance(days=2)
    found = offline(registry, save_log(registry, tmp_path)).document(document_of(registry, public_id))
    assert found.verdict is Verdict.VALID


def test_a_planned_act_counts_from_its_time_on(registry: Registry, clock: Clock, tmp_path: Path) -> None:
    public_id = new(registry)
    act(registry, public_id, Act.CANCEL, Reason.BUSINESS_CEASED, effective_at=clock.now + timedelta(days=2))
    copied, document = save_log(registry, tmp_path), document_of(registry, public_id)
    bundle = bundle_of(registry)
    log = LogCopy(copied, bundle)
    assert OfflineVerifier(bundle, clock.now + timedelta(days=1), log).document(document).verdict == "valid"
    assert OfflineVerifier(bundle, clock.now + timedelta(days=2), log).document(document).verdict == "cancelled"


def test_what_the_copy_lacks_is_invalid_unless_it_is_younger(registry: Registry, clock: Clock, tmp_path: Path) -> None:
    genuine = document_of(registry, new(registry))
    pen = pen_of(registry)
    clock.advance(days=1)
    new(registry, "2")
    verifier = offline(registry, save_log(registry, tmp_path))
    clock.advance(days=1)
    younger = document_of(registry, new(registry, "3"))
    assert verifier.document(genuine).verdict is Verdict.VALID
    found = verifier.document(younger)
    assert (found.verdict, finding(found, CheckName.LOG)) == (Verdict.UNKNOWN, Finding.LOG_PENDING)
    # The issuer signed it and never told the registry.
    unlogged = signed_by(registry, edited(number="9")(genuine), pen, KEY_1, clock.now - timedelta(days=2, hours=1))
    found = verifier.document(unlogged)
    assert (found.verdict, finding(found, CheckName.LOG)) == (Verdict.INVALID, Finding.LOG_MISSING)


def refused(registry: Registry, folder: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        offline(registry, folder)
    return str(caught.value)


def test_a_copy_of_the_log_that_is_not_whole_or_was_changed_is_refused(registry: Registry, tmp_path: Path) -> None:
    new(registry)
    new(registry, "2")
    folder = save_log(registry, tmp_path / "log")
    entries = folder / "tile/entries/000.p/2"
    whole = entries.read_bytes()
    for changed in (
        whole.replace(b"certificate-issued", b"certificate-Issued", 1),
        whole[:-1],
        whole[: len(whole) // 2],
        b"",
    ):
        entries.write_bytes(changed)
        assert "the copy of the log" in refused(registry, folder)
    entries.unlink()
    assert "No such file" in refused(registry, folder)
    entries.write_bytes(whole)
    assert offline(registry, folder)
    (folder / "checkpoint").write_bytes((folder / "checkpoint").read_bytes()[:-20])
    assert refused(registry, folder)
    assert "No such file" in refused(registry, tmp_path)


def test_entries_that_the_bundle_does_not_reach_are_checked_as_well(registry: Registry, tmp_path: Path) -> None:
    new(registry)
    bundle = bundle_of(registry)
    new(registry, "2")
    folder = save_log(registry, tmp_path)
    assert LogCopy(folder, bundle)
    entries = folder / "tile/entries/000.p/2"
    before, mark, last = entries.read_bytes().rpartition(b"certificate-issued")
    entries.write_bytes(before + mark.upper() + last)
    with pytest.raises(InvalidInput, match="do not lead to the root"):
        LogCopy(folder, bundle)


def test_the_copy_of_a_log_that_was_forked_is_refused(registry: Registry, tmp_path: Path) -> None:
    """The registry shows the bank another log than the one that the bundle tells of; both are signed."""
    new(registry)
    bundle = bundle_of(registry)
    folder = save_log(registry, tmp_path)
    forked = replace(bundle, checkpoint=replace(bundle.checkpoint, root=bytes(32)))
    with pytest.raises(InvalidInput, match="forked"):
        LogCopy(folder, forked)
    witness, _ = signing_key("witness.example/one", bytes([5]) * 32, ED25519_COSIGNATURE)
    with pytest.raises(InvalidInput, match="0 known witnesses"):
        LogCopy(folder, replace(bundle, policy=replace(bundle.policy, witnesses=(witness,), quorum=1)))


# Offline QR.


@pytest.fixture
def code(registry: Registry) -> str:
    return offline_address(registry, Verifier(registry, 0), new(registry))


def test_a_code_proves_who_signed_it_and_its_dates_and_no_status(registry: Registry, code: str, clock: Clock) -> None:
    for text in (code, code.partition("#")[2]):
        found = offline(registry).statement(text)
        assert found.verdict is Verdict.UNKNOWN
        outcomes = {check.name: check.outcome for check in found.checks}
        assert (outcomes[CheckName.SIGNATURE], outcomes[CheckName.KEY]) == (Outcome.PASS, Outcome.PASS)
        assert outcomes[CheckName.STATUS] is Outcome.NOT_CHECKED
        assert found.terms["number"] == "00125Q30001R0S"
    clock.advance(days=800)
    assert offline(registry).statement(code).verdict is Verdict.EXPIRED


def test_a_code_behind_another_address_or_of_an_unknown_key_is_invalid(registry: Registry, code: str) -> None:
    verifier = offline(registry)
    assert verifier.statement(code.replace("registry.example", "registry.example.org")).verdict is Verdict.INVALID
    other = new(registry, "2")
    address, _, fragment = code.partition("#")
    assert verifier.statement(f"{address.rpartition('/')[0]}/{other}#{fragment}").verdict is Verdict.INVALID
    nobody = OfflineVerifier(replace(bundle_of(registry), issuers={}), registry.now())
    assert nobody.statement(code).verdict is Verdict.INVALID
    with pytest.raises(InvalidInput):
        verifier.statement(code[:-9])


def test_a_code_signed_with_a_compromised_key_proves_nothing(registry: Registry, code: str, clock: Clock) -> None:
    manage_keys.mark_key_compromised(registry, "cqc-1", clock.now)
    found = offline(registry).statement(code)
    assert (found.verdict, finding(found, CheckName.KEY)) == (Verdict.UNKNOWN, Finding.KEY_COMPROMISED)
