"""Published status lists: right within a second, the same bytes from every process, good signatures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from keys import Purpose as KeyPurpose
from registry.domain.errors import NotFound
from registry.domain.reasons import Act, Reason
from registry.formats import canonical_json
from registry.formats.bitstring_status_list import MINIMUM_LENGTH, Purpose, decode_list, is_set, read_status
from registry.formats.offline_status import ListedStatus, check_list, offline_status
from registry.services import find, manage_keys
from registry.services.change_status import change_status, refresh_due
from registry.services.context import Actor, Registry
from registry.services.issue import issue, issue_many
from registry.services.own_keys import own_signer
from registry.services.status_lists import TTL, VALIDITY, StatusLists
from registry.services.versions import reissue
from registry.store.database import Database
from tests.conftest import BASE_URL, Clock, sample_certificate

DID = "did:web:registry.example"
SUSPEND = (Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
RESTORE = (Act.RESTORE, Reason.SURVEILLANCE_COMPLETED)
WITHDRAW = (Act.WITHDRAW, Reason.MISUSE_OF_MARK)
CANCEL = (Act.CANCEL, Reason.HOLDER_REQUEST)
CLEAR, SUSPENDED, REVOKED, BOTH = (False, False), (False, True), (True, False), (True, True)


def new(registry: Registry, actor: Actor, number: str = "N-1") -> str:
    return issue(registry, actor, sample_certificate(number)).public_id


def bits(registry: Registry, lists: StatusLists, public_id: str) -> tuple[bool, bool]:
    """Whether a certificate is revoked, and whether it is suspended, by the lists that it names."""
    _, document = find.stored_document(registry, public_id)
    found = []
    for entry in canonical_json.parse(document)["credentialStatus"]:
        list_id, purpose = entry["statusListCredential"].split("/")[-2:]
        published = canonical_json.parse(lists.current(int(list_id), Purpose(purpose)).document)
        found.append(not read_status(entry, published).valid)
    return found[0], found[1]


def process(registry: Registry, ahead: float = 0) -> tuple[Registry, StatusLists]:
    """Another web process of the same registry, on a machine whose clock is some seconds ahead."""
    own = replace(
        registry,
        database=Database(registry.settings.database_url),
        clock=lambda: registry.clock() + timedelta(seconds=ahead),
    )
    return own, StatusLists(own)


@contextmanager
def queries(registry: Registry) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engines = [registry.database._reads, registry.database._writes]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


# What is set.


def test_acts_show_within_a_second(registry: Registry, actor: Actor, clock: Clock) -> None:
    lists = StatusLists(registry)
    public_id = new(registry, actor)
    assert bits(registry, lists, public_id) == CLEAR
    for act, expected in ((SUSPEND, SUSPENDED), (RESTORE, CLEAR), (SUSPEND, SUSPENDED), (RESTORE, CLEAR)):
        change_status(registry, actor, public_id, *act)
        clock.advance(seconds=1)
        assert bits(registry, lists, public_id) == expected


@pytest.mark.parametrize("act", [WITHDRAW, CANCEL])
def test_what_is_final_is_revoked(registry: Registry, actor: Actor, act: tuple[Act, Reason]) -> None:
    public_id, other = new(registry, actor), new(registry, actor, "N-2")
    change_status(registry, actor, public_id, *act)
    lists = StatusLists(registry)
    assert bits(registry, lists, public_id) == REVOKED
    assert bits(registry, lists, other) == CLEAR


def test_a_superseded_certificate_is_revoked_from_the_day_on(registry: Registry, actor: Actor, clock: Clock) -> None:
    lists = StatusLists(registry)
    old = new(registry, actor)
    begins = clock.now.date() + timedelta(days=3)
    successor = sample_certificate("N-2", valid_from=begins)
    made = reissue(registry, actor, old, successor, Reason.CORRECTION)
    assert bits(registry, lists, old) == CLEAR
    clock.advance(days=4)
    assert bits(registry, lists, old) == REVOKED
    assert bits(registry, lists, made.public_id) == CLEAR


def test_planned_acts_and_ends_of_suspensions_show_on_time(registry: Registry, actor: Actor, clock: Clock) -> None:
    lists = StatusLists(registry)
    public_id = new(registry, actor)
    begins, ends = clock.now + timedelta(hours=1), clock.now + timedelta(hours=2)
    change_status(registry, actor, public_id, *SUSPEND, effective_at=begins, until=ends)
    shown = []
    for moment in (begins - timedelta(seconds=1), begins, ends - timedelta(seconds=1), ends):
        clock.now = moment
        shown.append(bits(registry, lists, public_id))
    assert shown == [CLEAR, SUSPENDED, SUSPENDED, CLEAR]


def test_a_planned_act_shows_although_somebody_else_has_renewed_the_states(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    """A search does so as well, and leaves no event behind."""
    lists = StatusLists(registry)
    public_id = new(registry, actor)
    change_status(registry, actor, public_id, *WITHDRAW, effective_at=clock.now + timedelta(hours=1))
    assert bits(registry, lists, public_id) == CLEAR
    clock.advance(hours=1)
    refresh_due(registry)
    clock.advance(minutes=5)
    assert bits(registry, lists, public_id) == REVOKED


def test_a_certificate_that_fell_while_suspended_stays_suspended(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    """Or it would look valid to whoever holds an older list of revocations beside a newer one of suspensions."""
    lists = StatusLists(registry)
    public_id = new(registry, actor)
    change_status(registry, actor, public_id, *SUSPEND)
    assert bits(registry, lists, public_id) == SUSPENDED
    change_status(registry, actor, public_id, *WITHDRAW)
    clock.advance(days=30)
    assert bits(registry, lists, public_id) == BOTH
    change_status(registry, actor, new(registry, actor, "N-2"), *SUSPEND)
    clock.advance(days=30)
    assert bits(registry, lists, public_id) == BOTH


def test_an_expired_certificate_is_neither(registry: Registry, actor: Actor, clock: Clock) -> None:
    """Its own end says so."""
    public_id = new(registry, actor)
    clock.advance(days=1000)
    assert bits(registry, StatusLists(registry), public_id) == CLEAR


def test_a_certificate_in_the_second_list_is_found_there(registry: Registry, actor: Actor) -> None:
    with registry.database.transaction() as connection:
        connection.execute(text("UPDATE status_lists SET allotted = length - 2"))
    ids = issue_many(registry, actor, [sample_certificate(f"N-{number}") for number in range(4)])
    for public_id in ids[1:]:
        change_status(registry, actor, public_id, *WITHDRAW)
    lists = StatusLists(registry)
    assert [bits(registry, lists, public_id) for public_id in ids] == [CLEAR, REVOKED, REVOKED, REVOKED]
    assert lists.addresses() == [
        f"{BASE_URL}/status-lists/{one}/{purpose}" for one in (1, 2) for purpose in ("revocation", "suspension")
    ]
    # In each list, nothing is set but what belongs there.
    for list_id, count in ((1, 1), (2, 2)):
        document = canonical_json.parse(lists.current(list_id, Purpose.REVOCATION).document)
        content = decode_list(document["credentialSubject"]["encodedList"])
        assert sum(is_set(content, index) for index in range(MINIMUM_LENGTH)) == count


def test_certificates_from_before_there_were_lists_change_none(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = new(registry, actor)
    with registry.database.transaction() as connection:
        connection.execute(text("UPDATE certificates SET status_list_id = NULL, status_index = NULL"))
    lists = StatusLists(registry)
    before = lists.current(1, Purpose.REVOCATION)
    change_status(registry, actor, public_id, *WITHDRAW)
    clock.advance(seconds=1)
    assert lists.current(1, Purpose.REVOCATION) == before


def test_there_is_no_list_that_was_not_opened(registry: Registry) -> None:
    with pytest.raises(NotFound):
        StatusLists(registry).current(2, Purpose.REVOCATION)


# The document.


def test_the_list_is_a_credential_signed_with_the_key_for_lists(registry: Registry, clock: Clock) -> None:
    document = canonical_json.parse(StatusLists(registry).current(1, Purpose.SUSPENSION).document)
    key = own_signer(registry, KeyPurpose.STATUS_LIST).published
    assert document["issuer"] == DID
    assert document["id"] == f"{BASE_URL}/status-lists/1/suspension"
    assert document["proof"]["verificationMethod"] == key.verification_method
    assert datetime.fromisoformat(document["validFrom"]) == clock.now
    assert datetime.fromisoformat(document["validUntil"]) == clock.now + VALIDITY
    assert document["credentialSubject"]["ttl"] == TTL.total_seconds() * 1000
    assert len(decode_list(document["credentialSubject"]["encodedList"])) * 8 == MINIMUM_LENGTH


def test_a_bank_reads_the_status_without_asking(registry: Registry, actor: Actor) -> None:
    ids = issue_many(registry, actor, [sample_certificate(f"N-{number}") for number in range(3)])
    change_status(registry, actor, ids[1], *SUSPEND)
    change_status(registry, actor, ids[2], *WITHDRAW)
    lists = StatusLists(registry)
    key = own_signer(registry, KeyPurpose.STATUS_LIST).published
    keys = {key.verification_method: key}
    checked = [check_list(lists.current(1, purpose).document, DID, keys) for purpose in Purpose]
    hand = {str(one.content.url): one for one in checked}
    found = []
    for public_id in ids:
        credential = canonical_json.parse(find.stored_document(registry, public_id)[1])
        found.append(offline_status(credential, hand, registry.now()).status)
    assert found == [ListedStatus.VALID, ListedStatus.SUSPENDED, ListedStatus.REVOKED]


def test_a_list_is_signed_again_when_half_of_its_validity_is_gone(registry: Registry, clock: Clock) -> None:
    lists = StatusLists(registry)
    first = lists.current(1, Purpose.REVOCATION)
    clock.now += VALIDITY / 2 - timedelta(seconds=1)
    assert lists.current(1, Purpose.REVOCATION) == first
    clock.advance(seconds=1)
    second = lists.current(1, Purpose.REVOCATION)
    assert second.etag != first.etag
    document = canonical_json.parse(second.document)
    assert datetime.fromisoformat(document["validUntil"]) == clock.now + VALIDITY


def test_a_list_from_the_future_does_not_stay(registry: Registry, clock: Clock) -> None:
    """A machine whose clock was a year ahead has published it."""
    lists = StatusLists(registry)
    now = clock.now
    clock.advance(days=365)
    first = lists.current(1, Purpose.REVOCATION)
    clock.now = now
    second = lists.current(1, Purpose.REVOCATION)
    assert second.etag != first.etag
    assert datetime.fromisoformat(canonical_json.parse(second.document)["validFrom"]) == now


def test_a_new_key_signs_the_lists_at_once(registry: Registry, clock: Clock) -> None:
    lists = StatusLists(registry)
    first = lists.current(1, Purpose.REVOCATION)
    old = own_signer(registry, KeyPurpose.STATUS_LIST).published
    manage_keys.create_key(registry, manage_keys.REGISTRY_OWNER, KeyPurpose.STATUS_LIST)
    clock.advance(seconds=1)
    second = lists.current(1, Purpose.REVOCATION)
    method = canonical_json.parse(second.document)["proof"]["verificationMethod"]
    assert method != old.verification_method
    assert second.etag != first.etag
    clock.advance(seconds=1)
    assert lists.current(1, Purpose.REVOCATION) == second


# When it is built, and what that costs.


def test_what_has_not_changed_keeps_its_bytes(registry: Registry, actor: Actor, clock: Clock) -> None:
    lists = StatusLists(registry)
    public_id = new(registry, actor)
    change_status(registry, actor, public_id, *WITHDRAW)
    first = lists.current(1, Purpose.REVOCATION)
    # Issuing and other acts are events, but change no bit of this list.
    for number in range(2, 5):
        clock.advance(seconds=2)
        change_status(registry, actor, new(registry, actor, f"N-{number}"), *SUSPEND)
        assert lists.current(1, Purpose.REVOCATION) == first


def test_an_unchanged_list_takes_two_queries_at_most(registry: Registry, actor: Actor, clock: Clock) -> None:
    lists = StatusLists(registry)
    change_status(registry, actor, new(registry, actor), *WITHDRAW)
    lists.current(1, Purpose.REVOCATION)
    for pause in (0, 1, 3600):
        clock.advance(seconds=pause)
        with queries(registry) as sent:
            lists.current(1, Purpose.REVOCATION)
        assert 1 <= len(sent) <= 2, sent
    # A process that has just started has to fetch the bytes, and builds nothing.
    other, fresh = process(registry)
    with queries(other) as sent:
        fresh.current(1, Purpose.REVOCATION)
    other.database.close()
    assert len(sent) == 2, sent


def test_much_change_makes_a_process_look_once_a_second(registry: Registry, actor: Actor, clock: Clock) -> None:
    lists = StatusLists(registry)
    ids = issue_many(registry, actor, [sample_certificate(f"N-{number}") for number in range(5)])
    clock.advance(seconds=1)
    first = lists.current(1, Purpose.REVOCATION)
    tags = set()
    for public_id in ids:
        change_status(registry, actor, public_id, *WITHDRAW)
        clock.advance(seconds=0.15)
        tags.add(lists.current(1, Purpose.REVOCATION).etag)
    assert tags == {first.etag}
    clock.advance(seconds=0.25)
    assert lists.current(1, Purpose.REVOCATION).etag != first.etag
    assert {bits(registry, lists, public_id) for public_id in ids} == {REVOKED}


def test_all_processes_serve_the_same_bytes(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = new(registry, actor)
    (first, one), (second, two) = process(registry), process(registry)
    for act in (SUSPEND, RESTORE, SUSPEND):
        change_status(registry, actor, public_id, *act)
        clock.advance(seconds=1)
        served = [lists.current(1, Purpose.SUSPENSION) for lists in (one, two, one, two)]
        assert len({published.document for published in served}) == 1
        # Signed a moment later it would be another document.
        clock.advance(seconds=0.5)
        assert two.current(1, Purpose.SUSPENSION) == served[0]
    first.database.close()
    second.database.close()


def served_at_once(processes: list[StatusLists]) -> list[str]:
    """The tag that each process serves, all asked at the same moment."""
    together = threading.Barrier(len(processes))

    def serve(lists: StatusLists) -> str:
        together.wait(10)
        return lists.current(1, Purpose.REVOCATION).etag

    with ThreadPoolExecutor(len(processes)) as pool:
        return list(pool.map(serve, processes))


def test_processes_that_build_at_the_same_time_agree(registry: Registry, actor: Actor, clock: Clock) -> None:
    # A list that is signed twice shows, for the clocks of the processes differ.
    processes = [process(registry, ahead) for ahead in range(4)]
    lists = [one for _, one in processes]
    ids = issue_many(registry, actor, [sample_certificate(f"N-{number}") for number in range(3)])
    for public_id in ids:
        tags = set(served_at_once(lists))
        assert len(tags) == 1
        clock.advance(seconds=1)
        assert {one.current(1, Purpose.REVOCATION).etag for one in lists} == tags
        change_status(registry, actor, public_id, *WITHDRAW)
        clock.advance(seconds=1)
    assert bits(registry, lists[0], ids[-1]) == REVOKED
    for own, _ in processes:
        own.database.close()


def test_an_act_that_is_committed_late_is_not_missed(registry: Registry, actor: Actor, clock: Clock) -> None:
    """On PostgreSQL events are numbered before they are committed: a later one may show first."""
    if registry.database.dialect != "postgresql":
        pytest.skip("one writes at a time")
    lists = StatusLists(registry)
    slow, quick = new(registry, actor, "N-1"), new(registry, actor, "N-2")
    lists.current(1, Purpose.REVOCATION)
    with registry.database.transaction() as connection:
        # What change_status does, held up before its commit.
        connection.execute(
            text(
                "INSERT INTO status_events (certificate_id, sequence, act, reason, effective_at, recorded_at, actor)"
                " SELECT id, 2, 'withdraw', 'misuse_of_mark', :now, :now, 'x' FROM certificates"
                " WHERE public_id = :public_id"
            ),
            {"now": clock.now, "public_id": slow},
        )
        connection.execute(
            text("UPDATE certificates SET state = 'withdrawn', event_count = 2 WHERE public_id = :public_id"),
            {"public_id": slow},
        )
        change_status(registry, actor, quick, *WITHDRAW)
        clock.advance(seconds=1)
        assert bits(registry, lists, quick) == REVOKED
        assert bits(registry, lists, slow) == CLEAR
    clock.advance(seconds=1)
    assert bits(registry, lists, slow) == REVOKED
