"""The entries of the public log: canonical JSON (RFC 8785) statements without personal data.

| member | in | what |
|---|---|---|
| `type` | all | `certificate-issued/v1`, `status-changed/v1` or `audit-trail/v1` |
| `recorded_at` | all | when the registry recorded it |
| `credential` | certificates | SHA-256 of the signed credential's bytes, hexadecimal |
| `issuer` | certificates | the issuer's DID |
| `effective_at` | certificates | from when on it counts |
| `sequence`, `act`, `reason`, `until` | status | the status event, as the certificate's page shows it |
| `calls_off` | status | the `sequence` of the earlier act that this one (`call_off`) calls off before it takes effect |
| `event` | status | SHA-256 of the canonical status event, which names the certificate and closes over the note |
| `events` | trail | how many acts the registry's private audit trail has |
| `head` | trail | the last link of the hash chain over them (formats/audit_chain.py), hexadecimal |

A credential ends in a signature, so nobody can guess the document behind a hash; who holds the document can find all
that the log says of it. The issuer's note is private and short enough to be guessed: it enters the event's hash behind
the random public id, which whoever may read the note knows.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from registry.domain.lifecycle import StatusEvent
from registry.formats.canonical_json import JsonObject, MalformedJson, canonicalize_own, parse

ISSUED = "certificate-issued/v1"
STATUS_CHANGED = "status-changed/v1"
AUDIT_TRAIL = "audit-trail/v1"


def digest(credential: bytes) -> str:
    """The name of a credential in the log: SHA-256 of its bytes, hexadecimal."""
    return hashlib.sha256(credential).hexdigest()


@lru_cache(maxsize=4096)
def instant(moment: datetime) -> str:
    """A moment in UTC to the microsecond, as the registry keeps it (RFC 3339)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def issued(credential_digest: str, issuer_did: str, recorded_at: datetime, effective_at: datetime) -> bytes:
    """The entry for an issued certificate."""
    return canonicalize_own(
        {
            "type": ISSUED,
            "credential": credential_digest,
            "issuer": issuer_did,
            "recorded_at": instant(recorded_at),
            "effective_at": instant(effective_at),
        }
    )


def status_changed(credential_digest: str, issuer_did: str, public_id: str, event: StatusEvent) -> bytes:
    """The entry for any later status event."""
    statement: JsonObject = {
        "type": STATUS_CHANGED,
        "credential": credential_digest,
        "issuer": issuer_did,
        "recorded_at": instant(event.recorded_at),
        "effective_at": instant(event.effective_at),
        "sequence": event.sequence,
        "act": event.act.value,
        "reason": event.reason.value,
        "event": event_digest(public_id, event),
    }
    if event.until is not None:
        statement["until"] = instant(event.until)
    if event.calls_off is not None:
        statement["calls_off"] = event.calls_off
    return canonicalize_own(statement)


def audit_trail(events: int, head: bytes, recorded_at: datetime) -> bytes:
    """The entry for the audit trail as it is at a moment: so many events, of which `head` is the last link."""
    return canonicalize_own(
        {"type": AUDIT_TRAIL, "events": events, "head": head.hex(), "recorded_at": instant(recorded_at)}
    )


class TrailHead(NamedTuple):
    """What an entry says of the audit trail."""

    events: int
    head: bytes
    recorded_at: datetime


def trail_head(statement: bytes) -> TrailHead | None:
    """What an entry says of the audit trail; None for any other entry."""
    try:
        found: Any = parse(statement)
        if found["type"] != AUDIT_TRAIL:
            return None
        head = TrailHead(
            int(found["events"]), bytes.fromhex(found["head"]), datetime.fromisoformat(found["recorded_at"])
        )
    except (MalformedJson, KeyError, TypeError, ValueError):
        return None
    return head if audit_trail(*head) == statement else None


def statement_of(credential_digest: str, issuer_did: str, public_id: str, event: StatusEvent) -> bytes:
    """The entry for any status event; the first one is the issuing."""
    if event.sequence == 1:
        return issued(credential_digest, issuer_did, event.recorded_at, event.effective_at)
    return status_changed(credential_digest, issuer_did, public_id, event)


def event_digest(public_id: str, event: StatusEvent) -> str:
    """SHA-256 of the whole status event in canonical JSON, hexadecimal."""
    document: JsonObject = {
        "public_id": public_id,
        "sequence": event.sequence,
        "act": event.act.value,
        "reason": event.reason.value,
        "effective_at": instant(event.effective_at),
        "recorded_at": instant(event.recorded_at),
        "until": event.until and instant(event.until),
        "note": event.note,
    }
    if event.calls_off is not None:
        document["calls_off"] = event.calls_off
    return hashlib.sha256(canonicalize_own(document)).hexdigest()


def recorded_at(statement: bytes, credential_digest: str) -> datetime | None:
    """When a credential was recorded, by the entry of its issuing; None for any other entry."""
    try:
        found: Any = parse(statement)
        if found["type"] != ISSUED or found["credential"] != credential_digest:
            return None
        moment = datetime.fromisoformat(found["recorded_at"])
    except (MalformedJson, KeyError, TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None
