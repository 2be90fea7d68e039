"""The JSON-LD contexts that this program knows, from packaged copies and never from the network.

Where they come from, and under which licences, stands in `contexts/README.md`. The context of our own terms is served
by each registry under its own address, which is filled in, so any such address leads to the one packaged copy. Of the
UNTP context we have no copy but our own statement of the terms that we use (`untp_terms`).
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from registry.formats.canonical_json import JsonObject
from registry.formats.untp_terms import UNTP_CONTEXT, untp_terms

CERTIFICATE_CONTEXT_PATH = "/contexts/certificate/v1"
VC_V1 = "https://www.w3.org/2018/credentials/v1"
VC_V2 = "https://www.w3.org/ns/credentials/v2"
DATA_INTEGRITY_V1 = "https://w3id.org/security/data-integrity/v1"
DATA_INTEGRITY_V2 = "https://w3id.org/security/data-integrity/v2"

_PACKAGED = {
    VC_V1: "credentials-v1",
    VC_V2: "credentials-v2",
    "https://www.w3.org/ns/credentials/undefined-terms/v2": "undefined-terms-v2",
    "https://www.w3.org/ns/credentials/examples/v2": "credentials-examples-v2",
    "https://www.w3.org/ns/credentials/status/v1": "vc-bitstring-status-list-v1",
    "https://w3id.org/vc/status-list/2021/v1": "vc-status-list-v1",
    DATA_INTEGRITY_V1: "data-integrity-v1",
    DATA_INTEGRITY_V2: "data-integrity-v2",
    "https://w3id.org/security/multikey/v1": "multikey-v1",
    "https://w3id.org/security/suites/ed25519-2018/v1": "ed25519-signature-2018-v1",
    "https://w3id.org/security/suites/ed25519-2020/v1": "ed25519-signature-2020-v1",
    "https://www.w3.org/ns/did/v1": "did-v1",
}
# What `base_url` may be: scheme, host and port, no path.
_OF_A_REGISTRY = re.compile(r"https?://[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?" + re.escape(CERTIFICATE_CONTEXT_PATH))
_SHOWN = 200


class UnknownContext(ValueError):
    """A context that does not travel with this program; the message names it."""


def known_contexts() -> frozenset[str]:
    """The fixed addresses; those of registries, which differ in the host, come on top."""
    return frozenset(_PACKAGED) | {UNTP_CONTEXT}


def load_context(url: str) -> JsonObject:
    """The document `{"@context": …}` behind an address; not to be changed. Raises UnknownContext."""
    if url in _PACKAGED:
        return _packaged(_PACKAGED[url])
    if url == UNTP_CONTEXT:
        return untp_terms()
    if is_certificate_context(url):
        return json.loads(certificate_context(url))  # type: ignore[no-any-return]
    raise UnknownContext(f"the context {url[:_SHOWN]} is not one that this program knows")


def is_certificate_context(url: object) -> bool:
    """Whether this is the address of our own context at some registry."""
    return isinstance(url, str) and _OF_A_REGISTRY.fullmatch(url) is not None


def certificate_context(url: str) -> str:
    """The JSON text of our own context as it is served under `url`: its terms are named after that address."""
    return _template().replace("{vocabulary}", url + "#")


@cache
def _packaged(name: str) -> JsonObject:
    document: Any = json.loads((files("registry.formats") / "contexts" / f"{name}.jsonld").read_text("utf-8"))
    return document  # type: ignore[no-any-return]


@cache
def _template() -> str:
    return (files("registry.formats") / "certificate-v1.jsonld").read_text("utf-8")
