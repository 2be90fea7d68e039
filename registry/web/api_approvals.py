"""The issuers' API: acts that wait for a second officer, and whether they must."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registry.services import approvals, decide_proposal, four_eyes
from registry.services.approvals import MAX_PAGE, ProposalState
from registry.services.context import Verb
from registry.services.decide_proposal import MAX_REASON_LENGTH
from registry.web import approval_answers, headers
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint("approvals", __name__, url_prefix="/api/v1", description="Four eyes, with an API key")
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)


class ProposalsQuery(Schema):
    """Which proposals, and which page of them."""

    state = fields.Enum(ProposalState, by_value=True)
    after = fields.String(validate=validate.Length(1, 40), metadata={"description": "next_after of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class RefusalSchema(Schema):
    """Why a proposal is refused."""

    reason = fields.String(required=True, validate=validate.Length(1, MAX_REASON_LENGTH))


class FourEyesSchema(Schema):
    """Whether withdrawals and bulk acts wait for a second officer."""

    on = fields.Boolean(required=True, truthy={True}, falsy={False})


class ProposalAnswer(Schema):
    """An act that was proposed, what it would change, and what became of it."""

    reference = fields.String(required=True)
    address = fields.Url(required=True, require_tld=False)
    act = fields.String(required=True, metadata={"example": "certificate.withdraw"})
    subject = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([one.value for one in ProposalState]))
    payload = fields.Dict(required=True)
    before = fields.Dict(required=True)
    after = fields.Dict(required=True)
    proposed_by = fields.String(required=True)
    proposed_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    decided_by = fields.String(required=True, allow_none=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    outcome = fields.Dict(required=True, allow_none=True)


class ProposalsAnswer(Schema):
    """A page of proposals, newest first; `next_after` is null on the last."""

    items = fields.List(fields.Nested(ProposalAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)


@blueprint.get("/approvals")
@allowed_to(Verb.APPROVE, Verb.READ)
@blueprint.arguments(ProposalsQuery, location="query")
@blueprint.response(200, ProposalsAnswer)
def list_proposals(query: dict[str, Any]) -> dict[str, Any]:
    """List acts that wait or waited for a second officer, newest first."""
    registry = the_registry()
    found = approvals.list_proposals(registry, the_actor(), query.get("state"), query.get("after"), query["limit"])
    return approval_answers.page(registry, found)


@blueprint.get("/approvals/<reference>")
@allowed_to(Verb.APPROVE, Verb.READ)
@blueprint.response(200, ProposalAnswer)
def read_proposal(reference: str) -> dict[str, Any]:
    """Read one proposal."""
    registry = the_registry()
    return approval_answers.proposal(registry, approvals.read_proposal(registry, the_actor(), reference))


@blueprint.post("/approvals/<reference>/approve")
@allowed_to(Verb.APPROVE)
@blueprint.response(200, ProposalAnswer)
def approve(reference: str) -> dict[str, Any]:
    """Approve what somebody else has proposed: it is done at once, if it still can be."""
    registry = the_registry()
    return approval_answers.proposal(registry, decide_proposal.approve(registry, the_actor(), reference))


@blueprint.post("/approvals/<reference>/refuse")
@allowed_to(Verb.APPROVE)
@blueprint.arguments(RefusalSchema)
@blueprint.response(200, ProposalAnswer)
def refuse(request: dict[str, Any], reference: str) -> dict[str, Any]:
    """Refuse what somebody else has proposed."""
    registry = the_registry()
    found = decide_proposal.refuse(registry, the_actor(), reference, request["reason"])
    return approval_answers.proposal(registry, found)


@blueprint.post("/approvals/<reference>/take-back")
@allowed_to(*Verb)
@blueprint.response(200, ProposalAnswer)
def take_back(reference: str) -> dict[str, Any]:
    """Take back what you have proposed."""
    registry = the_registry()
    return approval_answers.proposal(registry, approvals.take_back(registry, the_actor(), reference))


@blueprint.get("/four-eyes")
@allowed_to(Verb.ADMINISTER, Verb.READ)
@blueprint.response(200, FourEyesSchema)
def read_four_eyes() -> dict[str, Any]:
    """Whether your withdrawals and bulk acts wait for a second officer."""
    return {"on": approvals.needs_approval(the_registry(), the_actor())}


@blueprint.put("/four-eyes")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(FourEyesSchema)
@blueprint.response(200, FourEyesSchema)
@blueprint.alt_response(202, schema=ProposalAnswer, description="Switching it off waits for a second person")
def switch_four_eyes(request: dict[str, Any]) -> dict[str, Any]:
    """Have your withdrawals and bulk acts wait for a second officer, or no more; the latter takes two."""
    four_eyes.set_own(the_registry(), the_actor(), request["on"])
    return request
