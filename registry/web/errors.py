"""Refusals as problem documents (RFC 9457), or as a page for people."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, make_response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from keys import KeyStoreError
from registry.domain.errors import (
    Conflict,
    IdempotencyKeyReused,
    IllegalMove,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    RegistryError,
    StorageUnavailable,
)
from registry.domain.public_id import MalformedPublicId
from registry.services.approvals import AwaitsApproval
from registry.web import approval_answers
from registry.web.current import the_registry

_LOG = logging.getLogger("registry")
MEDIA_TYPE = "application/problem+json"

# By class, the more special first: HTTP status, slug (stands in `type`), title.
PROBLEMS: Mapping[type[RegistryError], tuple[int, str, str]] = {
    InvalidInput: (422, "invalid-input", "The request breaks rules of the registry"),
    IdempotencyKeyReused: (422, "idempotency-key-reused", "The Idempotency-Key belongs to another request"),
    IllegalMove: (409, "illegal-move", "The status does not allow it"),
    Conflict: (409, "conflict", "The request contradicts what is registered"),
    MalformedPublicId: (404, "malformed-id", "Not a valid certificate id"),
    NotFound: (404, "not-found", "Nothing here under that name"),
    NotAuthenticated: (401, "not-authenticated", "The API key is missing or not accepted"),
    NotPermitted: (403, "not-permitted", "The API key does not allow it"),
    StorageUnavailable: (503, "storage-unavailable", "The registry can't reach its database"),
}


def install(app: Flask) -> None:
    """Handle everything that views and services raise."""
    app.register_error_handler(RegistryError, _refusal)
    app.register_error_handler(AwaitsApproval, _awaits_approval)
    app.register_error_handler(KeyStoreError, _keys_unusable)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def wants_page() -> bool:
    """Whether the asker is a person with a browser rather than a program."""
    if request.path.startswith("/api/"):
        return False
    accepted = request.accept_mimetypes
    return accepted["text/html"] > accepted["application/json"]


def _refusal(error: RegistryError) -> Response:
    kind = next((kind for kind in PROBLEMS if isinstance(error, kind)), None)
    status, slug, title = PROBLEMS[kind] if kind else (400, "refused", "The request was refused")
    more: dict[str, Any] = {}
    if isinstance(error, InvalidInput):
        more["errors"] = [{"pointer": v.pointer, "detail": v.reason} for v in error.violations]
    if isinstance(error, IllegalMove):
        more["certificate_status"] = error.status
    return _answer(status, slug, title, str(error), more)


def _awaits_approval(error: AwaitsApproval) -> Response:
    """No refusal: what was asked is accepted, and waits (RFC 9110, section 15.3.3)."""
    address = approval_answers.address(the_registry().base_url, error.proposal)
    response = make_response(approval_answers.proposal(the_registry(), error.proposal), 202)
    response.headers["Location"] = address
    response.headers["Cache-Control"] = "no-store"
    return response


def _keys_unusable(error: KeyStoreError) -> Response:
    _LOG.error("key store: %s", error)
    return _answer(503, "keys-unavailable", "The registry can't sign at present", "Nothing was stored.", {})


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return make_response(error.response)
    status = error.code or 500
    slug = error.name.lower().replace(" ", "-")
    return _answer(status, slug, error.name, error.description or error.name, {}, dict(error.get_headers()))


def _unexpected(error: Exception) -> Response:
    # The log has the traceback; the asker gets none. Not the path itself: an invitation stands in one.
    place = request.url_rule.rule if request.url_rule else request.path
    _LOG.exception("unexpected error on %s %r", request.method, place, exc_info=error)
    failure = InternalServerError()
    return _answer(500, "internal-error", failure.name, "The registry made a mistake. It has been logged.", {})


def _answer(
    status: int,
    slug: str,
    title: str,
    detail: str,
    more: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> Response:
    problem = {
        "type": f"{the_registry().base_url}/problems#{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        **more,
    }
    if wants_page():
        response = make_response(render_template("problem.html", problem=problem, slug=slug), status)
        response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    else:
        response = make_response(problem, status)
        response.content_type = MEDIA_TYPE
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="registry"'
    if status == 503:
        response.headers["Retry-After"] = "5"
    for name in ("Retry-After", "Allow"):
        if headers and name in headers:
            response.headers[name] = headers[name]
    response.headers["Cache-Control"] = "no-store"
    return response
