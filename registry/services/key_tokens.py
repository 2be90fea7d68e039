"""The tokens of API keys: a prefix that tells whose, a public part, and a secret that is kept only as a hash.

<prefix>_<public part>_<secret>: a scanner can recognize one that was committed by mistake. The secret has 256 random
bits, so a plain SHA-256 keeps it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_NOBODY = hashlib.sha256(b"no such key").digest()


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made, which can't be had again, and what is kept of it."""

    key_id: str
    secret_hash: bytes
    token: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"NewToken({self.key_id})"


class TokenKind:
    """The tokens of one prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._token = re.compile(rf"{prefix}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")

    def make(self) -> NewToken:
        """A new token."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        return NewToken(key_id, _hash(secret), f"{self.prefix}_{key_id}_{secret}")

    def public_part(self, text: str) -> str | None:
        """The public part of a whole token; None for what is none."""
        match = self._token.fullmatch(text)
        return match[1] if match else None

    def is_genuine(self, token: str, secret_hash: bytes | None) -> bool:
        """Whether the token has the secret of this hash. Takes the same time whether there is a hash or not."""
        match = self._token.fullmatch(token)
        same = hmac.compare_digest(_hash(match[2] if match else ""), secret_hash or _NOBODY)
        return same and secret_hash is not None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
