"""The feed: what a relying party was told, read with a cursor, and each event as a document."""

from __future__ import annotations

from registry.domain.certificate import HolderId, HolderType
from registry.domain.errors import InvalidInput, Violation
from registry.formats.canonical_json import JsonObject
from registry.formats.change_event import TellCertificate, event_document
from registry.services.context import Registry, RelyingParty, Scope
from registry.store import party_events as store
from registry.store.certificates import StoredCertificate
from registry.store.party_events import StoredEvent

MAX_PAGE = 500
HIGHEST = 2**63 - 1


def list_events(registry: Registry, party: RelyingParty, after: int, limit: int) -> list[JsonObject]:
    """The party's events with numbers above `after`, oldest first. None is ever inserted between two.

    Raises InvalidInput, NotPermitted.
    """
    party.require(Scope.WATCH)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    if not 0 <= after <= HIGHEST:
        raise InvalidInput([Violation(("after",), "the number of an event, or 0")])
    with registry.database.read() as connection:
        found = store.events_after(connection, party.party_id, after, limit)
    return [document_of(registry, one) for one in found]


def document_of(registry: Registry, event: StoredEvent) -> JsonObject:
    """An event as it is told."""
    details = {
        "reason": event.reason,
        "days_left": event.days or None,
        "superseded_by": event.replaced_by if event.type in _SUPERSEDED else None,
        "webhook": event.subject,
    }
    certificate = None if event.certificate is None else _told(event.certificate)
    when = (event.at, event.recorded_at)
    return event_document(registry.base_url, event_id(event), event.number, event.type, *when, certificate, details)


def event_id(event: StoredEvent) -> str:
    """The id of an event, the same however often it is sent."""
    return f"evt_{event.party}_{event.number}"


_SUPERSEDED = frozenset({"certificate.superseded", "certificate.scope_reduced"})


def _told(row: StoredCertificate) -> TellCertificate:
    person = row.holder_type == HolderType.PERSON
    named = row.holder_id is not None and row.holder_id_scheme is not None
    return TellCertificate(
        row.public_id,
        row.number,
        row.revision,
        row.issuer_code,
        row.scheme,
        None if person else row.holder_name,
        HolderId(str(row.holder_id_scheme), str(row.holder_id)) if named else None,
        row.valid_until,
    )
