"""How often a witness writes a refusal down: repeating one that is public already must not cost a write each time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from registry.store.witness_state import RefusalKind

_ONCE_IN = timedelta(minutes=1)
# Checkpoints that are told apart at a time. Only a log's key makes them; this many of one log prove enough.
_MOST_TOLD_APART = 1000


@dataclass
class RefusalThrottle:
    """Lets one refusal a minute through and counts the others; in memory, for one process.

    For `rollback` that is one a minute of each log: any of its old checkpoints can be repeated by anybody. For the
    other kinds it is one a minute of each root hash, so that no repetition keeps a new piece of evidence out.
    """

    _passed: dict[tuple[str, RefusalKind, bytes], datetime] = field(default_factory=dict)
    _held: dict[tuple[str, RefusalKind], int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def times(self, origin: str, kind: RefusalKind, root: bytes, now: datetime) -> int:
        """How many refusals of this log and kind to write down now, those held back included; 0: hold this one too."""
        same = (origin, kind, b"" if kind is RefusalKind.ROLLBACK else root)
        with self._lock:
            # A clock that was set back holds nothing back for longer.
            self._passed = {key: at for key, at in self._passed.items() if timedelta(0) <= now - at < _ONCE_IN}
            if same in self._passed or len(self._passed) >= _MOST_TOLD_APART:
                self._held[origin, kind] = self._held.get((origin, kind), 0) + 1
                return 0
            self._passed[same] = now
            return 1 + self._held.pop((origin, kind), 0)
