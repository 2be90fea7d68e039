"""Delivering events to webhook endpoints: at least once, by any number of workers.

A delivery is claimed for a while before it is sent and settled after. A worker that dies in between leaves a claim that
runs out; the next one sends the same event again, under the same id. Who does not answer is left alone for a while, so
that nobody waits for it; each delivery is tried for three days, and an endpoint that failed for as long is disabled.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import Any

from sqlalchemy import Connection

from keys import KeyStoreError
from registry.domain.changes import WEBHOOK_DISABLED
from registry.domain.errors import RegistryError
from registry.formats.change_event import encode
from registry.services.context import Registry, audit_for
from registry.services.outgoing import NotSent, Sender, sender_of
from registry.services.watching.endpoints import delivery_headers
from registry.services.watching.feed import document_of, event_id
from registry.services.watching.place import DELIVERED_WITHIN, tell
from registry.store import party_events
from registry.store import webhooks as store
from registry.store.party_events import NewEvent, StoredEvent
from registry.store.webhooks import Attempt, ClaimedDelivery, StoredEndpoint

_AT_ONCE = 20
_CLAIMED_FOR = timedelta(minutes=2)
# Nothing is begun with a claim that might run out meanwhile.
_MARGIN = timedelta(seconds=30)
_THREADS = 16
_LANES = 4
# When a delivery is tried again, after the first failure and so on; the last one over and over.
_DELAYS = [timedelta(seconds=one) for one in (5, 60, 300, 1800, 7200, 18_000, 36_000)]
# For how long an endpoint is left alone after so many failures in a row.
_PAUSES = [timedelta(seconds=one) for one in (5, 15, 60, 300, 900)]
_JITTER = 0.2
# After a longer outage everything that was put off is tried at once.
_OUTAGE = 3
_KEPT_FOR = timedelta(days=90)
_logger = logging.getLogger(__name__)


class Courier:
    """Delivers for one worker, many endpoints at a time; one that is slow takes only a few of the threads."""

    def __init__(
        self, registry: Registry, sender: Sender | None = None, chance: Callable[[], float] = random.random
    ) -> None:
        """`chance`: a number from 0 to 1, for the jitter. Raises Misconfigured."""
        self._registry = registry
        self._sender = sender or sender_of(registry.settings)
        self._chance = chance
        self._pool = ThreadPoolExecutor(_THREADS, "webhook")
        self._lanes: Counter[int] = Counter()
        self._lock = Lock()

    def begin(self) -> list[Future[None]]:
        """Begin to deliver what is due, without waiting for it."""
        with self._registry.database.read() as connection:
            ready = store.ready_endpoints(connection, self._registry.now())
        begun = []
        for endpoint in ready:
            with self._lock:
                if self._lanes[endpoint] >= _LANES or self._lanes.total() >= _THREADS:
                    continue
                self._lanes[endpoint] += 1
            begun.append(self._pool.submit(self._work, endpoint))
        return begun

    def deliver(self) -> None:
        """Deliver what is due, and wait for it."""
        while begun := self.begin():
            for one in begun:
                one.result()

    def close(self) -> None:
        """Begin nothing more. What was begun ends by itself, or is tried again by another worker."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, endpoint: int) -> None:
        try:
            while self._portion(endpoint) == _AT_ONCE:
                pass
        except (RegistryError, KeyStoreError) as error:
            _logger.warning("webhooks: %s", error)
        finally:
            with self._lock:
                self._lanes[endpoint] -= 1

    def _portion(self, key: int) -> int:
        """Claim some deliveries and send them, until one fails; returns how many were delivered."""
        registry, now = self._registry, self._registry.now()
        until = now + _CLAIMED_FOR
        with registry.database.transaction() as connection:
            endpoint = store.get_endpoint(connection, key)
            if endpoint is None or endpoint.state != store.ACTIVE or (endpoint.paused_until or now) > now:
                return 0
            claimed = store.claim(connection, key, now, until, _AT_ONCE)
            events = party_events.events_numbered(connection, endpoint.party_id, [one.number for one in claimed])
        for position, delivery in enumerate(claimed):
            late = registry.now() > until - _MARGIN
            if late or not self._send(endpoint, delivery, events[delivery.number], until):
                with registry.database.transaction() as connection:
                    rest = [one.id for one in claimed[position if late else position + 1 :]]
                    store.give_back(connection, rest, until, registry.now())
                return position
        return len(claimed)

    def _send(self, endpoint: StoredEndpoint, delivery: ClaimedDelivery, event: StoredEvent, until: datetime) -> bool:
        body = encode(document_of(self._registry, event))
        headers = delivery_headers(self._registry, endpoint, event_id(event), body)
        begun, status, problem, wait = monotonic(), None, None, None
        try:
            answer = self._sender.post(endpoint.url, body, headers)
            status, wait = answer.status, answer.retry_after
            if not 200 <= status < 300:
                problem = f"it answered {status}"
        except NotSent as error:
            problem = str(error)[:200]
        now = self._registry.now()
        attempt = Attempt(now, status, problem, int(1000 * (monotonic() - begun)))
        with self._registry.database.transaction() as connection:
            if problem is None:
                self._delivered(connection, endpoint.id, delivery, attempt, until)
            else:
                self._failed(connection, endpoint.id, delivery, attempt, until, wait)
        return problem is None

    def _delivered(
        self, connection: Connection, key: int, delivery: ClaimedDelivery, attempt: Attempt, until: datetime
    ) -> None:
        done = {"state": store.DELIVERED, "finished_at": attempt.at}
        if not store.settle(connection, delivery.id, until, attempt, **done):
            return
        endpoint = store.get_endpoint(connection, key)
        if endpoint is not None and endpoint.failures:
            store.update_endpoint(connection, key, failures=0, failing_since=None, paused_until=None)
            if endpoint.failures >= _OUTAGE:
                store.bring_forward(connection, key, attempt.at, attempt.at + _CLAIMED_FOR)

    def _failed(
        self,
        connection: Connection,
        key: int,
        delivery: ClaimedDelivery,
        attempt: Attempt,
        until: datetime,
        wait: int | None,
    ) -> None:
        now = attempt.at
        asked = timedelta(seconds=min(wait or 0, _DELAYS[-1].total_seconds()))
        due_at = min(now + max(self._spread(_DELAYS, delivery.attempts), asked), delivery.give_up_at)
        values: dict[str, Any] = {"due_at": due_at}
        if now >= delivery.give_up_at:
            values = {"state": store.FAILED, "finished_at": now}
        endpoint = store.get_endpoint(connection, key, for_update=True)
        if endpoint is None or not store.settle(connection, delivery.id, until, attempt, **values):
            return
        since = endpoint.failing_since or now
        pause = now + max(self._spread(_PAUSES, endpoint.failures), asked)
        failing = {"failures": endpoint.failures + 1, "failing_since": since, "paused_until": pause}
        store.update_endpoint(connection, key, **failing)
        if attempt.status == 410:
            self._disable(connection, endpoint, "it answered 410: it is gone", now)
        elif now - since >= DELIVERED_WITHIN:
            self._disable(connection, endpoint, f"it failed for three days; at last: {attempt.problem}", now)

    def _disable(self, connection: Connection, endpoint: StoredEndpoint, because: str, now: datetime) -> None:
        """Send nothing there any more, and tell the party in its feed, and by its other endpoints."""
        if endpoint.state != store.ACTIVE:
            return
        store.update_endpoint(connection, endpoint.id, state=store.DISABLED, disabled_because=because[:200])
        audit_for(connection, now, "worker", None, "webhook.disable", endpoint.endpoint_id, because=because[:200])
        what = (None, endpoint.endpoint_id, now, None, 0, now)
        tell(self._registry, connection, [NewEvent(endpoint.party_id, 0, WEBHOOK_DISABLED, *what)])

    def _spread(self, steps: Sequence[timedelta], failures: int) -> timedelta:
        """The step after so many failures, some more or less, so that not all come back at the same moment."""
        step = steps[min(failures, len(steps) - 1)]
        return step * (1 + _JITTER * (2 * self._chance() - 1))


def forget_deliveries(registry: Registry) -> None:
    """Forget deliveries that were finished long ago; the feed keeps the events."""
    with registry.database.transaction() as connection:
        store.remove_finished(connection, registry.now() - _KEPT_FOR)
