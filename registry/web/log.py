"""The public log (C2SP tlog-tiles)."""

from __future__ import annotations

import gzip

from flask import Blueprint, Response

from registry.domain.errors import NotFound
from registry.formats.tlog_tiles import (
    CHECKPOINT_TYPE,
    TILE_TYPE,
    BundleId,
    MalformedTilePath,
    parse_path,
)
from registry.services.log import read
from registry.services.log.keys import PATH, origin, verifier_keys
from registry.web import headers
from registry.web.current import the_registry

blueprint = Blueprint("log", __name__)
# It moves on at any time (tlog-tiles: not beyond a few seconds).
_CHECKPOINT_KEPT = "public, max-age=1"
# 2 % more bytes than at the highest level, in a third of the time.
_GZIP_LEVEL = 4


_INDEX = """\
{origin}

A public log in the form of https://c2sp.org/tlog-tiles. Each certificate that is issued here, and each later act on it,
is an entry; nobody can change or remove one unseen. There is no personal data in it.

Verifier keys, for mirrors, witnesses and whoever checks proofs. Have them confirmed by somebody else too: a server
that shows you a log of its own making would show you the key to it.

{keys}

Signed size and root:  {url}/checkpoint
Hash tiles:            {url}/tile/<L>/<N>[.p/<W>]
Entries:               {url}/tile/entries/<N>[.p/<W>]
Proof of one entry:    {base_url}/api/v1/certificates/<id>/proof
Consistency proof:     {base_url}/api/v1/log/consistency?from=<size>&to=<size>

To copy all of it, verified, with the program that this registry runs on:

  registry log mirror {url} FOLDER --vkey KEY
"""


def _answer(body: bytes, media_type: str, cache: str) -> Response:
    response = Response(body, content_type=media_type)
    response.headers["Cache-Control"] = cache
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get(f"{PATH}/")
def index() -> Response:
    """What the log is, and its keys, for people; the specification leaves this path free."""
    registry = the_registry()
    text = _INDEX.format(
        origin=origin(registry.base_url),
        keys="\n".join(key.vkey for key in verifier_keys(registry)),
        url=registry.base_url + PATH,
        base_url=registry.base_url,
    )
    return _answer(text.encode(), CHECKPOINT_TYPE, "public, max-age=60")


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
        body = gzip.compress(read.entry_bundle(the_registry(), wanted), _GZIP_LEVEL, mtime=0)
        response = _answer(body, TILE_TYPE, headers.IMMUTABLE)
        response.headers["Content-Encoding"] = "gzip"
        return response
    return _answer(read.tile(the_registry(), wanted), TILE_TYPE, headers.IMMUTABLE)
