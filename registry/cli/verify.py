"""`registry verify`."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from registry.cli import offline, statements
from registry.cli.terminal import MAX_FILE_BYTES, with_registry
from registry.domain.errors import InvalidInput, StorageUnavailable, Violation
from registry.domain.public_id import MalformedPublicId
from registry.domain.verdict import Verdict
from registry.formats.cose_statement import carries_statement
from registry.services.context import Registry
from registry.services.verify import Verification, Verifier
from registry.services.verify_statement import verify_statement


class _NotFoundOut(click.ClickException):
    """The question could not be answered, which is not the same as 'no'."""

    exit_code = 2


@click.command()
@click.argument("what", metavar="ID-OR-FILE-OR-CODE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="For programs; with a bundle, one line a file.")
@click.option("--bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A trust bundle.")
@click.option("--log", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A copy of the log.")
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]), help="As of a time (UTC), by the bundle.")
@click.option("--processes", type=click.IntRange(1), help="With a bundle.  [default: one a core]")
def verify(
    what: tuple[str, ...],
    as_json: bool,
    bundle: Path | None,
    log: Path | None,
    at: datetime | None,
    processes: int | None,
) -> None:
    """Verify a public id, a credential in a file, or the text of a QR code, with its signed part behind the '#'.

    With --bundle (see 'registry bundle fetch') no registry is needed: verifies any number of credentials (JSON),
    certificates (PDF), folders of them, or the text of a QR code. A log proof is read from the file beside a
    credential, of the same name with '.tlog-proof' behind it.

    Exits with 0 when all are valid, with 1 when one is not, and with 2 when that could not be found out.
    """
    try:
        if bundle is not None:
            sys.exit(offline.verify_here(offline.open_verifier(bundle, log, at), what, processes, as_json=as_json))
        if log or at or processes or len(what) > 1:
            raise click.UsageError("Several files at once, --log, --at and --processes need --bundle.")
        _verify_online(what[0], as_json=as_json)
    except (MalformedPublicId, InvalidInput, StorageUnavailable) as error:
        raise _NotFoundOut(error.diagnostics()) from error


@with_registry
def _verify_online(registry: Registry, what: str, *, as_json: bool) -> None:
    verdict, told = _verify(registry, Verifier(registry, remembered=0), what, as_json=as_json)
    click.echo(told)
    sys.exit(0 if verdict is Verdict.VALID else 1)


def _verify(registry: Registry, verifier: Verifier, what: str, *, as_json: bool) -> tuple[Verdict, str]:
    if carries_statement(what) and not _is_file(Path(what)):
        code = verify_statement(registry, verifier, what)
        return code.verdict, statements.as_json(code) if as_json else statements.as_text(code)
    found = _verify_what(registry, verifier, what)
    return found.verdict, _as_json(found) if as_json else offline.as_text(found)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # No file can have such a name.
        return False


def _verify_what(registry: Registry, verifier: Verifier, what: str) -> Verification:
    path = Path(what)
    if _is_file(path):
        with path.open("rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
        if len(body) > MAX_FILE_BYTES:
            raise InvalidInput([Violation((), f"{what} is larger than {MAX_FILE_BYTES} bytes: no credential")])
        return verifier.document(body)
    address, mark, public_id = what.partition("#")[0].partition("/v/")
    if mark and address.lower() == registry.base_url.lower():
        return verifier.by_public_id(public_id)
    if "." in what or "/" in what:
        raise InvalidInput([Violation((), f"there is no file {what}")])
    return verifier.by_public_id(what)


def _as_json(found: Verification) -> str:
    checks = {one.name.value: {"result": one.outcome.value, "finding": one.finding.value} for one in found.checks}
    answer = {"verdict": found.verdict.value, "public_id": found.public_id, "checks": checks}
    return json.dumps(answer, ensure_ascii=False)
