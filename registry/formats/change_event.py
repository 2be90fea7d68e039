"""An event as those who watch read it: the same document in the feed and as the body of a webhook.

The members `type`, `timestamp` and `data` are those that Standard Webhooks recommends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson

from registry.domain.certificate import HolderId
from registry.formats.canonical_json import JsonObject


@dataclass(frozen=True, slots=True)
class TellCertificate:
    """What is told of the certificate. Persons have no name here (docs/decisions/0005-persons.md)."""

    public_id: str
    number: str
    revision: int
    issuer: str
    scheme: str
    holder: str | None
    holder_id: HolderId | None
    valid_until: date | None


def event_document(
    base_url: str,
    event_id: str,
    number: int,
    event_type: str,
    at: datetime,
    recorded_at: datetime,
    certificate: TellCertificate | None,
    details: Mapping[str, Any],
) -> JsonObject:
    """The document; of `details`, what is None is left out."""
    data: JsonObject = {"number": number, "recorded_at": _moment(recorded_at)}
    if certificate is not None:
        data["certificate"] = _certificate(base_url, certificate)
    data |= {name: value for name, value in details.items() if value is not None}
    return {"id": event_id, "type": event_type, "timestamp": _moment(at), "data": data}


def encode(document: JsonObject) -> bytes:
    """The bytes that are signed and sent."""
    return orjson.dumps(document)


def _certificate(base_url: str, one: TellCertificate) -> JsonObject:
    holder: JsonObject = {} if one.holder is None else {"name": one.holder}
    if one.holder_id is not None:
        holder["identifier"] = {"scheme": one.holder_id.scheme, "value": one.holder_id.value}
    return {
        "public_id": one.public_id,
        "number": one.number,
        "revision": one.revision,
        "issuer": one.issuer,
        "scheme": one.scheme,
        "holder": holder,
        "valid_until": one.valid_until.isoformat() if one.valid_until else None,
        "verify": f"{base_url}/api/v1/verify/{one.public_id}",
    }


def _moment(at: datetime) -> str:
    """RFC 3339, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
