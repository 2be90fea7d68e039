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
from typing import Any, NamedTuple

import click

from registry.cli.bundle import open_file
from registry.cli.statements import code_in, damaged_as_json, damaged_as_text
from registry.cli.terminal import is_file, printable, progress_bar
from registry.domain.errors import InvalidInput, Violation
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.verdict import Check, CheckName, Outcome, Verdict
from registry.services.log.copy import LogCopy
from registry.services.verify import Verification
from registry.services.verify_files import FileVerdict, credential_files, verify_file, verify_files
from registry.services.verify_offline import OfflineVerifier

_GOOD, _BAD, _NOT_KNOWN = 0, 1, 2
_SHOWN_EVERY = 500
_NOT_READABLE = "not readable"
_UNDECIDED = frozenset({_NOT_READABLE, Verdict.UNKNOWN.value})


class Telling(NamedTuple):
    """How verdicts are told: as JSON, or in words; of many, the valid ones by name or only in the count."""

    as_json: bool = False
    name_all: bool = False


def open_verifier(bundle: Path, log: Path | None, at: datetime | None) -> OfflineVerifier:
    """A verifier as of now, or as of `at`. Raises InvalidInput."""
    opened = open_file(bundle)
    if log and not is_file(log / "checkpoint"):
        advice = "it has no checkpoint. 'registry log mirror' makes one"
        raise InvalidInput([Violation((), f"{log} is not the copy of the log of a registry: {advice}")])
    return OfflineVerifier(opened, at or datetime.now(UTC), LogCopy(log, opened) if log else None)


def verify_here(verifier: OfflineVerifier, what: tuple[str, ...], processes: int | None, telling: Telling) -> int:
    """Verify files and folders, tell what came out, and return the exit code.

    0: all are valid; 1: at least one is not; 2: at least one could not be judged, and none is known to be bad, or
    there was nothing to verify. Raises InvalidInput where there is no such file.
    """
    # What the reader of PDFs warns of would be shown between the verdicts.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    code = code_in(what[0]) if len(what) == 1 else None
    if code is not None:
        return _verify_code(verifier, what[0], code, as_json=telling.as_json)
    for one in what:
        if not os.path.lexists(one):
            raise InvalidInput([Violation((), not_there(one))])
    if len(what) == 1 and not Path(what[0]).is_dir():
        return _tell_one(verify_file(verifier, what[0]), as_json=telling.as_json)
    paths = list(chain.from_iterable(credential_files(Path(one)) if Path(one).is_dir() else [one] for one in what))
    counted: Counter[str] = Counter()
    with progress_bar("Verifying") as progress:
        for done, (word, line) in enumerate(verify_files(verifier, paths, _told_as(telling), processes), 1):
            counted[word] += 1
            if line:
                click.echo(line)
            if done % _SHOWN_EVERY == 0:
                progress(done, len(paths))
    if not telling.as_json:
        click.echo(", ".join(f"{count} {word}" for word, count in sorted(counted.items())) or "no credentials there")
    return _exit_code(counted)


def not_there(what: str, otherwise: str = "") -> str:
    """Why there is nothing to verify under a name; `otherwise`: what is wrong with it if it is there."""
    shown = printable(what)
    if os.path.lexists(what):
        return f"{shown} is {otherwise}" if Path(what).is_dir() else f"{shown} is no file that can be read"
    try:
        parse_public_id(what.rpartition("/v/")[2])
    except MalformedPublicId:
        return f"there is no file {shown}"
    return f"{shown} can't be verified offline: that takes the credential itself, or the code with its signed part"


def _verify_code(verifier: OfflineVerifier, what: str, code: str, *, as_json: bool) -> int:
    try:
        found = verifier.statement(code)
    except InvalidInput as error:
        click.echo(damaged_as_json(error, what) if as_json else damaged_as_text(error))
        return _BAD
    told = _as_json(FileVerdict(what, found)) if as_json else _code_as_text(found, code)
    click.echo(told)
    return _GOOD if found.verdict is Verdict.VALID else _NOT_KNOWN if found.verdict is Verdict.UNKNOWN else _BAD


def _code_as_text(found: Verification, code: str) -> str:
    """For people: that a code is genuine, and where to ask for what it can't say."""
    passed = {check.name for check in found.checks if check.outcome is Outcome.PASS}
    told, unknown = as_text(found), Verdict.UNKNOWN.value
    if found.verdict is not Verdict.UNKNOWN or not {CheckName.SIGNATURE, CheckName.KEY} <= passed:
        return told
    address = code.strip().rpartition("#")[0] or f"registry verify {found.public_id}"
    genuine = "genuine, and its status is not known: the issuer signed this code, which can't say what became of it"
    return f"{unknown}: {genuine}\n  ask the registry: {printable(address)}" + told.removeprefix(unknown)


def _told_as(telling: Telling) -> Callable[[FileVerdict], tuple[str, str]]:
    """From a verdict to its word and its line; empty for what is not named."""

    def tell(one: FileVerdict) -> tuple[str, str]:
        if telling.as_json:
            return _word(one), _as_json(one)
        return _word(one), "" if one.verdict is Verdict.VALID and not telling.name_all else _line(one)

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
        click.echo(f"Error: {_line(one)}", err=True)
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
        f"  {check.name:10} {check.outcome.replace('_', ' '):12} {printable(_in_words(check))}"
        for check in found.checks
    ]
    lines += [
        f"  differs at {printable(one.pointer)}: {one.registered!r} became {one.presented!r}"
        for one in found.differences
    ]
    return "\n".join(lines)


def _shown(value: object) -> str:
    return printable(value) if isinstance(value, str) else ""


def _in_words(check: Check) -> str:
    """What was found; where it is not as it should be, with the name that the documentation has for it."""
    return check.detail if check.outcome is Outcome.PASS else f"{check.finding}: {check.detail}"


def _line(one: FileVerdict) -> str:
    if one.found is None:
        return f"{printable(one.path)}: {printable(one.problem)}"
    wrong = [check for check in one.found.checks if check.outcome is not Outcome.PASS]
    reasons = "; ".join(f"{check.name}: {_in_words(check)}" for check in wrong)
    return f"{printable(one.path)}: {one.found.verdict}" + (f" ({printable(reasons)})" if reasons else "")


def _word(one: FileVerdict) -> str:
    return _NOT_READABLE if one.verdict is None else one.verdict.value


def _exit_code(counted: Counter[str]) -> int:
    if any(word != Verdict.VALID and word not in _UNDECIDED for word in counted):
        return _BAD
    return _GOOD if set(counted) == {Verdict.VALID.value} else _NOT_KNOWN
