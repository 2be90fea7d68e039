"""Publishing the status lists (W3C Bitstring Status List 1.0): built when they are asked for and something changed.

Set as revoked is what was withdrawn, cancelled or superseded; as suspended, what is suspended now. A certificate that
fell while it was suspended stays set as suspended in the lists that follow: otherwise an older list of revocations
beside a newer list of suspensions would show it as valid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from keys import Purpose as KeyPurpose
from registry.domain.errors import NotFound
from registry.domain.lifecycle import FINAL_STATES, State
from registry.formats import canonical_json
from registry.formats.bitstring_status_list import (
    Purpose,
    bitstring,
    decode_list,
    is_set,
    status_list_credential,
    status_list_url,
)
from registry.formats.data_integrity import add_proof
from registry.formats.did_web import registry_did
from registry.services.change_status import refresh_due
from registry.services.context import Registry
from registry.services.own_keys import own_signer
from registry.store import status_list_credentials as store
from registry.store.status_list_credentials import Look, StoredList

# How long a copy may be used before it is fetched anew: as long as a verdict may be shown again.
TTL = timedelta(seconds=10)
# How long a list can be believed at all. New ones are signed when half of it is gone, so whoever fetches one has three
# days and a half: a bank that carries lists into a closed network gets over a long weekend with them. A copy that
# somebody holds back to hide a withdrawal stops working after a week.
VALIDITY = timedelta(days=7)
# However many ask and however much changes, each process looks at the certificates of a list once in this time.
_BETWEEN_CHECKS = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A signed status list credential, and its tag, which changes with it."""

    etag: str
    document: bytes


