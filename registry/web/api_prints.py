"""The issuers' API: certificates as PDF, many in one ZIP."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint

from registry.domain.lifecycle import Status
from registry.services.context import Verb
from registry.services.find import Filters
from registry.web import headers, schemas
from registry.web.archive import archive
from registry.web.authentication import allowed_to, the_actor
from registry.web.requests import StrictParser

blueprint = Blueprint("prints", __name__, url_prefix="/api/v1", description="For issuers: certificates for print")
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)


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
    return archive(the_actor(), filters)
