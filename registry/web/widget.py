"""The script for holders' web sites that shows the status of a certificate as it is now.

Who embeds it states its digest (W3C Subresource Integrity), so the file at this address never changes: another widget
is another file with another number, and this one stays.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from registry.web import headers

blueprint = Blueprint("widget", __name__)
_FILE = Path(__file__).parent / "static" / "widget-1.js"


@blueprint.get("/widget-1.js")
def script() -> ResponseReturnValue:
    """The script, for pages of other origins, isolated ones as well."""
    response = Response(_FILE.read_bytes(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = headers.IMMUTABLE
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.add_etag()
    response.make_conditional(request)
    return response


@cache
def integrity() -> str:
    """What the `integrity` attribute of its <script> says."""
    return "sha384-" + b64encode(hashlib.sha384(_FILE.read_bytes()).digest()).decode()
