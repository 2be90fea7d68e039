"""The relying parties' API: who they are, and their API keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registry.services import party_keys, relying_parties
from registry.services.api_keys import MAX_LABEL_LENGTH, KeyState, state_of
from registry.services.context import Scope
from registry.services.party_keys import NewPartyKey
from registry.services.relying_parties import PartyKind
from registry.store.parties import StoredPartyKey
from registry.web import headers
from registry.web.api_keys import ApiKeyRotationSchema, ApiKeysQuery
from registry.web.authentication import open_to_parties, the_party
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint(
    "party", __name__, url_prefix="/api/v1/party", description="For banks and insurers: who you are, your API keys"
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)


class PartyAnswer(Schema):
    """A relying party, and what the key that asks allows."""

    code = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True, validate=validate.OneOf([one.value for one in PartyKind]))
    scopes = fields.List(fields.String(), required=True)


class NewPartyKeySchema(Schema):
    """What a new key allows, what it is for, and when it ends."""

    scopes = fields.List(fields.Enum(Scope, by_value=True), required=True, validate=validate.Length(1, len(Scope)))
    label = fields.String(load_default="", validate=validate.Length(max=MAX_LABEL_LENGTH))
    expires_at = fields.AwareDateTime(allow_none=True, load_default=None)


class PartyKeyAnswer(Schema):
    """An API key of a relying party, without its secret."""

    key_id = fields.String(required=True, metadata={"description": "its public part"})
    label = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    state = fields.String(required=True, validate=validate.OneOf([one.value for one in KeyState]))
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    revoked_at = fields.AwareDateTime(required=True, allow_none=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True, metadata={"description": "to the minute"})


class NewPartyKeyAnswer(PartyKeyAnswer):
    """A key that was just made. The token is told this once."""

    token = fields.String(required=True)


class PartyKeysAnswer(Schema):
    """A page of keys, newest first; `next_after` is null on the last."""

    items = fields.List(fields.Nested(PartyKeyAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)


@blueprint.get("")
@open_to_parties()
@blueprint.response(200, PartyAnswer)
def read() -> dict[str, Any]:
    """Who the registry takes you for, and what your key allows."""
    party = the_party()
    found = relying_parties.read_own(the_registry(), party)
    told = {name: getattr(found, name) for name in ("code", "name_zh", "name_en", "kind")}
    return {**told, "scopes": sorted(party.scopes)}


@blueprint.get("/keys")
@open_to_parties(Scope.ADMINISTER)
@blueprint.arguments(ApiKeysQuery, location="query")
@blueprint.response(200, PartyKeysAnswer)
def list_keys(query: dict[str, Any]) -> dict[str, Any]:
    """List your API keys, newest first."""
    found, next_after = party_keys.list_keys(the_registry(), the_party(), query.get("after"), query["limit"])
    return {"items": [_answer(one) for one in found], "next_after": next_after}


@blueprint.post("/keys")
@open_to_parties(Scope.ADMINISTER)
@blueprint.arguments(NewPartyKeySchema)
@blueprint.response(201, NewPartyKeyAnswer)
def create(request: dict[str, Any]) -> dict[str, Any]:
    """Make an API key that allows no more than your own. Its token is told once."""
    return _made(party_keys.create_key(the_registry(), the_party(), **request))


@blueprint.post("/keys/<key_id>/rotate")
@open_to_parties(Scope.ADMINISTER)
@blueprint.arguments(ApiKeyRotationSchema)
@blueprint.response(201, NewPartyKeyAnswer)
def rotate(request: dict[str, Any], key_id: str) -> dict[str, Any]:
    """Make the successor of a key, whose token is told once; the old one ends after the overlap."""
    overlap = timedelta(hours=request["overlap_hours"])
    return _made(party_keys.rotate_key(the_registry(), the_party(), key_id, overlap, request["expires_at"]))


@blueprint.post("/keys/<key_id>/revoke")
@open_to_parties(Scope.ADMINISTER)
@blueprint.response(200, PartyKeyAnswer)
def revoke(key_id: str) -> dict[str, Any]:
    """End a key at once."""
    return _answer(party_keys.revoke_key(the_registry(), the_party(), key_id))


def _made(new: NewPartyKey) -> dict[str, Any]:
    return {**_answer(new.key), "token": new.token}


def _answer(one: StoredPartyKey) -> dict[str, Any]:
    told = ("key_id", "label", "created_at", "expires_at", "revoked_at", "last_used_at")
    state = state_of(one, the_registry().now()).value
    return {**{name: getattr(one, name) for name in told}, "scopes": list(one.scopes), "state": state}
