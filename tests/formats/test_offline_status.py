"""The status from lists at hand: what they say, how old it is, and nothing from a list that nobody should trust."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import nacl.signing
import pytest

from registry.domain.signing_key import PublishedKey
from registry.formats.bitstring_status_list import (
    MINIMUM_LENGTH,
    Problem,
    Purpose,
    StatusListError,
    bitstring,
    status_entries,
    status_list_credential,
    status_list_url,
)
from registry.formats.data_integrity import add_proof
from registry.formats.offline_status import CLOCK_SKEW, CheckedList, ListedStatus, check_list, offline_status

BASE = "https://registry.example"
DID = "did:web:registry.example"
METHOD = DID + "#status-list-1"
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
WEEK = timedelta(days=7)
SIGNING_KEY = nacl.signing.SigningKey(bytes(range(32)))
KEY = PublishedKey(METHOD, bytes(SIGNING_KEY.verify_key), NOW - timedelta(days=100))
INDEX = 94567


def sign(data: bytes) -> bytes:
    return SIGNING_KEY.sign(data).signature


def signed_list(
    purpose: Purpose, *indexes: int, built: datetime = NOW, method: str = METHOD, list_id: int = 1, **changes: Any
) -> bytes:
    url = status_list_url(BASE, list_id, purpose)
    bits = bitstring(MINIMUM_LENGTH, indexes)
    document = status_list_credential(url, DID, purpose, bits, built, built + WEEK, timedelta(seconds=10))
    document = {name: value for name, value in (document | changes).items() if value is not ...}
    return add_proof(document, method, built, sign)


def at_hand(*lists: bytes) -> dict[str, CheckedList]:
    checked = [check_list(one, DID, {METHOD: KEY}) for one in lists]
    return {str(one.content.url): one for one in checked}


def lists(revoked: list[int], suspended: list[int], built: datetime = NOW) -> dict[str, CheckedList]:
    return at_hand(
        signed_list(Purpose.REVOCATION, *revoked, built=built), signed_list(Purpose.SUSPENSION, *suspended, built=built)
    )


CREDENTIAL = {"credentialStatus": status_entries(BASE, 1, INDEX)}


@pytest.mark.parametrize(
    ("revoked", "suspended", "expected"),
    [
        ([], [], ListedStatus.VALID),
        ([INDEX - 1, INDEX + 1], [INDEX - 1, INDEX + 1], ListedStatus.VALID),
        ([], [INDEX], ListedStatus.SUSPENDED),
        ([INDEX], [], ListedStatus.REVOKED),
        ([INDEX], [INDEX], ListedStatus.REVOKED),
    ],
)
def test_the_bits_decide(revoked: list[int], suspended: list[int], expected: ListedStatus) -> None:
    found = offline_status(CREDENTIAL, lists(revoked, suspended), NOW)
    assert found.status is expected
    assert found.as_of == NOW
    assert str(INDEX) in found.reasons[0]


def test_the_oldest_list_tells_how_old_the_answer_is() -> None:
    hand = at_hand(
        signed_list(Purpose.REVOCATION, built=NOW - timedelta(days=2)),
        signed_list(Purpose.SUSPENSION, built=NOW - timedelta(days=1)),
    )
    assert offline_status(CREDENTIAL, hand, NOW).as_of == NOW - timedelta(days=2)


def test_without_all_its_lists_nothing_is_called_valid() -> None:
    hand = at_hand(signed_list(Purpose.REVOCATION))
    found = offline_status(CREDENTIAL, hand, NOW)
    assert found.status is ListedStatus.UNKNOWN
    assert status_list_url(BASE, 1, Purpose.SUSPENSION) in found.reasons[0]
    assert offline_status(CREDENTIAL, {}, NOW).status is ListedStatus.UNKNOWN
    suspended = offline_status(CREDENTIAL, at_hand(signed_list(Purpose.SUSPENSION, INDEX)), NOW)
    assert suspended.status is ListedStatus.SUSPENDED
    assert len(suspended.reasons) == 2, "that the other list is missing is told as well"


@pytest.mark.parametrize("status", [None, [], {}, "x", 5, [5], [{"type": "Other2020"}]])
def test_a_credential_without_entries_has_no_status_here(status: Any) -> None:
    for credential in ({"credentialStatus": status}, {}):
        found = offline_status(credential, lists([], []), NOW)
        assert found.status is ListedStatus.UNKNOWN
        assert found.reasons


def test_one_entry_may_stand_alone_and_other_purposes_do_not_count() -> None:
    revocation, _ = status_entries(BASE, 1, INDEX)
    assert offline_status({"credentialStatus": revocation}, lists([], []), NOW).status is ListedStatus.VALID
    refresh = {**revocation, "statusPurpose": "refresh"}
    both = {"credentialStatus": [revocation, refresh]}
    assert offline_status(both, lists([], []), NOW).status is ListedStatus.VALID
    assert offline_status({"credentialStatus": refresh}, lists([], []), NOW).status is ListedStatus.UNKNOWN


def test_a_list_out_of_date_still_revokes_but_clears_nobody() -> None:
    later = NOW + WEEK + timedelta(seconds=1)
    assert offline_status(CREDENTIAL, lists([INDEX], []), later).status is ListedStatus.REVOKED
    for suspended in ([], [INDEX]):
        found = offline_status(CREDENTIAL, lists([], suspended), later)
        assert found.status is ListedStatus.UNKNOWN
        assert "fetch a newer one" in found.reasons[0]
    assert offline_status(CREDENTIAL, lists([], []), NOW + WEEK).status is ListedStatus.VALID
    # Clocks differ a little.
    assert offline_status(CREDENTIAL, lists([], []), NOW - CLOCK_SKEW).status is ListedStatus.VALID
    before = NOW - CLOCK_SKEW - timedelta(seconds=1)
    assert offline_status(CREDENTIAL, lists([], []), before).status is ListedStatus.UNKNOWN


def test_a_list_is_found_only_under_its_own_address() -> None:
    hand = lists([INDEX], [])
    other = status_list_url(BASE, 2, Purpose.REVOCATION)
    entry = {**status_entries(BASE, 1, INDEX)[0], "statusListCredential": other}
    misplaced = {other: hand[status_list_url(BASE, 1, Purpose.REVOCATION)]}
    assert offline_status({"credentialStatus": entry}, misplaced, NOW).status is ListedStatus.UNKNOWN


# Lists that nobody should trust.


def refused(signed: bytes, issuer: str = DID, keys: dict[str, PublishedKey] | None = None) -> str:
    with pytest.raises(StatusListError) as caught:
        check_list(signed, issuer, {METHOD: KEY} if keys is None else keys)
    assert caught.value.problem in {Problem.VERIFICATION, Problem.MALFORMED}
    return str(caught.value)


def test_a_list_that_was_changed_is_refused() -> None:
    good = signed_list(Purpose.REVOCATION, INDEX)
    document = json.loads(good)
    document["credentialSubject"]["encodedList"] = json.loads(signed_list(Purpose.REVOCATION))["credentialSubject"][
        "encodedList"
    ]
    assert "signature" in refused(json.dumps(document).encode())
    later = json.loads(good) | {"validUntil": "2030-01-01T00:00:00Z"}
    assert "signature" in refused(json.dumps(later).encode())
    assert check_list(json.dumps(json.loads(good), indent=2).encode(), DID, {METHOD: KEY}), "white space is no change"


def test_a_list_of_somebody_else_is_refused() -> None:
    good = signed_list(Purpose.REVOCATION)
    assert "unknown key" in refused(good, keys={})
    assert "signature" in refused(good, keys={METHOD: replace(KEY, public_key=bytes(31) + b"\x09")})
    foreign = "did:web:elsewhere.example"
    assert "unknown key" in refused(signed_list(Purpose.REVOCATION), issuer=foreign)
    # A key of the registry signs for another issuer, or another's key for the registry.
    assert "not one of" in refused(signed_list(Purpose.REVOCATION, issuer=foreign))
    method = foreign + "#status-list-1"
    assert "unknown key" in refused(signed_list(Purpose.REVOCATION, method=method), keys={method: KEY})


def test_a_list_signed_with_a_compromised_key_is_refused() -> None:
    """Its date proves nothing: whoever has the key writes any."""
    compromised = replace(KEY, compromised_since=NOW + timedelta(days=1))
    assert "compromised" in refused(signed_list(Purpose.REVOCATION), keys={METHOD: compromised})


def test_a_list_signed_with_a_key_after_its_end_is_refused() -> None:
    retired = replace(KEY, retired_at=NOW + timedelta(days=1))
    assert check_list(signed_list(Purpose.REVOCATION), DID, {METHOD: retired})
    later = signed_list(Purpose.REVOCATION, built=NOW + timedelta(days=1))
    assert "end of the key" in refused(later, keys={METHOD: retired})


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ...},
        {"validFrom": ...},
        {"validUntil": ...},
        {"validUntil": 5},
        {"validUntil": "tomorrow"},
        {"validUntil": "2026-03-09T04:00:00"},
        {"type": ["VerifiableCredential"]},
        {"credentialSubject": {}},
    ],
)
def test_a_list_without_what_it_needs_is_refused(changes: dict[str, Any]) -> None:
    assert refused(signed_list(Purpose.REVOCATION, **changes))


@pytest.mark.parametrize("signed", [b"", b"[]", b"5", b"{}", b"\xff", b'{"proof": 5}', b'{"proof": {}}'])
def test_what_is_no_signed_list_is_refused(signed: bytes) -> None:
    assert refused(signed)
