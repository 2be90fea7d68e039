"""How printed certificates look, for administrators; and archives of them for everybody of the issuer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import InvalidInput, NotFound, RegistryError, Violation
from registry.domain.lifecycle import Status
from registry.domain.look import TEMPLATES, Look
from registry.domain.schemes import SCHEMES
from registry.formats.logo import MAX_LOGO_BYTES
from registry.services import find, issuer_look
from registry.services.context import Verb
from registry.services.find import Filters
from registry.web.archive import archive
from registry.web.console import forms
from registry.web.console.guard import allowed_to, the_actor, the_signed_in
from registry.web.current import the_registry

blueprint = Blueprint("printing", __name__, url_prefix="/printing")


@blueprint.get("/")
@allowed_to(Verb.READ)
def index() -> ResponseReturnValue:
    """What is chosen, an example, and which certificates shall be printed."""
    return forms.page("printing.html", **_shown())


@blueprint.post("/look")
@allowed_to(Verb.ADMINISTER)
def set_look() -> ResponseReturnValue:
    """Choose template and colour."""
    typed = forms.typed("template", "colour")
    try:
        issuer_look.set_look(the_registry(), the_actor(), typed["template"], typed["colour"].lower())
    except RegistryError as error:
        return forms.refused("printing.html", error, typed, **_shown())
    return forms.redirected(url_for("console.printing.index", done="changed"))


@blueprint.post("/logo")
@allowed_to(Verb.ADMINISTER)
def set_logo() -> ResponseReturnValue:
    """Take a picture as the logo, or take the logo away."""
    try:
        file = request.files.get("logo")
        content = file.read(MAX_LOGO_BYTES + 1) if file is not None else b""
        if not content and "remove" not in request.form:
            raise InvalidInput([Violation(("logo",), "no file was chosen")])
        issuer_look.set_logo(the_registry(), the_actor(), None if "remove" in request.form else content)
    except RegistryError as error:
        return forms.refused("printing.html", error, **_shown())
    return forms.redirected(url_for("console.printing.index", done="changed"))


@blueprint.get("/logo.svg")
@allowed_to(Verb.READ)
def logo() -> ResponseReturnValue:
    """The logo as it is kept."""
    kept = _look().logo
    if kept is None:
        raise NotFound("There is no logo.")
    return Response(kept, content_type="image/svg+xml; charset=utf-8")


@blueprint.get("/certificates.zip")
@allowed_to(Verb.READ)
def certificates() -> ResponseReturnValue:
    """Certificates of a status, and perhaps of one scheme, in one archive."""
    asked = {name: request.args.get(name, "") for name in ("status", "scheme")}
    try:
        if asked["status"] not in list(Status):
            raise InvalidInput([Violation(("status",), "must be one of: the list")])
        return archive(the_actor(), Filters(Status(asked["status"]), asked["scheme"] or None))
    except InvalidInput as error:
        return forms.refused("printing.html", error, asked, **_shown())


def _look() -> Look:
    return issuer_look.look(the_registry(), the_signed_in().issuer_code or "")


def _shown() -> dict[str, Any]:
    newest = find.list_certificates(the_registry(), the_actor(), Filters(Status.VALID), None, 1).items
    return {
        "look": _look(),
        "templates": TEMPLATES,
        "may_change": Verb.ADMINISTER in the_actor().verbs,
        "example": newest[0].certificate.public_id if newest else None,
        "known_schemes": SCHEMES,
    }
