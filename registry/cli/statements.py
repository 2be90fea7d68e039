"""What `registry verify` says of the text of an offline QR."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from registry.cli.terminal import is_file, printable
from registry.domain.errors import InvalidInput
from registry.formats.cose_statement import MAX_TEXT_LENGTH, carries_statement
from registry.services.verify_statement import StatementFinding, StatementVerification, shown

_MEANINGS: Mapping[StatementFinding, str] = {
    StatementFinding.ELSEWHERE: "the code leads to another address than this registry: do not trust what opens there",
    StatementFinding.OF_ANOTHER: "the code leads to one certificate, and its signed part speaks of another",
    StatementFinding.KEY_UNKNOWN: "no issuer of this registry has the key that is said to have signed",
    StatementFinding.ALTERED: "the signature does not fit: the code was altered, or the issuer never made it",
    StatementFinding.UNCONFIRMED: "the issuer signed it, but no certificate of this registry confirms it",
    StatementFinding.DIFFERS: "the issuer signed it, but the register says something else",
    StatementFinding.KEY_COMPROMISED: "it agrees with the register; the signature alone proves nothing, its key is out",
    StatementFinding.AGREES: "the issuer signed it, and it agrees with the register",
}


def code_in(what: str) -> str | None:
    """The text of an offline QR: given itself, or in a file; None for anything else."""
    path = Path(what)
    if not is_file(path):
        return what if carries_statement(what) else None
    try:
        with path.open("rb") as file:
            text = file.read(MAX_TEXT_LENGTH).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    # Credentials have a '#' as well.
    is_code = "#" not in text or text.lower().startswith(("http://", "https://"))
    return text if is_code and carries_statement(text) else None


def damaged_as_text(error: InvalidInput) -> str:
    """What is said of a text that is meant to be an offline QR's, and can't be read."""
    problem = printable(error.violations[0].reason)
    return f"invalid: this code is damaged or was altered; do not rely on this print\n  {problem}"


def damaged_as_json(error: InvalidInput, file: str | None = None) -> str:
    """The same for programs."""
    statement = {"finding": "damaged", "problem": printable(error.violations[0].reason)}
    answer = {"verdict": "invalid", "public_id": None, "statement": statement}
    return json.dumps(answer if file is None else {"file": file, **answer})


def as_text(found: StatementVerification) -> str:
    """The verdict on the print, what the code says, and where that departs from the register."""
    claims = found.statement.claims
    until = claims.valid_until or "no end"
    lines = [
        found.verdict.value,
        f"  the code: {_MEANINGS[found.finding]}",
        f"  {claims.number}  {claims.holder.zh}  {claims.holder.en or ''}".rstrip(),
        f"  {claims.standard}, {claims.valid_from} to {until}, signed with {found.statement.verification_method}",
    ]
    if found.registered is not None:
        lines.append(f"  the register: {found.registered.verdict} (registry verify {claims.public_id})")
    lines += [f"  differs at {one.pointer}: {one.registered!r} became {one.presented!r}" for one in found.differences]
    return "\n".join(lines)


def as_json(found: StatementVerification) -> str:
    """The same for programs."""
    answer = {
        "verdict": found.verdict,
        "public_id": found.statement.claims.public_id,
        "statement": {
            "finding": found.finding,
            "verification_method": found.statement.verification_method,
            "claims": shown(found.statement.claims),
        },
        "registered": found.registered and found.registered.verdict,
        "differences": [
            {"pointer": one.pointer, "registered": one.registered, "presented": one.presented}
            for one in found.differences
        ],
    }
    return json.dumps(answer, ensure_ascii=False)
