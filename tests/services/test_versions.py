"""New versions of a certificate, through the services: signed, in order, and never by the way."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from registry.domain.errors import Conflict, IllegalMove, InvalidInput, NotFound, NotPermitted, RegistryError
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import Verdict
from registry.formats.data_integrity import Cryptosuite
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import search, versions
from registry.services.idempotency import Idempotency
from registry.services.issue import issue
from registry.services.log.audit import audit_log
from registry.services.manage_issuers import set_cryptosuite
from registry.services.verify import Verifier
from registry.services.versions import issue_version
from tests.conftest import Clock, sample_certificate
from tests.services.test_issue import keyed_actor, rows_everywhere
from tests.services.test_status_lists import queries

NUMBER = "00125Q30001R0S"
NEW_NAME = {"holder": {"name": {"zh": "宁波华丰智能制造有限公司（样例）"}}}
SMALLER = {"scope": {"zh": "汽车用注塑件的生产"}}


def new(registry: Registry, actor: Actor) -> str:
    return issue(registry, actor, sample_certificate()).public_id


def told(registry: Registry, public_id: str) -> list[tuple[str | None, int, str]]:
    """The versions as anybody sees them: what changed, the revision, the status."""
    found = Verifier(registry, 0).by_public_id(public_id)
    return [(one.certificate.change, one.certificate.revision, one.status.status.value) for one in found.versions]


def test_versions_stand_in_order_and_each_supersedes_the_one_before(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    first = new(registry, actor)
    assert told(registry, first) == []
    clock.advance(days=30)
    second = issue_version(registry, actor, first, Reason.NAME_CHANGE, NEW_NAME).public_id
    clock.advance(days=30)
    third = issue_version(registry, actor, second, Reason.SCOPE_REDUCTION, SMALLER).public_id
    expected = [
        (None, 1, "superseded"),
        ("name_change", 2, "superseded"),
        ("scope_reduction", 3, "valid"),
    ]
    for public_id in (first, second, third):
        assert told(registry, public_id) == expected
    terms = Verifier(registry, 0).by_public_id(third).terms
    assert (terms["holder"]["name"]["zh"], terms["scope"]) == (NEW_NAME["holder"]["name"]["zh"], SMALLER["scope"])
    assert terms["holder"]["identifier"]["value"] == "91330282MA00000184"
    assert (terms["granted_on"], terms["valid_until"]) == ("2025-01-06", "2028-01-07")
    assert terms["decided_on"] == terms["valid_from"] == "2026-05-01"
    assert audit_log(registry).findings == ()


def test_no_english_stays_beside_another_chinese(registry: Registry, actor: Actor) -> None:
    row = issue_version(registry, actor, new(registry, actor), Reason.SCOPE_REDUCTION, SMALLER)
    terms = Verifier(registry, 0).by_public_id(row.public_id).terms
    assert "en" not in terms["scope"]
    assert terms["holder"]["address"]["en"].startswith("No. 18")


def test_a_version_can_have_another_number_which_counts_from_one(registry: Registry, actor: Actor) -> None:
    changes = {
        "number": "00126Q30001R1S",
        "decided_on": "2026-03-02",
        "valid_from": "2026-03-02",
        "valid_until": "2029-03-01",
    }
    old = new(registry, actor)
    row = issue_version(registry, actor, old, Reason.RECERTIFICATION, changes)
    assert (row.number, row.revision, row.first_reason) == ("00126Q30001R1S", 1, "recertification")
    with pytest.raises(Conflict, match="taken"):
        issue(registry, actor, sample_certificate("00126Q30001R1S"))
    with pytest.raises(Conflict, match="taken"):
        issue(registry, actor, sample_certificate(NUMBER))


def test_a_number_is_taken_by_another_certificate_in_a_version_too(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate("taken"))
    old = new(registry, actor)
    before = rows_everywhere(registry)
    with pytest.raises(Conflict, match="taken"):
        issue_version(registry, actor, old, Reason.CORRECTION, {"number": "taken"})
    assert rows_everywhere(registry) == before


def test_the_newest_version_is_found_first_by_its_number(registry: Registry, actor: Actor) -> None:
    first = new(registry, actor)
    second = issue_version(registry, actor, first, Reason.NAME_CHANGE, NEW_NAME).public_id
    found = search(registry, number=NUMBER).items
    assert [one.certificate.public_id for one in found] == [second, first]


def test_a_version_may_begin_later_and_the_old_one_holds_until_then(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    old = new(registry, actor)
    changes = {**NEW_NAME, "valid_from": "2026-04-01"}
    row = issue_version(registry, actor, old, Reason.NAME_CHANGE, changes)
    assert told(registry, old) == [(None, 1, "valid"), ("name_change", 2, "not_yet_valid")]
    clock.now = datetime.fromisoformat("2026-04-01T00:00:00+08:00")
    assert told(registry, row.public_id) == [(None, 1, "superseded"), ("name_change", 2, "valid")]


def test_after_a_version_was_given_up_the_next_one_counts_on(registry: Registry, actor: Actor) -> None:
    old = new(registry, actor)
    given_up = issue_version(registry, actor, old, Reason.NAME_CHANGE, {**NEW_NAME, "valid_from": "2026-04-01"})
    change_status(registry, actor, given_up.public_id, Act.CANCEL, Reason.HOLDER_REQUEST)
    again = issue_version(registry, actor, old, Reason.NAME_CHANGE, NEW_NAME)
    assert again.revision == 3
    assert [one[2] for one in told(registry, old)] == ["superseded", "cancelled", "valid"]


def test_a_suspended_certificate_is_not_made_valid_by_a_change_of_name(registry: Registry, actor: Actor) -> None:
    old = new(registry, actor)
    change_status(registry, actor, old, Act.SUSPEND, Reason.NONCONFORMITY_OPEN)
    before = rows_everywhere(registry)
    with pytest.raises(IllegalMove, match="suspended"):
        issue_version(registry, actor, old, Reason.NAME_CHANGE, NEW_NAME)
    assert rows_everywhere(registry) == before
    row = issue_version(registry, actor, old, Reason.SCOPE_REDUCTION, SMALLER)
    assert Verifier(registry, 0).by_public_id(row.public_id).verdict is Verdict.VALID


def test_only_the_issuer_with_the_right_verb_makes_versions(registry: Registry, actor: Actor) -> None:
    old = new(registry, actor)
    with pytest.raises(NotFound):
        issue_version(registry, operator(registry, "other"), old, Reason.NAME_CHANGE, NEW_NAME)
    with pytest.raises(NotFound):
        versions(registry, operator(registry, "other"), old)
    with pytest.raises(NotPermitted):
        issue_version(registry, replace(actor, verbs=frozenset({Verb.ISSUE})), old, Reason.NAME_CHANGE, NEW_NAME)


def test_a_repeated_request_makes_one_version(registry: Registry) -> None:
    someone = keyed_actor(registry)
    old = new(registry, someone)
    key = Idempotency("version-1", b"f")
    first, again = (
        issue_version(registry, someone, old, Reason.NAME_CHANGE, NEW_NAME, idempotency=key) for _ in range(2)
    )
    assert first.public_id == again.public_id
    assert len(told(registry, old)) == 2


def test_of_two_versions_at_once_one_is_made(registry: Registry, actor: Actor) -> None:
    old = new(registry, actor)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def attempt(kind: Reason, changes: dict[str, Any]) -> None:
        barrier.wait()
        try:
            issue_version(registry, actor, old, kind, changes)
            outcomes.append("done")
        except RegistryError:
            outcomes.append("refused")

    threads = [
        threading.Thread(target=attempt, args=(Reason.NAME_CHANGE, NEW_NAME)),
        threading.Thread(target=attempt, args=(Reason.SCOPE_REDUCTION, SMALLER)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "refused"]
    assert len(told(registry, old)) == 2


def test_what_is_wrong_with_a_version_is_told_with_its_place(registry: Registry, actor: Actor) -> None:
    old = new(registry, actor)
    with pytest.raises(InvalidInput) as refused:
        issue_version(registry, actor, old, Reason.NAME_CHANGE, {**NEW_NAME, "valid_until": "2040-01-01"})
    assert [one.pointer for one in refused.value.violations] == ["/certificate/valid_until"] * 2
    assert told(registry, old) == []


@pytest.mark.parametrize("suite", list(Cryptosuite))
def test_what_a_version_replaces_is_signed(registry: Registry, actor: Actor, suite: Cryptosuite) -> None:
    set_cryptosuite(registry, "cqc", suite)
    old = new(registry, actor)
    row = issue_version(registry, actor, old, Reason.NAME_CHANGE, NEW_NAME)
    found = Verifier(registry, 0).by_public_id(row.public_id)
    assert found.verdict is Verdict.VALID
    assert found.terms["replaces"] == {
        "change": "name_change",
        "number": NUMBER,
        "revision": 1,
        "credential": f"https://registry.example/certificates/{old}",
    }


def test_a_verification_asks_for_versions_only_where_there_are_some(registry: Registry, actor: Actor) -> None:
    alone, old = issue(registry, actor, sample_certificate("alone")).public_id, new(registry, actor)
    newer = issue_version(registry, actor, old, Reason.NAME_CHANGE, NEW_NAME).public_id
    verifier = Verifier(registry, 0)
    asked = []
    for public_id in (alone, newer):
        with queries(registry) as sent:
            verifier.by_public_id(public_id)
        asked.append(len([one for one in sent if "first_version_id" in one]))
    # The first of them, which may have been taken over from somebody else, and all of them.
    assert asked == [0, 2]


def test_an_expired_certificate_is_recertified_within_six_months(
    registry: Registry, actor: Actor, clock: Clock
) -> None:
    old = new(registry, actor)
    clock.now = datetime.fromisoformat("2028-05-01T12:00:00+08:00")
    with pytest.raises(IllegalMove, match="expired"):
        issue_version(registry, actor, old, Reason.NAME_CHANGE, NEW_NAME)
    row = issue_version(registry, actor, old, Reason.RECERTIFICATION, {"valid_until": "2031-01-07"})
    assert row.valid_from == row.decided_on == date(2028, 5, 1)
    assert told(registry, old)[0][2] == Status.SUPERSEDED
