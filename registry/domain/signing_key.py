"""The public half of a signing key, and when its signatures count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.verdict import Finding


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key as the registry publishes it. `verification_method` is its DID URL, `public_key` 32 bytes (Ed25519)."""

    verification_method: str
    public_key: bytes
    active_from: datetime
    retired_at: datetime | None = None
    compromised_since: datetime | None = None


def judge_key(key: PublishedKey, signed_at: datetime) -> tuple[bool, Finding]:
    """Whether a signature counts that the registry saw at `signed_at`, and why.

    `signed_at` is the time of recording, never the time that the signer claims.
    """
    if key.compromised_since is not None and key.compromised_since <= signed_at:
        return False, Finding.KEY_COMPROMISED
    if signed_at < key.active_from:
        return False, Finding.KEY_NOT_YET_ACTIVE
    if key.retired_at is not None and key.retired_at <= signed_at:
        return False, Finding.KEY_RETIRED_BEFORE
    if key.compromised_since is not None:
        return True, Finding.KEY_COMPROMISED_LATER
    if key.retired_at is not None:
        return True, Finding.KEY_RETIRED_LATER
    return True, Finding.KEY_ACTIVE
