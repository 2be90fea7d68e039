"""A copy of the log on this machine, as any tlog-tiles client mirrors it: what it says of a credential."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import orjson

from registry.domain.errors import InvalidInput, Violation
from registry.formats import log_entry
from registry.formats.merkle import MalformedTile, integrate, leaf_hash, reader_of, root_from_tiles
from registry.formats.signed_note import MalformedNote, UnverifiedNote, VerifierKey
from registry.formats.tlog_checkpoint import open_checkpoint
from registry.formats.tlog_tiles import MalformedBundle, bundle_path, bundles_between, decode_bundle
from registry.services.verify_offline import LogEvidence


class LogCopy:
    """A copy whose entries lead to the root of its signed checkpoint. All of it is read and checked at the beginning.

    Raises InvalidInput where it is incomplete or was changed.
    """

    def __init__(self, folder: Path, log_keys: tuple[VerifierKey, ...]) -> None:
        self._recorded: dict[bytes, tuple[int, datetime]] = {}
        try:
            checkpoint, _ = open_checkpoint((folder / "checkpoint").read_bytes(), log_keys)
            self._read(folder, checkpoint.size, checkpoint.root)
        except (OSError, MalformedNote, UnverifiedNote, MalformedBundle, MalformedTile) as error:
            raise InvalidInput([Violation((), f"the copy of the log in {folder}: {error}")]) from error

    def find(self, credential_digest: str) -> LogEvidence | None:
        """What the log says of a credential, named by its digest (formats/log_entry.py)."""
        found = self._recorded.get(bytes.fromhex(credential_digest))
        return None if found is None else LogEvidence(found[1], f"entry {found[0]} of the copy")

    def _read(self, folder: Path, size: int, root: bytes) -> None:
        tiles: dict[tuple[int, int], bytes] = {}
        for bundle in bundles_between(0, size):
            entries = decode_bundle((folder / bundle_path(bundle)).read_bytes(), bundle.width)
            first = bundle.index * 256
            tiles |= integrate(first, tiles, [leaf_hash(entry) for entry in entries])
            for offset, entry in enumerate(entries):
                self._keep(first + offset, entry)
        if root_from_tiles(size, reader_of(tiles)) != root:
            raise MalformedTile("its entries do not lead to the root that the log signed")

    def _keep(self, index: int, entry: bytes) -> None:
        found = orjson.loads(entry)
        if found["type"] == log_entry.ISSUED:
            moment = datetime.fromisoformat(found["recorded_at"])
            self._recorded.setdefault(bytes.fromhex(found["credential"]), (index, moment))
