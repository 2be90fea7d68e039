"""Certificates that are watched, and what those who watch were told."""

from __future__ import annotations

from datetime import date
from typing import Any

from registry.domain.certificate import HolderId
from registry.domain.reasons import Act, Reason
from registry.formats.canonical_json import JsonObject
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, RelyingParty
from registry.services.issue import issue_many
from registry.services.watching.ends import follow_ends
from registry.services.watching.feed import list_events
from registry.services.watching.place import place_changes
from registry.services.watching.watches import add_watches
from tests.conftest import sample_certificate

HOLDER = HolderId("uscc", "91330282MA00000184")
REASONS = {
    Act.SUSPEND: Reason.FEE_UNPAID,
    Act.RESTORE: Reason.FEE_SETTLED,
    Act.WITHDRAW: Reason.MISUSE_OF_MARK,
    Act.CANCEL: Reason.HOLDER_REQUEST,
}


def issued(registry: Registry, actor: Actor, count: int = 1, first: int = 1, **changes: Any) -> list[str]:
    """So many certificates of one holder; their public ids."""
    numbers = (f"00125Q3{first + number:04}R0S" for number in range(count))
    return issue_many(registry, actor, [sample_certificate(number, **changes) for number in numbers])


def watched(registry: Registry, actor: Actor, party: RelyingParty, count: int = 1, **changes: Any) -> list[str]:
    """The same, watched by a party, with the worker at work from now on."""
    public_ids = issued(registry, actor, count, **changes)
    add_watches(registry, party, public_ids, [30], None)
    work(registry)
    return public_ids


def act(registry: Registry, actor: Actor, public_id: str, what: Act, **more: Any) -> None:
    change_status(registry, actor, public_id, what, REASONS[what], **more)


def work(registry: Registry) -> int:
    """What the worker does about changes; returns how many events that made."""
    follow_ends(registry)
    return place_changes(registry)


def feed(registry: Registry, party: RelyingParty, after: int = 0) -> list[JsonObject]:
    return list_events(registry, party, after, 500)


def told(registry: Registry, party: RelyingParty, after: int = 0) -> list[tuple[str, str]]:
    """The types of all events, with the public ids."""
    return [
        (one["type"].removeprefix("certificate."), one["data"]["certificate"]["public_id"])
        for one in feed(registry, party, after)
    ]


def numbers(registry: Registry, party: RelyingParty, after: int = 0) -> list[int]:
    return [one["data"]["number"] for one in feed(registry, party, after)]


LONG_AFTER = date(2099, 1, 1)
