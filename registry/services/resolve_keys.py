"""Finding the key behind a verification method: `did:key`, and `did:web` of this registry. Nothing is ever fetched."""

from __future__ import annotations

from keys import Purpose
from registry.formats.did_key import is_did_key, resolve_did_key
from registry.formats.did_web import registry_did
from registry.formats.proofs import Resolve
from registry.formats.verification_methods import ASSERTION_METHOD, UnknownVerificationMethod, VerificationMethod
from registry.services.context import Registry
from registry.store import issuers

# Keys of the log or of receipts sign no credentials.
_SIGN_CREDENTIALS = frozenset({Purpose.ISSUER, Purpose.REGISTRY, Purpose.STATUS_LIST})
_MAX_LENGTH = 2048
_SHOWN = 120


def resolver(registry: Registry) -> Resolve:
    """A function from a DID URL to its key. The function raises UnknownVerificationMethod, StorageUnavailable."""

    def resolve(url: str) -> VerificationMethod:
        return resolve_did_key(url) if is_did_key(url) else _resolve_own(registry, url)

    return resolve


def _resolve_own(registry: Registry, url: str) -> VerificationMethod:
    """A key that the registry publishes for itself or for an issuer, as its DID documents list it."""
    did, _, _ = url.partition("#")
    own = registry_did(registry.base_url)
    if len(url) > _MAX_LENGTH or not (did == own or did.startswith(own + ":")):
        raise UnknownVerificationMethod(
            f"{url[:_SHOWN]} is neither a did:key nor a key of {own}; keys are not fetched from elsewhere"
        )
    with registry.database.read() as connection:
        key = issuers.find_key(connection, url)
    if key is None or key.purpose not in _SIGN_CREDENTIALS:
        raise UnknownVerificationMethod(f"{url[:_SHOWN]} is not a key that this registry publishes for credentials")
    published = key.published
    return VerificationMethod(
        id=url,
        controller=did,
        public_key=published.public_key,
        purposes=frozenset({ASSERTION_METHOD}),
        expires=published.retired_at,
        revoked=published.compromised_since,
    )
