"""What a change of keys does to what they sign: certificates, the log's checkpoints, status lists."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from keys import Purpose
from registry.domain.errors import InvalidInput
from registry.domain.verdict import CheckName, Finding, Verdict
from registry.formats import bitstring_status_list
from registry.formats.signed_note import UnverifiedNote, VerifierKey
from registry.formats.tlog_checkpoint import open_checkpoint
from registry.services import manage_keys
from registry.services.context import Actor, Registry
from registry.services.issue import issue
from registry.services.log.integrate import integrate_pending
from registry.services.log.keys import verifier_key, verifier_keys
from registry.services.log.read import checkpoint
from registry.services.status_lists import StatusLists
from registry.services.verify import Verifier
from registry.store import log
from tests.conftest import Clock, sample_certificate


def judged(registry: Registry, public_id: str) -> tuple[Verdict, Finding]:
    found = Verifier(registry, 0).by_public_id(public_id)
    return found.verdict, next(check.finding for check in found.checks if check.name is CheckName.KEY)


def log_key(registry: Registry, name: str) -> VerifierKey:
    found = next(key for key in manage_keys.own_keys(registry) if key.name == name)
    return verifier_key(registry, found.published)


def believes(registry: Registry, name: str) -> bool:
    """Whether a client that knows this key of the log alone accepts the published checkpoint."""
    try:
        open_checkpoint(checkpoint(registry), [log_key(registry, name)])
    except UnverifiedNote:
        return False
    return True


@pytest.fixture
def later(registry: Registry) -> Registry:
    """The same registry where a worker places the entries of the log, some time later."""
    return replace(registry, settings=replace(registry.settings, log_worker=True))


# Certificates.


def test_a_compromise_spoils_what_the_log_had_not_seen_before_and_the_verdict_says_so(
    registry: Registry, later: Registry, actor: Actor, clock: Clock
) -> None:
    early = issue(registry, actor, sample_certificate("early")).public_id
    clock.advance(days=1)
    # Recorded before, as the database says, but not in the log by then.
    recorded = issue(later, actor, sample_certificate("recorded")).public_id
    since = clock.advance(hours=1)
    integrate_pending(registry)
    clock.advance(days=1)
    late = issue(registry, actor, sample_certificate("late")).public_id
    manage_keys.rotate_key(registry, "cqc")
    manage_keys.mark_key_compromised(registry, "cqc-1", since)
    clock.advance(seconds=1)
    new = issue(registry, actor, sample_certificate("new")).public_id
    assert judged(registry, early) == (Verdict.VALID, Finding.KEY_COMPROMISED_LATER)
    assert judged(registry, recorded) == (Verdict.INVALID, Finding.KEY_COMPROMISED)
    assert judged(registry, late) == (Verdict.INVALID, Finding.KEY_COMPROMISED)
    assert judged(registry, new) == (Verdict.VALID, Finding.KEY_ACTIVE)
    total, spoiled = manage_keys.spoiled_certificates(registry, "cqc-1")
    assert (total, list(spoiled)) == (3, [(recorded, "recorded"), (late, "late")])


def test_what_the_log_has_not_seen_at_all_is_spoiled(registry: Registry, later: Registry, actor: Actor) -> None:
    waiting = issue(later, actor, sample_certificate()).public_id
    manage_keys.mark_key_compromised(registry, "cqc-1", registry.now() + timedelta(0))
    assert judged(registry, waiting) == (Verdict.INVALID, Finding.KEY_COMPROMISED)
    assert [one for one, _ in manage_keys.spoiled_certificates(registry, "cqc-1")[1]] == [waiting]


def test_the_list_of_spoiled_certificates_and_the_verdicts_agree(
    registry: Registry, actor: Actor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.store.signed_certificates._AT_ONCE", 2)
    ids = []
    moments = []
    for number in range(7):
        moments.append(clock.advance(hours=1))
        ids.append(issue(registry, actor, sample_certificate(f"N{number}")).public_id)
    clock.advance(hours=1)
    for since in reversed(moments):
        manage_keys.mark_key_compromised(registry, "cqc-1", since)
        total, spoiled = manage_keys.spoiled_certificates(registry, "cqc-1")
        assert total == len(ids)
        assert [one for one, _ in spoiled] == [one for one in ids if judged(registry, one)[0] is Verdict.INVALID]
    assert judged(registry, ids[0])[0] is Verdict.INVALID


def test_spoiled_certificates_are_those_of_a_compromised_key_only(registry: Registry) -> None:
    with pytest.raises(InvalidInput, match="not marked as compromised"):
        manage_keys.spoiled_certificates(registry, "cqc-1")


def test_what_was_issued_just_before_an_orderly_end_stays_valid(
    registry: Registry, later: Registry, actor: Actor, clock: Clock
) -> None:
    """The log takes it in when the key is out of use already."""
    public_id = issue(later, actor, sample_certificate()).public_id
    clock.advance(milliseconds=300)
    manage_keys.rotate_key(registry, "cqc")
    assert judged(registry, public_id) == (Verdict.VALID, Finding.KEY_RETIRED_LATER)
    clock.advance(seconds=1)
    integrate_pending(registry)
    clock.advance(days=400)
    assert judged(registry, public_id) == (Verdict.VALID, Finding.KEY_RETIRED_LATER)


# Checkpoints.


def test_clients_with_either_log_key_believe_checkpoints_during_the_overlap(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    issue(registry, actor, sample_certificate("before"))
    assert believes(registry, "log-1")
    clock.advance(days=1)
    manage_keys.rotate_key(registry, "registry", Purpose.LOG, old_until=clock.now + timedelta(days=30))
    # The present checkpoint at once, and those that follow.
    assert (believes(registry, "log-1"), believes(registry, "log-2")) == (True, True)
    issue(registry, actor, sample_certificate("meanwhile"))
    assert (believes(registry, "log-1"), believes(registry, "log-2")) == (True, True)
    clock.advance(days=30)
    issue(registry, actor, sample_certificate("after"))
    assert (believes(registry, "log-1"), believes(registry, "log-2")) == (False, True)


def test_a_compromised_log_key_is_replaced_at_once_under_the_present_checkpoint_too(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    """Otherwise no certificate could be verified: their place in the log rests on that signature."""
    public_id = issue(registry, actor, sample_certificate()).public_id
    manage_keys.mark_key_compromised(registry, "log-1", clock.now)
    assert (believes(registry, "log-1"), believes(registry, "log-2")) == (False, True)
    assert verifier_keys(registry) == [log_key(registry, "log-2")]
    assert judged(registry, public_id)[0] is Verdict.VALID


def test_a_log_key_is_replaced_although_its_file_is_gone(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    (registry.settings.keys_dir / "log-1.json").unlink()
    manage_keys.mark_key_compromised(registry, "log-1", clock.now)
    (registry.settings.keys_dir / "log-2.json").unlink()
    manage_keys.rotate_key(registry, "registry", Purpose.LOG)
    assert believes(registry, "log-3")
    assert judged(registry, public_id)[0] is Verdict.VALID


def test_the_tree_stays_the_same_under_new_signatures(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    before, _ = open_checkpoint(checkpoint(registry), [log_key(registry, "log-1")])
    manage_keys.rotate_key(registry, "registry", Purpose.LOG)
    after, _ = open_checkpoint(checkpoint(registry), [log_key(registry, "log-2")])
    assert after == before
    assert judged(registry, public_id)[0] is Verdict.VALID


def test_the_checkpoint_that_is_published_for_its_cosignatures_is_signed_anew_as_well(
    registry: Registry, actor: Actor
) -> None:
    """Nobody has cosigned the newest yet, so an earlier one is what clients see."""
    issue(registry, actor, sample_certificate("cosigned"))
    line = "\u2014 witness.example AAAAAAAAAAAA\n"
    with registry.database.transaction() as connection:
        log.insert_cosignature(connection, 1, "witness.example", line)
    issue(registry, actor, sample_certificate("newer"))
    quorate = replace(registry, settings=replace(registry.settings, log_quorum=1))
    manage_keys.mark_key_compromised(quorate, "log-1", registry.now())
    note = checkpoint(quorate)
    found, signed = open_checkpoint(note, [log_key(registry, "log-2")])
    assert found.size == 1
    assert line in note.decode()
    assert len(signed.signatures) == 2
    assert believes(registry, "log-2")


def test_entries_wait_while_no_log_key_is_active_and_nothing_is_lost(registry: Registry, actor: Actor) -> None:
    first = issue(registry, actor, sample_certificate("first")).public_id
    manage_keys.retire_key(registry, "log-1")
    waiting = issue(registry, actor, sample_certificate("waiting")).public_id
    assert {judged(registry, one)[0] for one in (first, waiting)} == {Verdict.VALID}
    manage_keys.create_key(registry, "registry", Purpose.LOG)
    assert integrate_pending(registry) == 1
    assert believes(registry, "log-2")
    assert {judged(registry, one)[0] for one in (first, waiting)} == {Verdict.VALID}


# Status lists.


@pytest.mark.parametrize("compromised", [False, True])
def test_the_next_status_list_is_signed_with_the_new_key(registry: Registry, clock: Clock, compromised: bool) -> None:
    lists = StatusLists(registry)

    def method() -> str:
        published = lists.current(1, bitstring_status_list.Purpose.REVOCATION).document
        signer: str = json.loads(published)["proof"]["verificationMethod"]
        return signer

    assert method().endswith("#status-list-1")
    clock.advance(days=1)
    manage_keys.rotate_key(registry, "registry", Purpose.STATUS_LIST)
    if compromised:
        manage_keys.mark_key_compromised(registry, "status-list-1", clock.now)
    clock.advance(seconds=1)
    assert method().endswith("#status-list-2")
