"""The issuers' API: the keys that their certificates are signed with."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from keys import Custody
from registry.services import issuer_key_acts as acts
from registry.services.context import Verb
from registry.services.register_key import challenge_for, register_key
from registry.web import headers
from registry.web import own_key_answers as answers
from registry.web import own_key_schemas as schemas
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint(
    "signing_keys", __name__, url_prefix="/api/v1/keys", description="For issuers: the keys that sign certificates"
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)


@blueprint.get("")
@allowed_to(Verb.READ)
@blueprint.response(200, schemas.KeysAnswer)
def list_keys() -> dict[str, Any]:
    """List your keys, oldest first."""
    now = the_registry().now()
    return {"keys": [answers.key(one, now) for one in acts.list_keys(the_registry(), the_actor())]}


@blueprint.post("/challenges")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(schemas.ChallengeSchema)
@blueprint.response(201, schemas.ChallengeAnswer)
def ask_for_challenge(request: dict[str, Any]) -> dict[str, Any]:
    """Ask for a challenge to a key whose private half you keep: sign its document with that key."""
    given = challenge_for(the_registry(), the_actor(), request["public_key_multibase"])
    return answers.challenge(given)


@blueprint.post("")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(schemas.RegisterKeySchema)
@blueprint.response(201, schemas.KeyAnswer)
def register(request: dict[str, Any]) -> dict[str, Any]:
    """Register a key whose private half you keep, by the signed document of its challenge."""
    key = register_key(the_registry(), the_actor(), request["document"], retire_others=request["retire_others"])
    return answers.key(key, the_registry().now())


@blueprint.post("/rotate")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(schemas.RotateKeySchema)
@blueprint.response(201, schemas.KeyAnswer)
def rotate(request: dict[str, Any]) -> dict[str, Any]:
    """Have the registry make a new key and keep it for you; the older ones sign no more."""
    custody = request.get("custody")
    key = acts.rotate(the_registry(), the_actor(), custody and Custody(custody), request.get("old_until"))
    return answers.key(key, the_registry().now())


@blueprint.post("/<name>/retire")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(schemas.RetireKeySchema)
@blueprint.response(200, schemas.KeyAnswer)
def retire(request: dict[str, Any], name: str) -> dict[str, Any]:
    """Let a key sign no more, now or from a time to come; what it signed stays good."""
    key = acts.retire(the_registry(), the_actor(), name, request.get("at"))
    return answers.key(key, the_registry().now())


@blueprint.post("/<name>/compromise")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(schemas.CompromisedKeySchema)
@blueprint.response(200, schemas.KeyAnswer)
def compromise(request: dict[str, Any], name: str) -> dict[str, Any]:
    """Declare a key stolen: only what the public log had seen before counts still. There is no way back."""
    key = acts.mark_compromised(the_registry(), the_actor(), name, request["since"])
    return answers.key(key, the_registry().now())
