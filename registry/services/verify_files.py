"""Verifying files against a trust bundle, on all cores: credentials, certificates as PDF, whole folders of them."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from registry.domain.errors import InvalidInput, RegistryError, Violation
from registry.domain.verdict import Verdict
from registry.formats.pdf_attachment import MAX_PDF_BYTES, NoCredentialInside, credential_in_pdf, is_pdf
from registry.formats.tlog_proof import FILE_EXTENSION, MAX_PROOF_SIZE
from registry.services.verify import Verification
from registry.services.verify_offline import OfflineVerifier

_CHUNK = 100
_SUFFIXES = (".json", ".pdf", ".jsonld")


class FileVerdict(NamedTuple):
    """What came of one file: a verification without the document, or a problem that kept it from being verified."""

    path: str
    found: Verification | None
    problem: str | None = None

    @property
    def verdict(self) -> Verdict | None:
        """None where the file could not be verified."""
        return None if self.found is None else self.found.verdict


def credential_files(folder: Path) -> Iterator[str]:
    """The credentials and PDFs in a folder and all below it, in no particular order."""
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.lower().endswith(_SUFFIXES):
                    yield entry.path


def verify_file(verifier: OfflineVerifier, path: str) -> FileVerdict:
    """Verify one file, with the log proof beside it (`<name>.tlog-proof`) where there is one."""
    try:
        body = _read(path, MAX_PDF_BYTES)
        if is_pdf(body):
            body = credential_in_pdf(body)
        proof = path + FILE_EXTENSION
        evidence = _read(proof, MAX_PROOF_SIZE) if os.path.exists(proof) else None  # noqa: PTH110 - ten times as fast
        return FileVerdict(path, verifier.document(body, evidence))
    except NoCredentialInside as error:
        return FileVerdict(path, None, str(error))
    except RegistryError as error:
        return FileVerdict(path, None, error.diagnostics())
    except OSError as error:
        return FileVerdict(path, None, f"can't be read: {error.strerror}")


def verify_files(
    verifier: OfflineVerifier, paths: Iterable[str], processes: int | None = None
) -> Iterator[FileVerdict]:
    """Verify many files, on all cores unless `processes` says otherwise; results as they come, in order.

    Bounded memory: paths are taken, and results given, a few thousand at a time.
    """
    workers = processes or len(os.sched_getaffinity(0))
    source = iter(paths)
    chunks = iter(lambda: list(islice(source, _CHUNK)), list[str]())
    if workers == 1:
        for chunk in chunks:
            yield from _verify_chunk(verifier, chunk)
        return
    # Forked: the verifier, with all its lists and a copy of the log perhaps, is there already.
    context = multiprocessing.get_context("fork")
    with context.Pool(workers, _begin_worker, (verifier,)) as pool:
        while batch := list(islice(chunks, workers * 16)):
            for results in pool.imap(_verify_in_worker, batch):
                yield from results


_verifier: OfflineVerifier | None = None


def _begin_worker(verifier: OfflineVerifier) -> None:
    global _verifier
    _verifier = verifier


def _verify_in_worker(chunk: list[str]) -> list[FileVerdict]:
    assert _verifier is not None  # noqa: S101 - set when the worker began
    return _verify_chunk(_verifier, chunk)


def _verify_chunk(verifier: OfflineVerifier, chunk: list[str]) -> list[FileVerdict]:
    return [_without_document(verify_file(verifier, path)) for path in chunk]


def _without_document(one: FileVerdict) -> FileVerdict:
    """What goes from process to process is what is told, not what was read."""
    return one if one.found is None else one._replace(found=one.found._replace(document=None))


def _read(path: str, limit: int) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - a third of the time
        body = file.read(limit + 1)
    if len(body) > limit:
        raise InvalidInput([Violation((), f"larger than {limit} bytes")])
    return body
