"""Files that are sent by API or web page: taken in, looked at, accepted, and given up. A worker does the rest."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from tempfile import TemporaryFile
from typing import BinaryIO

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.errors import Conflict, IdempotencyKeyReused, InvalidInput, NotFound, NotPermitted, Violation
from registry.formats.act_table import ACTS
from registry.formats.canonical_json import JsonObject
from registry.formats.table import MalformedTable, TableFormat, recognize
from registry.services.approvals import AwaitsApproval, ProposedAct, needs_approval, propose
from registry.services.change_status import ACT_VERBS
from registry.services.context import Actor, Registry, Verb, audit
from registry.services.idempotency import MAX_KEY_LENGTH
from registry.store import imports as store
from registry.store.imports import StoredImport
from registry.store.proposals import StoredProposal

MAX_PAGE = 100
# The name under which recording a file is proposed to a second officer.
RECORD_FILE = "file.record"
# How many files of one issuer are kept at once.
MAX_UNFINISHED = 10
_MAX_FILE_NAME = 200


class ImportKind(StrEnum):
    """What the rows of a file are."""

    CERTIFICATES = "certificates"
    ACTS = "acts"


class ImportState(StrEnum):
    """What has become of a file.

    A worker takes those that are waiting or accepted. Checked: somebody has to accept it. Refused: it can't be read,
    or could not be recorded; the problem says why. Done: recorded, as far as there was anything new.
    """

    WAITING = "waiting"
    CHECKING = "checking"
    CHECKED = "checked"
    ACCEPTED = "accepted"
    RECORDING = "recording"
    DONE = "done"
    REFUSED = "refused"


_VERBS = {
    ImportKind.CERTIFICATES: frozenset({Verb.ISSUE}),
    ImportKind.ACTS: frozenset(ACT_VERBS[act] for act in ACTS.values()),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it is sent: what its rows are, what it is called there, and what shall be done with it.

    `dry_run`: check it and wait until it is accepted. `skip_wrong`: record the right rows although others are wrong.
    """

    kind: ImportKind
    file_name: str | None = None
    format: TableFormat | None = None
    dry_run: bool = True
    skip_wrong: bool = False
    idempotency_key: str | None = None


def require_any(actor: Actor, kind: ImportKind) -> None:
    """Raises NotPermitted unless the actor may do at least something with files of this kind."""
    if not actor.verbs & _VERBS[kind]:
        raise NotPermitted(f"Files of {kind} need one of: {', '.join(sorted(_VERBS[kind]))}.")


def send_file(registry: Registry, actor: Actor, sent: Sent, content: BinaryIO) -> StoredImport:
    """Take a file in, to be checked by a worker; the same again where it comes twice with an Idempotency-Key.

    Raises InvalidInput, NotPermitted, Conflict where too many files wait, IdempotencyKeyReused.
    """
    require_any(actor, sent.kind)
    with TemporaryFile(prefix="registry-import-") as file:
        digest = _receive(content, file, registry.settings.max_import_bytes)
        size = file.tell()
        file.seek(0)
        try:
            found = sent.format or recognize(file)
        except MalformedTable as error:
            raise InvalidInput([Violation((), str(error))]) from error
        try:
            return _keep(registry, actor, sent, found, file, size, digest)
        except IntegrityError:
            # Its twin with the same Idempotency-Key was faster.
            return _keep(registry, actor, sent, found, file, size, digest)


def _keep(
    registry: Registry, actor: Actor, sent: Sent, found: TableFormat, file: BinaryIO, size: int, digest: str
) -> StoredImport:
    now = registry.now()
    with registry.database.transaction() as connection:
        if sent.idempotency_key is not None and actor.api_key_id is not None:
            earlier = store.find_idempotent(connection, actor.api_key_id, sent.idempotency_key)
            if earlier is not None:
                return _twin(earlier, sent, digest)
        if store.count_unfinished(connection, actor.issuer_id) >= MAX_UNFINISHED:
            told = f"{MAX_UNFINISHED} files wait to be checked or accepted; accept or discard one of them first."
            raise Conflict(told)
        name = secrets.token_urlsafe(16)
        key = store.insert_import(
            connection,
            name=name,
            issuer_id=actor.issuer_id,
            kind=sent.kind,
            format=found,
            file_name=_file_name(sent.file_name),
            size=size,
            sha256=digest,
            actor=actor.name,
            verbs=sorted(actor.verbs),
            api_key_id=actor.api_key_id,
            user_id=actor.user_id,
            origin=actor.origin,
            idempotency_key=sent.idempotency_key if actor.api_key_id is not None else None,
            state=ImportState.WAITING,
            dry_run=sent.dry_run,
            skip_wrong=sent.skip_wrong,
            done=0,
            total=size,
            attempts=0,
            created_at=now,
            changed_at=now,
        )
        file.seek(0)
        store.write_parts(connection, key, "file", file)
        audit(connection, now, actor, "import.send", name, kind=sent.kind, sha256=digest, size=size)
    return read_import(registry, actor, name)


def read_import(registry: Registry, actor: Actor, name: str) -> StoredImport:
    """One of the issuer's imports. Raises NotFound."""
    with registry.database.read() as connection:
        found = store.find_import(connection, actor.issuer_id, name)
    if found is None:
        raise NotFound("No import of yours has this name.")
    return found


def list_imports(registry: Registry, actor: Actor, before: str | None, limit: int) -> list[StoredImport]:
    """The issuer's imports, newest first, those before the one of a name."""
    with registry.database.read() as connection:
        return store.list_imports(connection, actor.issuer_id, before, limit)


