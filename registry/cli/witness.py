"""`registry witness`: a witness of public logs, for a bank or a supervisor to run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Concatenate, ParamSpec

import click

from registry.serve import require_free_port, serve_witness_forever
from registry.services import witness as service
from registry.services.witness import Witness
from registry.settings import read_settings
from registry.store.witness_state import LogState, Refusal, RefusalKind

P = ParamSpec("P")
_MEANING = {
    RefusalKind.FORK: "two histories of one log, both under its signature: proof of misconduct",
    RefusalKind.NO_PROOF: "not shown to continue what was cosigned: a fork, or somebody sent a wrong proof",
    RefusalKind.ROLLBACK: "older than what was cosigned: the log was set back, or somebody repeated an old checkpoint",
}


@click.group()
def witness() -> None:
    """Cosign the checkpoints of public logs, so that no log can have two histories (docs/witness.md).

    The witness keeps its key and its state in the folder 'witness' of REGISTRY_DATA_DIR. The passphrase of its key is
    in REGISTRY_KEY_PASSPHRASE_FILE or REGISTRY_KEY_PASSPHRASE.
    """


def _with_witness(command: Callable[Concatenate[Witness, P], None]) -> Callable[P, None]:
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        opened = service.open_witness(read_settings(os.environ))
        try:
            command(opened, *args, **kwargs)
        finally:
            opened.state.close()

    return run


@witness.command()
@click.argument("name")
def init(name: str) -> None:
    """Make a witness. NAME stands in its signatures, say witness.bank.example/1; it can't be changed."""
    key = service.initialize(read_settings(os.environ), name, datetime.now(UTC))
    click.echo(f"The witness is ready. Give the logs this key:\n{key.vkey}")


@witness.command("add-log")
@click.argument("origin")
@click.argument("vkey")
@_with_witness
def add_log(opened: Witness, origin: str, vkey: str) -> None:
    """Cosign the log ORIGIN (first line of its checkpoints), which signs with VKEY. Once for each key of the log."""
    new = service.add_log(opened, origin, vkey)
    click.echo(f"Checkpoints of {origin} under this key are cosigned" + (" from now on." if new else " already."))


@witness.command("drop-key")
@click.argument("origin")
@click.argument("vkey")
@_with_witness
def drop_key(opened: Witness, origin: str, vkey: str) -> None:
    """Trust the key VKEY of the log ORIGIN no more. What the witness knows of the log stays."""
    service.drop_log_key(opened, origin, vkey)
    click.echo(f"Checkpoints of {origin} under this key are refused from now on.")


@witness.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True)
@_with_witness
def serve(opened: Witness, host: str, port: int) -> None:
    """Answer the logs: POST /add-checkpoint."""
    require_free_port(host, port)
    click.echo(f"Witness {opened.key.name} on http://{host}:{port}/add-checkpoint", err=True)
    opened.state.close()
    serve_witness_forever(host, port)


@witness.command()
@_with_witness
def status(opened: Witness) -> None:
    """Show the logs and what was refused. Exit code 3 where a log is proven to have forked."""
    found = service.report(opened)
    click.echo(found.key.vkey)
    for log in found.logs:
        click.echo(_log_line(log))
        for refusal in found.refusals:
            if refusal.origin == log.origin:
                click.echo(_refusal_lines(refusal))
    if any(refusal.kind is RefusalKind.FORK for refusal in found.refusals):
        sys.exit(3)


@witness.command()
@click.argument("origin")
@_with_witness
def evidence(opened: Witness, origin: str) -> None:
    """Print the signed checkpoints that were refused of the log ORIGIN, each with the one that stood against it.

    Of each kind the first and the newest.
    """
    for refusal in service.report(opened).refusals:
        if refusal.origin == origin:
            times = [refusal.first_at, refusal.last_at][-len(refusal.evidence) :]
            for moment, kept in zip(times, refusal.evidence, strict=True):
                click.echo(f"=== {refusal.kind}, {_when(moment)}: refused\n{kept.refused_note.decode()}")
                click.echo(f"=== cosigned before\n{kept.standing_note.decode()}")


def _log_line(log: LogState) -> str:
    if log.cosigned_at is None:
        return f"{log.origin}: nothing cosigned yet"
    return f"{log.origin}: size {log.size}, root {log.root.hex()}, cosigned {_when(log.cosigned_at)}"


def _refusal_lines(refusal: Refusal) -> str:
    newest = _when(refusal.last_at)
    return f"  REFUSED {refusal.kind} {refusal.times} times, last {newest}: {_MEANING[refusal.kind]}"


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
