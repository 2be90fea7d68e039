"""What an audit finds, in words for whoever has to act on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

# Of each kind. One altered entry spoils every checkpoint after it.
_KEPT = 100


class FindingKind(StrEnum):
    """What is wrong, by where it shows."""

    # The signed checkpoints: not signed by the log, or not what the entries lead to.
    CHECKPOINT = "checkpoint"
    # An entry is missing, or says something else than the register.
    ENTRY = "entry"
    # A stored tile is missing, or holds other hashes than those of the entries.
    TILE = "tile"
    # The register has an act that the log has not.
    UNLOGGED = "unlogged"
    # A certificate's row says something else than its status events, which the log vouches for.
    REGISTER = "register"
    # The audit trail is not what the log says of it.
    TRAIL = "trail"
    # A mirror holds something else than the log says now.
    MIRROR = "mirror"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    kind: FindingKind
    text: str


class Findings:
    """Collects findings, the first hundred of each kind, and counts all."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._counts: Counter[FindingKind] = Counter()

    def add(self, kind: FindingKind, text: str) -> None:
        """Note one."""
        self._counts[kind] += 1
        if self._counts[kind] <= _KEPT:
            self._found.append(Finding(kind, text))

    @property
    def kept(self) -> tuple[Finding, ...]:
        """The findings, in the order in which they were made."""
        return tuple(self._found)

    @property
    def counts(self) -> dict[FindingKind, int]:
        """How many there are of each kind."""
        return dict(self._counts)
