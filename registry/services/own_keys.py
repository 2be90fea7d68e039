"""The registry's own keys at work: whichever signs checkpoints, status lists, receipts, or for the registry itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from keys import KeyStoreError, Purpose, Signer
from registry.domain.errors import Misconfigured
from registry.domain.signing_key import PublishedKey
from registry.services.context import Registry
from registry.store.issuers import StoredKey, keys_of

# One key for each, so that a signature of one kind can't be passed off as another.
OWN_PURPOSES = (Purpose.REGISTRY, Purpose.LOG, Purpose.STATUS_LIST, Purpose.RECEIPT)


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of the registry that may sign now: what the world knows of it, and its signer."""

    published: PublishedKey
    signer: Signer


def own_signer(registry: Registry, purpose: Purpose) -> OwnKey:
    """The newest active key of the registry for a purpose. Raises Misconfigured, keys.KeyStoreError.

    One query, and one small file read: a key that another process retired signs no more.
    """
    now = registry.now()
    return _opened(registry, _active(registry, purpose, now)[-1], now)


def own_signers(registry: Registry, purpose: Purpose) -> list[OwnKey]:
    """All active keys of the registry for a purpose, newest last. Raises as `own_signer`.

    More than one is active while an old log key overlaps with a new one: both sign each checkpoint.
    """
    now = registry.now()
    return [_opened(registry, key, now) for key in _active(registry, purpose, now)]


def missing_purposes(own: Iterable[StoredKey]) -> list[Purpose]:
    """The purposes for which there is no key among these keys of the registry."""
    present = {key.purpose for key in own}
    return [purpose for purpose in OWN_PURPOSES if purpose not in present]


def no_active_key(purpose: Purpose) -> Misconfigured:
    """The refusal where nothing can be signed for a purpose, with what to do."""
    advice = f"registry keys create registry --purpose {purpose}"
    return Misconfigured(f"The registry has no active key for {purpose}. Make one: {advice}")


def _active(registry: Registry, purpose: Purpose, now: datetime) -> list[StoredKey]:
    with registry.database.read() as connection:
        own = keys_of(connection, None)
    active = [key for key in own if key.purpose == purpose and key.published.may_sign(now)]
    if not active:
        raise no_active_key(purpose)
    return active


def _opened(registry: Registry, key: StoredKey, now: datetime) -> OwnKey:
    signer = registry.keys.signer(key.name, now)
    if signer.record.public_key != key.published.public_key:
        raise KeyStoreError(f"The key file {key.name} is not the published key. Restore the right one.")
    return OwnKey(key.published, signer)
