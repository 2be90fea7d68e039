"""API keys of an issuer, for its administrators."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.certificate import CERTIFICATE_ZONE
from registry.domain.errors import InvalidInput, RegistryError, Violation
from registry.services import api_keys
from registry.services.context import Verb
from registry.web.console import forms, trail_texts
from registry.web.console.guard import allowed_to, the_actor
from registry.web.current import the_registry

blueprint = Blueprint("api_keys", __name__, url_prefix="/api-keys")
_AT_ONCE = 25


@blueprint.get("/")
@allowed_to(Verb.ADMINISTER)
def index() -> ResponseReturnValue:
    """All API keys, newest first, and how to get another."""
    return forms.page("api_keys.html", **_shown())


@blueprint.post("/")
@allowed_to(Verb.ADMINISTER)
def create() -> ResponseReturnValue:
    """A new key, whose token is shown on the page that comes, and never again."""
    typed = forms.typed("label", "expires")
    chosen = request.form.getlist("verb")[: len(Verb)]
    try:
        verbs = [Verb(one) for one in chosen if one in set(Verb)]
        new = api_keys.create_own(the_registry(), the_actor(), verbs, typed["label"], _end(typed["expires"]))
    except RegistryError as error:
        return forms.refused("api_keys.html", error, typed, **{**_shown(), "chosen": chosen})
    return forms.page("api_key_made.html", 201, new=new)


@blueprint.get("/<key_id>")
@allowed_to(Verb.ADMINISTER)
def key(key_id: str) -> ResponseReturnValue:
    """One key: rotated or ended here."""
    return forms.page("api_key.html", **_one(key_id))


@blueprint.post("/<key_id>/rotate")
@allowed_to(Verb.ADMINISTER)
def rotate(key_id: str) -> ResponseReturnValue:
    """The successor of a key; its token is shown on the page that comes."""
    typed = forms.typed("overlap", "expires")
    try:
        end = _end(typed["expires"])
        new = api_keys.rotate_own(the_registry(), the_actor(), key_id, _days(typed["overlap"]), end)
    except RegistryError as error:
        return forms.refused("api_key.html", error, typed, **_one(key_id))
    return forms.page("api_key_made.html", 201, new=new)


@blueprint.post("/<key_id>/revoke")
@allowed_to(Verb.ADMINISTER)
def revoke(key_id: str) -> ResponseReturnValue:
    """End a key at once."""
    api_keys.revoke_own(the_registry(), the_actor(), key_id)
    return forms.redirected(url_for("console.api_keys.key", key_id=key_id, done="revoked"))


def _shown() -> dict[str, Any]:
    registry, actor = the_registry(), the_actor()
    keys, next_after = api_keys.list_own(registry, actor, request.args.get("after"), _AT_ONCE)
    verbs = [(verb, words) for verb, words in trail_texts.VERBS.items() if verb in actor.verbs]
    return {"keys": keys, "next_after": next_after, "verbs": verbs, "chosen": [], **_words()}


def _one(key_id: str) -> dict[str, Any]:
    return {"key": api_keys.read_own(the_registry(), the_actor(), key_id), **_words()}


def _words() -> dict[str, Any]:
    now = the_registry().now()
    return {
        "states": trail_texts.KEY_STATES,
        "verb_words": trail_texts.VERBS,
        "state_of": lambda one: api_keys.state_of(one, now),
    }


def _end(typed: str) -> datetime | None:
    """The end of a day in China. Raises InvalidInput."""
    if not typed:
        return None
    try:
        return datetime.combine(datetime.fromisoformat(typed).date(), time.min, CERTIFICATE_ZONE) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise InvalidInput([Violation(("expires_at",), "not a day that exists")]) from None


def _days(typed: str) -> timedelta:
    """Raises InvalidInput."""
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 3):
        raise InvalidInput([Violation(("overlap",), "must be nothing to 366 days")])
    return timedelta(days=int(typed))
