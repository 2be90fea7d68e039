"""Preparing a registry to run: schema and the registry's own key."""

from __future__ import annotations

from registry.domain.errors import Misconfigured
from registry.services import manage_issuers
from registry.services.context import Registry
from registry.store import schema
from registry.store.issuers import keys_of


def initialize(registry: Registry) -> bool:
    """Bring the schema up to date and see that the registry has a key; returns whether it made one. Safe to repeat."""
    schema.upgrade(registry.database)
    with registry.database.read() as connection:
        if keys_of(connection, None):
            return False
    manage_issuers.create_key(registry, manage_issuers.REGISTRY_OWNER)
    return True


def require_current_schema(registry: Registry) -> None:
    """Raises Misconfigured unless the database has the schema of this version, StorageUnavailable if it is away."""
    if not schema.is_current(registry.database):
        raise Misconfigured("The database has not the schema of this version. Run: registry init")


def schema_is_current(registry: Registry) -> bool:
    """Whether the database has the schema that this version needs. Raises StorageUnavailable."""
    return schema.is_current(registry.database)
