"""Many certificates as PDF in one ZIP, at the API and on the console: how many, and how often."""

from __future__ import annotations

from flask import Response, current_app

from registry.domain.errors import InvalidInput, Violation
from registry.services.context import Actor
from registry.services.find import Filters
from registry.services.print_many import print_zip
from registry.web.current import the_registry

# An archive keeps a processor at work for up to half a minute.
RATE_LIMIT, LIMIT_SCOPE = "6 per minute", "archives"
MAX_PRINTS = 500


def archive(actor: Actor, filters: Filters) -> Response:
    """The archive, sent while it is made. Raises InvalidInput for too many certificates, NotPermitted; 429."""
    current_app.extensions["count_archive"]()
    # In this process: to start others takes longer than to print, and a server has others to serve.
    run = print_zip(the_registry(), actor, filters, processes=1)
    if run.total > MAX_PRINTS:
        reason = f"{run.total} certificates; at most {MAX_PRINTS} in one archive. 'registry print' has no such limit."
        raise InvalidInput([Violation((), reason)])
    response = Response(run.parts, content_type="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="certificates.zip"'
    return response
