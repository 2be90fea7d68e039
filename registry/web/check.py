"""Checking a file: a page where one drops or chooses a certificate (PDF or JSON), or pastes a text.

Works without script; static/check.js adds dropping. What is handed in is judged and forgotten.
"""

from __future__ import annotations

import re

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from registry.domain.errors import InvalidInput, Violation
from registry.services.presented import Presented
from registry.web import headers, present, texts
from registry.web.pages import as_public_id
from registry.web.presented import MAX_CREDENTIAL_BYTES, MAX_PDF_BYTES, judge

blueprint = Blueprint("check", __name__)

# What stands around the file in a form.
_FORM_BYTES = 16_384
# The signed part behind the '#' of a code: docs/offline-qr.md.
_SIGNED_PART = re.compile(r"[0-9A-Za-z$*+./:_-]{1,4000}")


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
        typed = request.form.get("text", "").strip()
        file = request.files.get("file")
        body = file.read(MAX_PDF_BYTES + 1) if file is not None else b""
        if not body and typed:
            public_id = as_public_id(typed)
            if public_id is not None:
                return redirect(_address(public_id, typed), 303)
            body = typed.encode()
        if not body:
            raise InvalidInput([Violation((), "nothing to check")])
        return _verdict(judge(body))
    except RequestEntityTooLarge:
        return _form("larger than what is checked here", 413)
    except InvalidInput as error:
        return _form(error.violations[0].reason, 422)


def _address(public_id: str, typed: str) -> str:
    """The page of a code; its signed part, which that page checks, goes along."""
    signed = typed.partition("#")[2]
    address = url_for("pages.verify", public_id=public_id)
    return f"{address}#{signed}" if _SIGNED_PART.fullmatch(signed) else address


def _form(refusal: str | None, status: int = 200) -> Response:
    told = None if refusal is None else (texts.in_words(refusal) or str(texts.NOT_A_CERTIFICATE))
    response = make_response(render_template("check.html", refusal=told), status)
    response.vary.update(("Accept", "Accept-Language", "Cookie"))
    response.headers["Cache-Control"] = headers.PRIVATE if refusal else "public, max-age=60"
    return response


def _verdict(presented: Presented) -> Response:
    found = presented.found
    page = render_template(
        "presented.html", found=found, legible=present.legible(found.terms), from_pdf=presented.is_pdf
    )
    response = make_response(page)
    response.headers["Cache-Control"] = headers.PRIVATE
    return response
