"""`registry verify --bundle`: files, folders and QR codes, verified without a registry."""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import click

from registry.cli.bundle import open_file
from registry.cli.terminal import printable, progress_bar
from registry.domain.errors import InvalidInput, Violation
from registry.domain.verdict import Outcome, Verdict
from registry.formats.cose_statement import carries_statement
from registry.services.log.copy import LogCopy
from registry.services.verify import Verification
from registry.services.verify_files import FileVerdict, credential_files, verify_file, verify_files
from registry.services.verify_offline import OfflineVerifier

_GOOD, _BAD, _NOT_KNOWN = 0, 1, 2
_SHOWN_EVERY = 500
_NOT_READABLE = "not readable"
_UNDECIDED = frozenset({_NOT_READABLE, Verdict.UNKNOWN.value})


def open_verifier(bundle: Path, log: Path | None, at: datetime | None) -> OfflineVerifier:
    """A verifier as of now, or as of `at` (UTC, without a zone). Raises InvalidInput."""
    opened = open_file(bundle)
    now = datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)
    return OfflineVerifier(opened, now, LogCopy(log, opened) if log else None)


def verify_here(verifier: OfflineVerifier, what: tuple[str, ...], processes: int | None, *, as_json: bool) -> int:
    """Verify files and folders, tell what came out, and return the exit code.

    0: all are valid; 1: at least one is not; 2: at least one could not be judged, and none is known to be bad, or
    there was nothing to verify. Raises InvalidInput where there is no such file.
    """
    # What the reader of PDFs warns of would be shown between the verdicts.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    if len(what) == 1 and carries_statement(what[0]) and not os.path.lexists(what[0]):
        return _tell_one(FileVerdict(what[0], verifier.statement(what[0])), as_json=as_json)
    for one in what:
        if not os.path.lexists(one):
            raise InvalidInput([Violation((), f"there is no file {printable(one)}")])
    if len(what) == 1 and not Path(what[0]).is_dir():
        return _tell_one(verify_file(verifier, what[0]), as_json=as_json)
    paths = list(chain.from_iterable(credential_files(Path(one)) if Path(one).is_dir() else [one] for one in what))
    counted: Counter[str] = Counter()
    with progress_bar("Verifying") as progress:
        for done, (word, line) in enumerate(verify_files(verifier, paths, _told_as(as_json=as_json), processes), 1):
            counted[word] += 1
            if line:
                click.echo(line)
            if done % _SHOWN_EVERY == 0:
                progress(done, len(paths))
    if not as_json:
        click.echo(", ".join(f"{count} {word}" for word, count in sorted(counted.items())) or "no credentials there")
    return _exit_code(counted)


def _told_as(*, as_json: bool) -> Callable[[FileVerdict], tuple[str, str]]:
    """From a verdict to its word and its line; empty for what is valid, but in JSON."""

    def tell(one: FileVerdict) -> tuple[str, str]:
        if as_json:
            return _word(one), _as_json(one)
        return _word(one), "" if one.verdict is Verdict.VALID else _line(one)

    return tell


def _as_json(one: FileVerdict) -> str:
    """What came of a file, for programs. In ASCII, for a file may have any name."""
    answer: dict[str, Any] = {"file": one.path, "verdict": one.verdict}
    if one.found is None:
        answer["problem"] = printable(one.problem)
    else:
        answer["public_id"] = one.found.public_id
        answer["number"] = _shown(one.found.terms.get("number"))
        answer["checked_at"] = one.found.checked_at.isoformat()
        answer["checks"] = {
            check.name: {"result": check.outcome, "finding": check.finding, "detail": printable(check.detail)}
            for check in one.found.checks
        }
    return json.dumps(answer)


def _tell_one(one: FileVerdict, *, as_json: bool) -> int:
    if as_json:
        click.echo(_as_json(one))
    elif one.found is None:
        click.echo(f"Error: {printable(one.problem)}", err=True)
    else:
        click.echo(as_text(one.found))
    return _exit_code(Counter([_word(one)]))


def as_text(found: Verification) -> str:
    """A verification for people: the verdict, what the certificate says, and each check."""
    lines = [found.verdict.value]
    if found.terms:
        holder = found.terms.get("holder")
        name = holder.get("name") if isinstance(holder, dict) else None
        names = name if isinstance(name, dict) else {}
        lines.append(f"  {_shown(found.terms.get('number'))}  {_shown(names.get('zh'))}  {_shown(names.get('en'))}")
    lines += [
        f"  {check.name:10} {check.outcome.replace('_', ' '):12} {printable(check.detail)}" for check in found.checks
    ]
    lines += [
        f"  differs at {printable(one.pointer)}: {one.registered!r} became {one.presented!r}"
        for one in found.differences
    ]
    return "\n".join(lines)


def _shown(value: object) -> str:
    return printable(value) if isinstance(value, str) else ""


def _line(one: FileVerdict) -> str:
    if one.found is None:
        return f"{printable(one.path)}: {printable(one.problem)}"
    wrong = [check for check in one.found.checks if check.outcome is not Outcome.PASS]
    reasons = "; ".join(f"{check.name}: {check.detail}" for check in wrong)
    return f"{printable(one.path)}: {one.found.verdict} ({printable(reasons)})"


def _word(one: FileVerdict) -> str:
    return _NOT_READABLE if one.verdict is None else one.verdict.value


def _exit_code(counted: Counter[str]) -> int:
    if any(word != Verdict.VALID and word not in _UNDECIDED for word in counted):
        return _BAD
    return _GOOD if set(counted) == {Verdict.VALID.value} else _NOT_KNOWN
