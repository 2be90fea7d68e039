"""`registry worker`."""

from __future__ import annotations

import logging
import signal
from threading import Event
from types import FrameType

import click

from registry.cli.terminal import with_registry
from registry.services.context import Registry
from registry.worker import Worker


@click.command()
@with_registry
def worker(registry: Registry) -> None:
    """Run what goes on beside the web server: places entries in the log, and has its checkpoints cosigned.

    Set REGISTRY_LOG_WORKER=on for the web servers, which then leave the log to it. Several may run.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    stop = Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, end)
    runs = Worker(registry)
    click.echo("The worker runs until you press Ctrl+C.")
    runs.run(stop)
