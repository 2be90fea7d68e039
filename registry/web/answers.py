"""What the API answers with: plain dictionaries, named as in the request and in the credential."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import orjson

from registry.domain.lifecycle import Standing, State, StatusAt, status_of
from registry.domain.public_id import grouped
from registry.domain.reasons import REASONS, Reason
from registry.domain.schemes import SCHEMES
from registry.services.change_status import Change
from registry.services.directory import Listed
from registry.services.find import Found, Page, RecordedEvent
from registry.services.statistics import Statistics
from registry.services.verify import Verification
from registry.store.certificates import StoredCertificate


def links(base_url: str, public_id: str) -> dict[str, str]:
    """Where everything about a certificate is."""
    return {
        "verify": f"{base_url}/v/{public_id}",
        "credential": f"{base_url}/certificates/{public_id}",
        "qr_png": f"{base_url}/v/{public_id}/qr.png",
        "qr_svg": f"{base_url}/v/{public_id}/qr.svg",
        "qr_offline_png": f"{base_url}/v/{public_id}/qr-offline.png",
        "qr_offline_svg": f"{base_url}/v/{public_id}/qr-offline.svg",
        "pdf": f"{base_url}/v/{public_id}/certificate.pdf",
        "log_proof": f"{base_url}/api/v1/certificates/{public_id}/proof",
    }


def status(found: StatusAt) -> dict[str, Any]:
    """A status, since when, and the reason of the issuer's last act."""
    return {"status": found.status, "since": found.since, "reason": found.reason}


def summary(base_url: str, row: StoredCertificate, found: StatusAt) -> dict[str, Any]:
    """A certificate in a list."""
    identifier = row.holder_id and {"scheme": row.holder_id_scheme, "value": row.holder_id}
    return {
        "public_id": row.public_id,
        "issuer": row.issuer_code,
        "number": row.number,
        "revision": row.revision,
        "kind": row.kind,
        "scheme": row.scheme,
        "holder": {
            "kind": row.holder_type,
            "name": {"zh": row.holder_name, "en": row.holder_name_en},
            "identifier": identifier,
        },
        "granted_on": row.granted_on,
        "decided_on": row.decided_on,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "recorded_at": row.recorded_at,
        "status": status(found),
        "links": links(base_url, row.public_id),
    }


def page(base_url: str, found: Page) -> dict[str, Any]:
    """A page of a list."""
    items = [summary(base_url, item.certificate, item.status) for item in found.items]
    return {"items": items, "next_after": found.next_after}


def versions(base_url: str, found: Iterable[Found]) -> list[dict[str, Any]]:
    """The versions of a certificate, oldest first: what each changed, from when on, and what became of it."""
    return [
        {
            "public_id": one.certificate.public_id,
            "issuer": one.certificate.issuer_code,
            "number": one.certificate.number,
            "revision": one.certificate.revision,
            "change": one.certificate.change or one.certificate.first_reason,
            "valid_from": one.certificate.valid_from,
            "valid_until": one.certificate.valid_until,
            "recorded_at": one.certificate.recorded_at,
            "status": status(one.status),
            "links": links(base_url, one.certificate.public_id),
        }
        for one in found
    ]


def certificate(base_url: str, found: Found, document: bytes) -> dict[str, Any]:
    """A certificate with its signed credential."""
    answer = summary(base_url, found.certificate, found.status)
    answer["public_id_grouped"] = grouped(found.certificate.public_id)
    answer["credential"] = orjson.loads(document)
    return answer


def issued(base_url: str, row: StoredCertificate, document: bytes) -> dict[str, Any]:
    """A certificate as it was when issued: the same for the first request and for each repetition of it."""
    since = min(row.recorded_at, row.period.starts_at)
    first = Standing(State.ACTIVE, since, Reason(row.first_reason))
    found = status_of(first, row.period, row.recorded_at)
    return certificate(base_url, Found(row, found), document)


def event(recorded: RecordedEvent) -> dict[str, Any]:
    """A status event for the issuer's eyes."""
    one = recorded.event
    return {
        "sequence": one.sequence,
        "act": one.act.value,
        "reason": one.reason.value,
        "note": one.note,
        "effective_at": one.effective_at,
        "until": one.until,
        "calls_off": one.calls_off,
        "recorded_at": one.recorded_at,
        "actor": recorded.actor,
    }


def change(base_url: str, done: Change) -> dict[str, Any]:
    """What an act has led to."""
    return {
        "public_id": done.certificate.public_id,
        "number": done.certificate.number,
        "sequence": done.event.sequence,
        "act": done.event.act.value,
        "effective_at": done.event.effective_at,
        "status": status(done.status),
        "links": links(base_url, done.certificate.public_id),
    }


def issuer(base_url: str, listed: Listed) -> dict[str, Any]:
    """A certification body."""
    one = listed.issuer
    return {
        "code": one.code,
        "name": {"zh": one.name.zh, "en": one.name.en},
        "address": {"zh": one.address.zh, "en": one.address.en},
        "mark": one.mark,
        "website": one.website,
        "schemes": listed.schemes,
        "accreditations": listed.accreditations,
        "valid_certificates": listed.valid,
        "links": {"page": f"{base_url}/issuers/{one.code}", "did": f"{base_url}/issuers/{one.code}/did.json"},
    }


def verification_body(base_url: str, found: Verification) -> tuple[bytes, str]:
    """A verification as JSON text, and its ETag, which speaks of what was found and not of when."""
    body = orjson.dumps(_verification(base_url, found))
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    # The time goes in last, in front of the closing brace.
    return body[:-1] + b',"checked_at":"' + found.checked_at.isoformat().encode() + b'"}', etag


def _verification(base_url: str, found: Verification) -> dict[str, Any]:
    """A verdict with its checks, without the time, so that equal findings have equal bytes."""
    answer: dict[str, Any] = {
        "verdict": found.verdict,
        "public_id": found.public_id,
        "checks": [
            {"check": one.name, "result": one.outcome, "finding": one.finding, "detail": one.detail}
            for one in found.checks
        ],
        "status": found.status and status(found.status),
        "recorded_at": found.recorded_at,
        "replaced_by": found.replaced_by,
        "versions": versions(base_url, found.versions),
        "certificate": found.terms or None,
        "links": links(base_url, found.public_id) if found.public_id else None,
    }
    if found.differences:
        answer["differences"] = differences(found)
    return answer


def differences(found: Verification) -> list[dict[str, Any]]:
    """Where a document that was handed in departs from the registered one."""
    return [
        {"pointer": one.pointer, "registered": one.registered, "presented": one.presented} for one in found.differences
    ]


def catalogue() -> dict[str, Any]:
    """The schemes, and the reasons for each act."""
    return {
        "schemes": [
            {
                "code": scheme.code,
                "kind": scheme.kind.value,
                "standard": scheme.standard,
                "title": {"zh": scheme.title.zh, "en": scheme.title.en},
            }
            for scheme in SCHEMES.values()
        ],
        "reasons": {act.value: sorted(reasons) for act, reasons in REASONS.items()},
    }


def statistics(found: Statistics) -> dict[str, Any]:
    """Counts; the members of `Statistics`."""
    return {**asdict(found), "counted_at": found.counted_at.isoformat()}
