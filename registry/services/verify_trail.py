"""Verifying the audit trail: every event against its link in the hash chain, and the chain against the public log.

Whoever writes to the database can change an event and all links after it; then the chain holds, but leads to another
head than the log has signed. So what has once been anchored in the log can't be changed unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.formats.audit_chain import GENESIS, event_digest, next_link
from registry.formats.canonical_json import MalformedJson
from registry.formats.log_entry import TrailHead, trail_head
from registry.services.context import Registry
from registry.services.log.seen import SeenByLog, Unproven
from registry.store import audit_chain as store
from registry.store.audit_chain import Linked

_AT_ONCE = 1000
_MOST_FINDINGS = 100
# From the act to the end of its transaction, and between the clocks of two machines.
_LATENESS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TrailFinding:
    """What is wrong, and with which event (its place in the trail, from 1)."""

    position: int
    text: str


@dataclass(frozen=True, slots=True)
class TrailAudit:
    """What was verified: so many events, of which the log vouches for the first `anchored`; so many wait for a place.

    `findings` has the first hundred, the one of the first event in front; `count` tells how many there are.
    """

    events: int
    anchored: int
    anchors: int
    waiting: int
    findings: tuple[TrailFinding, ...]
    count: int


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What the log says of the trail, in its entry number `log_index`."""

    log_index: int
    said: TrailHead


def verify_trail(registry: Registry, progress: Callable[[int, int], None] = lambda _done, _total: None) -> TrailAudit:
    """Verify all of the trail, while it may grow. `progress` is told how many events are done, of how many.

    Raises StorageUnavailable.
    """
    check = _TrailCheck(registry)
    with registry.database.read() as connection:
        total = store.highest_position(connection)
    while check.position < total:
        with registry.database.read() as connection:
            portion = store.linked_from(connection, check.position, _AT_ONCE)
        if not portion:
            break
        for linked in portion:
            check.event(linked)
        progress(min(check.position, total), total)
    check.end()
    with registry.database.read() as connection:
        waiting = store.count_unlinked(connection)
        hidden = store.without_place(connection)
    if hidden:
        check.add(0, f"{hidden} events have a place that no event can have: they were inserted.")
    findings = sorted(check.findings, key=lambda one: one.position)
    return TrailAudit(check.position, check.anchored, check.anchors, waiting, tuple(findings), check.count)


class _TrailCheck:
    """One pass over the events in their order, beside the log's entries about them in theirs."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._seen = SeenByLog(registry)
        self._link = GENESIS
        self._anchored_at: datetime | None = None
        self.position = self.anchored = self.anchors = self.count = 0
        self.findings: list[TrailFinding] = []
        self._coming = self._read_anchors()
        self._next = next(self._coming, None)

    def event(self, linked: Linked) -> None:
        """Check one event against its link, its place and its time, and against the log where that speaks of it."""
        event, expected = linked.event, self.position + 1
        if linked.position != expected:
            several = linked.position > expected + 1
            gone = f"Events {expected} to {linked.position - 1} are" if several else f"Event {expected} is"
            self.add(expected, f"{gone} missing: removed.")
            while self._next is not None and self._next.said.events < linked.position:
                # What the log says of them, there is nothing to hold against.
                self._pass_anchor(self._next)
        elif self._recomputed(linked) != linked.link:
            told = f"Event {linked.position} ({event.act} of {event.subject}, row {event.id}, by {event.actor})"
            self.add(linked.position, f"{told} does not fit its link: it was altered, or put in another's place.")
        if self._anchored_at is not None and event.at < self._anchored_at - _LATENESS:
            when = f"{event.at:%Y-%m-%d %H:%M:%S} UTC"
            text = f"Event {linked.position} ({event.act} of {event.subject}) is dated {when}"
            self.add(linked.position, f"{text}, long before it came into the trail: inserted later.")
        self.position, self._link = linked.position, linked.link
        self._meet_anchors()

    def end(self) -> None:
        """What the log says of events that are not there."""
        while self._next is not None:
            log_index, said = self._next.log_index, self._next.said
            if said.events > self.position:
                gone = f"those from {self.position + 1} on are missing: removed."
                self.add(self.position + 1, f"The log (entry {log_index}) knows {said.events} events; {gone}")
                return
            self._next = next(self._coming, None)

    def add(self, position: int, text: str) -> None:
        """Note a finding."""
        self.count += 1
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(TrailFinding(position, text))

    def _recomputed(self, linked: Linked) -> bytes | None:
        try:
            return next_link(self._link, event_digest(linked.event, linked.salt or b""))
        except MalformedJson:
            return None

    def _meet_anchors(self) -> None:
        while self._next is not None and self._next.said.events <= self.position:
            log_index, said = self._next.log_index, self._next.said
            if said.head != self._link:
                first = self.anchored + 1
                which = f"Event {first}" if first >= said.events else f"One of the events {first} to {said.events}"
                text = f"{which} is not the one of which the log was told (entry {log_index})"
                self.add(first, f"{text}: altered, removed or inserted, and the chain made to fit.")
            self._pass_anchor(self._next)

    def _pass_anchor(self, anchor: _Anchor) -> None:
        self.anchored, self._anchored_at = anchor.said.events, anchor.said.recorded_at
        self.anchors += 1
        self._next = next(self._coming, None)

    def _read_anchors(self) -> Iterator[_Anchor]:
        """The log's entries about the trail, each proven against the log's signed checkpoint."""
        number = 0
        while True:
            with self._registry.database.read() as connection:
                portion = store.anchors_after(connection, number, _AT_ONCE)
            for one in portion:
                if one.number != number + 1:
                    self.add(self.position, f"Of the log's entries about the trail, number {number + 1} is missing.")
                number = one.number
                said = trail_head(one.statement)
                try:
                    self._seen.require(one.log_index, one.statement)
                except Unproven as error:
                    self.add(self.position, f"The log can't vouch for the trail: {error}. Run: registry log verify")
                if said is None:
                    self.add(self.position, f"Entry {one.log_index} of the log about the trail can't be read.")
                else:
                    yield _Anchor(one.log_index, said)
            if len(portion) < _AT_ONCE:
                return
