"""`registry worker`."""

from __future__ import annotations

import logging
import signal
import sys
from threading import Event, Thread
from types import FrameType

import click

from registry.cli.terminal import with_registry
from registry.services.context import Registry
from registry.worker import Worker


@click.command()
@click.option("--until-input-ends", is_flag=True, help="End when standard input does.")
@with_registry
def worker(registry: Registry, until_input_ends: bool) -> None:
    """Run what goes on beside the web server: imports files, places entries in the log, has its checkpoints cosigned.

    'registry serve' brings one along. Set REGISTRY_LOG_WORKER=on for the web servers, which then leave the log to it.
    Several may run.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    stop = Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, end)
    if until_input_ends:
        Thread(target=_end_with_input, args=(stop,), daemon=True).start()
    runs = Worker(registry)
    click.echo("The worker runs until you press Ctrl+C.")
    runs.run(stop)


def _end_with_input(stop: Event) -> None:
    sys.stdin.buffer.read()
    stop.set()
