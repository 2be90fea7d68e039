"""`registry init` and `registry serve`."""

from __future__ import annotations

import os
from contextlib import nullcontext

import click

from registry.beside import worker_beside
from registry.cli.terminal import progress_bar, with_registry
from registry.serve import serve_forever
from registry.services import set_up
from registry.services.context import Registry, open_registry
from registry.settings import read_settings


@click.command()
def init() -> None:
    """Prepare the database and the registry's own keys. Safe to repeat, and needed after an upgrade."""
    with progress_bar("Entering earlier acts into the public log") as progress:
        made = set_up.initialize(open_registry(read_settings(os.environ)), progress)
    click.echo("The database is up to date" + (", and the registry has its keys." if made else "."))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=os.cpu_count() or 1, show_default="one a core", help="Processes.")
@click.option("--worker/--no-worker", "beside", default=True, help="Run a 'registry worker' beside it.")
@with_registry
def serve(registry: Registry, host: str, port: int, workers: int, beside: bool) -> None:
    """Run the web server, and a worker beside it."""
    registry.keys.check()
    registry.database.close()
    with worker_beside() if beside else nullcontext():
        serve_forever(registry.settings, host, port, workers)
