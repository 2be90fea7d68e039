"""The relying parties' API: webhook endpoints, and what was delivered to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registry.domain.changes import EVENT_TYPES
from registry.services.context import Scope
from registry.services.outgoing import MAX_URL_LENGTH
from registry.services.watching import endpoints, feed
from registry.services.watching.endpoints import NewSecret
from registry.store import webhooks as store
from registry.store.webhooks import StoredEndpoint
from registry.web import headers
from registry.web.authentication import open_to_parties, the_party
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint(
    "webhooks", __name__, url_prefix="/api/v1/webhooks", description="For banks and insurers: events sent to you"
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)

_NUMBER = validate.Range(0, feed.HIGHEST)
_MOST_HOURS = endpoints.LONGEST_OVERLAP // timedelta(hours=1)


class NewEndpointSchema(Schema):
    """An address that events are to be sent to."""

    url = fields.String(required=True, validate=validate.Length(1, MAX_URL_LENGTH))
    types = fields.List(
        fields.String(validate=validate.OneOf(EVENT_TYPES)),
        load_default=list,
        validate=validate.Length(max=len(EVENT_TYPES)),
        metadata={"description": "which events; none named: all"},
    )
    label = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, endpoints.MAX_LABEL_LENGTH))


class EndpointAnswer(Schema):
    """A webhook endpoint, without its secret."""

    endpoint_id = fields.String(required=True)
    url = fields.String(required=True)
    types = fields.List(fields.String(), required=True)
    label = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf((store.UNVERIFIED, store.ACTIVE, store.DISABLED)))
    disabled_because = fields.String(required=True, allow_none=True)
    failing_since = fields.DateTime(required=True, allow_none=True)
    old_secret_until = fields.DateTime(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)


class NewEndpointAnswer(EndpointAnswer):
    """The same with its secret, which is told once."""

    secret = fields.String(required=True, metadata={"description": "whsec_…, for the signatures; keep it secret"})


class EndpointsAnswer(Schema):
    """All of them, oldest first."""

    items = fields.List(fields.Nested(EndpointAnswer), required=True)


class SecretRotationSchema(Schema):
    """For how long deliveries are signed with both secrets."""

    overlap_hours = fields.Integer(load_default=24, validate=validate.Range(0, _MOST_HOURS))


class DeliveriesQuery(Schema):
    """Which page."""

    below = fields.Integer(
        load_default=None, validate=_NUMBER, metadata={"description": "next_below of the page before"}
    )
    limit = fields.Integer(load_default=20, validate=validate.Range(1, endpoints.MAX_PAGE))
    state = fields.String(load_default=None, validate=validate.OneOf((store.WAITING, store.DELIVERED, store.FAILED)))


class AttemptAnswer(Schema):
    """One attempt: what was answered, or why nothing was."""

    at = fields.DateTime(required=True)
    status = fields.Integer(required=True, allow_none=True)
    problem = fields.String(required=True, allow_none=True)
    milliseconds = fields.Integer(required=True)


class DeliveryAnswer(Schema):
    """What became of an event at an endpoint."""

    number = fields.Integer(required=True)
    type = fields.String(required=True)
    state = fields.String(required=True)
    due_at = fields.DateTime(required=True, metadata={"description": "when it is tried next, while it waits"})
    created_at = fields.DateTime(required=True)
    finished_at = fields.DateTime(required=True, allow_none=True)
    attempts = fields.List(fields.Nested(AttemptAnswer), required=True)


class DeliveriesAnswer(Schema):
    """A page of deliveries, newest event first."""

    items = fields.List(fields.Nested(DeliveryAnswer), required=True)
    next_below = fields.Integer(required=True, allow_none=True)


class RepetitionSchema(Schema):
    """Which events are to be delivered again."""

    after = fields.Integer(required=True, validate=_NUMBER, metadata={"description": "those with higher numbers"})
    until = fields.Integer(load_default=None, allow_none=True, validate=_NUMBER)


class RepetitionAnswer(Schema):
    """How many events will be delivered again, and the number of the last; ask again from there for more."""

    repeated = fields.Integer(required=True)
    last = fields.Integer(required=True, allow_none=True)


@blueprint.get("")
@open_to_parties(Scope.WATCH)
@blueprint.response(200, EndpointsAnswer)
def list_endpoints() -> dict[str, Any]:
    """Your webhook endpoints."""
    return {"items": endpoints.list_endpoints(the_registry(), the_party())}


@blueprint.post("")
@open_to_parties(Scope.ADMINISTER)
@blueprint.arguments(NewEndpointSchema)
@blueprint.response(201, NewEndpointAnswer)
def add_endpoint(request: dict[str, Any]) -> dict[str, Any]:
    """Register an address. Put the secret there, then have it verified: nothing is sent before."""
    named = (request["url"], request["types"], request["label"])
    return _with_secret(endpoints.add_endpoint(the_registry(), the_party(), *named))


@blueprint.post("/<endpoint_id>/verify")
@open_to_parties(Scope.ADMINISTER)
@blueprint.response(200, EndpointAnswer)
def verify(endpoint_id: str) -> StoredEndpoint:
    """Send a challenge, which the endpoint answers with 2xx and `{"challenge": …}`. It may be disabled."""
    return endpoints.verify(the_registry(), the_party(), endpoint_id)


@blueprint.post("/<endpoint_id>/rotate")
@open_to_parties(Scope.ADMINISTER)
@blueprint.arguments(SecretRotationSchema)
@blueprint.response(200, NewEndpointAnswer)
def rotate(request: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """Make a new secret; until the overlap is over, deliveries carry a signature by each."""
    overlap = timedelta(hours=request["overlap_hours"])
    return _with_secret(endpoints.rotate_secret(the_registry(), the_party(), endpoint_id, overlap))


@blueprint.delete("/<endpoint_id>")
@open_to_parties(Scope.ADMINISTER)
@blueprint.response(204)
def remove_endpoint(endpoint_id: str) -> None:
    """Remove an endpoint with its deliveries."""
    endpoints.remove_endpoint(the_registry(), the_party(), endpoint_id)


@blueprint.get("/<endpoint_id>/deliveries")
@open_to_parties(Scope.WATCH)
@blueprint.arguments(DeliveriesQuery, location="query")
@blueprint.response(200, DeliveriesAnswer)
def list_deliveries(query: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """What was sent, what waits, and what came of each attempt; kept for 90 days."""
    page = (query["below"], query["limit"], query["state"])
    found = endpoints.list_deliveries(the_registry(), the_party(), endpoint_id, *page)
    return {"items": found, "next_below": found[-1].number if len(found) == query["limit"] else None}


@blueprint.post("/<endpoint_id>/repeat")
@open_to_parties(Scope.WATCH)
@blueprint.arguments(RepetitionSchema)
@blueprint.response(200, RepetitionAnswer)
def repeat(request: dict[str, Any], endpoint_id: str) -> dict[str, Any]:
    """Have events delivered again, also those of which nothing was sent while the endpoint was disabled."""
    numbers = endpoints.repeat(the_registry(), the_party(), endpoint_id, request["after"], request["until"])
    return {"repeated": len(numbers), "last": numbers[-1] if numbers else None}


def _with_secret(new: NewSecret) -> dict[str, Any]:
    told = (name for name in EndpointAnswer().fields)
    return {**{name: getattr(new.endpoint, name) for name in told}, "secret": new.secret}
