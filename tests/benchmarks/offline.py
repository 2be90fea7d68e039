"""Verifying a folder of credentials with no registry to ask, against `cryptography` that verifies signatures alone."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.domain.verdict import Verdict
from registry.formats.trust_bundle import open_bundle
from registry.services.context import Registry
from registry.services.find import stored_document
from registry.services.status_lists import StatusLists
from registry.services.trust_bundle import build_bundle
from registry.services.verify_files import FileVerdict, credential_files, verify_files
from registry.services.verify_offline import OfflineVerifier

_DIFFERENT = 5000
_FILES_A_FOLDER = 10_000


def write_files(registry: Registry, public_ids: Sequence[str], folder: Path, count: int) -> None:
    """`count` files, in folders of ten thousand: the credentials of some thousand certificates, and links to them."""
    different = [stored_document(registry, public_id)[1] for public_id in public_ids[:_DIFFERENT]]
    for number in range(count):
        place = folder / str(number // _FILES_A_FOLDER) / f"{number}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        if number < len(different):
            place.write_bytes(different[number])
        else:
            twin = number % len(different)
            place.hardlink_to(folder / str(twin // _FILES_A_FOLDER) / f"{twin}.json")


def files_a_second(registry: Registry, folder: Path) -> float:
    """All files of a folder, on all cores, from the search of the folder to the last verdict."""
    bundle = open_bundle(build_bundle(registry, StatusLists(registry)))
    begin = time.perf_counter()
    verifier = OfflineVerifier(bundle, registry.now())
    counted = Counter(verify_files(verifier, credential_files(folder), _verdict))
    elapsed = time.perf_counter() - begin
    if counted.keys() != {Verdict.VALID}:
        raise RuntimeError(f"not all are valid: {counted}")
    return counted.total() / elapsed


def signatures_a_second(count: int) -> float:
    """The ceiling: `cryptography` verifies as many signatures in as many processes, over messages of 64 bytes."""
    processes = len(os.sched_getaffinity(0))
    begin = time.perf_counter()
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        pool.map(_verify_signatures, [count // processes] * processes, chunksize=1)
    return count / (time.perf_counter() - begin)


def _verdict(one: FileVerdict) -> Verdict | None:
    return one.verdict


def _verify_signatures(count: int) -> None:
    private = Ed25519PrivateKey.generate()
    public, message = private.public_key(), os.urandom(64)
    signature = private.sign(message)
    for _ in range(count):
        public.verify(signature, message)
