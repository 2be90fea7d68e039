"""The issuer's certificates: the list, and the page of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import InvalidInput, Violation
from registry.domain.lifecycle import Status, planned_acts, possible_acts, standing_events
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.reasons import Act
from registry.domain.schemes import SCHEMES
from registry.services import branches, find
from registry.services.change_status import ACT_VERBS
from registry.services.context import Verb
from registry.services.find import Filters, Page
from registry.store.people import StoredBranch
from registry.web import present
from registry.web.console import forms
from registry.web.console.guard import allowed_to, the_actor
from registry.web.current import the_registry, the_verifier

blueprint = Blueprint("certificates", __name__, url_prefix="/certificates")

T = TypeVar("T")
_AT_ONCE = 50
_CRITERIA = ("q", "status", "scheme", "branch", "from", "until")


@blueprint.get("/")
@allowed_to(Verb.READ)
def index() -> ResponseReturnValue:
    """Certificates, newest first, narrowed down by what is asked."""
    typed = {name: request.args.get(name, "").strip() for name in _CRITERIA}
    public_id = _as_public_id(typed["q"])
    if public_id is not None:
        return redirect(url_for("console.certificates.certificate", public_id=public_id), 303)
    known = branches.list_branches(the_registry(), the_actor())
    shown: dict[str, Any] = {
        "branches": known,
        "branch_names": {one.id: one.name for one in known},
        "branch_choices": [(one.code, present.said(one.name)) for one in known],
        "standards": [(scheme.code, scheme.standard) for scheme in SCHEMES.values()],
    }
    try:
        found = _found(typed, known)
    except InvalidInput as error:
        return forms.refused("certificates.html", error, typed, found=None, **shown)
    asked = {name: value for name, value in typed.items() if value}
    return forms.page("certificates.html", typed=typed, found=found, asked=asked, **shown)


@blueprint.get("/<public_id>")
@allowed_to(Verb.READ)
def certificate(public_id: str) -> ResponseReturnValue:
    """One of them: what it says, what became of it, and what can be done."""
    registry, actor = the_registry(), the_actor()
    exact = parse_public_id(public_id)
    if exact != public_id:
        return redirect(url_for("console.certificates.certificate", public_id=exact), 308)
    found, _ = find.read_certificate(registry, actor, public_id)
    recorded = find.history(registry, actor, public_id)
    events = [one.event for one in recorded]
    verification = the_verifier().by_public_id(public_id)
    acts = [act for act in possible_acts(found.status.status) if ACT_VERBS[act] in actor.verbs]
    # What may be called off: by whoever may do the act itself. A successor is given up, not called off.
    waiting = {
        event.sequence
        for event in planned_acts(events, registry.now())
        if event.act is not Act.SUPERSEDE and ACT_VERBS.get(event.act) in actor.verbs
    }
    names = {one.id: one.name for one in branches.list_branches(registry, actor)}
    return forms.page(
        "certificate.html",
        found=found,
        verification=verification,
        legible=present.legible(verification.terms),
        recorded=recorded,
        standing={event.sequence for event in standing_events(events)},
        waiting=waiting,
        now=registry.now(),
        acts=acts,
        branch=names.get(found.certificate.branch_id or 0),
    )


def _found(typed: dict[str, str], known: list[StoredBranch]) -> Page:
    """The page of the list that the query asks for. Raises InvalidInput."""
    wrong: list[Violation] = []
    status = _one_of("status", typed["status"], {status.value: status for status in Status}, wrong)
    scheme = _one_of("scheme", typed["scheme"], {code: code for code in SCHEMES}, wrong)
    branch_id = _one_of("branch", typed["branch"], {one.code: one.id for one in known}, wrong)
    first, last = forms.day("from", typed["from"], wrong), forms.day("until", typed["until"], wrong)
    if wrong:
        raise InvalidInput(wrong)
    filters = Filters(status, scheme, issued_from=first, issued_until=last, branch_id=branch_id)
    after = request.args.get("after")
    if typed["q"]:
        return find.search_own(the_registry(), the_actor(), typed["q"], filters, after, _AT_ONCE)
    return find.list_certificates(the_registry(), the_actor(), filters, after, _AT_ONCE)


def _one_of(field: str, typed: str, known: Mapping[str, T], wrong: list[Violation]) -> T | None:
    if typed and typed not in known:
        wrong.append(Violation((field,), "must be one of: those in the list"))
    return known.get(typed)


def _as_public_id(typed: str) -> str | None:
    try:
        return parse_public_id(typed)
    except MalformedPublicId:
        return None
