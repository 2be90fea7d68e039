"""`registry verify`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from registry.cli import statements
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
@click.argument("what", metavar="ID-OR-FILE-OR-CODE")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_registry
def verify(registry: Registry, what: str, as_json: bool) -> None:
    """Verify a public id, a credential in a file, or the text of a QR code, with its signed part behind the '#'.

    Exits with 0 when it is valid, with 1 when it is not, and with 2 when that could not be found out.
    """
    verifier = Verifier(registry, remembered=0)
    try:
        verdict, told = _verify(registry, verifier, what, as_json=as_json)
    except (MalformedPublicId, InvalidInput, StorageUnavailable) as error:
        raise _NotFoundOut(error.diagnostics()) from error
    click.echo(told)
    sys.exit(0 if verdict is Verdict.VALID else 1)


def _verify(registry: Registry, verifier: Verifier, what: str, *, as_json: bool) -> tuple[Verdict, str]:
    if carries_statement(what) and not _is_file(Path(what)):
        code = verify_statement(registry, verifier, what)
        return code.verdict, statements.as_json(code) if as_json else statements.as_text(code)
    found = _verify_what(registry, verifier, what)
    return found.verdict, _as_json(found) if as_json else _as_text(found)


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


def _as_text(found: Verification) -> str:
    lines = [found.verdict.value]
    if found.terms:
        holder = found.terms.get("holder", {}).get("name", {})
        lines.append(f"  {found.terms.get('number')}  {holder.get('zh')}  {holder.get('en') or ''}")
    lines += [f"  {one.name:10} {one.outcome.replace('_', ' '):12} {one.detail}" for one in found.checks]
    lines += [f"  differs at {one.pointer}: {one.registered!r} became {one.presented!r}" for one in found.differences]
    return "\n".join(lines)


def _as_json(found: Verification) -> str:
    checks = {one.name.value: {"result": one.outcome.value, "finding": one.finding.value} for one in found.checks}
    answer = {"verdict": found.verdict.value, "public_id": found.public_id, "checks": checks}
    return json.dumps(answer, ensure_ascii=False)
