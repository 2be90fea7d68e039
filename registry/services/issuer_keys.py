"""The key that an issuer signs with now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from keys import KeyStoreError, Signer
from registry.domain.errors import Conflict
from registry.services.context import Registry
from registry.store.issuers import StoredKey


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A published key of an issuer, and its signer."""

    stored: StoredKey
    signer: Signer


def open_newest(registry: Registry, code: str, published: Sequence[StoredKey], now: datetime) -> IssuerKey:
    """The newest key that may sign at `now`, of those that the issuer `code` has published (oldest first).

    Raises Conflict where there is none, keys.KeyStoreError where it can't be opened or is not the published one.
    """
    usable = [key for key in published if key.published.may_sign(now)]
    if not usable:
        raise Conflict(f"The issuer {code} has no active key. Make one: registry keys create {code}")
    newest = usable[-1]
    signer = registry.keys.signer(newest.name, now)
    if signer.record.public_key != newest.published.public_key:
        raise KeyStoreError(f"The key file {newest.name} is not the published key. Restore the right one.")
    return IssuerKey(newest, signer)
