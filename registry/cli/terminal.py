"""What all commands share: one line for a refusal, and the registry that the environment describes."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click

from keys import KeyStoreError
from registry.domain.errors import RegistryError
from registry.formats.signed_note import MalformedKey, VerifierKey, parse_vkey
from registry.services import set_up
from registry.services.approvals import AwaitsApproval
from registry.services.context import Registry, open_registry
from registry.settings import read_settings

P = ParamSpec("P")
DAY = click.DateTime(["%Y-%m-%d"])
_MOMENTS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
MAX_FILE_BYTES = 10_485_760
_LONGEST_LINE = 2000


class Moment(click.DateTime):
    """A moment, in UTC unless it names another offset; a day alone is its beginning."""

    def __init__(self) -> None:
        super().__init__(_MOMENTS)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Fails with examples, which say more than formats."""
        try:
            moment: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            told = f"{printable(str(value))!r} is no time; write 2026-03-02, 2026-03-02T04:30:00Z or …T12:30:00+08:00"
            self.fail(told, param, ctx)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class Duration(click.ParamType[timedelta]):
    """A length of time: 7d, 12h or 30m; 0 for none."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Fails with examples."""
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"([0-9]{1,5})([dhm])|0", str(value))
        if match is None:
            self.fail(f"{printable(str(value))!r} is no length of time; write 7d, 12h or 30m", param, ctx)
        unit = {"d": "days", "h": "hours", "m": "minutes", None: "days"}[match[2]]
        return timedelta(**{unit: int(match[1] or 0)})


class VerifierKeyText(click.ParamType[VerifierKey]):
    """A key of a log or a witness: <name>+<key id>+<base64>."""

    name = "vkey"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> VerifierKey:
        """Fails with what is wrong about the key."""
        try:
            return parse_vkey(str(value))
        except MalformedKey as error:
            self.fail(str(error), param, ctx)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal, from the first time on that its callback is told what is done, of how much."""
    with ExitStack() as stack:
        bars: list[Any] = []

        def show(done: int, total: int) -> None:
            if not bars:
                unseen = not sys.stderr.isatty()
                bar = click.progressbar(length=total, label=label, file=sys.stderr, hidden=unseen)
                bars.append(stack.enter_context(bar))
            bars[0].length = total
            bars[0].update(done - bars[0].pos)

        yield show


def is_file(path: Path) -> bool:
    """Whether there is such a file; also asked for texts that can't be the name of one."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def printable(text: str) -> str:
    """A text that came from elsewhere, fit for one line of a terminal: no control characters, and not too long."""
    shown = text if len(text) <= _LONGEST_LINE else text[:_LONGEST_LINE] + "…"
    if shown.isprintable():
        return shown
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in shown)


def operators_name() -> str:
    """Who sits at the terminal, for the audit trail; `sudo` tells who asked."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError):
        user = f"user {os.getuid()}"
    return f"terminal ({user[:60]})"


class RefusingGroup(click.Group):
    """Prints one line and exits with 1 where the registry refuses; a traceback is for mistakes of ours."""

    def invoke(self, ctx: click.Context) -> Any:
        """Raises click.ClickException."""
        try:
            return super().invoke(ctx)
        except RegistryError as error:
            raise click.ClickException(error.diagnostics()) from error
        except KeyStoreError as error:
            raise click.ClickException(str(error)) from error
        except AwaitsApproval as error:
            told = f"{error} The other one runs: registry approvals approve {error.proposal.reference}"
            raise click.ClickException(told) from error


def with_registry(command: Callable[Concatenate[Registry, P], None]) -> Callable[P, None]:
    """Hand the command the registry that the environment describes, if it is ready."""
    return _with_registry(command, set_up.require_ready)


def with_prepared_registry(command: Callable[Concatenate[Registry, P], None]) -> Callable[P, None]:
    """The same for commands that mend what keeps the registry from being ready: a key that is lost or has ended."""
    return _with_registry(command, set_up.require_prepared)


def with_registry_to_read(command: Callable[Concatenate[Registry, P], None]) -> Callable[P, None]:
    """The same for commands that only read: they need neither the key files nor their passphrase."""
    return _with_registry(command, set_up.require_prepared, signing=False)


def _with_registry(
    command: Callable[Concatenate[Registry, P], None], require: Callable[[Registry], None], *, signing: bool = True
) -> Callable[P, None]:
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        registry = open_registry(read_settings(os.environ), signing=signing)
        require(registry)
        command(registry, *args, **kwargs)

    return run
