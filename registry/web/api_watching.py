"""The relying parties' API: what they watch, and the feed of what has changed."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError, fields, post_load, validate

from registry.domain.certificate import HolderId
from registry.domain.changes import EVENT_TYPES, EXPIRY_NOTICE_DAYS
from registry.domain.public_id import MAX_TYPED_LENGTH
from registry.services.context import Scope
from registry.services.watching import feed, watches
from registry.services.watching.watches import Target
from registry.store.watches import StoredWatch
from registry.web import headers
from registry.web.authentication import open_to_parties, the_party
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint(
    "watching", __name__, url_prefix="/api/v1", description="For banks and insurers: watching certificates and holders"
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)

_DEFAULT_NOTICE = 30
_LABEL = validate.Length(1, watches.MAX_LABEL_LENGTH)


class WatchedHolderSchema(Schema):
    """A holder by a registered identifier."""

    scheme = fields.String(required=True, validate=validate.OneOf(("uscc", "lei", "other")))
    value = fields.String(required=True, validate=validate.Length(1, 64))


class WatchTargetSchema(Schema):
    """What is to be watched: one of the two."""

    certificate = fields.String(
        validate=validate.Length(1, MAX_TYPED_LENGTH),
        metadata={"description": "a public id; the versions that follow the certificate are watched as well"},
    )
    holder = fields.Nested(
        WatchedHolderSchema, metadata={"description": "all its certificates, also those that it does not have yet"}
    )

    @post_load
    def _target(self, data: dict[str, Any], **_: Any) -> Target:
        if len(data) != 1:
            raise ValidationError("name either a certificate or a holder")
        if "certificate" in data:
            return str(data["certificate"])
        return HolderId(**data["holder"])


class NewWatchesSchema(Schema):
    """What is to be watched, all or none; a whole file in portions under one label."""

    items = fields.List(
        fields.Nested(WatchTargetSchema), required=True, validate=validate.Length(1, watches.MAX_AT_ONCE)
    )
    notice_days = fields.List(
        fields.Integer(validate=validate.OneOf(EXPIRY_NOTICE_DAYS)),
        load_default=lambda: [_DEFAULT_NOTICE],
        validate=validate.Length(max=len(EXPIRY_NOTICE_DAYS)),
        metadata={"description": "how many days before its end you are told of a certificate"},
    )
    label = fields.String(
        load_default=None, allow_none=True, validate=_LABEL, metadata={"description": "by which you find them again"}
    )


class AddedWatchesAnswer(Schema):
    """How many watches are new, and how many were there and go by the new terms."""

    added = fields.Integer(required=True)
    changed = fields.Integer(required=True)


class WatchesQuery(Schema):
    """Which page."""

    after = fields.String(validate=validate.Length(1, 40), metadata={"description": "next_after of the page before"})
    limit = fields.Integer(load_default=100, validate=validate.Range(1, watches.MAX_PAGE))
    label = fields.String(validate=_LABEL)


class WatchAnswer(Schema):
    """A watch."""

    watch_id = fields.String(required=True)
    certificate = fields.String(required=True, allow_none=True)
    holder = fields.Nested(WatchedHolderSchema, required=True, allow_none=True)
    notice_days = fields.List(fields.Integer(), required=True)
    label = fields.String(required=True, allow_none=True)
    created_at = fields.DateTime(required=True)


class WatchPageAnswer(Schema):
    """A page of watches, oldest first."""

    items = fields.List(fields.Nested(WatchAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)


class WatchLabelQuery(Schema):
    """Which watches."""

    label = fields.String(required=True, validate=_LABEL)


class RemovedWatchesAnswer(Schema):
    """How many watches there were."""

    removed = fields.Integer(required=True)


class EventsQuery(Schema):
    """From where on."""

    after = fields.Integer(
        load_default=0,
        validate=validate.Range(0, feed.HIGHEST),
        metadata={"description": "the number of the last event that you have"},
    )
    limit = fields.Integer(load_default=100, validate=validate.Range(1, feed.MAX_PAGE))


class ChangeEventAnswer(Schema):
    """Something that has happened: the same document as in a webhook."""

    id = fields.String(required=True)
    type = fields.String(required=True, validate=validate.OneOf(EVENT_TYPES))
    timestamp = fields.String(required=True, metadata={"description": "when it took effect", "format": "date-time"})
    data = fields.Dict(
        required=True,
        metadata={"description": "number, recorded_at, certificate; in some reason, days_left, superseded_by, webhook"},
    )


class EventsAnswer(Schema):
    """Events in their order."""

    items = fields.List(fields.Nested(ChangeEventAnswer), required=True)
    next_after = fields.Integer(required=True)


@blueprint.get("/events")
@open_to_parties(Scope.WATCH)
@blueprint.arguments(EventsQuery, location="query")
@blueprint.response(200, EventsAnswer)
def list_events(query: dict[str, Any]) -> dict[str, Any]:
    """What has happened to what you watch, oldest first, without gaps.

    Ask again with `after=next_after` for what is new: numbers never come in out of order.
    """
    found = feed.list_events(the_registry(), the_party(), query["after"], query["limit"])
    return {"items": found, "next_after": found[-1]["data"]["number"] if found else query["after"]}


@blueprint.get("/watches")
@open_to_parties(Scope.WATCH)
@blueprint.arguments(WatchesQuery, location="query")
@blueprint.response(200, WatchPageAnswer)
def list_watches(query: dict[str, Any]) -> dict[str, Any]:
    """What you watch, oldest first."""
    page = (query.get("after"), query["limit"], query.get("label"))
    found, next_after = watches.list_watches(the_registry(), the_party(), *page)
    return {"items": [_watch(one) for one in found], "next_after": next_after}


@blueprint.post("/watches")
@open_to_parties(Scope.WATCH)
@blueprint.arguments(NewWatchesSchema)
@blueprint.response(201, AddedWatchesAnswer)
def add_watches(request: dict[str, Any]) -> watches.Added:
    """Watch certificates and holders. What you watch already goes by the new terms, so that a repeat does no harm."""
    terms = (request["items"], request["notice_days"], request["label"])
    return watches.add_watches(the_registry(), the_party(), *terms)


@blueprint.delete("/watches")
@open_to_parties(Scope.WATCH)
@blueprint.arguments(WatchLabelQuery, location="query")
@blueprint.response(200, RemovedWatchesAnswer)
def remove_labelled(query: dict[str, Any]) -> dict[str, int]:
    """End all watches of a label."""
    return {"removed": watches.remove_labelled(the_registry(), the_party(), query["label"])}


@blueprint.delete("/watches/<watch_id>")
@open_to_parties(Scope.WATCH)
@blueprint.response(204)
def remove_watch(watch_id: str) -> None:
    """End a watch."""
    watches.remove_watch(the_registry(), the_party(), watch_id)


def _watch(one: StoredWatch) -> dict[str, Any]:
    told = ("watch_id", "holder", "notice_days", "label", "created_at")
    return {**{name: getattr(one, name) for name in told}, "certificate": one.public_id}
