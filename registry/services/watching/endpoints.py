"""Webhook endpoints of relying parties: registered, verified by a challenge, given new secrets, repeated, removed."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from registry.domain.changes import EVENT_TYPES
from registry.domain.errors import Conflict, InvalidInput, NotFound, Violation
from registry.formats.canonical_json import MalformedJson, parse
from registry.formats.change_event import encode
from registry.formats.standard_webhooks import new_secret, signed_headers
from registry.services.context import Registry, RelyingParty, Scope, audit_for
from registry.services.outgoing import MAX_URL_LENGTH, NotSent, Sender, sender_of
from registry.services.watching.place import DELIVERED_WITHIN
from registry.store import webhooks as store
from registry.store.webhooks import StoredDelivery, StoredEndpoint

MAX_ENDPOINTS = 10
MAX_LABEL_LENGTH = 100
MAX_PAGE = 100
MAX_REPEATED = 10_000
LONGEST_OVERLAP = timedelta(days=30)
USER_AGENT = "certification-registry-webhooks"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint with a secret that was just made, which can't be had again."""

    endpoint: StoredEndpoint
    secret: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"NewSecret({self.endpoint.endpoint_id})"


def add_endpoint(
    registry: Registry, party: RelyingParty, url: str, types: Sequence[str], label: str | None
) -> NewSecret:
    """Register an address, to which nothing is sent before it has passed `verify`. Raises InvalidInput, Conflict."""
    party.require(Scope.ADMINISTER)
    sender_of(registry.settings).check(url)
    _check(types, label)
    now, secret, endpoint_id = registry.now(), new_secret(), secrets.token_hex(8)
    with registry.database.transaction() as connection:
        if len(store.endpoints_of(connection, [party.party_id])) >= MAX_ENDPOINTS:
            raise Conflict(f"There are {MAX_ENDPOINTS} webhook endpoints already. Remove one.")
        store.insert_endpoint(
            connection,
            endpoint_id=endpoint_id,
            party_id=party.party_id,
            url=url,
            types=list(types),
            label=label,
            state=store.UNVERIFIED,
            secret=_sealed(registry, endpoint_id, secret),
            failures=0,
            created_at=now,
            created_by=party.name,
        )
        made = _find(connection, party, endpoint_id)
        audit_for(connection, now, party, None, "webhook.add", endpoint_id, after=_told(made))
    return NewSecret(made, secret)


def verify(registry: Registry, party: RelyingParty, endpoint_id: str, sender: Sender | None = None) -> StoredEndpoint:
    """Ask an endpoint to repeat a random word, signed as all deliveries; from then on, or again, events are sent there.

    Raises NotFound, NotPermitted, Conflict where it did not.
    """
    party.require(Scope.ADMINISTER)
    with registry.database.read() as connection:
        endpoint = _find(connection, party, endpoint_id)
    challenge, now = secrets.token_urlsafe(24), registry.now()
    body = encode({"type": "webhook.challenge", "timestamp": now.isoformat(), "data": {"challenge": challenge}})
    headers = delivery_headers(registry, endpoint, f"chl_{secrets.token_hex(8)}", body)
    try:
        answer = (sender or sender_of(registry.settings)).post(endpoint.url, body, headers)
    except NotSent as error:
        raise Conflict(f"The address could not be verified: {error}.") from error
    if not 200 <= answer.status < 300 or not _repeats(answer.body, challenge):
        expected = '2xx with {"challenge": …}, the word that it was sent in data.challenge'
        raise Conflict(f"The address could not be verified: it answered {answer.status}, and should answer {expected}.")
    with registry.database.transaction() as connection:
        before = _find(connection, party, endpoint_id, for_update=True)
        fresh = {"failures": 0, "failing_since": None, "paused_until": None, "disabled_because": None}
        store.update_endpoint(connection, before.id, state=store.ACTIVE, **fresh)
        after = _find(connection, party, endpoint_id)
        audit_for(connection, now, party, None, "webhook.verify", endpoint_id, before=_told(before), after=_told(after))
    return after


def rotate_secret(
    registry: Registry, party: RelyingParty, endpoint_id: str, overlap: timedelta = timedelta(days=1)
) -> NewSecret:
    """Give an endpoint a new secret; until the overlap is over, deliveries are signed with both.

    Raises NotFound, NotPermitted, InvalidInput.
    """
    party.require(Scope.ADMINISTER)
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput([Violation(("overlap_hours",), f"must be nothing to {LONGEST_OVERLAP.days} days")])
    now, secret = registry.now(), new_secret()
    with registry.database.transaction() as connection:
        before = _find(connection, party, endpoint_id, for_update=True)
        sealed = _sealed(registry, endpoint_id, secret)
        until = now + overlap
        store.update_endpoint(connection, before.id, secret=sealed, old_secret=before.secret, old_secret_until=until)
        after = _find(connection, party, endpoint_id)
        audit_for(connection, now, party, None, "webhook.rotate", endpoint_id, until=until.isoformat())
    return NewSecret(after, secret)


