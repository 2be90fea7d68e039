"""Starting servers for the benchmark: one process each, bound to one core, the client to another."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from socket import create_connection, socket

SERVER_CORE, CLIENT_CORE = 0, 1
_COMMAND = (
    "granian --interface wsgi --factory --workers 1 --blocking-threads {threads} --no-ws --log-level error "
    "--host 127.0.0.1 --port {port} {target}"
)


def bind_to(core: int) -> None:
    """Keep this process, and those that it starts, to one core (where there are two)."""
    if len(os.sched_getaffinity(0)) > 1 or core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core % (os.cpu_count() or 1)})


@contextmanager
def serving(target: str, environment: Mapping[str, str], threads: int) -> Iterator[int]:
    """A running server of an application factory; its port."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", *_COMMAND.format(port=port, target=target, threads=threads).split()]
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, preexec_fn=lambda: bind_to(SERVER_CORE), start_new_session=True
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(300):
        try:
            create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")
