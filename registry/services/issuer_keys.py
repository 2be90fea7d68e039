"""The key that an issuer signs with now, or that is signed with for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from keys import Custody, KeyStoreError, Signer
from registry.domain.errors import Conflict, InvalidInput, Violation
from registry.services.context import Registry
from registry.store.issuers import StoredKey, keys_of


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A published key of an issuer, and its signer."""

    stored: StoredKey
    signer: Signer


def open_newest(registry: Registry, code: str, published: Sequence[StoredKey], now: datetime) -> IssuerKey:
    """The newest key that may sign at `now`, of those that the issuer `code` has published (oldest first).

    Raises Conflict where there is none, keys.KeyStoreError where it can't be opened or is not the published one.
    """
    active = [key for key in published if key.published.may_sign(now)]
    if not active:
        raise Conflict(f"The issuer {code} has no active key. Make one: registry keys create {code}")
    held_here = [key for key in active if key.custody != Custody.ISSUER]
    if not held_here:
        raise Conflict(f"The issuer {code} holds its key itself: prepare the certificate, sign it, and submit it.")
    newest = held_here[-1]
    signer = registry.keys.signer(newest.name, now)
    if signer.record.public_key != newest.published.public_key:
        raise KeyStoreError(f"The key file {newest.name} is not the published key. Restore the right one.")
    return IssuerKey(newest, signer)


def newest_of_its_own(code: str, published: Sequence[StoredKey], now: datetime, name: str | None = None) -> StoredKey:
    """The newest active key whose private half the issuer `code` holds itself, or the one of that name.

    Raises Conflict where there is none, InvalidInput where the name is not that of such a key.
    """
    own = [key for key in published if key.custody == Custody.ISSUER and key.published.may_sign(now)]
    if name is None and not own:
        raise Conflict(f"The issuer {code} has registered no key of its own that is active.")
    chosen = [key for key in own if name in (None, key.name)]
    if not chosen:
        raise InvalidInput([Violation(("key",), "not an active key that this issuer holds itself")])
    return chosen[-1]


def has_own_key(registry: Registry, issuer_id: int) -> bool:
    """Whether an issuer has an active key that it holds itself."""
    now = registry.now()
    with registry.database.read() as connection:
        published = keys_of(connection, issuer_id)
    return any(key.custody == Custody.ISSUER and key.published.may_sign(now) for key in published)


def signs_itself(registry: Registry, issuer_id: int) -> bool:
    """Whether an issuer's active keys are all its own, so that its certificates wait for its signature."""
    now = registry.now()
    with registry.database.read() as connection:
        published = keys_of(connection, issuer_id)
    custodies = {key.custody for key in published if key.published.may_sign(now)}
    return custodies == {Custody.ISSUER}
