"""What the API of surveillance, policies and notices answers with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from registry.domain.notices import NoticeKind
from registry.domain.surveillance import Stage
from registry.services.follow_up.surveillance import DuePage, Surveillance
from registry.store.notices import StoredNotice, StoredPolicy
from registry.store.surveillance import StoredRecord
from registry.web.answers import links, summary


def due_page(base_url: str, page: DuePage, today: date) -> dict[str, Any]:
    """A page of what is due."""
    items = [
        {
            **summary(base_url, one.certificate, one.status),
            "next_due_on": one.plan.due_on,
            "overdue": one.plan.due_on < today,
            "missed": one.plan.stage is Stage.MISSED,
        }
        for one in page.items
    ]
    return {"items": items, "next_after": page.next_after}


def surveillance(found: Surveillance, today: date) -> dict[str, Any]:
    """The plan of a certificate, and its records."""
    due_on = found.plan.due_on
    return {
        "next_due_on": due_on,
        "overdue": due_on is not None and due_on < today,
        "missed": found.stage is Stage.MISSED,
        "passed": found.plan.passed,
        "records": [record(one) for one in found.records],
    }


def record(one: StoredRecord) -> dict[str, Any]:
    """What was recorded."""
    return {
        "sequence": one.sequence,
        "result": one.record.result.value,
        "held_on": one.record.held_on,
        "next_due_on": one.plan.due_on,
        "note": one.record.note,
        "recorded_at": one.recorded_at,
        "actor": one.actor,
    }


def policy(stored: StoredPolicy) -> dict[str, Any]:
    """The policy with its version."""
    return {"version": stored.version, **asdict(stored.policy)}


def notices(base_url: str, found: Sequence[StoredNotice], after: int) -> dict[str, Any]:
    """A page of notices."""
    items = [
        {
            "number": one.number,
            "kind": one.kind.value,
            "about": one.about,
            "threshold": one.threshold if one.kind is NoticeKind.EXPIRY else None,
            "recorded_at": one.recorded_at,
            "public_id": one.certificate.public_id,
            "certificate_number": one.certificate.number,
            "holder": {"zh": one.certificate.holder_name, "en": one.certificate.holder_name_en},
            "links": links(base_url, one.certificate.public_id),
        }
        for one in found
    ]
    return {"items": items, "next_after": found[-1].number if found else after}
