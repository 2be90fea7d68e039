"""Judging what somebody sends in, at the API and on the page: how large it may be, and how often."""

from __future__ import annotations

from flask import current_app
from werkzeug.exceptions import RequestEntityTooLarge

from registry.formats.pdf_attachment import is_pdf
from registry.services.presented import Presented, verify_presented
from registry.web.current import the_verifier

# A credential has some four kilobytes, and one with two hundred sites a hundred.
MAX_CREDENTIAL_BYTES = 262_144
# A certificate with an annex of a hundred pages has two megabytes.
MAX_PDF_BYTES = 4 * 1024 * 1024
PDF = "application/pdf"


def judge(body: bytes) -> Presented:
    """What came out. Raises InvalidInput; 413 and 429 where it is too large, or a PDF too many."""
    pdf = is_pdf(body)
    if len(body) > (MAX_PDF_BYTES if pdf else MAX_CREDENTIAL_BYTES):
        raise RequestEntityTooLarge
    if pdf:
        # Reading a PDF can take a second, where it was made for that.
        current_app.extensions["count_pdf"]()
    return verify_presented(the_verifier(), body)
