"""W3C Bitstring Status List 1.0: status entries in credentials, status list credentials, and reading one by the other.

A list is one bit for each index, the first index at the left-most bit (section 2.2); compressed with gzip and written
in multibase base64url.
"""

from __future__ import annotations

import base64
import gzip
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from registry.formats.canonical_json import JsonObject
from registry.formats.data_integrity import timestamp

VC_CONTEXT = "https://www.w3.org/ns/credentials/v2"
ENTRY_TYPE = "BitstringStatusListEntry"
CREDENTIAL_TYPE = "BitstringStatusListCredential"
LIST_TYPE = "BitstringStatusList"
# Section 6.1: with fewer entries, asking for a list tells too much about whose certificate is being checked.
MINIMUM_LENGTH = 131_072
# The largest bitstring that is unpacked, in bytes: 67 million entries. What claims to be more is a gzip bomb.
MAX_BITSTRING_BYTES = 2**23
_MAX_MESSAGES_SIZE = 8
# Level 9 takes ten times as long for a list that is a twentieth smaller.
_COMPRESSION_LEVEL = 6
_GZIP = 16 + zlib.MAX_WBITS
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,18}")
_STATUS_VALUE = re.compile("0x[0-9a-fA-F]{1,2}")
_VC_ERRORS = "https://www.w3.org/TR/vc-data-model#"
_STATUS_ERRORS = "https://www.w3.org/ns/credentials/status-list#"


class Purpose(StrEnum):
    """The status purposes of section 2.1 that this registry publishes."""

    REVOCATION = "revocation"
    SUSPENSION = "suspension"


class Problem(StrEnum):
    """Why a status can't be told: the names of section 3.5, and of the problem details of the VC Data Model 2.0."""

    RETRIEVAL = "STATUS_RETRIEVAL_ERROR"
    VERIFICATION = "STATUS_VERIFICATION_ERROR"
    LENGTH = "STATUS_LIST_LENGTH_ERROR"
    MALFORMED = "MALFORMED_VALUE_ERROR"
    RANGE = "RANGE_ERROR"

    @property
    def type(self) -> str:
        """The `type` of a problem document (RFC 9457) about it."""
        return (_VC_ERRORS if self in {Problem.MALFORMED, Problem.RANGE} else _STATUS_ERRORS) + self.value


class StatusListError(ValueError):
    """The status can't be told from this entry and this list; `problem` says why in the standard's words."""

    def __init__(self, problem: Problem, message: str) -> None:
        self.problem = problem
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A checked `credentialStatus` entry (2.1). `messages`: the entry's word for each value, where it has any."""

    purpose: str
    index: int
    list_url: str
    messages: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class StatusList:
    """The content of a checked status list credential (2.2). `url`: its id, None where it has none."""

    url: str | None
    purposes: tuple[str, ...]
    bits: bytes


@dataclass(frozen=True, slots=True)
class StatusResult:
    """What a list says of one entry (3.2, last steps): `status` is the bit; `message` is the entry's word for it."""

    purpose: str
    status: int
    message: str | None = None

    @property
    def valid(self) -> bool:
        """Whether the purpose does not speak against the credential."""
        return self.status == 0


