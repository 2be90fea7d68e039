"""Acts by file: all checked first, then all recorded in one transaction, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from registry.domain.errors import Conflict, InvalidInput, NotPermitted, RegistryError
from registry.domain.lifecycle import FINAL_STATES
from registry.domain.reasons import Act, Reason
from registry.formats.act_table import ActBatch, ActRecord, RequestedAct, read_acts
from registry.formats.certificate_table import Problem
from registry.formats.error_report import WrongRow
from registry.formats.table import TableFormat
from registry.services.bulk.checked_file import CheckedFile, Progress, dry_run, nothing_more, read_file, unseen
from registry.services.change_status import ACT_VERBS
from registry.services.context import Actor, Registry, audit
from registry.services.log.integrate import integrate_at_once
from registry.services.record_acts import IntendedAct, Life, decide, open_lives, write_down
from registry.store.bulk_acts import find_own
from registry.store.certificates import StoredCertificate

_AT_ONCE = 1000


@contextmanager
def check_acts(
    registry: Registry, actor: Actor, path: Path, kind: TableFormat, progress: Progress = unseen
) -> Iterator[CheckedFile]:
    """Hold a file of acts against the register. Raises InvalidInput for a file that can't be read."""
    size = path.stat().st_size
    with dry_run(path, kind) as checked:
        lines: dict[int, int] = {}
        for batch in read_file(read_acts, path, kind):
            _add(registry, actor, checked, batch, lines)
            progress(min(batch.read, size), size)
        checked.require_rows()
        progress(size, size)
        yield checked


def perform_acts(
    registry: Registry,
    actor: Actor,
    checked: CheckedFile,
    progress: Progress = unseen,
    finish: Callable[[Connection], None] = nothing_more,
) -> None:
    """Record all new acts of a checked file; `finish` is called at the end of the same transaction.

    Raises Conflict where the register has changed since the file was checked, NotPermitted.
    """
    # In the order in which everybody locks certificates.
    acts = sorted(map(orjson.loads, checked.requests()), key=lambda one: int(one["key"]))
    for act in {one["act"] for one in acts}:
        actor.require(ACT_VERBS[Act(act)])
    now = registry.now()
    with registry.database.transaction() as connection:
        for start in range(0, len(acts), _AT_ONCE):
            _perform(registry, connection, actor, acts[start : start + _AT_ONCE], now)
            progress(min(start + _AT_ONCE, len(acts)), len(acts))
        counts = dict(Counter(str(one["act"]) for one in acts))
        audit(connection, now, actor, "certificate.acts", f"file of {len(acts)}", sha256=checked.digest, after=counts)
        finish(connection)
    integrate_at_once(registry)


def _perform(
    registry: Registry, connection: Connection, actor: Actor, acts: Sequence[dict[str, Any]], now: datetime
) -> None:
    lives = open_lives(connection, [one["key"] for one in acts], lock=True)
    for one in acts:
        try:
            decide(lives[one["key"]], _intended(one), now)
        except RegistryError as error:
            told = f"Line {one['line']} is not possible any more, so nothing was done. Check the file again. {error}"
            raise Conflict(told) from error
    write_down(registry, connection, actor, lives.values())


def _add(registry: Registry, actor: Actor, checked: CheckedFile, batch: ActBatch, lines: dict[int, int]) -> None:
    """Hold a batch against the rows before it and against the register; `lines`: where each certificate stood."""
    requested = [one.requested for one in batch.records if one.requested]
    with registry.database.read() as connection:
        rows = find_own(
            connection,
            actor.issuer_id,
            [one.public_id for one in requested if one.public_id],
            [one.number for one in requested if one.number],
        )
        lives = open_lives(connection, [row.id for row in rows], lock=False)
    by_name = _by_name(rows)
    new: list[bytes] = []
    wrong: list[WrongRow] = []
    now = registry.now()
    for record in batch.records:
        row = by_name.get(_name(record.requested)) if record.requested else None
        problem = _problem(actor, record, row, batch.names, lines)
        if row is None and record.requested is not None and _name(record.requested) in by_name:
            told = "several versions with this number are not superseded; name the one by its public id"
            problem = Problem(batch.names["number"], told)
        life = lives[row.id] if row is not None else None
        if problem is None and life is not None and record.requested is not None:
            if _done_already(life, record.requested):
                continue
            problem = _refusal(life, record.requested, batch.names, now)
            if problem is None:
                new.append(_packed(record.line, life.row.id, record.requested))
                continue
        wrong.append(WrongRow(record.line, [problem] if problem else record.problems))
    checked.add(len(batch.records), new, wrong)


def _by_name(rows: Iterable[StoredCertificate]) -> dict[tuple[str, str], StoredCertificate | None]:
    """Certificates by public id and by number; None for a number that leads to several which are not superseded."""
    found: dict[tuple[str, str], StoredCertificate | None] = {("id", row.public_id): row for row in rows}
    by_number: dict[str, list[StoredCertificate]] = {}
    for row in sorted(rows, key=lambda row: row.id):
        by_number.setdefault(row.number, []).append(row)
    for number, versions in by_number.items():
        living = [row for row in versions if row.state not in FINAL_STATES]
        found["number", number] = None if len(living) > 1 else (living or versions)[-1]
    return found


def _name(requested: RequestedAct) -> tuple[str, str]:
    return ("id", requested.public_id) if requested.public_id else ("number", requested.number or "")


def _problem(
    actor: Actor, record: ActRecord, row: StoredCertificate | None, names: dict[str, str], lines: dict[int, int]
) -> Problem | None:
    """What keeps a row that can be read from being looked at closer."""
    requested = record.requested
    if requested is None:
        return None
    column = names["public_id" if requested.public_id else "number"]
    if row is None:
        return Problem(column, "no certificate of yours has it")
    first = lines.setdefault(row.id, record.line)
    if first != record.line:
        return Problem(column, f"its certificate occurs more than once in this file, first on line {first}")
    try:
        actor.require(ACT_VERBS[requested.act])
    except NotPermitted as error:
        return Problem(names["act"], str(error))
    return None


def _refusal(life: Life, requested: RequestedAct, names: dict[str, str], now: datetime) -> Problem | None:
    """Why the certificate's life does not allow the act."""
    intended = IntendedAct(requested.act, requested.reason, requested.effective_at, requested.until, requested.note)
    try:
        decide(life, intended, now)
    except InvalidInput as error:
        first = error.violations[0]
        column = str(first.path[0]) if first.path else "act"
        return Problem(names.get(column, column), first.reason)
    except Conflict as error:
        return Problem(names["act"], str(error))
    return None


def _done_already(life: Life, requested: RequestedAct) -> bool:
    """Whether the certificate's last act is this one: the file has come before."""
    last = next((event for event in reversed(life.events) if event.act is not Act.CALL_OFF), None)
    return last is not None and (
        (last.act, last.reason, last.until, last.note)
        == (requested.act, requested.reason, requested.until, requested.note)
        and (requested.effective_at is None or requested.effective_at == last.effective_at)
    )


def _packed(line: int, key: int, requested: RequestedAct) -> bytes:
    return orjson.dumps(
        {
            "line": line,
            "key": key,
            "act": requested.act,
            "reason": requested.reason,
            "effective_at": requested.effective_at,
            "until": requested.until,
            "note": requested.note,
        }
    )


def _intended(one: dict[str, Any]) -> IntendedAct:
    return IntendedAct(
        Act(one["act"]), Reason(one["reason"]), _moment(one["effective_at"]), _moment(one["until"]), one["note"]
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
