"""Issuing a certificate, and reissuing one: a form that is checked as one types, and without script when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.certificate import MAX_SITES, EnterpriseSize
from registry.domain.errors import NotFound, RegistryError
from registry.domain.reasons import MAX_NOTE_LENGTH, Act
from registry.domain.schemes import SCHEMES
from registry.domain.versions import VERSION_KINDS
from registry.services import find, issue, versions
from registry.services.context import Verb
from registry.services.issuer_keys import signs_itself
from registry.services.prepare import prepare
from registry.web import present, texts
from registry.web.console import certificate_form, forms
from registry.web.console.acts import reasons_for
from registry.web.console.guard import allowed_to, the_actor
from registry.web.current import the_registry, the_verifier

blueprint = Blueprint("issue", __name__)


@blueprint.get("/issue")
@allowed_to(Verb.ISSUE)
def new() -> ResponseReturnValue:
    """An empty form."""
    return forms.page("issue.html", typed=certificate_form.typed({}), **_shown(Act.ISSUE))


@blueprint.post("/issue")
@allowed_to(Verb.ISSUE)
def create() -> ResponseReturnValue:
    """Issue what was typed."""
    values = certificate_form.typed(request.form)
    if "add_site" in request.form:
        return forms.page("issue.html", typed=values, **_shown(Act.ISSUE, values, more=1))
    try:
        done = _issued(certificate_form.read(values))
    except RegistryError as error:
        return _refused(error, values, Act.ISSUE)
    return forms.redirected(done)


@blueprint.post("/issue/check")
@allowed_to(Verb.ISSUE)
def check() -> ResponseReturnValue:
    """What would be wrong with it, by field, as JSON for the form's script; nothing is stored."""
    return _checked(
        lambda asked: issue.check(the_registry(), the_actor(), asked["certificate"], asked["reason"], asked.get("note"))
    )


@blueprint.get("/certificates/<public_id>/reissue")
@allowed_to(Verb.REISSUE)
def reissue(public_id: str) -> ResponseReturnValue:
    """A form that begins with what the old certificate says. The number is a new one."""
    found, _ = find.read_certificate(the_registry(), the_actor(), public_id)
    values = certificate_form.from_terms(the_verifier().by_public_id(public_id).terms)
    return forms.page("issue.html", typed=values, found=found, **_shown(Act.SUPERSEDE, values))


@blueprint.post("/certificates/<public_id>/reissue")
@allowed_to(Verb.REISSUE)
def replace(public_id: str) -> ResponseReturnValue:
    """Issue what takes the place of the old one."""
    found, _ = find.read_certificate(the_registry(), the_actor(), public_id)
    values = certificate_form.typed(request.form)
    if "add_site" in request.form:
        return forms.page("issue.html", typed=values, found=found, **_shown(Act.SUPERSEDE, values, more=1))
    try:
        done = _issued(certificate_form.read(values), public_id)
    except RegistryError as error:
        return _refused(error, values, Act.SUPERSEDE, found=found)
    return forms.redirected(done)


@blueprint.post("/certificates/<public_id>/reissue/check")
@allowed_to(Verb.REISSUE)
def check_reissue(public_id: str) -> ResponseReturnValue:
    """What would be wrong with it, as with one that is issued."""
    return _checked(lambda asked: versions.check(the_registry(), the_actor(), public_id, **asked))


def _issued(asked: dict[str, Any], replaces: str | None = None) -> str:
    """Issue it, or prepare it for an issuer that signs itself; returns the address of the page to go on with."""
    if signs_itself(the_registry(), the_actor().issuer_id):
        waiting = prepare(the_registry(), the_actor(), **asked, replaces=replaces)
        return url_for("console.preparations.one", public_id=waiting.public_id)
    if replaces is None:
        row = issue.issue(the_registry(), the_actor(), **asked)
    else:
        row = versions.reissue(the_registry(), the_actor(), replaces, **asked)
    done = "issue" if replaces is None else "reissue"
    return url_for("console.certificates.certificate", public_id=row.public_id, done=done)


def _checked(check: Callable[[dict[str, Any]], None]) -> ResponseReturnValue:
    values = certificate_form.typed(request.form)
    try:
        check(certificate_form.read(values))
    except NotFound:
        raise
    except RegistryError as error:
        # The rules are tried when all fields are filled in; an identifier can be looked at by itself.
        return jsonify(errors=certificate_form.wrong_identifier(values) | certificate_form.wrong(error, values))
    return jsonify(errors={})


def _refused(error: RegistryError, values: dict[str, str], act: Act, **context: Any) -> ResponseReturnValue:
    told = certificate_form.wrong(error, values)
    return forms.page("issue.html", forms.status_of(error), errors=told, typed=values, **_shown(act, values), **context)


def _shown(act: Act, values: dict[str, str] | None = None, more: int = 0) -> dict[str, Any]:
    """What the page needs: the choices, and how many sites have fields."""
    reasons = VERSION_KINDS if act is Act.SUPERSEDE else reasons_for(act)
    return {
        "act": act,
        "sites": min(certificate_form.count_sites(values or {}) + more, MAX_SITES),
        "standards": [
            (scheme.code, f"{scheme.standard} · {present.said(scheme.title)}") for scheme in SCHEMES.values()
        ],
        "sizes": [(size, texts.SIZES[size]) for size in EnterpriseSize],
        "identifiers": list(texts.IDENTIFIERS.items()),
        "reason_choices": [(reason, texts.REASONS[reason]) for reason in reasons],
        "max_note": MAX_NOTE_LENGTH,
    }
