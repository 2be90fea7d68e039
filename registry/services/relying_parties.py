"""Relying parties: banks, insurers and others who check certificates, each a tenant of its own."""

from __future__ import annotations

import re
from enum import StrEnum

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.errors import Conflict, InvalidInput, NotFound, Violation
from registry.domain.schemes import Text
from registry.services.context import Registry, RelyingParty, Scope, audit_for
from registry.store import parties
from registry.store.parties import StoredParty

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")
MAX_NAME_LENGTH = 200


class PartyKind(StrEnum):
    """What a relying party is."""

    BANK = "bank"
    INSURER = "insurer"
    OTHER = "other"


def add_party(registry: Registry, code: str, name: Text, kind: PartyKind, who: str = "terminal") -> StoredParty:
    """Make a relying party known. Raises InvalidInput, Conflict where the code is taken."""
    _check(code, name)
    now = registry.now()
    told = {"name_zh": name.zh, "name_en": name.en, "kind": str(kind)}
    try:
        with registry.database.transaction() as connection:
            parties.insert_party(connection, code=code, created_at=now, **told)
            audit_for(connection, now, who, None, "party.add", code, after=told)
            return require_party(connection, code)
    except IntegrityError as error:
        raise Conflict(f"A relying party with the code {code!r} exists already.") from error


def list_parties(registry: Registry) -> list[StoredParty]:
    """All relying parties by code."""
    with registry.database.read() as connection:
        return parties.all_parties(connection)


def read_own(registry: Registry, party: RelyingParty) -> StoredParty:
    """The party that somebody acts for."""
    with registry.database.read() as connection:
        return parties.get_party(connection, party.party_id)


def require_party(connection: Connection, code: str) -> StoredParty:
    """The relying party of a code. Raises NotFound."""
    party = parties.find_party(connection, code)
    if party is None:
        raise NotFound(f"No relying party has the code {code!r}.")
    return party


def party_operator(registry: Registry, code: str, name: str = "terminal") -> RelyingParty:
    """The operator at the terminal, acting for a relying party. Raises NotFound."""
    with registry.database.read() as connection:
        party = require_party(connection, code)
    return RelyingParty(name, party.id, party.code, frozenset(Scope))


def _check(code: str, name: Text) -> None:
    wrong = []
    if not _CODE.fullmatch(code):
        wrong.append(Violation(("code",), "2 to 32 small letters, digits and hyphens"))
    for path, text in (("name_zh", name.zh), ("name_en", name.en)):
        if text is not None and not (text.strip() and len(text) <= MAX_NAME_LENGTH and text.isprintable()):
            wrong.append(Violation((path,), f"must have 1 to {MAX_NAME_LENGTH} printable characters"))
    if wrong:
        raise InvalidInput(wrong)
