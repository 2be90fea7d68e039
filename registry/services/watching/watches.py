"""What a relying party watches: certificates with the versions that follow them, and holders."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from registry.domain.certificate import HolderId
from registry.domain.changes import EXPIRY_NOTICE_DAYS
from registry.domain.errors import InvalidInput, NotFound, Violation
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.formats.identifiers import why_wrong
from registry.services.context import Registry, RelyingParty, Scope, audit_for
from registry.store import watches as store
from registry.store.watches import StoredWatch, WatchedCertificate, WatchTerms

MAX_AT_ONCE = 10_000
MAX_WATCHES = 500_000
MAX_PAGE = 500
MAX_LABEL_LENGTH = 100
# The refusal of a file names so many of its lines.
_MOST_NAMED = 100
Target = str | HolderId
"""A certificate's public id, or a holder."""


@dataclass(frozen=True, slots=True)
class Added:
    """How many watches are new, and how many were there and go by the new terms."""

    added: int
    changed: int


def add_watches(
    registry: Registry, party: RelyingParty, targets: Sequence[Target], notice_days: Sequence[int], label: str | None
) -> Added:
    """Watch up to MAX_AT_ONCE certificates and holders, all or none; `notice_days` of EXPIRY_NOTICE_DAYS.

    A holder may have no certificates yet. Raises InvalidInput (paths begin with the position), NotPermitted.
    """
    party.require(Scope.WATCH)
    _check_terms(targets, notice_days, label)
    wanted = _well_formed(targets)
    now = registry.now()
    with registry.database.transaction() as connection:
        before = store.count_watches(connection, party.party_id)
        found = _found(connection, wanted)
        if before + len(found) > MAX_WATCHES:
            raise InvalidInput([Violation(("items",), f"beyond {MAX_WATCHES} watches, of which {before} are there")])
        named = [(secrets.token_hex(8), target) for target in found]
        store.put_watches(connection, party.party_id, named, WatchTerms(notice_days, label), now, party.name)
        added = store.count_watches(connection, party.party_id) - before
        told = {"watches": before + added, "label": label}
        subject = f"{len(found)} watches"
        audit_for(connection, now, party, None, "watch.add", subject, before={"watches": before}, after=told)
    return Added(added, len(found) - added)


def list_watches(
    registry: Registry, party: RelyingParty, after: str | None, limit: int, label: str | None
) -> tuple[list[StoredWatch], str | None]:
    """A page of the party's watches, oldest first, and the cursor of the next. Raises InvalidInput, NotPermitted."""
    party.require(Scope.WATCH)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    with registry.database.read() as connection:
        behind = 0 if after is None else store.find_watch(connection, party.party_id, after)
        if behind is None:
            raise InvalidInput([Violation(("after",), "not a cursor of this list; use the one in the page before")])
        found = store.watches_of(connection, party.party_id, behind, limit + 1, label)
    return found[:limit], found[limit - 1].watch_id if len(found) > limit else None


def remove_watch(registry: Registry, party: RelyingParty, watch_id: str) -> None:
    """End a watch. Raises NotFound, NotPermitted."""
    party.require(Scope.WATCH)
    with registry.database.transaction() as connection:
        if not store.remove_watch(connection, party.party_id, watch_id):
            raise NotFound("You have no watch with this id.")
        audit_for(connection, registry.now(), party, None, "watch.remove", watch_id)


def remove_labelled(registry: Registry, party: RelyingParty, label: str) -> int:
    """End all watches of a label; returns how many there were. Raises NotPermitted."""
    party.require(Scope.WATCH)
    with registry.database.transaction() as connection:
        removed = store.remove_watches(connection, party.party_id, label)
        if removed:
            audit_for(connection, registry.now(), party, None, "watch.remove", f"{removed} watches", label=label)
    return removed


def _check_terms(targets: Sequence[Target], notice_days: Sequence[int], label: str | None) -> None:
    wrong = []
    if not 0 < len(targets) <= MAX_AT_ONCE:
        wrong.append(Violation(("items",), f"must have 1 to {MAX_AT_ONCE} items"))
    if not set(notice_days) <= set(EXPIRY_NOTICE_DAYS):
        wrong.append(Violation(("notice_days",), f"can be: {', '.join(map(str, EXPIRY_NOTICE_DAYS))}"))
    if label is not None and not (0 < len(label) <= MAX_LABEL_LENGTH and label.isprintable()):
        wrong.append(Violation(("label",), f"must have 1 to {MAX_LABEL_LENGTH} printable characters"))
    if wrong:
        raise InvalidInput(wrong)


def _well_formed(targets: Sequence[Target]) -> list[Target]:
    """With public ids as they are registered. Raises InvalidInput."""
    wrong: list[Violation] = []
    found: list[Target] = []
    for position, target in enumerate(targets):
        if isinstance(target, HolderId):
            problem = why_wrong(target)
            if problem is not None:
                wrong.append(Violation(("items", position, "holder"), problem))
            found.append(target)
            continue
        try:
            found.append(parse_public_id(target))
        except MalformedPublicId as error:
            wrong.append(Violation(("items", position, "certificate"), str(error)))
    if wrong:
        raise InvalidInput(wrong[:_MOST_NAMED])
    return found


def _found(connection: Connection, targets: Sequence[Target]) -> list[WatchedCertificate | HolderId]:
    """Each once, in one order for everybody who adds at the same time. Raises InvalidInput for what is not here."""
    known = store.certifications_of(connection, {one for one in targets if isinstance(one, str)})
    missing = [
        Violation(("items", position, "certificate"), "no certificate with this id is in the registry")
        for position, one in enumerate(targets)
        if isinstance(one, str) and one not in known
    ]
    if missing:
        raise InvalidInput(missing[:_MOST_NAMED])
    certificates = {known[one].certification_id: known[one] for one in targets if isinstance(one, str)}
    holders = {one for one in targets if isinstance(one, HolderId)}
    return [
        *(certificates[key] for key in sorted(certificates)),
        *sorted(holders, key=lambda one: (one.scheme, one.value)),
    ]
