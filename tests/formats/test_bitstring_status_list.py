"""Status lists: bits where other implementations look for them, and no status made up from what is wrong."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.formats.bitstring_status_list import (
    MINIMUM_LENGTH,
    Problem,
    Purpose,
    StatusListError,
    bitstring,
    decode_list,
    encode_list,
    is_set,
    read_status,
    status_entries,
    status_list_credential,
    status_list_url,
)
from registry.formats.json_ld import canonical_n_quads

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "status-lists" / "lists.json").read_text("utf-8")
)
# The example of the standard, in section 2.2 and in appendix A: a list of 131,072 entries, none set.
STANDARD_LIST = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
URL = "https://example.com/credentials/status/3"
# The first example of section 2.1.
ENTRY = {
    "id": "https://example.com/credentials/status/3#94567",
    "type": "BitstringStatusListEntry",
    "statusPurpose": "revocation",
    "statusListIndex": "94567",
    "statusListCredential": URL,
}
STANDARD_CREDENTIAL = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "id": URL,
    "type": ["VerifiableCredential", "BitstringStatusListCredential"],
    "issuer": "did:example:12345",
    "validFrom": "2021-04-05T14:27:40Z",
    "credentialSubject": {
        "id": "https://example.com/status/3#list",
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "encodedList": STANDARD_LIST,
    },
}


def refusal(entry: Any, credential: Any, **options: Any) -> Problem:
    with pytest.raises(StatusListError) as caught:
        read_status(entry, credential, **options)
    return caught.value.problem


def changed(document: Any, path: str, value: Any) -> Any:
    """A copy with one member changed, or left out where the value is `...`."""
    copy = deepcopy(document)
    *above, name = path.split(".")
    inner = copy
    for step in above:
        inner = inner[step]
    if value is ...:
        inner.pop(name, None)
    else:
        inner[name] = value
    return copy


def with_list(*indexes: int, length: int = MINIMUM_LENGTH) -> dict[str, Any]:
    document: dict[str, Any] = changed(
        STANDARD_CREDENTIAL, "credentialSubject.encodedList", encode_list(bitstring(length, indexes))
    )
    return document


# What others publish and read.


def test_the_list_of_the_standard_is_read() -> None:
    assert decode_list(STANDARD_LIST) == bytes(MINIMUM_LENGTH // 8)
    assert read_status(ENTRY, STANDARD_CREDENTIAL).valid


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['length']}-{len(vector['indexes'])}")
def test_lists_of_another_implementation_say_the_same(vector: dict[str, Any]) -> None:
    bits = decode_list(vector["credential"]["credentialSubject"]["encodedList"])
    assert bits == bytes(bitstring(vector["length"], vector["indexes"]))
    around = {near % vector["length"] for index in vector["indexes"] for near in (index - 1, index, index + 1)}
    for index in around:
        entry = {**ENTRY, "statusListIndex": str(index)}
        assert read_status(entry, vector["credential"]).valid == (index not in vector["indexes"])


def test_the_first_index_is_the_left_most_bit() -> None:
    """Section 7.1: looking at the wrong bit would take a revoked credential for a good one."""
    assert bitstring(16, [0])[0] == 0b1000_0000
    assert bitstring(16, [7, 8]) == bytearray([0b0000_0001, 0b1000_0000])
    assert bitstring(16, [15])[1] == 0b0000_0001


@settings(deadline=None)
@given(st.sets(st.integers(0, MINIMUM_LENGTH - 1), max_size=200))
def test_what_was_set_is_read_and_nothing_else(indexes: set[int]) -> None:
    bits = decode_list(encode_list(bitstring(MINIMUM_LENGTH, indexes)))
    # The list as one number: the last index is its lowest bit.
    assert int.from_bytes(bits, "big") == sum(2 ** (MINIMUM_LENGTH - 1 - index) for index in indexes)
    assert len(bits) * 8 == MINIMUM_LENGTH
    assert all(is_set(bits, index) for index in indexes)


@given(st.binary(max_size=300))
def test_the_same_bits_give_the_same_text(content: bytes) -> None:
    """Or a list that has not changed would get a new tag."""
    assert encode_list(content) == encode_list(bytearray(content))
    assert decode_list(encode_list(content)) == content
    packed = base64.urlsafe_b64decode(encode_list(content)[1:] + "===")
    assert packed[4:8] == bytes(4), "no time of making inside"


def test_our_own_credential_is_read_by_its_entries() -> None:
    now = datetime(2026, 3, 2, 4, tzinfo=UTC)
    base = "https://registry.example"
    revoked, suspended = status_entries(base, 3, 94567)
    for entry, purpose in ((revoked, Purpose.REVOCATION), (suspended, Purpose.SUSPENSION)):
        url = status_list_url(base, 3, purpose)
        bits = bitstring(MINIMUM_LENGTH, [94567])
        document = status_list_credential(
            url, "did:web:registry.example", purpose, bits, now, now + timedelta(days=7), timedelta(seconds=10)
        )
        assert document["validUntil"] == "2026-03-09T04:00:00Z"
        assert document["credentialSubject"]["ttl"] == 10_000
        assert not read_status(entry, document, purpose).valid
        assert read_status({**entry, "statusListIndex": "94568"}, document, purpose).valid
    assert refusal(suspended, document, purpose="revocation") is Problem.VERIFICATION


def test_a_json_ld_processor_knows_every_term_of_the_list() -> None:
    """Or verifiers of the other cryptosuite would refuse it for data loss."""
    now = datetime(2026, 3, 2, 4, tzinfo=UTC)
    document = status_list_credential(
        URL, "did:web:a.example", Purpose.REVOCATION, bytes(16384), now, now + timedelta(days=7), timedelta(seconds=10)
    )
    statements = canonical_n_quads(document).decode()
    for term in ("encodedList", "statusPurpose", "ttl"):
        assert f"<https://www.w3.org/ns/credentials/status#{term}>" in statements


# What the standard wants refused, with its names.


def test_a_list_for_another_purpose_says_nothing() -> None:
    assert refusal(ENTRY, changed(STANDARD_CREDENTIAL, "credentialSubject.statusPurpose", "suspension")) is (
        Problem.VERIFICATION
    )
    both = changed(STANDARD_CREDENTIAL, "credentialSubject.statusPurpose", ["suspension", "revocation"])
    assert read_status(ENTRY, both).valid


def test_a_list_that_is_too_short_says_nothing() -> None:
    assert refusal(ENTRY, with_list(length=MINIMUM_LENGTH - 8)) is Problem.LENGTH
    assert refusal({**ENTRY, "statusListIndex": "5"}, with_list(length=8)) is Problem.LENGTH
    assert read_status({**ENTRY, "statusListIndex": "5"}, with_list(5, length=8), minimum_length=8).status == 1


def test_an_index_beyond_the_list_says_nothing() -> None:
    last = {**ENTRY, "statusListIndex": str(MINIMUM_LENGTH - 1)}
    assert read_status(last, with_list(MINIMUM_LENGTH - 1)).status == 1
    assert refusal({**ENTRY, "statusListIndex": str(MINIMUM_LENGTH)}, STANDARD_CREDENTIAL) is Problem.RANGE
    assert refusal({**ENTRY, "statusListIndex": "9" * 19}, STANDARD_CREDENTIAL) is Problem.RANGE


def test_another_list_than_the_named_one_says_nothing() -> None:
    """Both may be genuine and of the same issuer."""
    assert refusal(ENTRY, changed(STANDARD_CREDENTIAL, "id", URL + "1")) is Problem.VERIFICATION
    assert read_status(ENTRY, changed(STANDARD_CREDENTIAL, "id", ...)).valid


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("type", "StatusList2021Entry"),
        ("type", ...),
        ("statusPurpose", 5),
        ("statusPurpose", ...),
        ("statusListIndex", 94567),
        ("statusListIndex", "-1"),
        ("statusListIndex", "0x10"),
        ("statusListIndex", "1.0"),
        ("statusListIndex", "٣"),
        ("statusListIndex", "1\n"),
        ("statusListIndex", ""),
        ("statusListIndex", "9" * 5000),
        ("statusListIndex", ...),
        ("statusListCredential", ...),
        ("statusListCredential", {"id": URL}),
        ("id", URL),
        ("id", 5),
        ("statusSize", 0),
        ("statusSize", -1),
        ("statusSize", "1"),
        ("statusSize", 1.5),
        ("statusSize", True),
        ("statusSize", 2),
        ("statusMessage", []),
        ("statusMessage", None),
        ("statusMessage", [{"status": "0x0", "message": "unset"}]),
        ("statusMessage", [{"status": "0x0", "message": "unset"}, {"status": "1", "message": "set"}]),
        ("statusMessage", [{"status": "0x0", "message": "unset"}, {"status": "0x1"}]),
        ("statusMessage", [{"status": "0x0", "message": "unset"}, "0x1"]),
    ],
)
def test_an_entry_that_breaks_a_must_is_malformed(member: str, value: Any) -> None:
    assert refusal(changed(ENTRY, member, value), STANDARD_CREDENTIAL) is Problem.MALFORMED


def test_messages_of_an_entry_are_told() -> None:
    messages = [{"status": "0x0", "message": "in force"}, {"status": "0x1", "message": "recalled"}]
    entry = {**ENTRY, "statusSize": 1, "statusMessage": messages}
    assert read_status(entry, STANDARD_CREDENTIAL).message == "in force"
    assert read_status(entry, with_list(94567)).message == "recalled"


def test_entries_of_several_bits_are_refused_and_not_misread() -> None:
    """Section 1.3 allows a processor to support entries of one bit only."""
    messages = [{"status": f"0x{value:x}", "message": "x"} for value in range(4)]
    entry = {**ENTRY, "statusSize": 2, "statusMessage": messages}
    assert refusal(entry, STANDARD_CREDENTIAL) is Problem.VERIFICATION
    assert refusal({**entry, "statusMessage": messages[:3]}, STANDARD_CREDENTIAL) is Problem.MALFORMED
    assert refusal({**entry, "statusSize": 10**6}, STANDARD_CREDENTIAL) is Problem.MALFORMED


def packed(content: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("type", "VerifiableCredential"),
        ("type", ["VerifiableCredential", "StatusList2021Credential"]),
        ("type", ...),
        ("id", 5),
        ("credentialSubject", ...),
        ("credentialSubject", [STANDARD_CREDENTIAL["credentialSubject"]]),
        ("credentialSubject.type", "StatusList2021"),
        ("credentialSubject.type", ...),
        ("credentialSubject.statusPurpose", ...),
        ("credentialSubject.statusPurpose", []),
        ("credentialSubject.statusPurpose", ["revocation", 5]),
        ("credentialSubject.ttl", -1),
        ("credentialSubject.ttl", "300000"),
        ("credentialSubject.encodedList", ...),
        ("credentialSubject.encodedList", 5),
        ("credentialSubject.encodedList", ""),
        ("credentialSubject.encodedList", STANDARD_LIST[1:]),
        ("credentialSubject.encodedList", "z" + STANDARD_LIST[1:]),
        ("credentialSubject.encodedList", STANDARD_LIST + "="),
        ("credentialSubject.encodedList", STANDARD_LIST[:-4]),
        ("credentialSubject.encodedList", STANDARD_LIST + "AAAA"),
        ("credentialSubject.encodedList", STANDARD_LIST.replace("-", "+")),
        ("credentialSubject.encodedList", "u"),
        ("credentialSubject.encodedList", "uA"),
        ("credentialSubject.encodedList", packed(bytes(MINIMUM_LENGTH // 8))),
        ("credentialSubject.encodedList", packed(zlib.compress(bytes(MINIMUM_LENGTH // 8)))),
        ("credentialSubject.encodedList", packed(gzip.compress(bytes(9)) + gzip.compress(bytes(MINIMUM_LENGTH)))),
    ],
)
def test_a_list_that_breaks_a_must_is_malformed(path: str, value: Any) -> None:
    assert refusal(ENTRY, changed(STANDARD_CREDENTIAL, path, value)) is Problem.MALFORMED


def test_a_gzip_bomb_is_not_unpacked() -> None:
    """64 megabytes in little text: refused at the limit, not at the end of the memory."""
    pack = zlib.compressobj(1, zlib.DEFLATED, 31)
    block = bytes(2**20)
    bomb = b"".join(pack.compress(block) for _ in range(64)) + pack.flush()
    with pytest.raises(StatusListError, match="unpacks to more"):
        decode_list(packed(bomb))
    with pytest.raises(StatusListError, match="more than 10 bytes"):
        decode_list(packed(gzip.compress(bytes(11))), max_bytes=10)
    assert decode_list(packed(gzip.compress(bytes(10))), max_bytes=10) == bytes(10)


@given(st.text(max_size=80) | st.binary(max_size=80).map(packed))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(StatusListError):
        assert isinstance(decode_list(text), bytes)


def test_problems_have_the_types_of_the_standards() -> None:
    assert Problem.LENGTH.type == "https://www.w3.org/ns/credentials/status-list#STATUS_LIST_LENGTH_ERROR"
    assert Problem.RETRIEVAL.type == "https://www.w3.org/ns/credentials/status-list#STATUS_RETRIEVAL_ERROR"
    assert Problem.VERIFICATION.type == "https://www.w3.org/ns/credentials/status-list#STATUS_VERIFICATION_ERROR"
    assert Problem.MALFORMED.type == "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"
    assert Problem.RANGE.type == "https://www.w3.org/TR/vc-data-model#RANGE_ERROR"
