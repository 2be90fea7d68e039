"""The status lists (W3C Bitstring Status List 1.0), for anybody to fetch and to keep."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, current_app, jsonify, request

from registry.domain.errors import NotFound
from registry.formats.bitstring_status_list import Purpose
from registry.services.status_lists import TTL, StatusLists
from registry.web.credential_type import negotiate

blueprint = Blueprint("status_lists", __name__)
# Section 2.2: what HTTP says of keeping a copy goes along with the list's own `ttl`.
_KEPT = f"public, max-age={TTL.total_seconds():.0f}"
# What a row's number can be.
_HIGHEST = 2**31 - 1


@blueprint.get("/status-lists")
def addresses() -> Response:
    """Where all lists stand, for whoever mirrors them."""
    return _public(jsonify({"status_lists": _the_lists().addresses()}))


@blueprint.get(f"/status-lists/<int(max={_HIGHEST}):list_id>/<purpose>")
def status_list(list_id: int, purpose: str) -> Response:
    """One list, signed."""
    if purpose not in list(Purpose):
        raise NotFound(f"Status lists are for {' and '.join(Purpose)}, not for {purpose!r}.")
    if "timestamp" in request.args:
        # Section 3.2: a list of that time or an error, but never the list of today.
        raise NotFound("Lists of the past are not kept here (STATUS_RETRIEVAL_ERROR). Ask without 'timestamp'.")
    published = _the_lists().current(list_id, Purpose(purpose))
    response = negotiate(_public(Response(published.document)))
    response.set_etag(published.etag)
    return cast(Response, response.make_conditional(request))


def _the_lists() -> StatusLists:
    return cast(StatusLists, current_app.extensions["status_lists"])


def _public(response: Response) -> Response:
    response.headers["Cache-Control"] = _KEPT
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
