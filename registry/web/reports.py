"""Reporting a suspected forgery: a form for everybody. What it takes in is shown to nobody but those who handle it."""

from __future__ import annotations

import re

from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from registry.domain.errors import InvalidInput, RegistryError, Violation
from registry.domain.public_id import ALPHABET
from registry.formats.photo import MAX_PHOTO_BYTES
from registry.services import manage_issuers, reports
from registry.services.reports import REFERENCE_LENGTH, Suspicion
from registry.web import headers, texts, typed
from registry.web.current import the_registry

blueprint = Blueprint("reports", __name__)

LIMIT_SCOPE = "reports"
# What stands around the picture in the form.
_FORM_BYTES = 65_536
_FIELDS = ("about", "issuer", "seen", "place", "contact")
_REFERENCE = re.compile(f"[{ALPHABET}]{{{REFERENCE_LENGTH}}}")


@blueprint.get("/report")
def page() -> ResponseReturnValue:
    """The form; `about` is the certificate from whose page somebody comes."""
    response = _form({"about": request.args.get("about", "")[: reports.MAX_LINE]})
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


@blueprint.post("/report")
def send() -> ResponseReturnValue:
    """Take a report in; the form again, with what is wrong, where it can't be."""
    # Pages of others shall not make their visitors report anything.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403)
    current_app.extensions["count_report"]()
    request.max_content_length = MAX_PHOTO_BYTES + _FORM_BYTES
    try:
        given = {name: request.form.get(name, "").strip() for name in _FIELDS}
        file = request.files.get("picture")
        picture = file.read(MAX_PHOTO_BYTES + 1) if file is not None else b""
    except RequestEntityTooLarge:
        return _form({}, InvalidInput([Violation(("picture",), f"larger than {MAX_PHOTO_BYTES} bytes")]), 413)
    try:
        reference = reports.report(the_registry(), _suspicion(given, picture))
    except RegistryError as error:
        return _form(given, error, 422 if isinstance(error, InvalidInput) else 409)
    return redirect(url_for("reports.received", reference=reference), 303)


@blueprint.get("/report/received/<reference>")
def received(reference: str) -> ResponseReturnValue:
    """Thanks, and the reference. Nothing is looked up: whether there is such a report is nobody's business."""
    if not _REFERENCE.fullmatch(reference):
        abort(404)
    return _private(make_response(render_template("report_received.html", reference=reference)))


def _suspicion(given: dict[str, str], picture: bytes) -> Suspicion:
    return Suspicion(
        seen=given["seen"].replace("\r\n", "\n"),
        about=given["about"],
        public_id=typed.as_public_id(given["about"]),
        issuer_code=given["issuer"],
        place=given["place"],
        contact=given["contact"],
        picture=picture,
    )


def _form(given: dict[str, str], error: RegistryError | None = None, status: int = 200) -> Response:
    page = render_template(
        "report.html",
        typed=given,
        errors=_wrong(error),
        issuers=manage_issuers.list_issuers(the_registry()),
        limits={"seen": reports.MAX_SEEN, "line": reports.MAX_LINE},
    )
    return _private(make_response(page, status))


def _wrong(error: RegistryError | None) -> dict[str, str]:
    """What is wrong by field, in the reader's language; under '' what concerns the whole form."""
    if error is None:
        return {}
    if not isinstance(error, InvalidInput):
        return {"": texts.in_words(str(error)) or str(error)}
    return {".".join(map(str, one.path)): texts.in_words(one.reason) or one.reason for one in error.violations}


def _private(response: Response) -> Response:
    response.vary.update(("Accept", "Accept-Language", "Cookie"))
    return headers.keep_private(response)
