"""The branch offices of an issuer, for its administrators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import RegistryError
from registry.domain.schemes import Text
from registry.services import branches
from registry.services.context import Verb
from registry.web.console import forms
from registry.web.console.guard import allowed_to, the_actor
from registry.web.current import the_registry

blueprint = Blueprint("branches", __name__, url_prefix="/branches")


@blueprint.get("/")
@allowed_to(Verb.ADMINISTER)
def index() -> ResponseReturnValue:
    """All branches by code."""
    return forms.page("branches.html", **_shown())


@blueprint.post("/")
@allowed_to(Verb.ADMINISTER)
def add() -> ResponseReturnValue:
    """Add a branch."""
    typed = forms.typed("code", "name_zh", "name_en")
    try:
        name = Text(typed["name_zh"], typed["name_en"] or None)
        branches.add_branch(the_registry(), the_actor(), typed["code"], name)
    except RegistryError as error:
        return forms.refused("branches.html", error, typed, **_shown())
    return forms.redirected(url_for("console.branches.index", done="added"))


@blueprint.post("/<code>/close")
@allowed_to(Verb.ADMINISTER)
def close(code: str) -> ResponseReturnValue:
    """Let a branch take no more people."""
    branches.close_branch(the_registry(), the_actor(), code)
    return forms.redirected(url_for("console.branches.index", done="closed"))


def _shown() -> dict[str, Any]:
    return {"branches": branches.list_branches(the_registry(), the_actor())}
