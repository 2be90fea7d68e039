"""Auditing the whole log: the checkpoint, the tree under it, the register beside it, and a mirror of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from registry.domain.errors import NotFound
from registry.formats.signed_note import MalformedNote, UnverifiedNote, parse_note
from registry.formats.tlog_checkpoint import open_checkpoint, parse_checkpoint
from registry.services.context import Registry
from registry.services.log.anchor import LogDamaged, require_continuation
from registry.services.log.audit_mirror import audit_mirror
from registry.services.log.audit_register import audit_rows, audit_unlogged
from registry.services.log.audit_tree import TreeAudit, audit_outside
from registry.services.log.findings import Finding, FindingKind, Findings
from registry.services.log.keys import verifier_keys
from registry.services.log.read import published_head
from registry.store import log, log_audit
from registry.store.log import Head


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit looked at, and what it found.

    `size` entries and `certificates` rows were compared; `root` is what the entries lead to; `waiting` acts have no
    place in the log yet. `findings` are the first of each kind, `counts` tells how many there are.
    """

    size: int
    root: bytes
    waiting: int
    certificates: int
    findings: tuple[Finding, ...]
    counts: dict[FindingKind, int]


def audit_log(
    registry: Registry, mirror: Path | None = None, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Audit:
    """Audit the log as it is now, while it may grow. `progress` is told how many rows are done, of how many.

    `mirror` is a folder that `registry log mirror` has filled. Raises NotFound where it is none, StorageUnavailable.
    """
    findings = Findings()
    with registry.database.read() as connection:
        head = log.newest_head(connection)
        highest = log_audit.highest_index(connection)
        certificates = log_audit.count_certificates(connection)
        _audit_signatures(registry, connection, head, findings)
    _audit_continuation(registry, findings)
    size = head.size if head else 0
    if size > (present := 0 if highest is None else highest + 1):
        text = f"The newest checkpoint covers {size} entries; those from {present} on are missing."
        findings.add(FindingKind.CHECKPOINT, text)
        size = present
    steps = _Steps(progress, size * (1 if mirror is None else 2) + certificates)
    root = TreeAudit(registry, size, findings).run(steps.advance)
    audit_unlogged(registry, findings)
    certificates = audit_rows(registry, findings, steps.advance)
    with registry.database.read() as connection:
        audit_outside(connection, size, findings)
        waiting = log_audit.count_waiting(connection)
    if mirror is not None:
        audit_mirror(registry, mirror, size, findings, steps.advance)
    return Audit(size, root, waiting, certificates, findings.kept, findings.counts)


def _audit_continuation(registry: Registry, findings: Findings) -> None:
    """Whether the database still has all that this machine remembers to have signed."""
    with registry.database.transaction() as connection:
        # Nothing may be placed between a look at the one and a look at the other.
        log.lock_integration(connection)
        head = log.newest_head(connection)
        try:
            if head is not None:
                require_continuation(registry, connection, parse_checkpoint(parse_note(head.note).text))
        except (LogDamaged, MalformedNote) as error:
            findings.add(FindingKind.CHECKPOINT, f"{error}")


class _Steps:
    """Counts what is done, of what there was at the beginning."""

    def __init__(self, progress: Callable[[int, int], None], total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def advance(self, count: int) -> None:
        self._done += count
        self._progress(min(self._done, self._total), self._total)


def _audit_signatures(registry: Registry, connection: Connection, head: Head | None, findings: Findings) -> None:
    """The signatures of the newest checkpoint, and of the published one, which may wait for cosignatures."""
    if head is None:
        findings.add(FindingKind.CHECKPOINT, "There is no checkpoint. Run: registry init")
        return
    keys = verifier_keys(registry)
    heads = {head.size: head}
    try:
        published = published_head(registry, connection)
        heads[published.size] = published
    except NotFound:
        # None has enough cosignatures yet.
        pass
    for one in heads.values():
        try:
            open_checkpoint(one.note, keys)
        except (MalformedNote, UnverifiedNote) as error:
            findings.add(FindingKind.CHECKPOINT, f"The checkpoint of size {one.size}: {error}.")
