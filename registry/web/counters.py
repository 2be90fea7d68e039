"""Rate limit counters in the memory of one process."""

from __future__ import annotations

import time
from threading import Lock

from limits.storage import Storage

_SWEEP_FROM = 1024
# About 20 MB. Whoever comes when so many windows run is counted together with all others who do.
_MAX_WINDOWS = 100_000
# Seconds. Looking through all windows takes milliseconds, which a table that stays full must not cost each request.
_SWEEP_INTERVAL = 1.0
_OVERFLOW = "overflow"


class WindowCounters(Storage):
    """Counts requests in fixed windows, for the package `limits`.

    Its own MemoryStorage starts a thread to forget old windows up to a hundred times a second, which costs each
    request on the hot path 16 µs (docs/performance.md). Here old windows are swept out when the number of windows
    has doubled since the last time, and there are never more than some number of them.
    """

    STORAGE_SCHEME = ["window-counters"]  # noqa: RUF012 - as the base class has it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_: str) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._lock = Lock()
        # By key: the count, and when its window ends (seconds since 1970).
        self._windows: dict[str, tuple[int, float]] = {}
        self._sweep_at = _SWEEP_FROM
        self._sweep_after = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a failing storage raises: nothing can fail here."""
        return OSError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` more; the first of a window begins it, `expiry` seconds long."""
        now = time.time()
        with self._lock:
            count, ends = self._windows.get(key, (0, 0.0))
            if ends <= now:
                key, count, ends = self._begin(key, expiry, now)
            self._windows[key] = (count + amount, ends)
            return count + amount

    def decr(self, key: str, amount: int = 1) -> int:
        """Take `amount` back."""
        with self._lock:
            if key not in self._windows:
                return 0
            count, ends = self._windows[key]
            self._windows[key] = (max(count - amount, 0), ends)
            return max(count - amount, 0)

    def get(self, key: str) -> int:
        """How many were counted in the window that runs."""
        count, ends = self._windows.get(key, (0, 0.0))
        return count if ends > time.time() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends."""
        return self._windows.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget all; returns how many windows there were."""
        with self._lock:
            forgotten = len(self._windows)
            self._windows.clear()
            return forgotten

    def clear(self, key: str) -> None:
        """Forget one."""
        with self._lock:
            self._windows.pop(key, None)

    def _begin(self, key: str, expiry: float, now: float) -> tuple[str, int, float]:
        """The window to count in, with its count and its end: a new one, or the one shared where there is no room."""
        self._sweep(now)
        if len(self._windows) >= _MAX_WINDOWS and key not in self._windows:
            # One for each length of windows, which the settings determine.
            key = f"{_OVERFLOW} {expiry}"
            count, ends = self._windows.get(key, (0, 0.0))
            if ends > now:
                return key, count, ends
        return key, 0, now + expiry

    def _sweep(self, now: float) -> None:
        if len(self._windows) < self._sweep_at or 0 <= self._sweep_after - now <= _SWEEP_INTERVAL:
            return
        self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
        self._sweep_at = min(max(_SWEEP_FROM, 2 * len(self._windows)), _MAX_WINDOWS)
        self._sweep_after = now + _SWEEP_INTERVAL
