"""What the API answers about issuers' keys, and about certificates that wait for a signature."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from registry.formats.multikey import encode_public_key
from registry.services.prepare import Prepared
from registry.services.register_key import Challenge
from registry.store.issuers import StoredKey
from registry.store.preparations import StoredPreparation


def key(one: StoredKey, now: datetime) -> dict[str, Any]:
    """A key as it is published, and who holds its private half."""
    published = one.published
    return {
        "name": one.name,
        "verification_method": published.verification_method,
        "public_key_multibase": encode_public_key(published.public_key),
        "custody": one.custody,
        "state": published.state_at(now),
        "active_from": published.active_from,
        "retired_at": published.retired_at,
        "compromised_since": published.compromised_since,
    }


def challenge(given: Challenge) -> dict[str, Any]:
    """What is to be signed to have a key registered."""
    return {
        "challenge": given.challenge,
        "domain": given.domain,
        **given.request.as_json(),
        "expires_at": given.expires_at,
    }


def preparation(one: Prepared, now: datetime) -> dict[str, Any]:
    """A certificate that waits for its issuer's signature, with what is to be signed."""
    return {
        "public_id": one.public_id,
        "number": one.number,
        "key": key(one.key, now),
        **one.request.as_json(),
        "expires_at": one.expires_at,
    }


def waiting(one: StoredPreparation) -> dict[str, Any]:
    """A preparation in a list."""
    return {
        "public_id": one.public_id,
        "number": one.number,
        "prepared_at": one.prepared_at,
        "expires_at": one.expires_at,
    }
