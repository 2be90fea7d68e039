"""The issuers' API: the audit trail of what concerned them."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registry.domain.trail import TrailRecord
from registry.services.audit_trail import MAX_PAGE, list_events
from registry.services.context import Verb
from registry.store.audit_events import TrailFilters
from registry.web import headers
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint("audit", __name__, url_prefix="/api/v1/audit", description="Who did what, with an API key")
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)


class TrailQuery(Schema):
    """How the trail is narrowed down, and which page of it."""

    act = fields.String(validate=validate.Length(1, 40), metadata={"example": "certificate.withdraw"})
    subject = fields.String(
        validate=validate.Length(1, 120),
        metadata={"description": "what was changed: the public id of a certificate, of an API key, and so on"},
    )
    actor = fields.String(validate=validate.Length(1, 80))
    since = fields.AwareDateTime(metadata={"description": "this moment or later"})
    until = fields.AwareDateTime(metadata={"description": "before this moment"})
    after = fields.String(validate=validate.Length(1, 40), metadata={"description": "next_after of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class TrailEventAnswer(Schema):
    """One act: who, from where, what, and the thing as it was and as it became."""

    id = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    act = fields.String(required=True)
    subject = fields.String(required=True)
    actor = fields.String(required=True)
    origin = fields.String(required=True, allow_none=True, metadata={"description": "the address it came from"})
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)
    details = fields.Dict(required=True)
    position = fields.Integer(
        required=True, allow_none=True, metadata={"description": "its place in the hash chain, once it has one"}
    )


class TrailAnswer(Schema):
    """A page of the trail, newest first; `next_after` is null on the last."""

    items = fields.List(fields.Nested(TrailEventAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)


@blueprint.get("")
@allowed_to(Verb.AUDIT)
@blueprint.arguments(TrailQuery, location="query")
@blueprint.response(200, TrailAnswer)
def list_trail(query: dict[str, Any]) -> dict[str, Any]:
    """List what was done for your certification body, newest first."""
    after, limit = query.pop("after", None), query.pop("limit")
    page = list_events(the_registry(), the_actor(), TrailFilters(**query), after, limit)
    return {"items": [_answer(one) for one in page.items], "next_after": page.next_after}


def _answer(one: TrailRecord) -> dict[str, Any]:
    event = one.event
    return {
        "id": str(event.id),
        "at": event.at,
        "act": event.act,
        "subject": event.subject,
        "actor": event.actor,
        "origin": event.origin,
        "before": event.before,
        "after": event.after,
        "details": event.details,
        "position": one.position,
    }
