"""What an issuer's administrator does with the issuer's keys: the acts of `manage_keys`, for the own ones only."""

from __future__ import annotations

from datetime import datetime

from keys import Custody
from registry.domain.errors import NotFound
from registry.services import manage_keys
from registry.services.context import Actor, Registry, Verb
from registry.store import issuers
from registry.store.issuers import StoredKey


def list_keys(registry: Registry, actor: Actor) -> list[StoredKey]:
    """All keys of the actor's issuer, oldest first. Raises NotPermitted."""
    actor.require(Verb.READ)
    with registry.database.read() as connection:
        return issuers.keys_of(connection, actor.issuer_id)


def rotate(registry: Registry, actor: Actor, custody: Custody | None, old_until: datetime | None) -> StoredKey:
    """A new key in the registry's custody, in the place of the older ones. Raises as `manage_keys.rotate_key`."""
    actor.require(Verb.ADMINISTER)
    with registry.database.read() as connection:
        code = issuers.get_issuer(connection, actor.issuer_id).code
    return manage_keys.rotate_key(registry, code, old_until=old_until, actor=actor, custody=custody)


def retire(registry: Registry, actor: Actor, name: str, at: datetime | None) -> StoredKey:
    """Let a key sign no more. Raises NotFound, NotPermitted, and as `manage_keys.retire_key`."""
    _require_own(registry, actor, name)
    return manage_keys.retire_key(registry, name, at=at, actor=actor)


def mark_compromised(registry: Registry, actor: Actor, name: str, since: datetime) -> StoredKey:
    """Declare that others may have signed with a key. Raises NotFound, NotPermitted, InvalidInput."""
    _require_own(registry, actor, name)
    return manage_keys.mark_key_compromised(registry, name, since, actor)


def _require_own(registry: Registry, actor: Actor, name: str) -> None:
    actor.require(Verb.ADMINISTER)
    with registry.database.read() as connection:
        own = issuers.keys_of(connection, actor.issuer_id)
    if not any(key.name == name for key in own):
        raise NotFound("No key of yours has this name.")
