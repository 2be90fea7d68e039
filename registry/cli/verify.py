"""`registry verify`."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from keys import KeyStoreError
from registry.cli import offline, statements
from registry.cli.terminal import MAX_FILE_BYTES, Moment, is_file, printable, with_registry_to_read
from registry.domain.errors import InvalidInput, NotFound, RegistryError, Violation
from registry.domain.public_id import MalformedPublicId
from registry.domain.verdict import Verdict
from registry.services.context import Registry
from registry.services.presented import verify_presented
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
@click.option("--at", metavar="TIME", type=Moment(), help="With a bundle: as of a time (UTC).")
@click.option("--all", "name_all", is_flag=True, help="With a bundle: name what is valid as well.")
@click.option("--processes", type=click.IntRange(1), help="With a bundle.  [default: one a core]")
def verify(
    what: tuple[str, ...],
    as_json: bool,
    bundle: Path | None,
    log: Path | None,
    at: datetime | None,
    name_all: bool,
    processes: int | None,
) -> None:
    """Verify a public id, a credential (JSON) or certificate (PDF) in a file, or the text of a QR code.

    To find a certificate by its number, use the registry's search.

    With --bundle (see 'registry bundle fetch') no registry is needed: verifies any number of files and folders of them,
    or the text of a QR code with its signed part behind the '#'. A log proof is read from the file beside a
    credential, of the same name with '.tlog-proof' behind it.

    Exits with 0 when all are valid, with 1 when one is not, and with 2 when that could not be found out.
    """
    try:
        if bundle is not None:
            told = offline.Telling(as_json=as_json, name_all=name_all)
            sys.exit(offline.verify_here(offline.open_verifier(bundle, log, at), what, processes, told))
        if log or at or name_all or processes or len(what) > 1:
            raise click.UsageError("Several files at once, --log, --at, --all and --processes need --bundle.")
        _verify_online(what[0], as_json=as_json)
    except MalformedPublicId as error:
        raise _NotFoundOut(error.diagnostics()) from error
    except NotFound:
        # Whoever asks for a certificate that is not there has an answer.
        raise
    except (RegistryError, KeyStoreError) as error:
        raise _NotFoundOut(error.diagnostics() if isinstance(error, RegistryError) else str(error)) from error


@with_registry_to_read
def _verify_online(registry: Registry, what: str, *, as_json: bool) -> None:
    verdict, told = _verify(registry, Verifier(registry, remembered=0), what, as_json=as_json)
    click.echo(told)
    sys.exit(0 if verdict is Verdict.VALID else 1)


def _verify(registry: Registry, verifier: Verifier, what: str, *, as_json: bool) -> tuple[Verdict, str]:
    text = statements.code_in(what)
    if text is not None:
        return _verify_code(registry, verifier, text, as_json=as_json)
    found = _verify_what(registry, verifier, what)
    return found.verdict, _as_json(found) if as_json else offline.as_text(found)


def _verify_code(registry: Registry, verifier: Verifier, text: str, *, as_json: bool) -> tuple[Verdict, str]:
    try:
        found = verify_statement(registry, verifier, text)
    except InvalidInput as error:
        told = statements.damaged_as_json(error) if as_json else statements.damaged_as_text(error)
        return Verdict.INVALID, told
    return found.verdict, statements.as_json(found) if as_json else statements.as_text(found)


def _verify_what(registry: Registry, verifier: Verifier, what: str) -> Verification:
    path = Path(what)
    if is_file(path):
        return _verify_file(verifier, path)
    address, mark, public_id = what.partition("#")[0].partition("/v/")
    if mark and address.lower() == registry.base_url.lower():
        return verifier.by_public_id(public_id)
    if "." in what or "/" in what:
        raise InvalidInput([Violation((), offline.not_there(what, "a folder, which needs --bundle"))])
    try:
        return verifier.by_public_id(what)
    except MalformedPublicId as error:
        hint = f"To find a certificate by its number: {registry.base_url}/search"
        raise MalformedPublicId(f"{error} {hint}") from error


def _verify_file(verifier: Verifier, path: Path) -> Verification:
    try:
        with path.open("rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
        if len(body) > MAX_FILE_BYTES:
            raise InvalidInput([Violation((), f"larger than {MAX_FILE_BYTES} bytes: no credential")])
        return verify_presented(verifier, body).found
    except OSError as error:
        raise InvalidInput([Violation((), f"{printable(str(path))} can't be read: {error.strerror}")]) from error
    except InvalidInput as error:
        raise InvalidInput([Violation((), f"{printable(str(path))}: {error.violations[0].reason}")]) from error


def _as_json(found: Verification) -> str:
    checks = {one.name.value: {"result": one.outcome.value, "finding": one.finding.value} for one in found.checks}
    answer = {"verdict": found.verdict.value, "public_id": found.public_id, "checks": checks}
    return json.dumps(answer, ensure_ascii=False)
