"""The issuers' API: certificates as PDF, many in one ZIP."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from registry.domain.errors import InvalidInput, Violation
from registry.domain.lifecycle import Status
from registry.services.context import Verb
from registry.services.find import Filters
from registry.services.print_many import print_zip
from registry.web import headers, schemas
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint("prints", __name__, url_prefix="/api/v1", description="For issuers: certificates for print")
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)
# An archive keeps a processor at work for up to half a minute.
RATE_LIMIT = "6 per minute"
MAX_PRINTS = 500


@blueprint.get("/certificates.zip")
@allowed_to(Verb.READ)
@blueprint.arguments(schemas.PrintSchema, location="query")
@blueprint.response(200, content_type="application/zip")
def certificates(query: dict[str, Any]) -> Response:
    """Get up to 500 of your certificates as PDF, each with its signed credential inside, in one ZIP.

    Those in force, unless `status` says otherwise. It comes while it is made; one that breaks off is no whole ZIP.
    """
    filters = Filters(
        query.get("status", Status.VALID),
        query.get("scheme"),
        query.get("holder"),
        query.get("valid_from_min"),
        query.get("valid_from_max"),
    )
    # In this process: to start others takes longer than to print, and a server has others to serve.
    run = print_zip(the_registry(), the_actor(), filters, processes=1)
    if run.total > MAX_PRINTS:
        reason = f"{run.total} certificates; at most {MAX_PRINTS} in one archive. 'registry print' has no such limit."
        raise InvalidInput([Violation((), reason)])
    response = Response(run.parts, content_type="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="certificates.zip"'
    return response
