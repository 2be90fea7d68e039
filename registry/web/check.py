"""Checking a file: a page where one drops or chooses a certificate (PDF or JSON), or pastes a text.

Works without script; static/check.js adds dropping. What is handed in is judged and forgotten.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from registry.domain.errors import InvalidInput, Violation
from registry.services.find import MAX_QUERY_LENGTH
from registry.services.presented import Presented
from registry.web import headers, present, texts, typed
from registry.web.presented import MAX_CREDENTIAL_BYTES, MAX_PDF_BYTES, judge

blueprint = Blueprint("check", __name__)

# What stands around the file in a form.
_FORM_BYTES = 16_384


@blueprint.get("/check")
def page() -> ResponseReturnValue:
    """Where to hand it in."""
    return _form(None)


@blueprint.post("/check")
def check() -> ResponseReturnValue:
    """The verdict on what was handed in; the form again, with the reason, where there is nothing to judge."""
    request.max_content_length = MAX_PDF_BYTES + MAX_CREDENTIAL_BYTES + _FORM_BYTES
    # One limit for all of it: a text that is too long is told like a file that is.
    request.max_form_memory_size = request.max_content_length
    try:
        text = request.form.get("text", "").strip()
        file = request.files.get("file")
        body = file.read(MAX_PDF_BYTES + 1) if file is not None else b""
        if not body and text:
            address = _elsewhere(text)
            if address is not None:
                return redirect(address, 303)
            body = text.encode()
        if not body:
            raise InvalidInput([Violation((), "nothing to check")])
        return _verdict(judge(body))
    except RequestEntityTooLarge:
        return _form("larger than what is checked here", 413)
    except InvalidInput as error:
        return _form(error.violations[0].reason, 422)


def _elsewhere(text: str) -> str | None:
    """The page for what was pasted or scanned and is no document: of its certificate, or of the search for it."""
    address = typed.page_of(text)
    if address is None and len(text) <= MAX_QUERY_LENGTH and not text.startswith(("{", "[")):
        return url_for("pages.search", q=text)
    return address


def _form(refusal: str | None, status: int = 200) -> Response:
    told = None if refusal is None else (texts.in_words(refusal) or str(texts.NOT_A_CERTIFICATE))
    response = make_response(render_template("check.html", refusal=told), status)
    response.vary.update(("Accept", "Accept-Language", "Cookie"))
    response.headers["Cache-Control"] = headers.PRIVATE if refusal else "public, max-age=60"
    headers.allow_camera(response)
    return response


def _verdict(presented: Presented) -> Response:
    found = presented.found
    page = render_template(
        "presented.html",
        found=found,
        legible=present.legible(found.terms),
        from_pdf=presented.is_pdf,
        is_receipt=presented.is_receipt,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = headers.PRIVATE
    return response
