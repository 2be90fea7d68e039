"""What a relying party carries into a closed network, out of a registry at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from registry.domain.verdict import CheckName, Finding
from registry.formats.data_integrity import add_proof
from registry.formats.tlog_proof import TrustPolicy
from registry.formats.tlog_tiles import bundle_path, bundles_between
from registry.formats.trust_bundle import TrustBundle, open_bundle, read_bundle, with_trusted
from registry.services.context import Registry, operator
from registry.services.find import stored_document
from registry.services.issue import issue
from registry.services.log import read
from registry.services.log.copy import LogCopy
from registry.services.status_lists import StatusLists
from registry.services.trust_bundle import build_bundle
from registry.services.verify import Verification
from registry.services.verify_offline import OfflineVerifier
from registry.store.log import newest_head
from tests.conftest import sample_certificate


def bundle_bytes(registry: Registry, trusted: TrustPolicy | None = None) -> bytes:
    """The file that `registry bundle fetch` would keep."""
    document = build_bundle(registry, StatusLists(registry))
    return orjson.dumps(document if trusted is None else with_trusted(document, trusted))


def bundle_of(registry: Registry, trusted: TrustPolicy | None = None) -> TrustBundle:
    return open_bundle(read_bundle(bundle_bytes(registry, trusted)))


def offline(registry: Registry, log: Path | None = None) -> OfflineVerifier:
    """A verifier with a bundle of this moment, and a copy of the log in a folder where there is one."""
    bundle = bundle_of(registry)
    return OfflineVerifier(bundle, registry.now(), LogCopy(log, bundle) if log else None)


def new(registry: Registry, number: str = "00125Q30001R0S", **changes: Any) -> str:
    """The public id of a new certificate of `cqc`."""
    return issue(registry, operator(registry, "cqc"), sample_certificate(number, **changes)).public_id


def document_of(registry: Registry, public_id: str) -> bytes:
    return stored_document(registry, public_id)[1]


def proof_of(registry: Registry, public_id: str, sequence: int = 1) -> bytes:
    return read.certificate_proof(registry, public_id, sequence)


def save_log(registry: Registry, folder: Path) -> Path:
    """The log as any mirror of it has it."""
    with registry.database.read() as connection:
        head = newest_head(connection)
    assert head is not None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint").write_bytes(read.checkpoint(registry))
    for bundle in bundles_between(0, head.size):
        path = folder / bundle_path(bundle)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read.entry_bundle(registry, bundle))
    return folder


def pen_of(registry: Registry, name: str = "cqc-1") -> Callable[[bytes], bytes]:
    """What signs with a key of the registry's store: for those who misuse it."""
    return registry.keys.signer(name, registry.now()).sign


def signed_by(
    registry: Registry, document: bytes, pen: Callable[[bytes], bytes], method: str, created: Any = None
) -> bytes:
    """A credential with another proof, by a key that is said to be `method`."""
    unsigned = {name: value for name, value in json.loads(document).items() if name != "proof"}
    return add_proof(unsigned, method, created or registry.now(), pen)


def finding(found: Verification, name: CheckName) -> Finding:
    return next(check.finding for check in found.checks if check.name is name)
