"""The offline QR of a certificate: a code with a signed statement behind the '#' of its address.

Asking for one makes the issuer's key sign, and drawing one takes twenty times as long as other answers; hence a rate
limit of its own (REGISTRY_RATE_LIMIT_OFFLINE_QR).
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from registry.formats import qr_code
from registry.services.offline_qr import offline_address
from registry.web.current import the_registry, the_verifier
from registry.web.pages import canonical, module_pixels

blueprint = Blueprint("offline_qr", __name__)
LIMIT_SCOPE = "offline-qr"
# Not for ever, as what never changes: after a key has fallen into the wrong hands, another one signs.
_AN_HOUR = "public, max-age=3600"


@blueprint.get("/v/<public_id>/qr-offline.svg")
@canonical
def svg(public_id: str) -> ResponseReturnValue:
    """The code for screens and print shops."""
    return _kept(qr_code.svg(_text(public_id)), "image/svg+xml")


@blueprint.get("/v/<public_id>/qr-offline.png")
@canonical
def png(public_id: str) -> ResponseReturnValue:
    """The code as pixels, `scale` of them a module."""
    pixels = module_pixels()
    return _kept(qr_code.png(_text(public_id), pixels), "image/png")


@blueprint.get("/v/<public_id>/qr-offline.txt")
@canonical
def text(public_id: str) -> ResponseReturnValue:
    """What the code says, for printers that draw codes themselves."""
    return _kept(_text(public_id).encode(), "text/plain; charset=utf-8")


def _text(public_id: str) -> str:
    return offline_address(the_registry(), the_verifier(), public_id)


def _kept(content: bytes, media_type: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers["Cache-Control"] = _AN_HOUR
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    response.make_conditional(request)
    return response
