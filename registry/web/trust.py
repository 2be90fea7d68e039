"""What whoever wants to verify without asking us needs."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response, current_app

from registry.services.status_lists import StatusLists
from registry.services.trust_bundle import PATH, build_bundle
from registry.web.current import the_registry

blueprint = Blueprint("trust", __name__)


@blueprint.get(PATH)
def bundle() -> Response:
    """The trust bundle: keys, status lists and the log's checkpoint, for verifying in a closed network."""
    lists: StatusLists = current_app.extensions["status_lists"]
    response = Response(orjson.dumps(build_bundle(the_registry(), lists)), content_type="application/json")
    response.headers["Cache-Control"] = "public, max-age=10"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
