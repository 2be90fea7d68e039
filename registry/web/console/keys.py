"""The keys that an issuer's certificates are signed with, for its administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from keys import Custody
from registry.domain.certificate import CERTIFICATE_ZONE
from registry.domain.errors import InvalidInput, NotFound, RegistryError, Violation
from registry.formats import canonical_json
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.services import issuer_key_acts as acts
from registry.services.context import Verb
from registry.services.register_key import challenge_for, register_key
from registry.store.issuers import StoredKey
from registry.web.console import forms
from registry.web.console.guard import allowed_to, the_actor
from registry.web.current import the_registry

blueprint = Blueprint("keys", __name__, url_prefix="/keys")


@blueprint.get("/")
@allowed_to(Verb.ADMINISTER)
def index() -> ResponseReturnValue:
    """All keys, the newest first, and how to get another."""
    return forms.page("keys.html", **_shown())


@blueprint.post("/rotate")
@allowed_to(Verb.ADMINISTER)
def rotate() -> ResponseReturnValue:
    """A new key in the registry's custody, in the place of the present ones."""
    typed = forms.typed("custody")
    try:
        acts.rotate(the_registry(), the_actor(), _custody(typed["custody"]), None)
    except RegistryError as error:
        return forms.refused("keys.html", error, typed, **_shown())
    return forms.redirected(url_for("console.keys.index", done="key-made"))


@blueprint.post("/challenge")
@allowed_to(Verb.ADMINISTER)
def challenge() -> ResponseReturnValue:
    """A challenge to a key of the issuer's own; the answer is typed on the page that comes."""
    typed = forms.typed("public_key_multibase")
    try:
        given = challenge_for(the_registry(), the_actor(), typed["public_key_multibase"])
    except RegistryError as error:
        return forms.refused("keys.html", error, typed, **_shown())
    text = orjson.dumps(given.request.as_json(), option=orjson.OPT_INDENT_2).decode()
    return forms.page("own_key.html", challenge=text, expires_at=given.expires_at)


@blueprint.post("/register")
@allowed_to(Verb.ADMINISTER)
def register() -> ResponseReturnValue:
    """Register the key by the signed document of its challenge."""
    typed = forms.typed("challenge", "answer", "retire_others")
    try:
        document = document_in("answer", typed["answer"])
        register_key(the_registry(), the_actor(), document, retire_others=bool(typed["retire_others"]))
    except InvalidInput as error:
        # What is wrong with the document is told at the field that it stands in.
        told = InvalidInput([Violation(("answer",), one.reason) for one in error.violations])
        return forms.refused("own_key.html", told, typed, challenge=typed["challenge"], expires_at=None)
    except RegistryError as error:
        return forms.refused("own_key.html", error, typed, challenge=typed["challenge"], expires_at=None)
    return forms.redirected(url_for("console.keys.index", done="key-registered"))


@blueprint.get("/<name>")
@allowed_to(Verb.ADMINISTER)
def key(name: str) -> ResponseReturnValue:
    """One key, and how to end it."""
    return forms.page("key.html", **_one(name))


@blueprint.post("/<name>/retire")
@allowed_to(Verb.ADMINISTER)
def retire(name: str) -> ResponseReturnValue:
    """Let a key sign no more from now on."""
    acts.retire(the_registry(), the_actor(), name, None)
    return forms.redirected(url_for("console.keys.key", name=name, done="key-retired"))


@blueprint.post("/<name>/compromise")
@allowed_to(Verb.ADMINISTER)
def compromise(name: str) -> ResponseReturnValue:
    """Declare a key stolen since a time."""
    typed = forms.typed("since", "certain")
    try:
        if not typed["certain"]:
            raise InvalidInput([Violation(("certain",), "there is no way back, so this must be ticked")])
        acts.mark_compromised(the_registry(), the_actor(), name, _moment("since", typed["since"]))
    except RegistryError as error:
        return forms.refused("key.html", error, typed, **_one(name))
    return forms.redirected(url_for("console.keys.key", name=name, done="key-compromised"))


def _shown() -> dict[str, Any]:
    keys = acts.list_keys(the_registry(), the_actor())
    present = keys[-1].custody if keys else Custody.FILE
    places = [Custody.FILE, *([Custody.TOKEN] if the_registry().settings.pkcs11_token else [])]
    chosen = request.form.get("custody") or present
    return {"keys": keys[::-1], "places": places, "chosen": chosen if chosen in places else Custody.FILE}


def _one(name: str) -> dict[str, Any]:
    found: list[StoredKey] = [one for one in acts.list_keys(the_registry(), the_actor()) if one.name == name]
    if not found:
        raise NotFound("No key of yours has this name.")
    return {"key": found[0]}


def _custody(typed: str) -> Custody:
    """Raises InvalidInput."""
    if typed not in (Custody.FILE, Custody.TOKEN):
        raise InvalidInput([Violation(("custody",), "must be one of: file, token")])
    return Custody(typed)


def _moment(field: str, typed: str) -> datetime:
    """A time in China, as the browser sends it. Raises InvalidInput."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=CERTIFICATE_ZONE)
    except ValueError:
        raise InvalidInput([Violation((field,), "not a time")]) from None


def document_in(field: str, typed: str) -> JsonObject:
    """A JSON object that was pasted into a field. Raises InvalidInput."""
    try:
        found = canonical_json.parse(typed.encode())
    except (MalformedJson, UnicodeEncodeError) as error:
        raise InvalidInput([Violation((field,), str(error))]) from error
    if not isinstance(found, dict):
        raise InvalidInput([Violation((field,), "a JSON object is wanted")])
    return found
