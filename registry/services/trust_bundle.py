"""Putting a trust bundle together (at the registry), and fetching one (at whoever relies on it)."""

from __future__ import annotations

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import orjson

from registry.domain.errors import InvalidInput, StorageUnavailable, Violation
from registry.formats import trust_bundle
from registry.formats.bitstring_status_list import Purpose
from registry.formats.canonical_json import JsonObject
from registry.formats.did_web import issuer_did
from registry.formats.tlog_proof import TrustPolicy
from registry.formats.trust_bundle import MAX_BUNDLE_BYTES, MalformedBundle, open_bundle, read_bundle, with_trusted
from registry.services import did_documents, manage_issuers
from registry.services.context import Registry
from registry.services.log.keys import verifier_keys
from registry.services.log.read import checkpoint
from registry.services.status_lists import StatusLists
from registry.store.issuers import authorizations_of

PATH = "/api/v1/trust-bundle"
_TIMEOUT_SECONDS = 60


def build_bundle(registry: Registry, lists: StatusLists) -> JsonObject:
    """Everything a relying party needs, as of now."""
    issuers = manage_issuers.list_issuers(registry)
    with registry.database.read() as connection:
        granted = {one.id: authorizations_of(connection, one.id) for one in issuers}
    documents = [did_documents.of_registry(registry)]
    documents += [did_documents.of_issuer(registry, one.code) for one in issuers]
    return trust_bundle.compose(
        registry.base_url,
        registry.now(),
        documents,
        [(issuer_did(registry.base_url, one.code), one.code, one.name.zh, granted[one.id]) for one in issuers],
        [orjson.loads(lists.current(one, purpose).document) for one in lists.ids() for purpose in Purpose],
        checkpoint(registry),
        verifier_keys(registry),
    )


def fetch_bundle(address: str, trusted: TrustPolicy | None = None) -> bytes:
    """Fetch the bundle of the registry at `address`, check every signature in it, and return what to keep.

    With `trusted`, the log's checkpoint must be signed by those keys and cosigned by as many of those witnesses.
    Raises InvalidInput for what is no address or no good bundle, StorageUnavailable where it can't be reached.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput([Violation((), f"not the address of a registry: {address}")])
    try:
        with urllib.request.urlopen(  # noqa: S310 - http or https, as checked above
            f"{parts.scheme}://{parts.netloc}{PATH}", timeout=_TIMEOUT_SECONDS
        ) as answer:
            body = answer.read(MAX_BUNDLE_BYTES + 1)
    except (OSError, urllib.error.URLError) as error:
        raise StorageUnavailable(f"{address} can't be reached: {error}") from error
    try:
        document = read_bundle(body)
        if trusted is not None:
            document = with_trusted(document, trusted)
        bundle = open_bundle(document)
    except MalformedBundle as error:
        raise InvalidInput([Violation((), f"what {address} sent can't be trusted: {error}")]) from error
    if urlsplit(bundle.registry).netloc != parts.netloc:
        raise InvalidInput([Violation((), f"{address} sent the bundle of {bundle.registry}")])
    return orjson.dumps(document)
