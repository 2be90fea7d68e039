"""Certificates that wait for a signature of the issuer's own: handed out, and taken back signed."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, make_response, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import InvalidInput, RegistryError, Violation
from registry.services import prepare as preparing
from registry.services.context import Verb
from registry.services.prepare import Prepared
from registry.services.submit import submit
from registry.web.console import forms
from registry.web.console.guard import allowed_to, the_actor
from registry.web.console.keys import document_in
from registry.web.current import the_registry

blueprint = Blueprint("preparations", __name__, url_prefix="/preparations")
_PAGE = 50


@blueprint.get("/")
@allowed_to(Verb.ISSUE)
def index() -> ResponseReturnValue:
    """What waits, by number."""
    after = request.args.get("after", "")[:64]
    found, next_after = preparing.list_preparations(the_registry(), the_actor(), after or None, _PAGE)
    return forms.page("preparations.html", waiting=found, next_after=next_after)


@blueprint.get("/<public_id>")
@allowed_to(Verb.ISSUE)
def one(public_id: str) -> ResponseReturnValue:
    """One of them, with what is to be signed."""
    return forms.page("preparation.html", **_shown(_found(public_id)))


@blueprint.get("/<public_id>/prepared.json")
@allowed_to(Verb.ISSUE)
def handed_out(public_id: str) -> Response:
    """What is to be signed, as a file."""
    response = make_response(_text(_found(public_id)))
    response.content_type = "application/json"
    response.headers["Content-Disposition"] = "attachment; filename=prepared.json"
    return response


@blueprint.post("/<public_id>")
@allowed_to(Verb.ISSUE)
def issue(public_id: str) -> ResponseReturnValue:
    """Issue it by the signed credential."""
    typed = {"credential": request.form.get("credential", "").strip()}
    try:
        submit(the_registry(), the_actor(), public_id, document_in("credential", typed["credential"]))
    except InvalidInput as error:
        # What is wrong with the credential is told at the field that it stands in.
        first = error.violations[0]
        where = "" if first.pointer == "/credential" else f"{first.pointer.removeprefix('/credential')}: "
        told = InvalidInput([Violation(("credential",), where + first.reason)])
        return forms.refused("preparation.html", told, typed, **_shown(_found(public_id)))
    except RegistryError as error:
        return forms.refused("preparation.html", error, typed, **_shown(_found(public_id)))
    return forms.redirected(url_for("pages.verify", public_id=public_id))


@blueprint.post("/<public_id>/give-up")
@allowed_to(Verb.ISSUE)
def give_up(public_id: str) -> ResponseReturnValue:
    """Free its number."""
    preparing.give_up(the_registry(), the_actor(), public_id)
    return forms.redirected(url_for("console.preparations.index", done="given-up"))


def _found(public_id: str) -> Prepared:
    return preparing.open_preparation(the_registry(), the_actor(), public_id)


def _shown(prepared: Prepared) -> dict[str, Any]:
    terms = prepared.request.document["credentialSubject"]["certificate"]
    return {"prepared": prepared, "terms": terms, "handed_out": _text(prepared)}


def _text(prepared: Prepared) -> str:
    content = {"public_id": prepared.public_id, "number": prepared.number, **prepared.request.as_json()}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
