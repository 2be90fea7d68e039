"""The hash chain over the audit trail: each link closes over an event and over all that came before it.

    digest = SHA-256(canonical JSON (RFC 8785) of the event, with its salt)
    link   = SHA-256(0x02 || previous link || digest)        the first one follows 32 zero bytes

A link is published (formats/log_entry.py, `audit-trail/v1`). The salt, 16 random bytes, keeps anybody from guessing an
event behind it: times, names of acts and of certificates are few enough to be tried.
"""

from __future__ import annotations

import hashlib
from typing import Any

from registry.domain.trail import TrailEvent
from registry.formats.canonical_json import canonicalize
from registry.formats.log_entry import instant

GENESIS = bytes(32)
SALT_BYTES = 16
# RFC 6962 takes 0 for leaves and 1 for nodes of the log's tree.
_PREFIX = b"\x02"


def event_digest(event: TrailEvent, salt: bytes) -> bytes:
    """SHA-256 of an event in canonical JSON. Raises MalformedJson for values that JSON does not have."""
    members: dict[str, Any] = {**event._asdict(), "at": instant(event.at), "salt": salt.hex()}
    return hashlib.sha256(canonicalize(members)).digest()


def next_link(previous: bytes, digest: bytes) -> bytes:
    """The link of an event that follows the one of link `previous`."""
    return hashlib.sha256(_PREFIX + previous + digest).digest()
