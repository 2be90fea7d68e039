"""`registry verify --bundle`: files, folders and QR codes, verified without a registry."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import click

from registry.cli.bundle import open_file
from registry.domain.errors import InvalidInput, Violation
from registry.domain.verdict import Verdict
from registry.formats.cose_statement import carries_statement
from registry.services.log.copy import LogCopy
from registry.services.verify import Verification
from registry.services.verify_files import FileVerdict, credential_files, verify_file, verify_files
from registry.services.verify_offline import OfflineVerifier

_GOOD, _BAD, _NOT_KNOWN = 0, 1, 2


def open_verifier(bundle: Path, log: Path | None, at: datetime | None) -> OfflineVerifier:
    """A verifier as of now, or as of `at`. Raises InvalidInput."""
    opened = open_file(bundle)
    copy = LogCopy(log, opened.policy.logs) if log else None
    moment = (at or datetime.now(UTC)).replace(tzinfo=UTC) if at else None
    return OfflineVerifier(opened, lambda: moment or datetime.now(UTC), copy.find if copy else None)


def verify_here(verifier: OfflineVerifier, what: tuple[str, ...], processes: int | None, *, as_json: bool) -> int:
    """Verify files and folders, tell what came out, and return the exit code.

    0: all are valid; 1: at least one is not; 2: at least one could not be judged, and none is known to be bad.
    """
    if len(what) == 1 and carries_statement(what[0]) and not os.path.exists(what[0]):  # noqa: PTH110 - any text
        return _tell_one(FileVerdict(what[0], verifier.statement(what[0])), as_json=as_json)
    for one in what:
        if not os.path.exists(one):  # noqa: PTH110 - any text
            raise InvalidInput([Violation((), f"there is no file {one}")])
    if len(what) == 1 and Path(what[0]).is_file():
        return _tell_one(verify_file(verifier, what[0]), as_json=as_json)
    paths = list(chain.from_iterable(credential_files(Path(one)) if Path(one).is_dir() else [one] for one in what))
    results = verify_files(verifier, paths, processes)
    counted: Counter[str] = Counter()
    with click.progressbar(length=len(paths), label="Verifying", file=sys.stderr, hidden=as_json) as bar:
        for result in results:
            counted[_word(result)] += 1
            if as_json or result.verdict is not Verdict.VALID:
                click.echo(json.dumps(as_object(result), ensure_ascii=False) if as_json else _line(result))
            bar.update(1)
    if not as_json:
        click.echo(", ".join(f"{count} {word}" for word, count in sorted(counted.items())) or "no credentials there")
    return _exit_code(counted)


def as_object(one: FileVerdict) -> dict[str, object]:
    """What came of a file, for programs."""
    if one.found is None:
        return {"file": one.path, "verdict": None, "problem": one.problem}
    checks = {
        check.name.value: {"result": check.outcome.value, "finding": check.finding.value, "detail": check.detail}
        for check in one.found.checks
    }
    return {
        "file": one.path,
        "verdict": one.found.verdict.value,
        "public_id": one.found.public_id,
        "checked_at": one.found.checked_at.isoformat(),
        "checks": checks,
    }


def _tell_one(one: FileVerdict, *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps(as_object(one), ensure_ascii=False))
    elif one.found is None:
        click.echo(f"Error: {one.problem}", err=True)
    else:
        click.echo(as_text(one.found))
    return _exit_code(Counter([_word(one)]))


def as_text(found: Verification) -> str:
    """A verification for people: the verdict, what the certificate says, and each check."""
    lines = [found.verdict.value]
    if found.terms:
        holder = found.terms.get("holder", {}).get("name", {})
        lines.append(f"  {found.terms.get('number')}  {holder.get('zh')}  {holder.get('en') or ''}")
    lines += [f"  {one.name:10} {one.outcome.replace('_', ' '):12} {one.detail}" for one in found.checks]
    lines += [f"  differs at {one.pointer}: {one.registered!r} became {one.presented!r}" for one in found.differences]
    return "\n".join(lines)


def _line(one: FileVerdict) -> str:
    if one.found is None:
        return f"{one.path}: {one.problem}"
    wrong = [check for check in one.found.checks if check.outcome.value != "pass"]
    return f"{one.path}: {one.found.verdict} ({'; '.join(f'{check.name}: {check.detail}' for check in wrong)})"


def _word(one: FileVerdict) -> str:
    return "not readable" if one.verdict is None else one.verdict.value


def _exit_code(counted: Counter[str]) -> int:
    undecided = {"not readable", Verdict.UNKNOWN.value}
    if any(word not in undecided and word != Verdict.VALID.value for word in counted):
        return _BAD
    return _NOT_KNOWN if undecided & set(counted) else _GOOD
