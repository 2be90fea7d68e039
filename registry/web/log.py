"""The public log (C2SP tlog-tiles), and proofs from it."""

from __future__ import annotations

import gzip
from base64 import b64encode

from flask import Blueprint, Response, jsonify, request

from registry.domain.errors import InvalidInput, NotFound, Violation
from registry.formats import tlog_proof
from registry.formats.tlog_tiles import (
    CHECKPOINT_TYPE,
    TILE_TYPE,
    BundleId,
    MalformedTilePath,
    parse_path,
)
from registry.services.log import read
from registry.services.log.keys import PATH
from registry.web import headers
from registry.web.current import the_registry

blueprint = Blueprint("log", __name__)
# It moves on at any time (tlog-tiles: not beyond a few seconds).
_CHECKPOINT_KEPT = "public, max-age=1"


def _answer(body: bytes, media_type: str, cache: str) -> Response:
    response = Response(body, content_type=media_type)
    response.headers["Cache-Control"] = cache
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get(f"{PATH}/checkpoint")
def checkpoint() -> Response:
    """The newest published checkpoint, with its cosignatures."""
    return _answer(read.checkpoint(the_registry()), CHECKPOINT_TYPE, _CHECKPOINT_KEPT)


@blueprint.get(f"{PATH}/tile/<path:rest>")
def tile(rest: str) -> Response:
    """A hash tile, or a bundle of entries (gzip in any case, as the specification allows)."""
    try:
        wanted = parse_path(f"tile/{rest}")
    except MalformedTilePath as error:
        raise NotFound("No tile has such a path.") from error
    if isinstance(wanted, BundleId):
        body = gzip.compress(read.entry_bundle(the_registry(), wanted), mtime=0)
        response = _answer(body, TILE_TYPE, headers.IMMUTABLE)
        response.headers["Content-Encoding"] = "gzip"
        return response
    return _answer(read.tile(the_registry(), wanted), TILE_TYPE, headers.IMMUTABLE)


@blueprint.get("/api/v1/certificates/<public_id>/proof")
def proof(public_id: str) -> Response:
    """The proof that the log has seen a certificate; with `?event=2` and so on, a later act on it."""
    body = read.certificate_proof(the_registry(), public_id, _number("event", 1))
    response = _answer(body, tlog_proof.MEDIA_TYPE, _CHECKPOINT_KEPT)
    name = f"{public_id}{tlog_proof.FILE_EXTENSION}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@blueprint.get("/api/v1/log/consistency")
def consistency() -> Response:
    """The proof that the log at size `from` begins that at size `to`: hashes in base64."""
    old, new = _number("from", 0), _number("to", 0)
    path = read.consistency_path(the_registry(), old, new)
    response = jsonify({"from": old, "to": new, "hashes": [b64encode(one).decode() for one in path]})
    response.headers["Cache-Control"] = headers.IMMUTABLE
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise InvalidInput([Violation((name,), "a whole number, please")])
    return int(text)
