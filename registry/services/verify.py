"""Verifying one certificate: what is registered under an id, or a document that somebody hands in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from registry.domain.errors import InvalidInput, NotFound, Violation
from registry.domain.lifecycle import StatusEvent
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.formats import canonical_json
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.services.context import Registry
from registry.services.find import Found, versions_across
from registry.services.judge import Judge, Moment, Seal, Verification, check_seal
from registry.services.log.seen import SeenByLog
from registry.store import certificates as store
from registry.store import issuers, log
from registry.store.direct_read import DirectRead
from registry.store.verification import FIND_FOR_VERIFICATION, VerificationRow

__all__ = ["Verification", "Verifier"]

_MAX_REMEMBERED_BYTES = 32_768
_CREDENTIAL_ID = re.compile(r"/certificates/([^/?#]{1,64})$")


class _ReadWhenAsked:
    """What a judgement needs beside the row, read one by one: most certificates need nothing of it."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def events(self, key: int) -> Sequence[StatusEvent]:
        with self._registry.database.read() as connection:
            return store.events_of(connection, [key])[key]

    def is_pending(self, key: int) -> bool:
        with self._registry.database.read() as connection:
            return log.is_pending(connection, key)

    def seen_at(self, log_index: int) -> datetime | None:
        with self._registry.database.read() as connection:
            return log.seen_at(connection, log_index)

    def successor(self, key: int) -> str | None:
        with self._registry.database.read() as connection:
            return store.successor_of(connection, key)

    def versions(self, first_version_id: int) -> tuple[Found, ...]:
        with self._registry.database.read() as connection:
            return tuple(versions_across(connection, first_version_id, self._registry.now()))


class Verifier:
    """Verifies against one registry.

    The outcome of a signature check may be remembered, by the exact bytes read from the database together with the
    key. Status, key state and authorization are read anew each time.
    """

    def __init__(self, registry: Registry, remembered: int) -> None:
        self.registry = registry
        self.log = SeenByLog(registry)
        self._judge = Judge(self.log, _ReadWhenAsked(registry))
        self._lookup = DirectRead(registry.database.unpooled, FIND_FOR_VERIFICATION)
        self._remembering = lru_cache(maxsize=remembered)(check_seal) if remembered else check_seal

    def by_public_id(self, typed: str) -> Verification:
        """Verify what is registered under a public id. Raises MalformedPublicId, NotFound."""
        public_id = parse_public_id(typed)
        now = self.registry.now()
        row = self._find(public_id)
        if row is None:
            raise NotFound("No certificate with this id is in the registry. Compare it with the paper once more.")
        return self._judge.row(row, self._seal(row.document, row.public_key), Moment.present(now))

    def row(self, row: VerificationRow) -> Verification:
        """Verify what a row says that has been read already, one of many. Raises NotFound before it is issued."""
        return self._judge.row(row, check_seal(row.document, row.public_key), Moment.present(self.registry.now()))

    def document(self, body: bytes) -> Verification:
        """Judge a credential that somebody hands in. Raises InvalidInput for what is no JSON object."""
        document, canonical = parse_credential(body)
        moment = Moment.present(self.registry.now())
        public_id = public_id_of(document)
        method = verification_method_of(document)
        row = self._find(public_id) if public_id else None
        with self.registry.database.read() as connection:
            key = issuers.find_key(connection, method) if method else None
        registered = row and self._judge.row(row, self._seal(row.document, row.public_key), moment)
        if row is not None and registered is not None and canonical == row.document:
            return registered
        return self._judge.foreign(document, key.published if key else None, registered, moment)

    def _seal(self, document: bytes, public_key: bytes) -> Seal:
        # What is remembered must not fill the memory.
        check = self._remembering if len(document) <= _MAX_REMEMBERED_BYTES else check_seal
        return check(document, public_key)

    def _find(self, public_id: str) -> VerificationRow | None:
        values = self._lookup.first(public_id)
        return None if values is None else VerificationRow(*values)


def parse_credential(body: bytes) -> tuple[JsonObject, bytes]:
    """A document that was handed in, and its canonical bytes. Raises InvalidInput."""
    try:
        document: Any = canonical_json.parse(body)
        if not isinstance(document, dict):
            raise MalformedJson("a credential is a JSON object")
        canonical = canonical_json.canonicalize(document)
    except MalformedJson as error:
        raise InvalidInput([Violation((), str(error))]) from error
    return document, canonical


def public_id_of(document: JsonObject) -> str | None:
    """The public id that a document names as its own."""
    identity = document.get("id")
    match = _CREDENTIAL_ID.search(identity) if isinstance(identity, str) else None
    try:
        return parse_public_id(match[1]) if match else None
    except MalformedPublicId:
        return None


def verification_method_of(document: JsonObject) -> str | None:
    """The key that a document's proof names."""
    proof = document.get("proof")
    method = proof.get("verificationMethod") if isinstance(proof, dict) else None
    return method if isinstance(method, str) else None
