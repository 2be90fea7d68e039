"""Verifying files against a trust bundle, on all cores: credentials, certificates as PDF, whole folders of them."""

from __future__ import annotations

import gc
import multiprocessing
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from registry.domain.errors import InvalidInput, StorageUnavailable
from registry.domain.verdict import Verdict
from registry.formats.pdf_attachment import (
    MAX_CREDENTIAL_BYTES,
    MAX_PDF_BYTES,
    NoCredentialInside,
    credential_in_pdf,
    is_pdf,
)
from registry.formats.receipt import RECEIPT_TYPE, MalformedReceipt, is_receipt, parse_object
from registry.formats.tlog_proof import FILE_EXTENSION, MAX_PROOF_SIZE
from registry.services.verify import Verification
from registry.services.verify_offline import OfflineVerifier
from registry.services.verify_receipt import verify_receipt

_CHUNK = 100
_CHUNKS_AHEAD = 8
_SUFFIXES = (".json", ".jsonld", ".pdf")
_T = TypeVar("_T")


class FileVerdict(NamedTuple):
    """What came of one file: a verification, or the problem that kept it from being verified."""

    path: str
    found: Verification | None
    problem: str = ""

    @property
    def verdict(self) -> Verdict | None:
        """None where the file could not be verified."""
        return None if self.found is None else self.found.verdict


class _NotReadable(Exception):
    """The message says why a file can't be read."""


def credential_files(folder: Path) -> Iterator[str]:
    """The credentials and PDFs in a folder and all below it, in no particular order.

    Folders that can't be read, and links to folders, which are not followed, are named as well: verifying them says so.
    """
    waiting = [str(folder)]
    while waiting:
        path = waiting.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.name.lower().endswith(_SUFFIXES) or (entry.is_symlink() and entry.is_dir()):
                        yield entry.path
        except OSError:
            yield path


def verify_file(verifier: OfflineVerifier, path: str) -> FileVerdict:
    """Verify one file, with the log proof beside it (`<name>.tlog-proof`) where there is one.

    Of a receipt (services/receipts.py) the verdict is that of its day, and its evidence stands in itself.
    """
    try:
        body = _read(path, MAX_PDF_BYTES)
        if is_pdf(body):
            body = credential_in_pdf(body)
        elif RECEIPT_TYPE.encode() in body and is_receipt(receipt := parse_object(body)):
            return FileVerdict(path, verify_receipt(verifier.bundle, receipt))
        elif len(body) > MAX_CREDENTIAL_BYTES:
            raise _NotReadable(f"larger than {MAX_CREDENTIAL_BYTES} bytes: no credential")
        proof = path + FILE_EXTENSION
        evidence = _read(proof, MAX_PROOF_SIZE) if os.path.lexists(proof) else None
        return FileVerdict(path, verifier.document(body, evidence))
    except (_NotReadable, NoCredentialInside, MalformedReceipt) as error:
        return FileVerdict(path, None, str(error))
    except InvalidInput as error:
        return FileVerdict(path, None, error.violations[0].reason)


def verify_files(
    verifier: OfflineVerifier, paths: Iterable[str], tell: Callable[[FileVerdict], _T], processes: int | None = None
) -> Iterator[_T]:
    """Verify many files, on all cores unless `processes` says otherwise; what `tell` makes of each, in order.

    Bounded memory: paths are taken, and results kept, a few thousand at a time. Raises StorageUnavailable where a
    process is killed.
    """
    workers = processes or len(os.sched_getaffinity(0))
    source = iter(paths)
    chunks = iter(lambda: list(islice(source, _CHUNK)), list[str]())
    if workers == 1:
        for chunk in chunks:
            yield from (tell(verify_file(verifier, path)) for path in chunk)
        return
    # Forked: the verifier, with all its lists and a copy of the log perhaps, is there already.
    context = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(workers, context, _begin_worker, (verifier, tell))
    running: deque[Future[list[_T]]] = deque()
    try:
        for chunk in chunks:
            running.append(pool.submit(_verify_in_worker, chunk))
            if len(running) > workers * _CHUNKS_AHEAD:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()
    except BrokenProcessPool as error:
        raise StorageUnavailable("A process that verified files was killed; is there enough memory?") from error
    finally:
        pool.shutdown(cancel_futures=True)


_at_work: tuple[OfflineVerifier, Callable[[FileVerdict], Any]] | None = None


def _begin_worker(verifier: OfflineVerifier, tell: Callable[[FileVerdict], Any]) -> None:
    global _at_work
    _at_work = verifier, tell
    # What is there now stays: the collector need not look at it again and again, nor copy its pages.
    gc.freeze()


def _verify_in_worker(chunk: list[str]) -> list[Any]:
    assert _at_work is not None  # noqa: S101 - set when the worker began
    verifier, tell = _at_work
    return [tell(verify_file(verifier, path)) for path in chunk]


def _read(path: str, limit: int) -> bytes:
    """A file of up to `limit` bytes. Raises _NotReadable."""
    try:
        # Where somebody has put a pipe among the files, opening it must not wait for whoever writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _NotReadable("can't be read: not a file")
            if status.st_size > limit:
                raise _NotReadable(f"larger than {limit} bytes")
            return os.read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _NotReadable(f"can't be read: {error.strerror}") from error
