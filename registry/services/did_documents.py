"""The DID documents that the registry publishes."""

from __future__ import annotations

from keys import Purpose
from registry.formats.canonical_json import JsonObject
from registry.formats.did_web import did_document, issuer_did, registry_did
from registry.services import manage_keys
from registry.services.context import Registry


def of_registry(registry: Registry) -> JsonObject:
    """The registry's own, with the keys of all its purposes."""
    own = manage_keys.own_keys(registry)
    log = [key.published for key in own if key.purpose == Purpose.LOG]
    others = [key.published for key in own if key.purpose != Purpose.LOG]
    return did_document(registry_did(registry.base_url), others, [registry.base_url], log)


def of_issuer(registry: Registry, code: str) -> JsonObject:
    """An issuer's. Raises NotFound."""
    keys = [key.published for key in manage_keys.published_keys(registry, code)]
    return did_document(issuer_did(registry.base_url, code), keys, [f"{registry.base_url}/issuers/{code}"])