def accept(registry: Registry, actor: Actor, name: str, *, skip_wrong: bool = False) -> StoredImport:
    """Have a checked file recorded. What is accepted already stays so.

    Raises NotFound, NotPermitted, Conflict where it is not checked or has wrong rows that are not to be skipped, and
    AwaitsApproval where the issuer's bulk acts wait for a second officer.
    """
    found = read_import(registry, actor, name)
    require_any(actor, ImportKind(found.kind))
    if found.state in {ImportState.ACCEPTED, ImportState.RECORDING, ImportState.DONE}:
        return found
    if found.state != ImportState.CHECKED:
        raise Conflict(f"Only a checked file can be accepted; this one is {found.state}.")
    skip_wrong = skip_wrong or found.skip_wrong
    if found.wrong_count and not skip_wrong:
        raise Conflict(f"{found.wrong_count:,} rows are wrong. Mend them, or accept with skip_wrong.")
    if needs_approval(registry, actor):
        raise AwaitsApproval(propose_recording(registry, actor, found, skip_wrong=skip_wrong))
    with registry.database.transaction() as connection:
        _accept(connection, actor, found, registry.now(), skip_wrong=skip_wrong)
    return read_import(registry, actor, name)


def propose_recording(registry: Registry, actor: Actor, found: StoredImport, *, skip_wrong: bool) -> StoredProposal:
    """Have the recording of a checked file wait for a second officer. Raises Conflict."""
    verbs = sorted(actor.verbs & _VERBS[ImportKind(found.kind)])
    payload = {"import": found.name, "sha256": found.sha256, "skip_wrong": skip_wrong, "verbs": verbs}
    after = {"kind": found.kind, "new": found.new_count, "wrong": found.wrong_count, "sha256": found.sha256}
    return propose(registry, actor, ProposedAct(RECORD_FILE, found.name, payload, {}, after))


def accept_proposed(registry: Registry, connection: Connection, proposer: Actor, payload: JsonObject) -> JsonObject:
    """Accept a file on behalf of who has proposed it, in the transaction of the approval. Raises Conflict."""
    found = store.find_import(connection, proposer.issuer_id, payload["import"])
    if found is None or found.sha256 != payload["sha256"]:
        raise Conflict("The file has been discarded meanwhile. Refuse the proposal.")
    if not _accept(connection, proposer, found, registry.now(), skip_wrong=payload["skip_wrong"]):
        raise Conflict(f"The file is {found.state}. Refuse the proposal.")
    return {"import": found.name}


def _accept(connection: Connection, actor: Actor, found: StoredImport, now: datetime, *, skip_wrong: bool) -> bool:
    """Let a worker record a checked file; False where it is not that any more."""
    changed = store.update_import(
        connection,
        found.id,
        [ImportState.CHECKED],
        state=ImportState.ACCEPTED,
        skip_wrong=skip_wrong,
        actor=actor.name,
        verbs=sorted(actor.verbs),
        user_id=actor.user_id,
        origin=actor.origin,
        done=0,
        total=found.new_count or 0,
        attempts=0,
        changed_at=now,
    )
    if changed:
        audit(connection, now, actor, "import.accept", found.name, sha256=found.sha256, new=found.new_count)
    return changed


def discard(registry: Registry, actor: Actor, name: str) -> None:
    """Forget a file. Raises NotFound, NotPermitted, and Conflict where a worker is at it or will be."""
    found = read_import(registry, actor, name)
    require_any(actor, ImportKind(found.kind))
    now = registry.now()
    with registry.database.transaction() as connection:
        free = [ImportState.WAITING, ImportState.CHECKED, ImportState.DONE, ImportState.REFUSED]
        if not store.update_import(connection, found.id, free, changed_at=now):
            raise Conflict(f"This file is {found.state}; wait until that is over.")
        store.delete_import(connection, found.id)
        audit(connection, now, actor, "import.discard", name, sha256=found.sha256)


def file_parts(registry: Registry, found: StoredImport, role: str) -> Iterator[bytes]:
    """A file of an import, piece by piece."""
    number = 0
    while True:
        with registry.database.read() as connection:
            part = store.read_part(connection, found.id, role, number)
        if part is None:
            return
        yield part
        number += 1


def _receive(content: BinaryIO, file: BinaryIO, limit: int) -> str:
    """Copy what is sent; returns its SHA-256. Raises InvalidInput for more than `limit` bytes."""
    digest = hashlib.sha256()
    left = limit
    while part := content.read(store.PART_BYTES):
        left -= len(part)
        if left < 0:
            raise InvalidInput([Violation((), f"the file has more than {limit:,} bytes; send it in several files")])
        digest.update(part)
        file.write(part)
    return digest.hexdigest()


def _twin(earlier: StoredImport, sent: Sent, digest: str) -> StoredImport:
    asked = (digest, sent.kind, sent.dry_run, sent.skip_wrong)
    if (earlier.sha256, earlier.kind, earlier.dry_run, earlier.skip_wrong) != asked:
        raise IdempotencyKeyReused("This Idempotency-Key came before with a different file. Use a new one.")
    return earlier


def _file_name(given: str | None) -> str | None:
    """The last part of a name as a browser sends it, without what can't be shown."""
    if not given:
        return None
    last = given.replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in last if one.isprintable())[:_MAX_FILE_NAME] or None


def check_idempotency_key(key: str | None) -> str | None:
    """Raises InvalidInput for a key that is no key."""
    if key is not None and (not 0 < len(key) <= MAX_KEY_LENGTH or not key.isprintable()):
        raise InvalidInput([Violation(("Idempotency-Key",), f"must have 1 to {MAX_KEY_LENGTH} printable characters")])
    return key
