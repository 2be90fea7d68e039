"""Printing many certificates of one issuer into a ZIP, on all cores, in bounded memory."""

from __future__ import annotations

import multiprocessing
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from registry.domain.errors import RegistryError, StorageUnavailable
from registry.domain.look import Look
from registry.formats.zip_parts import Entry, zip_parts
from registry.services.change_status import refresh_due
from registry.services.context import Actor, Registry, Verb
from registry.services.find import Filters, narrowed
from registry.services.print_certificate import PrintJob, print_job
from registry.services.verify import Verifier
from registry.store.certificates import count_certificates
from registry.store.looks import look_by_id
from registry.store.verification import VerificationRow, page_for_verification

# What is in memory at a time: these many credentials, and the PDFs of some chunks for each process.
_PAGE = 100
_CHUNK = 8
_CHUNKS_AHEAD = 3
# Letters and digits of any script are kept; so a name has no slash, and never begins with a point.
_NOT_IN_NAMES = re.compile(r"[^\w-]+")
NOT_PRINTED = "not-printed.txt"


class Printed(NamedTuple):
    """What came of one certificate: its PDF, or the problem that kept it from being printed."""

    public_id: str
    number: str
    recorded_at: datetime
    pdf: bytes | None
    problem: str = ""


class PrintRun(NamedTuple):
    """How many certificates there are to print, and the archive, piece by piece."""

    total: int
    parts: Iterator[bytes]


class _Task(NamedTuple):
    number: str
    job: PrintJob


def print_zip(
    registry: Registry,
    actor: Actor,
    filters: Filters,
    *,
    processes: int | None = None,
    progress: Callable[[Printed], None] = lambda _: None,
) -> PrintRun:
    """A ZIP with the PDFs of the issuer's certificates, oldest first; on all cores unless `processes` says otherwise.

    `progress` is told what came of each. Those that could not be printed are named in a file NOT_PRINTED. Raises
    NotPermitted; the parts raise StorageUnavailable where a process is killed.
    """
    actor.require(Verb.READ)
    refresh_due(registry)
    with registry.database.read() as connection:
        look = look_by_id(connection, actor.issuer_id)
        count = count_certificates(connection, narrowed(registry, connection, actor, filters))
    workers = min(processes or len(os.sched_getaffinity(0)), -(-count // _CHUNK) or 1)
    printed = _printed(_tasks(registry, actor, filters, look), workers)
    return PrintRun(count, zip_parts(_entries(printed, registry.now(), progress)))


def _tasks(registry: Registry, actor: Actor, filters: Filters, look: Look) -> Iterator[_Task | Printed]:
    """What is to be printed; what fails its own check is done with already."""
    verifier = Verifier(registry, remembered=0)
    after = 0
    while True:
        with registry.database.read() as connection:
            conditions = narrowed(registry, connection, actor, filters)
            page = page_for_verification(connection, conditions, after, _PAGE)
        for row in page:
            yield _task(registry, verifier, row, look)
        if len(page) < _PAGE:
            return
        after = page[-1].key


def _task(registry: Registry, verifier: Verifier, row: VerificationRow, look: Look) -> _Task | Printed:
    try:
        return _Task(row.number, print_job(registry, verifier.row(row), row.document, look))
    except RegistryError as error:
        return Printed(row.public_id, row.number, row.recorded_at, None, error.diagnostics())


def _printed(tasks: Iterator[_Task | Printed], workers: int) -> Iterator[Printed]:
    chunks = iter(lambda: list(islice(tasks, _CHUNK)), list[_Task | Printed]())
    if workers == 1:
        for chunk in chunks:
            yield from map(_print, chunk)
        return
    # Spawned: a forked process would have the threads and connections of this one in a state that nobody knows.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    running: deque[Future[list[Printed]]] = deque()
    try:
        for chunk in chunks:
            running.append(pool.submit(_print_chunk, chunk))
            if len(running) > workers * _CHUNKS_AHEAD:
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()
    except BrokenProcessPool as error:
        raise StorageUnavailable("A process that printed was killed; is there enough memory?") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _print_chunk(chunk: list[_Task | Printed]) -> list[Printed]:
    return [_print(one) for one in chunk]


def _print(task: _Task | Printed) -> Printed:
    if isinstance(task, Printed):
        return task
    job = task.job
    try:
        return Printed(job.public_id, task.number, job.recorded_at, job.run())
    except RegistryError as error:
        return Printed(job.public_id, task.number, job.recorded_at, None, error.diagnostics())


def _entries(printed: Iterator[Printed], now: datetime, progress: Callable[[Printed], None]) -> Iterator[Entry]:
    problems = []
    for one in printed:
        progress(one)
        if one.pdf is None:
            problems.append(f"{one.number}\t{one.public_id}\t{one.problem}\n")
        else:
            yield Entry(f"{_NOT_IN_NAMES.sub('_', one.number)}_{one.public_id}.pdf", one.pdf, one.recorded_at)
    if problems:
        yield Entry(NOT_PRINTED, "".join(problems).encode(), now)
