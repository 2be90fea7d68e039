"""What runs beside the web server, over and over: the log's entries placed, its checkpoints cosigned, files
imported, caches renewed, surveillance watched over, relying parties told what has changed.

Several may run. Each turn leaves everything in order, so that a worker may be stopped or killed at any time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

from keys import KeyStoreError
from registry.domain.errors import Misconfigured, RegistryError
from registry.services.bulk.run_imports import forget_old, run_next
from registry.services.change_status import refresh_due
from registry.services.context import Registry
from registry.services.cosign import ConfiguredWitness, read_witnesses
from registry.services.follow_up.mail import mail_notices
from registry.services.follow_up.remind import remind_of_ends, tidy
from registry.services.follow_up.watch import watch_surveillance
from registry.services.log.integrate import integrate_pending
from registry.services.log.publish import cosign_newest
from registry.services.watching.deliver import Courier, forget_deliveries
from registry.services.watching.ends import follow_ends
from registry.services.watching.place import place_changes

# The log promises to take an entry in within a second.
INTERVAL_SECONDS = 0.5
# Who watches is told within two seconds, of which sending takes a part.
_TELL_SECONDS = 0.25
_REFRESH_SECONDS = 10.0
_WATCH_SECONDS = 60.0
_REMIND_SECONDS = 3600.0
# A witness that is away is not asked all the time.
_RETRY_SECONDS = 10.0
_logger = logging.getLogger(__name__)


class Worker:
    """One worker on one registry.

    Raises Misconfigured for a wrong file of witnesses, too few for the quorum, or a wrong authority for webhooks.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        path = registry.settings.log_witnesses
        self._witnesses: tuple[ConfiguredWitness, ...] = read_witnesses(path) if path else ()
        quorum = registry.settings.log_quorum
        if quorum > len(self._witnesses):
            known = f"REGISTRY_LOG_WITNESSES names {len(self._witnesses)}"
            raise Misconfigured(
                f"REGISTRY_LOG_QUORUM asks for {quorum} witnesses; {known}. Nothing could be published."
            )
        self._asked_again_at: dict[str, float] = {}
        self._refreshed_at = float("-inf")
        self._watched_at = float("-inf")
        self._reminded_at = float("-inf")
        self._followed_at = float("-inf")
        self._courier = Courier(registry)

    def run(self, stop: Event) -> None:
        """Work until told to stop. A witness that is slow to answer keeps no entry waiting: it has a thread apart."""
        cosigning = Thread(target=self._repeat, args=(self.cosign, stop), daemon=True)
        cosigning.start()
        importing = Thread(target=self._repeat, args=(self.import_files, stop), daemon=True)
        importing.start()
        following_up = Thread(target=self._repeat, args=(self.follow_up, stop), daemon=True)
        following_up.start()
        telling = Thread(target=self._repeat, args=(self.tell, stop, _TELL_SECONDS), daemon=True)
        telling.start()
        self._repeat(self.turn, stop)
        cosigning.join(INTERVAL_SECONDS)
        self._courier.close()

    def turn(self, now: float) -> None:
        """Place what waits, and renew what is due; `now` in seconds, from any beginning. Raises RegistryError."""
        placed = integrate_pending(self._registry)
        if placed:
            _logger.info("%d entries placed in the log", placed)
        if now - self._refreshed_at >= _REFRESH_SECONDS:
            refresh_due(self._registry)
            forget_old(self._registry)
            self._refreshed_at = now

    def tell(self, now: float) -> None:
        """Tell relying parties what has changed, or time has brought about, and send it. Raises RegistryError."""
        if now - self._followed_at >= _REFRESH_SECONDS:
            follow_ends(self._registry)
            self._followed_at = now
        place_changes(self._registry)
        self._courier.begin()

    def follow_up(self, now: float) -> None:
        """Watch over surveillance, and remind of certificates that end. Raises RegistryError."""
        if now - self._watched_at >= _WATCH_SECONDS:
            suspended = watch_surveillance(self._registry)
            if suspended:
                _logger.info("%d certificates were suspended: their surveillance audits were missed", suspended)
            mailed = mail_notices(self._registry)
            if mailed:
                _logger.info("%d mails with notices were sent", mailed)
            self._watched_at = now
        if now - self._reminded_at >= _REMIND_SECONDS:
            reminded = remind_of_ends(self._registry)
            tidy(self._registry)
            forget_deliveries(self._registry)
            if reminded:
                _logger.info("%d certificates that end were reminded of", reminded)
            self._reminded_at = now

    def import_files(self, _now: float) -> None:
        """Check or record all files that wait. Raises RegistryError."""
        while run_next(self._registry):
            _logger.info("a file was checked or recorded")

    def cosign(self, now: float) -> None:
        """Ask the witnesses that have not cosigned the newest checkpoint. Raises RegistryError."""
        ready = [one for one in self._witnesses if self._asked_again_at.get(one.key.vkey, now) <= now]
        if not ready:
            return
        for answer in cosign_newest(self._registry, ready):
            if answer.signature is not None:
                _logger.info("%s has cosigned the newest checkpoint", answer.witness.key.name)
            if answer.problem:
                _logger.warning("%s", answer.problem)
                self._asked_again_at[answer.witness.key.vkey] = now + _RETRY_SECONDS

    @staticmethod
    def _repeat(task: Callable[[float], None], stop: Event, interval: float = INTERVAL_SECONDS) -> None:
        """What fails is said, and tried again at the next turn."""
        while not stop.is_set():
            begun = monotonic()
            try:
                task(begun)
            except (RegistryError, KeyStoreError) as error:
                _logger.warning("%s", error)
            stop.wait(max(0.0, interval - (monotonic() - begun)))
