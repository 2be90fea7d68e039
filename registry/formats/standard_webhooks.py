"""Standard Webhooks 1.0.0: the headers of a delivery, signed with HMAC-SHA256 (signature identifier `v1`).

What is signed is `{id}.{timestamp}.{body}`. While a secret is replaced by another, a delivery carries a signature by
each of them, so that the receiver may change over at any moment.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets as random
from collections.abc import Sequence
from datetime import datetime

_PREFIX = "whsec_"
# "At least 24 bytes (192 bits, 512 maximum)": so many bits.
_SHORTEST, _LONGEST, _OURS = 24, 64, 32
# A full stop in it would let one delivery pass for another.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class MalformedSecret(ValueError):
    """Not a secret of Standard Webhooks; the message says why, without the secret."""


def new_secret() -> str:
    """256 random bits, as receivers are told them."""
    return _PREFIX + base64.b64encode(random.token_bytes(_OURS)).decode()


def secret_bytes(secret: str) -> bytes:
    """What a secret stands for, with its prefix or without. Raises MalformedSecret."""
    try:
        found = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise MalformedSecret("not base64") from None
    if not _SHORTEST <= len(found) <= _LONGEST:
        raise MalformedSecret(f"must have {_SHORTEST} to {_LONGEST} bytes, not {len(found)}")
    return found


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature, with its identifier in front. Raises MalformedSecret, ValueError for an id with a full stop."""
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError(f"not the id of a message: {message_id!r}")
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(secret_bytes(secret), signed, hashlib.sha256)).decode()


def signed_headers(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of an attempt at the time `at`, signed with each of the secrets. Raises as `sign`."""
    timestamp = int(at.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets),
    }
