"""One chunk of a portfolio: all that its verification needs, read by set queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from registry.domain.lifecycle import State, StatusEvent
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.signing_key import PublishedKey
from registry.formats.canonical_json import JsonObject, MalformedJson, canonicalize
from registry.services.context import Registry
from registry.services.find import Found, spellings
from registry.services.judge import Moment
from registry.services.portfolio.items import By, Item
from registry.services.verify import public_id_of, verification_method_of
from registry.store import certificates as store
from registry.store import portfolio
from registry.store.portfolio import Candidate
from registry.store.verification import VerificationRow

# Of the certificates that one number or one holder has, so many are verified.
MOST_MATCHES = 20


class Document(NamedTuple):
    """A credential that was handed in: parsed, canonical, and the key that it names."""

    document: JsonObject
    canonical: bytes
    verification_method: str | None


@dataclass(frozen=True, slots=True)
class Matched:
    """The certificates that an item fits, newest first, by row id: `fitting` in all, up to MOST_MATCHES named."""

    keys: Sequence[int] = ()
    fitting: int = 0
    document: Document | None = None
    problem: str | None = None


@dataclass(slots=True)
class Chunk:
    """What was read; answers what a judgement asks beside the row (services/judge.py)."""

    matched: list[Matched] = field(default_factory=list)
    rows: Mapping[int, VerificationRow] = field(default_factory=dict)
    keys: Mapping[str, PublishedKey] = field(default_factory=dict)
    _events: Mapping[int, Sequence[StatusEvent]] = field(default_factory=dict)
    _pending: Collection[int] = ()
    _seen_at: Mapping[int, datetime] = field(default_factory=dict)
    _successors: Mapping[int, str] = field(default_factory=dict)

    def events(self, key: int) -> Sequence[StatusEvent]:
        """The status events of a certificate whose cached state does not answer what is asked."""
        return self._events[key]

    def is_pending(self, key: int) -> bool:
        """Whether the issuing of a certificate waits for its place in the log."""
        return key in self._pending

    def seen_at(self, log_index: int) -> datetime | None:
        """When the log took an entry in."""
        return self._seen_at.get(log_index)

    def successor(self, key: int) -> str | None:
        """The public id of the certificate that replaces this one."""
        return self._successors.get(key)

    def versions(self, first_version_id: int) -> tuple[Found, ...]:  # noqa: ARG002 - of the protocol
        """Not told of many."""
        return ()

    def read_beside(self, connection: Connection, moment: Moment) -> None:
        """Read what the rows themselves do not say: a query each, and only where some row needs it."""
        rows = self.rows.values()
        present, now = moment.is_present, moment.now
        told = [
            row.key for row in rows if not present or (row.state_changes_at is not None and row.state_changes_at <= now)
        ]
        if told:
            self._events = store.events_of(connection, told)
        unplaced = [row.key for row in rows if row.log_index is None]
        if unplaced:
            self._pending = portfolio.issuing_pending(connection, unplaced)
        doubted = [row.log_index for row in rows if row.key_compromised_since and row.log_index is not None]
        if doubted:
            self._seen_at = portfolio.seen_by_log(connection, doubted)
        # A planned successor is one in the past of another moment, and in its future not.
        replaced = [row.key for row in rows if row.state == State.SUPERSEDED or row.key in self._events]
        if replaced:
            self._successors = portfolio.successors(connection, replaced)


def read_chunk(registry: Registry, items: Sequence[Item], moment: Moment) -> Chunk:
    """Find the certificates of all items, and read what their verification needs: some ten queries at the most."""
    documents = {at: _document(item.value) for at, item in enumerate(items) if item.by is By.CREDENTIAL}
    public_ids = {at: _public_id(item) for at, item in enumerate(items) if item.by in _BY_PUBLIC_ID}
    chunk = Chunk()
    with registry.database.read() as connection:
        numbers = _candidates(connection, items, By.NUMBER, moment)
        holders = _candidates(connection, items, By.USCC, moment)
        wanted = {one for one in public_ids.values() if isinstance(one, str)}
        known = portfolio.keys_of_public_ids(connection, wanted, moment.known_at) if wanted else {}
        for at, item in enumerate(items):
            if item.by in _BY_PUBLIC_ID:
                chunk.matched.append(_by_public_id(public_ids[at], documents.get(at), known))
            else:
                chunk.matched.append(_by_candidates(item, numbers if item.by is By.NUMBER else holders))
        keys = {key for one in chunk.matched for key in one.keys}
        if keys:
            chunk.rows = portfolio.rows_for_verification(connection, keys)
        methods = {one.verification_method for one in documents.values() if isinstance(one, Document)}
        if methods:
            chunk.keys = portfolio.published_keys(connection, [one for one in methods if one is not None])
        chunk.read_beside(connection, moment)
    return chunk


_BY_PUBLIC_ID = frozenset({By.PUBLIC_ID, By.CREDENTIAL})


def _document(document: JsonObject) -> Document | str:
    """The credential of an item, or why it is none."""
    try:
        canonical = canonicalize(document)
    except MalformedJson as error:
        return str(error)
    return Document(document, canonical, verification_method_of(document))


def _public_id(item: Item) -> str | MalformedPublicId | None:
    if item.by is By.CREDENTIAL:
        return public_id_of(item.value)
    try:
        return parse_public_id(item.value)
    except MalformedPublicId as error:
        return error


def _candidates(
    connection: Connection, items: Sequence[Item], by: By, moment: Moment
) -> Mapping[str, Sequence[Candidate]]:
    """The candidates by the spelling under which they stand in the register."""
    typed = {spelling for item in items if item.by is by for spelling in _spellings(item)}
    found: defaultdict[str, list[Candidate]] = defaultdict(list)
    if typed:
        read = portfolio.by_number if by is By.NUMBER else portfolio.by_holder_id
        for one in read(connection, typed, moment.known_at, MOST_MATCHES):
            found[one.value].append(one)
    return found


def _spellings(item: Item) -> Iterable[str]:
    if item.by is By.NUMBER:
        return spellings(item.value)
    return {item.value.strip(), item.value.strip().upper()}


def _by_public_id(
    public_id: str | MalformedPublicId | None, document: Document | str | None, known: Mapping[str, int]
) -> Matched:
    if isinstance(document, str):
        return Matched(problem=document)
    if isinstance(public_id, MalformedPublicId):
        return Matched(problem=str(public_id))
    key = known.get(public_id) if public_id else None
    return Matched(document=document) if key is None else Matched((key,), 1, document)


def _by_candidates(item: Item, candidates: Mapping[str, Sequence[Candidate]]) -> Matched:
    found = [one for spelling in _spellings(item) for one in candidates.get(spelling, ())]
    if item.issuer is not None:
        found = [one for one in found if one.issuer_code == item.issuer]
        return Matched([one.key for one in found], len(found))
    fitting = sum({one.value: one.fitting for one in found}.values())
    return Matched([one.key for one in sorted(found, reverse=True)][:MOST_MATCHES], fitting)
