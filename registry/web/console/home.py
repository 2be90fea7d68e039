"""The first page of the console, and for operators of the registry the choice of an issuer."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from registry.services import manage_issuers, sessions
from registry.services.context import Verb
from registry.services.roles import Role
from registry.services.statistics import statistics_of
from registry.web import pictures
from registry.web.console import forms, guard
from registry.web.console.guard import allowed_to, signed_in
from registry.web.current import the_registry

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@allowed_to(Verb.READ)
def overview() -> ResponseReturnValue:
    """The issuer in numbers and pictures."""
    issuer, _ = manage_issuers.issuer_with_authorizations(the_registry(), guard.the_signed_in().issuer_code or "")
    found = statistics_of(the_registry(), guard.the_actor())
    return forms.page("overview.html", issuer=issuer, found=found, pictures=pictures.draw(found))


@blueprint.get("/issuers")
@signed_in
def issuers() -> ResponseReturnValue:
    """The issuers that an operator can look at."""
    if guard.the_signed_in().role is not Role.OPERATOR:
        return redirect(url_for("console.home.overview"), 303)
    return forms.page("issuers.html", issuers=manage_issuers.list_issuers(the_registry()))


@blueprint.post("/issuers")
@signed_in
def choose_issuer() -> ResponseReturnValue:
    """Look at one of them."""
    sessions.choose_issuer(the_registry(), guard.the_signed_in(), request.form.get("code", ""), guard.origin())
    return forms.redirected(url_for("console.home.overview"))
