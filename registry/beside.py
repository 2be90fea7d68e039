"""A worker beside the web server, so that one command is a whole registry."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

_COMMAND = (sys.executable, "-c", "from registry.cli import main; main()", "worker", "--until-input-ends")
_PATIENCE_SECONDS = 5.0
# A worker that ends at once, because a setting is wrong, is not started over all the time.
_PAUSE_SECONDS = 30.0
_LOOKED_AFTER_SECONDS = 0.5


@contextmanager
def worker_beside() -> Iterator[None]:
    """Keep `registry worker` running as long as the block; it ends with this process, however that ends."""
    stop = Event()
    keeping = Thread(target=_keep_running, args=(stop,), daemon=True)
    keeping.start()
    try:
        yield
    finally:
        stop.set()
        keeping.join(2 * _PATIENCE_SECONDS)


def _keep_running(stop: Event) -> None:
    while not stop.is_set():
        begun = monotonic()
        _run_once(stop)
        if monotonic() - begun < _PATIENCE_SECONDS:
            stop.wait(_PAUSE_SECONDS)


def _run_once(stop: Event) -> None:
    # The worker reads this pipe and ends when nobody holds the other end any more.
    with subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as worker:  # noqa: S603
        while worker.poll() is None and not stop.is_set():
            stop.wait(_LOOKED_AFTER_SECONDS)
        if worker.stdin is not None:
            worker.stdin.close()
        try:
            worker.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            # What it was at is taken up again by the next one.
            worker.kill()
