"""Suspected forgeries that the public has reported: all of them for operators, its own for an issuer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import RegistryError
from registry.services import reports
from registry.services.reports import MOVES, Handler, ReportState
from registry.web.console import forms, guard, texts
from registry.web.console.guard import signed_in
from registry.web.current import the_registry

blueprint = Blueprint("reports", __name__, url_prefix="/reports")


@blueprint.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """The new ones, or what became of all that ever came."""
    asked = request.args.get("state", ReportState.NEW)
    state = ReportState(asked) if asked in set(ReportState) else None
    found, following = reports.list_reports(the_registry(), _handler(), state, request.args.get("after"))
    shown: dict[str, Any] = {"items": found, "next_after": following, "asked": state.value if state else "all"}
    return forms.page("reports.html", states=texts.REPORT_STATES, **shown)


@blueprint.get("/<reference>")
@signed_in
def show(reference: str) -> ResponseReturnValue:
    """One report."""
    return forms.page("report.html", **_one(reference))


@blueprint.get("/<reference>/picture")
@signed_in
def picture(reference: str) -> ResponseReturnValue:
    """The picture that came with it."""
    return Response(reports.read_picture(the_registry(), _handler(), reference), content_type="image/jpeg")


@blueprint.post("/<reference>")
@signed_in
def mark(reference: str) -> ResponseReturnValue:
    """Say what becomes of it."""
    typed = forms.typed("state", "note")
    try:
        state = ReportState(typed["state"]) if typed["state"] in set(ReportState) else ReportState.SEEN
        reports.mark_report(the_registry(), _handler(), reference, state, typed["note"])
    except RegistryError as error:
        return forms.refused("report.html", error, typed, **_one(reference))
    return forms.redirected(url_for("console.reports.show", reference=reference, done="changed"))


def _handler() -> Handler:
    return reports.handler_of(guard.the_signed_in(), guard.origin())


def _one(reference: str) -> dict[str, Any]:
    found = reports.read_report(the_registry(), _handler(), reference)
    return {
        "report": found,
        "states": texts.REPORT_STATES,
        "marks": [
            (state, texts.REPORT_MARKS[state]) for state in ReportState if state in MOVES[ReportState(found.state)]
        ],
    }
