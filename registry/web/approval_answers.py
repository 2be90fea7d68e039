"""What the API says of acts that wait for a second officer."""

from __future__ import annotations

from typing import Any

from registry.services.approvals import ProposalPage, state_of
from registry.services.context import Registry
from registry.store.proposals import StoredProposal


def address(base_url: str, one: StoredProposal) -> str:
    """Where a proposal is."""
    return f"{base_url}/api/v1/approvals/{one.reference}"


def proposal(registry: Registry, one: StoredProposal) -> dict[str, Any]:
    """A proposal, and what became of it."""
    return {
        "reference": one.reference,
        "address": address(registry.base_url, one),
        "act": one.act,
        "subject": one.subject,
        "state": state_of(registry, one).value,
        "payload": one.payload,
        "before": one.before,
        "after": one.after,
        "proposed_by": one.proposed_by,
        "proposed_at": one.proposed_at,
        "expires_at": one.expires_at,
        "decided_by": one.decided_by,
        "decided_at": one.decided_at,
        "reason": one.reason,
        "outcome": one.outcome,
    }


def page(registry: Registry, found: ProposalPage) -> dict[str, Any]:
    """A page of proposals."""
    return {"items": [proposal(registry, one) for one in found.items], "next_after": found.next_after}
