"""A copy of the log on this machine, as any tlog-tiles client mirrors it: what it says of a credential."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from registry.domain.errors import InvalidInput, Violation
from registry.domain.lifecycle import Standing, StatusEvent, standing_at
from registry.domain.reasons import Act, Reason
from registry.formats import log_entry
from registry.formats.merkle import TILE_WIDTH, MalformedTile, integrate, leaf_hash, reader_of, root_from_tiles
from registry.formats.signed_note import MAX_NOTE_SIZE, MalformedNote, UnverifiedNote
from registry.formats.tlog_checkpoint import Checkpoint
from registry.formats.tlog_proof import open_cosigned
from registry.formats.tlog_tiles import (
    MAX_BUNDLE_SIZE,
    BundleId,
    MalformedBundle,
    bundle_path,
    bundles_between,
    decode_bundle,
)
from registry.formats.trust_bundle import TrustBundle
from registry.services.log.evidence import LogEvidence

_EARLIEST = datetime.min.replace(tzinfo=UTC)
# The log does not say when a certificate takes effect but in its entry, which a copy does not keep. Any later act comes
# behind it.
_ISSUED = StatusEvent(1, Act.ISSUE, Reason.INITIAL, _EARLIEST, _EARLIEST)


class LogCopy:
    """A copy whose entries lead to the root of its checkpoint, which meets what a trust bundle demands.

    All of it is read and checked at the beginning; some 300 bytes of memory for each certificate. `newest`: when the
    last of its entries was recorded. Raises InvalidInput where it is incomplete or was changed, or is the copy of
    another log than that of the bundle, or of a fork.
    """

    def __init__(self, folder: Path, bundle: TrustBundle) -> None:
        self.newest = datetime.fromtimestamp(0, UTC)
        self._recorded: dict[bytes, tuple[int, datetime]] = {}
        self._events: dict[bytes, list[StatusEvent]] = {}
        try:
            self._read(folder, _checkpoint(folder, bundle), bundle.checkpoint)
        except (OSError, MalformedNote, UnverifiedNote, MalformedBundle, MalformedTile) as error:
            raise InvalidInput([Violation((), f"the copy of the log in {folder}: {error}")]) from error

    def find(self, credential_digest: str) -> LogEvidence | None:
        """The issuing of a credential, named by its digest (formats/log_entry.py)."""
        found = self._recorded.get(bytes.fromhex(credential_digest))
        return None if found is None else LogEvidence(*found, f"entry {found[0]} of the copy")

    def standing(self, credential_digest: str, now: datetime) -> Standing | None:
        """What the issuer's later acts have made of a credential by `now`, as far as the copy knows; None: no act."""
        events = self._events.get(bytes.fromhex(credential_digest))
        return standing_at([_ISSUED, *events], now, now) if events else None

    def _read(self, folder: Path, checkpoint: Checkpoint, known: Checkpoint) -> None:
        tiles: dict[tuple[int, int], bytes] = {}
        for bundle in bundles_between(0, checkpoint.size):
            first = bundle.index * TILE_WIDTH
            entries = _entries(folder, bundle)
            tiles |= integrate(first, tiles, [leaf_hash(entry) for entry in entries])
            for index, entry in enumerate(entries, first):
                self._keep(index, entry)
        if root_from_tiles(checkpoint.size, reader_of(tiles)) != checkpoint.root:
            raise MalformedTile("its entries do not lead to the root that the log signed")
        if checkpoint.size < known.size:
            raise MalformedTile("it is older than the trust bundle: bring it up to date with 'registry log mirror'")
        if root_from_tiles(known.size, reader_of(tiles)) != known.root:
            raise MalformedTile("it does not contain the log of the trust bundle: the log has been forked")

    def _keep(self, index: int, entry: bytes) -> None:
        try:
            found: Any = orjson.loads(entry)
            kind, recorded_at = found["type"], datetime.fromisoformat(found["recorded_at"])
            self.newest = max(self.newest, recorded_at)
            if kind == log_entry.AUDIT_TRAIL:
                return
            digest = bytes.fromhex(found["credential"])
            if kind == log_entry.ISSUED:
                self._recorded.setdefault(digest, (index, recorded_at))
            elif kind == log_entry.STATUS_CHANGED:
                self._events.setdefault(digest, []).append(_event(found, recorded_at))
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedTile(f"entry {index} can't be read") from error


def _checkpoint(folder: Path, bundle: TrustBundle) -> Checkpoint:
    """The copy's checkpoint. Raises OSError, MalformedNote, UnverifiedNote."""
    with (folder / "checkpoint").open("rb") as file:
        checkpoint, _ = open_cosigned(file.read(MAX_NOTE_SIZE + 1), bundle.policy)
    return checkpoint


def _entries(folder: Path, bundle: BundleId) -> list[bytes]:
    with (folder / bundle_path(bundle)).open("rb") as file:
        return decode_bundle(file.read(MAX_BUNDLE_SIZE + 1), bundle.width)


def _event(found: Any, recorded_at: datetime) -> StatusEvent:
    until = found.get("until")
    return StatusEvent(
        found["sequence"],
        Act(found["act"]),
        Reason(found["reason"]),
        datetime.fromisoformat(found["effective_at"]),
        recorded_at,
        until and datetime.fromisoformat(until),
        calls_off=found.get("calls_off"),
    )