@dataclass(frozen=True, slots=True)
class _Check:
    """What a process found when it last compared a list with the certificates."""

    at: datetime
    etag: str
    changes_at: datetime | None
    last_event_id: int
    settled: bool


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a list has to say now: its bits, and when that changes without a new event. `old` is what it says yet."""

    bits: bytes
    changes_at: datetime | None
    old: StoredList | None
    old_bits: bytes | None

    def published_etag(self, seen: Look, now: datetime) -> str | None:
        """The tag of the published list, if that says the same and can stay; None where a new one is needed."""
        old = self.old
        if old is None or self.bits != self.old_bits or not _usable(old.built_at, old.verification_method, seen, now):
            return None
        return old.etag


class StatusLists:
    """The status lists of one registry, as one process serves them. Safe for threads."""

    def __init__(self, registry: Registry) -> None:
        """The documents of all lists are kept in memory, some ten kilobytes each."""
        self._registry = registry
        self._documents: dict[tuple[int, Purpose], PublishedList] = {}
        self._checks: dict[tuple[int, Purpose], _Check] = {}
        self._lock = Lock()

    def ids(self) -> list[int]:
        """All pairs of lists."""
        with self._registry.database.read() as connection:
            return list(store.list_ids(connection))

    def addresses(self) -> list[str]:
        """Where all lists stand."""
        return [status_list_url(self._registry.base_url, one, purpose) for one in self.ids() for purpose in Purpose]

    def current(self, list_id: int, purpose: Purpose) -> PublishedList:
        """A list that was right a second ago or later. Raises NotFound, Misconfigured, keys.KeyStoreError.

        One query where nothing has changed; another where another process has published the list.
        """
        now = self._registry.now()
        seen = self._look(list_id, purpose, now)
        if not self._still_right(list_id, purpose, seen, now):
            with self._lock:
                # While this thread waited, another may have done the work.
                seen = self._look(list_id, purpose, now)
                if not self._still_right(list_id, purpose, seen, now):
                    self._renew(list_id, purpose, seen, now)
            seen = self._look(list_id, purpose, now)
        return self._document(list_id, purpose, seen.etag)

    def _look(self, list_id: int, purpose: Purpose, now: datetime) -> Look:
        with self._registry.database.read() as connection:
            seen = store.look(connection, list_id, purpose.value, KeyPurpose.STATUS_LIST.value, now)
        if seen is None:
            raise NotFound("No status list has this address.")
        return seen

    def _still_right(self, list_id: int, purpose: Purpose, seen: Look, now: datetime) -> bool:
        """Whether the published list may be served: nothing has changed since it was built, or was last compared."""
        if seen.etag is None or not _usable(seen.built_at, seen.verification_method, seen, now):
            return False
        if _nothing_since(seen.last_event_id, seen.settled, seen.changes_at, seen, now):
            return True
        check = self._checks.get((list_id, purpose))
        if check is None or check.etag != seen.etag:
            return False
        just_now = timedelta(0) <= now - check.at < _BETWEEN_CHECKS
        return just_now or _nothing_since(check.last_event_id, check.settled, check.changes_at, seen, now)

    def _renew(self, list_id: int, purpose: Purpose, seen: Look, now: datetime) -> None:
        """Compare the list with the certificates and, if it is not right any more, publish another.

        What is compared is never older than `seen`: an event that comes in between shows at the next look.
        """
        refresh_due(self._registry)
        with self._registry.database.read() as connection:
            draft = _draft(connection, list_id, purpose, seen.length)
        etag = draft.published_etag(seen, now)
        if etag is None:
            etag = self._publish(list_id, purpose, seen, now)
        if etag is not None:
            check = _Check(now, etag, draft.changes_at, seen.newest_event_id, seen.at_rest)
            self._checks[list_id, purpose] = check

    def _publish(self, list_id: int, purpose: Purpose, seen: Look, now: datetime) -> str | None:
        """The tag of what was published; None where another process was at it at the same moment."""
        key = own_signer(self._registry, KeyPurpose.STATUS_LIST)
        method = key.published.verification_method
        url = status_list_url(self._registry.base_url, list_id, purpose)
        issuer = registry_did(self._registry.base_url)
        try:
            with self._registry.database.transaction() as connection:
                # Read again, alone: of two processes at this point the later one never publishes what is older.
                draft = _draft(connection, list_id, purpose, seen.length, lock=True)
                if draft.published_etag(seen, now) is not None:
                    return None
                unsigned = status_list_credential(url, issuer, purpose, draft.bits, now, now + VALIDITY, TTL)
                document = add_proof(unsigned, method, now, key.signer.sign)
                values = {
                    "document": document,
                    "etag": hashlib.sha256(document).hexdigest(),
                    "built_at": now,
                    "changes_at": draft.changes_at,
                    "verification_method": method,
                    "last_event_id": seen.newest_event_id,
                    "settled": seen.at_rest,
                }
                store.publish(connection, list_id, purpose.value, values, replacing=draft.old is not None)
                return str(values["etag"])
        except IntegrityError:
            # The other one has published the first; that one is as good.
            return None

    def _document(self, list_id: int, purpose: Purpose, etag: str | None) -> PublishedList:
        kept = self._documents.get((list_id, purpose))
        if kept is None or kept.etag != etag:
            with self._registry.database.read() as connection:
                stored = store.find_document(connection, list_id, purpose.value)
            if stored is None:
                raise NotFound("No status list has this address.")
            kept = self._documents[list_id, purpose] = PublishedList(stored.etag, stored.document)
        return kept


def _usable(built_at: datetime | None, verification_method: str | None, seen: Look, now: datetime) -> bool:
    """Whether a list is signed with the key of the day, and has half of its validity before it.

    One from the future was made by a machine with a wrong clock.
    """
    if built_at is None or verification_method != seen.signing_method:
        return False
    return now - VALIDITY / 2 < built_at < now + VALIDITY / 2


def _nothing_since(
    last_event_id: int | None, settled: bool | None, changes_at: datetime | None, seen: Look, now: datetime
) -> bool:
    """Whether no certificate can have changed since a list was compared with them."""
    return bool(settled) and last_event_id == seen.newest_event_id and (changes_at is None or now < changes_at)


def _draft(connection: Connection, list_id: int, purpose: Purpose, length: int, *, lock: bool = False) -> _Draft:
    """What the list has to say. The order of the reads matters: a change between two of them must show later."""
    old = store.find_document(connection, list_id, purpose.value, lock=lock)
    old_bits = None if old is None else _bits_of(old.document)
    changes_at = store.next_change(connection, list_id)
    set_now = _indexes(store.not_active(connection, list_id), purpose, old_bits)
    return _Draft(bytes(bitstring(length, set_now)), changes_at, old, old_bits)


def _indexes(not_active: Sequence[tuple[int, State]], purpose: Purpose, old_bits: bytes | None) -> list[int]:
    if purpose is Purpose.REVOCATION:
        return [index for index, state in not_active if state in FINAL_STATES]
    return [
        index
        for index, state in not_active
        if state is State.SUSPENDED or (old_bits is not None and is_set(old_bits, index))
    ]


def _bits_of(document: bytes) -> bytes:
    return decode_list(canonical_json.parse(document)["credentialSubject"]["encodedList"])
