"""The proofs in the API: that the log has a certificate, that it only grew, and what a closed network needs."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
from flask import Response, current_app, jsonify
from flask_smorest import Blueprint

from registry.formats import tlog_proof
from registry.services.log import read
from registry.services.status_lists import StatusLists
from registry.services.trust_bundle import build_bundle
from registry.web import headers, schemas
from registry.web.current import the_registry
from registry.web.requests import StrictParser

blueprint = Blueprint("proof", __name__, url_prefix="/api/v1", description="Proof without trust, for everybody")
blueprint.ARGUMENTS_PARSER = StrictParser()
# The log may move on at any time, and the bundle with it.
_PROOF_KEPT, _BUNDLE_KEPT = "public, max-age=1", "public, max-age=10"


def _public(response: Response, kept: str) -> Response:
    response.headers["Cache-Control"] = kept
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get("/certificates/<public_id>/proof")
@blueprint.arguments(schemas.ProofSchema, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/plain")
def proof(query: dict[str, Any], public_id: str) -> Response:
    """The proof that the public log has a certificate (c2sp.org/tlog-proof@v1), or a later act on it."""
    body = read.certificate_proof(the_registry(), public_id, query["event"])
    response = _public(Response(body, content_type=tlog_proof.MEDIA_TYPE), _PROOF_KEPT)
    name = f"{public_id}{tlog_proof.FILE_EXTENSION}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@blueprint.get("/log/consistency")
@blueprint.arguments(schemas.ConsistencySchema, location="query")
@blueprint.response(200, schemas.ConsistencyAnswer)
def consistency(query: dict[str, Any]) -> Response:
    """The proof that the log of one size begins the log of another (RFC 6962, 2.1.2)."""
    path = read.consistency_path(the_registry(), query["old"], query["new"])
    hashes = [b64encode(one).decode() for one in path]
    return _public(jsonify({"from": query["old"], "to": query["new"], "hashes": hashes}), headers.IMMUTABLE)


@blueprint.get("/trust-bundle")
@blueprint.response(200, {"type": "object"})
def trust_bundle() -> Response:
    """The trust bundle: keys, status lists and the log's checkpoint, for verifying in a closed network."""
    lists: StatusLists = current_app.extensions["status_lists"]
    body = orjson.dumps(build_bundle(the_registry(), lists))
    return _public(Response(body, content_type="application/json"), _BUNDLE_KEPT)
