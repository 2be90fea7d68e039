"""The issuers' API: their API keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registry.services import api_keys
from registry.services.api_keys import LONGEST_OVERLAP, MAX_LABEL_LENGTH, MAX_PAGE, KeyState, NewApiKey
from registry.services.context import Verb
from registry.store.access import StoredApiKey
from registry.web import headers
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint("api_keys", __name__, url_prefix="/api/v1/api-keys", description="API keys, with an API key")
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)
_MOST_HOURS = int(LONGEST_OVERLAP / timedelta(hours=1))


class ApiKeysQuery(Schema):
    """Which page of the keys."""

    after = fields.String(validate=validate.Length(1, 40), metadata={"description": "next_after of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class NewApiKeySchema(Schema):
    """What a new key allows, what it is for, and when it ends."""

    verbs = fields.List(fields.Enum(Verb, by_value=True), required=True, validate=validate.Length(1, len(Verb)))
    label = fields.String(load_default="", validate=validate.Length(max=MAX_LABEL_LENGTH))
    expires_at = fields.AwareDateTime(allow_none=True, load_default=None)


class ApiKeyRotationSchema(Schema):
    """How long the old key stays good, and when the new one ends; unless told it lasts as long as the old one did."""

    overlap_hours = fields.Integer(load_default=168, strict=True, validate=validate.Range(0, _MOST_HOURS))
    expires_at = fields.AwareDateTime(allow_none=True, load_default=None)


class ApiKeyAnswer(Schema):
    """An API key without its secret."""

    key_id = fields.String(required=True, metadata={"description": "its public part"})
    label = fields.String(required=True)
    verbs = fields.List(fields.String(), required=True)
    state = fields.String(required=True, validate=validate.OneOf([one.value for one in KeyState]))
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True, metadata={"description": "to the minute"})


class NewApiKeyAnswer(ApiKeyAnswer):
    """A key that was just made. The token is told this once."""

    token = fields.String(required=True)


class ApiKeysAnswer(Schema):
    """A page of keys, newest first; `next_after` is null on the last."""

    items = fields.List(fields.Nested(ApiKeyAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)


@blueprint.get("")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(ApiKeysQuery, location="query")
@blueprint.response(200, ApiKeysAnswer)
def list_keys(query: dict[str, Any]) -> dict[str, Any]:
    """List your API keys, newest first."""
    found, next_after = api_keys.list_own(the_registry(), the_actor(), query.get("after"), query["limit"])
    return {"items": [_answer(one) for one in found], "next_after": next_after}


@blueprint.post("")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(NewApiKeySchema)
@blueprint.response(201, NewApiKeyAnswer)
def create(request: dict[str, Any]) -> dict[str, Any]:
    """Make an API key that allows no more than your own. Its token is told once."""
    return _made(api_keys.create_own(the_registry(), the_actor(), **request))


@blueprint.post("/<key_id>/rotate")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(ApiKeyRotationSchema)
@blueprint.response(201, NewApiKeyAnswer)
def rotate(request: dict[str, Any], key_id: str) -> dict[str, Any]:
    """Make the successor of a key, whose token is told once; the old one ends after the overlap."""
    overlap = timedelta(hours=request["overlap_hours"])
    return _made(api_keys.rotate_own(the_registry(), the_actor(), key_id, overlap, request["expires_at"]))


@blueprint.post("/<key_id>/revoke")
@allowed_to(Verb.ADMINISTER)
@blueprint.response(200, ApiKeyAnswer)
def revoke(key_id: str) -> dict[str, Any]:
    """End a key at once."""
    return _answer(api_keys.revoke_own(the_registry(), the_actor(), key_id))


def _made(new: NewApiKey) -> dict[str, Any]:
    return {**_answer(new.key), "token": new.token}


def _answer(one: StoredApiKey) -> dict[str, Any]:
    return {
        "key_id": one.key_id,
        "label": one.label,
        "verbs": list(one.verbs),
        "state": api_keys.state_of(one, the_registry().now()).value,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
        "last_used_at": one.last_used_at,
    }
