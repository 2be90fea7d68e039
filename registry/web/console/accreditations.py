"""Accreditations of an issuer: seen by its people, entered and ended by the registry's operators."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.accreditation import Accreditation
from registry.domain.errors import InvalidInput, NotPermitted, RegistryError, Violation
from registry.domain.schemes import SCHEMES
from registry.services import accreditations
from registry.services.context import Verb
from registry.services.roles import Role
from registry.web.console import forms
from registry.web.console.guard import allowed_to, the_actor, the_signed_in
from registry.web.current import the_registry

blueprint = Blueprint("accreditations", __name__, url_prefix="/accreditations")


@blueprint.get("/")
@allowed_to(Verb.READ)
def index() -> ResponseReturnValue:
    """All accreditations of the issuer, oldest first."""
    return forms.page("accreditations.html", **_shown())


@blueprint.post("/")
@allowed_to(Verb.ADMINISTER)
def add() -> ResponseReturnValue:
    """Enter an accreditation."""
    _require_operator()
    typed = forms.typed("body", "number", "valid_from", "valid_until")
    chosen = tuple(request.form.getlist("scheme")[: len(SCHEMES)])
    try:
        first = _day("valid_from", typed["valid_from"])
        if first is None:
            raise InvalidInput([Violation(("valid_from",), "not a day that exists")])
        last = _day("valid_until", typed["valid_until"])
        given = Accreditation(typed["body"], typed["number"], chosen, first, last)
        accreditations.add_accreditation(the_registry(), _code(), given, the_actor())
    except RegistryError as error:
        return forms.refused("accreditations.html", error, typed, **{**_shown(), "chosen": chosen})
    return forms.redirected(url_for("console.accreditations.index", done="added"))


@blueprint.post("/<int:accreditation_id>/end")
@allowed_to(Verb.ADMINISTER)
def end(accreditation_id: int) -> ResponseReturnValue:
    """Move the last day of an accreditation; an empty one takes it away."""
    _require_operator()
    typed = forms.typed("valid_until")
    try:
        last = _day("valid_until", typed["valid_until"])
        accreditations.end_accreditation(the_registry(), _code(), accreditation_id, last, the_actor())
    except RegistryError as error:
        return forms.refused("accreditations.html", error, **_shown())
    return forms.redirected(url_for("console.accreditations.index", done="changed"))


def _shown() -> dict[str, Any]:
    return {
        "accreditations": accreditations.list_accreditations(the_registry(), _code()),
        "schemes": SCHEMES,
        "chosen": (),
        "enters": the_signed_in().role is Role.OPERATOR,
        "today": the_registry().now().date(),
    }


def _code() -> str:
    return the_signed_in().issuer_code or ""


def _require_operator() -> None:
    """An issuer can't accredit itself."""
    if the_signed_in().role is not Role.OPERATOR:
        raise NotPermitted("Only operators of the registry enter accreditations.")


def _day(field: str, typed: str) -> date | None:
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise InvalidInput([Violation((field,), "not a day that exists")]) from None