def list_endpoints(registry: Registry, party: RelyingParty) -> list[StoredEndpoint]:
    """The party's endpoints, oldest first. Raises NotPermitted."""
    party.require(Scope.WATCH)
    with registry.database.read() as connection:
        return store.endpoints_of(connection, [party.party_id])


def remove_endpoint(registry: Registry, party: RelyingParty, endpoint_id: str) -> None:
    """Remove an endpoint with its deliveries. Raises NotFound, NotPermitted."""
    party.require(Scope.ADMINISTER)
    with registry.database.transaction() as connection:
        endpoint = _find(connection, party, endpoint_id, for_update=True)
        store.remove_endpoint(connection, endpoint.id)
        audit_for(connection, registry.now(), party, None, "webhook.remove", endpoint_id, before=_told(endpoint))


def list_deliveries(
    registry: Registry, party: RelyingParty, endpoint_id: str, below: int | None, limit: int, state: str | None
) -> list[StoredDelivery]:
    """An endpoint's deliveries with their attempts, newest event first. Raises NotFound, InvalidInput, NotPermitted."""
    party.require(Scope.WATCH)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    with registry.database.read() as connection:
        endpoint = _find(connection, party, endpoint_id)
        return store.deliveries_of(connection, endpoint, below, limit, state)


def repeat(
    registry: Registry, party: RelyingParty, endpoint_id: str, after: int, until: int | None = None
) -> list[int]:
    """Have events with numbers above `after` up to `until` delivered again, the first MAX_REPEATED; their numbers.

    Raises NotFound, NotPermitted, Conflict for an endpoint that nothing is sent to.
    """
    party.require(Scope.WATCH)
    now = registry.now()
    with registry.database.transaction() as connection:
        endpoint = _find(connection, party, endpoint_id, for_update=True)
        if endpoint.state != store.ACTIVE:
            raise Conflict(f"This endpoint is {endpoint.state}. Verify it first.")
        numbers = store.numbers_to_repeat(connection, endpoint, after, until, MAX_REPEATED)
        if numbers:
            store.deliver_again(connection, endpoint, numbers, now, now + DELIVERED_WITHIN)
            first, last = numbers[0], numbers[-1]
            audit_for(connection, now, party, None, "webhook.repeat", endpoint_id, first=first, last=last)
    return numbers


def delivery_headers(registry: Registry, endpoint: StoredEndpoint, message_id: str, body: bytes) -> dict[str, str]:
    """The headers of an attempt now, signed with all secrets that count. Raises keys.KeyStoreError."""
    now = registry.now()
    sealed = [endpoint.secret]
    if endpoint.old_secret is not None and endpoint.old_secret_until is not None and now < endpoint.old_secret_until:
        sealed.append(endpoint.old_secret)
    opened = [registry.keys.unseal(one, _context(endpoint.endpoint_id)).decode() for one in sealed]
    signed = signed_headers(opened, message_id, now, body)
    return {"Content-Type": "application/json", "User-Agent": USER_AGENT, **signed}


def _check(types: Sequence[str], label: str | None) -> None:
    wrong = []
    if not set(types) <= set(EVENT_TYPES):
        wrong.append(Violation(("types",), f"can be: {', '.join(EVENT_TYPES)}"))
    if label is not None and not (0 < len(label) <= MAX_LABEL_LENGTH and label.isprintable()):
        wrong.append(Violation(("label",), f"must have 1 to {MAX_LABEL_LENGTH} printable characters"))
    if wrong:
        raise InvalidInput(wrong)


def _find(connection: Connection, party: RelyingParty, endpoint_id: str, *, for_update: bool = False) -> StoredEndpoint:
    """Raises NotFound."""
    found = store.find_endpoint(connection, party.party_id, endpoint_id, for_update=for_update)
    if found is None:
        raise NotFound("You have no webhook endpoint with this id.")
    return found


def _repeats(body: bytes, challenge: str) -> bool:
    try:
        content = parse(body)
    except MalformedJson:
        return False
    word = content.get("challenge") if isinstance(content, dict) else None
    return isinstance(word, str) and hmac.compare_digest(word.encode(), challenge.encode())


def _sealed(registry: Registry, endpoint_id: str, secret: str) -> bytes:
    return registry.keys.seal(secret.encode(), _context(endpoint_id))


def _context(endpoint_id: str) -> bytes:
    return f"webhook:{endpoint_id}".encode()


def _told(endpoint: StoredEndpoint) -> dict[str, Any]:
    """An endpoint as the audit trail tells it."""
    return {"url": endpoint.url[:MAX_URL_LENGTH], "types": list(endpoint.types), "state": endpoint.state}
