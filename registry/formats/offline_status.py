"""The status of a credential from status lists that were fetched beforehand, with no registry to ask.

A list is checked once (`check_list`); each credential then costs the reading of a bit (`offline_status`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from registry.domain.signing_key import PublishedKey
from registry.formats.bitstring_status_list import (
    MINIMUM_LENGTH,
    Problem,
    Purpose,
    StatusEntry,
    StatusList,
    StatusListError,
    check_entry,
    look_up,
    unpack_list,
)
from registry.formats.canonical_json import JsonObject, MalformedJson, parse
from registry.formats.data_integrity import MalformedProof, signature_holds, take_apart, timestamp

# The machine that signs a list and the one that reads it need not agree to the second.
CLOCK_SKEW = timedelta(minutes=5)
_PURPOSES = frozenset(Purpose)


class ListedStatus(StrEnum):
    """What status lists say of a credential."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


# What is known against a credential outranks what is not known.
_BY_WEIGHT = (ListedStatus.REVOKED, ListedStatus.SUSPENDED, ListedStatus.UNKNOWN, ListedStatus.VALID)


@dataclass(frozen=True, slots=True)
class CheckedList:
    """A status list whose signature holds, and from when to when it can be believed."""

    content: StatusList
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class OfflineStatus:
    """The status, and why: a sentence for each entry that speaks against the credential, or else for each.

    `as_of` is the beginning of the oldest list that was read: a later change is not known. None where none was.
    """

    status: ListedStatus
    reasons: tuple[str, ...]
    as_of: datetime | None = None


def check_list(signed: bytes, issuer: str, keys: Mapping[str, PublishedKey]) -> CheckedList:
    """Check the bytes of a signed status list credential (`eddsa-jcs-2022`), whatever the time is now.

    `issuer`: the DID that may publish the lists; `keys`: its keys for them, by their DID URLs, from a source that the
    caller trusts. A key that is known to be compromised counts for nothing, a retired one until its end.

    Raises StatusListError.
    """
    try:
        taken = take_apart(_parsed(signed))
    except (MalformedProof, MalformedJson) as error:
        raise _refused(str(error)) from error
    document = taken.document
    key = keys.get(taken.verification_method)
    if key is None or not taken.verification_method.startswith(issuer + "#"):
        raise _refused(f"the list is signed with an unknown key, {taken.verification_method[:200]!r}")
    if key.compromised_since is not None:
        raise _refused("the list is signed with a key that is compromised; fetch a newer list")
    begins = _moment(document, "validFrom")
    if key.state_at(begins) != "active":
        raise _refused("the list is younger than the end of the key that signed it")
    if not signature_holds(taken, key.public_key):
        raise _refused("the signature of the list does not hold")
    stated = document.get("issuer")
    if (stated.get("id") if isinstance(stated, dict) else stated) != issuer:
        raise _refused(f"the list is not one of {issuer}")
    content = unpack_list(document)
    if content.url is None:
        raise _refused("the list does not say which one it is (id)")
    return CheckedList(content, begins, _moment(document, "validUntil"))


def offline_status(
    credential: JsonObject,
    lists: Mapping[str, CheckedList],
    now: datetime,
    minimum_length: int = MINIMUM_LENGTH,
) -> OfflineStatus:
    """The status of a credential by `lists` (by their addresses, as `credentialStatus` names them).

    The caller has checked the credential itself. Revoked is final, so that a list that is out of date still says it;
    `valid` takes an unset bit for each entry, from a list that holds now. Entries of purposes other than revocation
    and suspension do not count. Never raises: what can't be read makes the status unknown.
    """
    stated: Any = credential.get("credentialStatus")
    found: dict[ListedStatus, list[str]] = {}
    beginnings: list[datetime] = []
    for one in stated if isinstance(stated, list) else [stated]:
        try:
            entry = check_entry(one)
            if entry.purpose in _PURPOSES:
                status, reason, beginning = _read(entry, lists, now, minimum_length)
                beginnings.append(beginning)
                found.setdefault(status, []).append(reason)
        except StatusListError as error:
            found.setdefault(ListedStatus.UNKNOWN, []).append(str(error))
    if not found:
        return OfflineStatus(ListedStatus.UNKNOWN, ("the credential names no list of revocations or suspensions",))
    ranked = [status for status in _BY_WEIGHT if status in found]
    against = [reason for status in ranked if status is not ListedStatus.VALID for reason in found[status]]
    return OfflineStatus(ranked[0], tuple(against or found[ListedStatus.VALID]), min(beginnings, default=None))


def _read(
    entry: StatusEntry, lists: Mapping[str, CheckedList], now: datetime, minimum_length: int
) -> tuple[ListedStatus, str, datetime]:
    """What one entry says, why, and since when the list says it. Raises StatusListError."""
    checked = lists.get(entry.list_url)
    if checked is None:
        raise StatusListError(Problem.RETRIEVAL, f"the list is not at hand: {entry.list_url[:300]}")
    result = look_up(entry, checked.content, minimum_length)
    where = f"index {entry.index} of {entry.list_url}, list of {timestamp(checked.valid_from)}"
    if not result.valid and entry.purpose == Purpose.REVOCATION:
        return ListedStatus.REVOKED, f"revoked by {where}", checked.valid_from
    if not checked.valid_from - CLOCK_SKEW <= now <= checked.valid_until:
        period = f"{timestamp(checked.valid_from)} to {timestamp(checked.valid_until)}"
        raise StatusListError(
            Problem.VERIFICATION, f"the list holds from {period}; fetch a newer one: {entry.list_url}"
        )
    if not result.valid:
        return ListedStatus.SUSPENDED, f"suspended by {where}", checked.valid_from
    return ListedStatus.VALID, f"not set: {entry.purpose}, {where}", checked.valid_from


def _parsed(signed: bytes) -> JsonObject:
    document = parse(signed)
    if not isinstance(document, dict):
        raise MalformedJson("not a JSON object")
    return document


def _moment(document: JsonObject, name: str) -> datetime:
    text = document.get(name)
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise _refused(f"the list has no {name}") from None
    if moment.tzinfo is None:
        raise _refused(f"{name} of the list has no zone")
    return moment


def _refused(message: str) -> StatusListError:
    return StatusListError(Problem.VERIFICATION, message)
