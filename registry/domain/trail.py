"""The audit trail: who did what, when, from where."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple


class TrailEvent(NamedTuple):
    """All that the audit trail says of one act; `issuer_id` is the row id of the issuer that it concerns."""

    id: int
    at: datetime
    actor: str
    api_key_id: int | None
    user_id: int | None
    origin: str | None
    act: str
    issuer_id: int | None
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    details: dict[str, Any]


class TrailRecord(NamedTuple):
    """An event, the code of the issuer that it concerns, and its place in the hash chain, once it has one."""

    event: TrailEvent
    issuer_code: str | None
    position: int | None
    salt: bytes | None
    link: bytes | None
