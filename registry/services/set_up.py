"""Preparing a registry to run: schema and the registry's own keys."""

from __future__ import annotations

from collections.abc import Callable

from keys import Custody
from registry.domain.errors import Misconfigured
from registry.formats.did_web import registry_did
from registry.services import manage_keys
from registry.services.context import Registry
from registry.services.log.backfill import backfill
from registry.services.log.integrate import integrate_pending, open_log
from registry.services.own_keys import missing_purposes, no_active_key
from registry.services.status_places import prepare_places
from registry.store import schema
from registry.store.issuers import StoredKey, all_keys, keys_of


class MadeForAnotherAddress(Misconfigured):
    """The database belongs to a registry of another address; `did` is its own."""

    def __init__(self, did: str, wanted: str) -> None:
        self.did = did
        super().__init__(f"This registry was made for {did}, but REGISTRY_BASE_URL means {wanted}. Set it back.")


def initialize(registry: Registry, progress: Callable[[int, int], None] = lambda _done, _total: None) -> bool:
    """Bring the schema up to date, see that the registry has a key for each of its purposes, and its log every act.

    Returns whether it made any key. Safe to repeat; a registry of an earlier version gets the keys that it lacks, and
    entries for its acts: without them its certificates would be judged invalid. `progress` is told about these.
    """
    schema.upgrade(registry.database)
    with registry.database.read() as connection:
        own = keys_of(connection, None)
    _require_same_address(registry, own)
    registry.keys.check()
    missing = missing_purposes(own)
    for purpose in missing:
        manage_keys.create_key(registry, manage_keys.REGISTRY_OWNER, purpose)
    prepare_places(registry)
    open_log(registry)
    backfill(registry, progress)
    # Events of the audit trail from before it was chained.
    integrate_pending(registry)
    return bool(missing)


def require_ready(registry: Registry) -> None:
    """Refuse to work where `require_prepared` does, or without keys that sign.

    Raises Misconfigured, saying what to do, and StorageUnavailable if the database is away.
    """
    require_prepared(registry)
    now = registry.now()
    with registry.database.read() as connection:
        published = all_keys(connection)
    active = [key for key in published if key.published.may_sign(now)]
    for purpose in missing_purposes(key for key in active if key.issuer_code is None):
        raise no_active_key(purpose)
    # The file of a key that has ended may be in an archive.
    stored = {record.name for record in registry.keys.records()}
    for key in active:
        if key.custody != Custody.ISSUER and key.name not in stored:
            path = registry.settings.keys_dir / f"{key.name}.json"
            advice = f"Restore it from the backup; if it is lost, run: registry keys retire {key.name}"
            raise Misconfigured(f"The key file {path} is missing. {advice}")


def require_prepared(registry: Registry) -> None:
    """Refuse to work on a database of another version or another address, or one that never had its keys.

    This much is needed to mend what else is wrong with the keys. Raises as `require_ready`.
    """
    if not schema.is_current(registry.database):
        raise Misconfigured("The database does not have the schema of this version. Run: registry init")
    with registry.database.read() as connection:
        own = keys_of(connection, None)
    _require_same_address(registry, own)
    missing = missing_purposes(own)
    if missing:
        raise Misconfigured(f"The registry has no key yet for: {', '.join(missing)}. Run: registry init")


def _require_same_address(registry: Registry, published: list[StoredKey]) -> None:
    """Every credential and key names the address that the registry was made for."""
    own = next((key for key in published if key.issuer_code is None), None)
    did = registry_did(registry.base_url)
    if own is not None and own.published.verification_method.partition("#")[0] != did:
        made_for = own.published.verification_method.partition("#")[0]
        raise MadeForAnotherAddress(made_for, did)


def schema_is_current(registry: Registry) -> bool:
    """Whether the database has the schema that this version needs. Raises StorageUnavailable."""
    return schema.is_current(registry.database)
