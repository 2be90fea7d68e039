"""A certificate as PDF. Setting one takes many times as long as other answers; hence a rate limit of its own."""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from registry.services.print_certificate import print_certificate
from registry.web import headers
from registry.web.current import the_registry, the_verifier
from registry.web.pages import canonical

blueprint = Blueprint("certificate_pdf", __name__)
LIMIT_SCOPE = "print"


@blueprint.get("/v/<public_id>/certificate.pdf")
@canonical
def pdf(public_id: str) -> ResponseReturnValue:
    """The certificate for the wall, with the signed credential inside; for everybody, as the credential is."""
    printed = print_certificate(the_registry(), the_verifier(), public_id)
    response = Response(printed.pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{printed.public_id}.pdf"'
    # Kept no longer than a verdict: after a withdrawal the page must say so.
    response.headers["Cache-Control"] = headers.VERDICT
    response.headers["Access-Control-Allow-Origin"] = "*"
    # The policy of our pages is not for the viewer that a browser puts around a PDF.
    response.headers["Content-Security-Policy"] = "base-uri 'none'; frame-ancestors 'none'"
    response.add_etag()
    response.make_conditional(request)
    return response
