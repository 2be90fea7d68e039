"""Putting a trust bundle together (at the registry), and fetching one (at whoever relies on it)."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import orjson

from registry.domain.errors import InvalidInput, StorageUnavailable, Violation
from registry.formats import trust_bundle
from registry.formats.bitstring_status_list import Purpose
from registry.formats.canonical_json import JsonObject
from registry.formats.tlog_proof import TrustPolicy
from registry.formats.trust_bundle import MAX_BUNDLE_BYTES, MalformedBundle, open_bundle, read_bundle, with_trusted
from registry.services import did_documents, manage_issuers
from registry.services.context import Registry
from registry.services.log.keys import verifier_keys
from registry.services.log.read import checkpoint
from registry.services.status_lists import StatusLists
from registry.store.issuers import all_keys, authorizations_of
from registry.store.log import size_before

PATH = "/api/v1/trust-bundle"
_TIMEOUT_SECONDS = 60


def build_bundle(registry: Registry, lists: StatusLists | None) -> JsonObject:
    """Everything a relying party needs, as of now; without status lists where they are not needed."""
    issuers = manage_issuers.list_issuers(registry)
    with registry.database.read() as connection:
        granted = {one.id: authorizations_of(connection, one.id) for one in issuers}
    documents = [did_documents.of_registry(registry)]
    documents += [did_documents.of_issuer(registry, one.code) for one in issuers]
    return trust_bundle.compose(
        registry.base_url,
        registry.now(),
        documents,
        [(one.code, one.name.zh, granted[one.id]) for one in issuers],
        [orjson.loads(lists.current(one, purpose).document) for one in lists.ids() for purpose in Purpose]
        if lists
        else [],
        checkpoint(registry),
        verifier_keys(registry),
        _logged_before(registry),
    )


def _logged_before(registry: Registry) -> dict[str, int]:
    """For each compromised key, how many entries the log had before the compromise."""
    with registry.database.read() as connection:
        keys = [one.published for one in all_keys(connection)]
        return {
            key.verification_method: size_before(connection, key.compromised_since)
            for key in keys
            if key.compromised_since is not None
        }


def fetch_bundle(address: str, trusted: TrustPolicy | None = None) -> bytes:
    """Fetch the bundle of the registry at `address`, check every signature in it, and return what to keep.

    With `trusted`, the log's checkpoint must be signed by those keys and cosigned by as many of those witnesses.
    Raises InvalidInput for what is no address or no good bundle, StorageUnavailable where it can't be reached.
    """
    origin = _origin(address)
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(origin + PATH, timeout=_TIMEOUT_SECONDS) as answer:
            body = answer.read(MAX_BUNDLE_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise StorageUnavailable(f"{origin} gave no bundle: it answers {error.code}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise StorageUnavailable(f"{origin} gave no bundle: {_trouble(error)}.") from error
    try:
        document = read_bundle(body)
        if trusted is not None:
            document = with_trusted(document, trusted)
        bundle = open_bundle(document)
    except MalformedBundle as error:
        raise _refused(f"what {origin} sent can't be trusted: {error}") from error
    if bundle.registry.lower() != origin:
        raise _refused(f"{origin} sent the bundle of {bundle.registry}")
    return orjson.dumps(document)


def _trouble(error: Exception) -> str:
    """What went wrong, without numbers and class names where the system has words for it."""
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason) or type(reason).__name__


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Where a bundle comes from is all that vouches for the keys in it."""

    def redirect_request(self, *_: Any) -> None:
        """Leaves a redirect what it is: no bundle."""


def _origin(address: str) -> str:
    """Scheme, host and port, which are all of a registry's address. Raises InvalidInput."""
    try:
        parts = urlsplit(address)
        # Reading the port raises ValueError where it is none.
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) and not parts.username
    except ValueError:
        good = False
    if not good or parts.path.strip("/") or parts.query or parts.fragment:
        raise _refused(f"not the address of a registry, which is like https://registry.example.org: {address}")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _refused(reason: str) -> InvalidInput:
    return InvalidInput([Violation((), reason)])