def bitstring(length: int, indexes: Iterable[int]) -> bytearray:
    """`length` bits, a multiple of 8, with those at `indexes` set."""
    bits = bytearray(length // 8)
    for index in indexes:
        bits[index >> 3] |= 0x80 >> (index & 7)
    return bits


def is_set(bits: bytes | bytearray, index: int) -> bool:
    """The bit at `index`, counted from the left."""
    return bool(bits[index >> 3] & (0x80 >> (index & 7)))


def encode_list(bits: bytes | bytearray) -> str:
    """`encodedList` (3.3): the same text for the same bits."""
    packed = gzip.compress(bits, _COMPRESSION_LEVEL, mtime=0)
    return "u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


def decode_list(encoded: object, max_bytes: int = MAX_BITSTRING_BYTES) -> bytes:
    """The bitstring behind an `encodedList` (3.4), unpacked to `max_bytes` at most.

    Raises StatusListError with Problem.MALFORMED.
    """
    if not isinstance(encoded, str) or not encoded.startswith("u") or not _BASE64URL.fullmatch(encoded, 1):
        raise _malformed("encodedList is not multibase base64url without padding, beginning with 'u'")
    text = encoded[1:]
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        unpacker = zlib.decompressobj(_GZIP)
        bits = unpacker.decompress(packed, max_bytes + 1)
    except (ValueError, zlib.error) as error:
        raise _malformed("encodedList is not compressed with gzip") from error
    if len(bits) > max_bytes:
        raise _malformed(f"encodedList unpacks to more than {max_bytes} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise _malformed("encodedList is cut off, or something follows its end")
    return bits


def status_list_url(base_url: str, list_id: int, purpose: Purpose) -> str:
    """Where this registry publishes a list."""
    return f"{base_url}/status-lists/{list_id}/{purpose.value}"


def status_entry(list_url: str, index: int, purpose: Purpose) -> JsonObject:
    """One `credentialStatus` entry (2.1). It has no `id`, which is optional and has no use."""
    return {
        "type": ENTRY_TYPE,
        "statusPurpose": purpose.value,
        "statusListIndex": str(index),
        "statusListCredential": list_url,
    }


def status_entries(base_url: str, list_id: int, index: int) -> list[JsonObject]:
    """What a certificate carries: its index in the list of revocations, and the same in that of suspensions."""
    text = str(index)
    return [{**entry, "statusListIndex": text} for entry in _entries_of_list(base_url, list_id)]


@lru_cache(maxsize=64)
def _entries_of_list(base_url: str, list_id: int) -> list[JsonObject]:
    """The entries but for the index: the same for each of 10,000 certificates in a batch."""
    return [status_entry(status_list_url(base_url, list_id, purpose), 0, purpose) for purpose in Purpose]


def status_list_credential(
    url: str,
    issuer: str,
    purpose: Purpose,
    bits: bytes | bytearray,
    valid_from: datetime,
    valid_until: datetime,
    ttl: timedelta,
) -> JsonObject:
    """The status list credential (2.2), without proof. `ttl`: after how long a copy is better fetched anew."""
    return {
        "@context": [VC_CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", CREDENTIAL_TYPE],
        "issuer": issuer,
        "validFrom": timestamp(valid_from),
        "validUntil": timestamp(valid_until),
        "credentialSubject": {
            "id": url + "#list",
            "type": LIST_TYPE,
            "statusPurpose": purpose.value,
            "encodedList": encode_list(bits),
            "ttl": ttl // timedelta(milliseconds=1),
        },
    }


def read_status(
    entry: JsonObject,
    list_credential: JsonObject,
    purpose: str | None = None,
    minimum_length: int = MINIMUM_LENGTH,
) -> StatusResult:
    """The status of a credential by its entry and the list that the entry names (3.2, behind the dereferencing).

    The caller has checked the list credential as a credential: its proof, its issuer, its validity. `purpose`: what
    the caller asks about; the entry has to be of that purpose. Raises StatusListError.
    """
    wanted = check_entry(entry)
    if purpose is not None and wanted.purpose != purpose:
        raise StatusListError(Problem.VERIFICATION, f"the entry is for {wanted.purpose!r}, not for {purpose!r}")
    return look_up(wanted, unpack_list(list_credential), minimum_length)


def look_up(entry: StatusEntry, status_list: StatusList, minimum_length: int = MINIMUM_LENGTH) -> StatusResult:
    """The bit of an entry. Raises StatusListError: another list, another purpose, too short, out of its range."""
    if status_list.url is not None and status_list.url != entry.list_url:
        raise StatusListError(Problem.VERIFICATION, "the list is another than the one that the entry names")
    if entry.purpose not in status_list.purposes:
        raise StatusListError(Problem.VERIFICATION, f"the list is not one for the purpose {entry.purpose!r}")
    length = len(status_list.bits) * 8
    if length < minimum_length:
        raise StatusListError(Problem.LENGTH, f"the list has {length} entries; it needs {minimum_length}")
    if entry.index >= length:
        raise StatusListError(Problem.RANGE, f"the list has no index {entry.index}; it has {length} entries")
    status = int(is_set(status_list.bits, entry.index))
    return StatusResult(entry.purpose, status, entry.messages.get(status))


def check_entry(entry: object) -> StatusEntry:
    """Check a `credentialStatus` entry (2.1). Raises StatusListError."""
    if not isinstance(entry, dict) or entry.get("type") != ENTRY_TYPE:
        raise _malformed(f"the type of the status entry is not {ENTRY_TYPE}")
    purpose, index, url = (entry.get(name) for name in ("statusPurpose", "statusListIndex", "statusListCredential"))
    if not isinstance(purpose, str):
        raise _malformed("statusPurpose is not a text")
    if not isinstance(index, str) or not _INDEX.fullmatch(index):
        raise _malformed("statusListIndex is not a whole number of zero or more, written as a text")
    if not isinstance(url, str) or ":" not in url:
        raise _malformed("statusListCredential is not a URL")
    if "id" in entry and (not isinstance(entry["id"], str) or entry["id"] == url):
        raise _malformed("the id of the status entry is not a URL, or is that of the list")
    size = entry.get("statusSize", 1)
    if type(size) is not int or size < 1:
        raise _malformed("statusSize is not a whole number greater than zero")
    messages = _messages(entry, size)
    if size > 1:
        # Section 1.3 leaves it to a processor; no bit order within an entry is laid down.
        raise StatusListError(Problem.VERIFICATION, "entries of more than one bit (statusSize) are not supported")
    return StatusEntry(purpose, int(index), url, messages)


def unpack_list(credential: JsonObject) -> StatusList:
    """Check a status list credential (2.2) in form, and unpack its list. Raises StatusListError."""
    types = credential.get("type")
    if CREDENTIAL_TYPE not in (types if isinstance(types, list) else [types]):
        raise _malformed(f"the type of the list credential does not include {CREDENTIAL_TYPE}")
    subject = credential.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("type") != LIST_TYPE:
        raise _malformed(f"the type of the list credential's subject is not {LIST_TYPE}")
    stated: Any = subject.get("statusPurpose")
    purposes = stated if isinstance(stated, list) else [stated]
    if not purposes or not all(isinstance(one, str) for one in purposes):
        raise _malformed("the statusPurpose of the list is not one or more texts")
    ttl = subject.get("ttl", 0)
    if type(ttl) is not int or ttl < 0:
        raise _malformed("ttl is not a number of milliseconds")
    url = credential.get("id")
    if url is not None and not isinstance(url, str):
        raise _malformed("the id of the list credential is not a URL")
    return StatusList(url, tuple(purposes), decode_list(subject.get("encodedList")))


def _messages(entry: JsonObject, size: int) -> dict[int, str]:
    """The entry's word for each value. Raises StatusListError."""
    if "statusMessage" not in entry:
        if size > 1:
            raise _malformed("statusSize is greater than 1, and statusMessage is missing")
        return {}
    messages = entry["statusMessage"]
    if not isinstance(messages, list) or size > _MAX_MESSAGES_SIZE or len(messages) != 2**size:
        raise _malformed("statusMessage is not a list of one message for each value")
    found = {}
    for one in messages:
        status, message = (one.get("status"), one.get("message")) if isinstance(one, dict) else (None, None)
        if not isinstance(status, str) or not _STATUS_VALUE.fullmatch(status) or not isinstance(message, str):
            raise _malformed("an element of statusMessage lacks its status (0x…) or its message")
        found[int(status, 16)] = message
    return found


def _malformed(message: str) -> StatusListError:
    return StatusListError(Problem.MALFORMED, message)
