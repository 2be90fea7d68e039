"""`GET /api/v1/verify/{public_id}`, answered in front of Flask.

Banks and scanners ask this one thing all day. Flask's own work for a request costs as much as the database and the
signature together, so the plain case, a certificate that exists, is answered here, by the same functions, with the
same headers, under the same limit. Everything else (errors, conditional requests, other paths) goes on to Flask.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask_limiter import Limiter
from limits import parse_many

from registry.domain.errors import RegistryError
from registry.services.verify import Verifier
from registry.web.addresses import counted_as
from registry.web.answers import verification_body
from registry.web.headers import SECURITY, VERDICT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/v1/verify/"
PUBLIC_SCOPE = "public"
_COUNTED = "registry.counted"
_HEADERS = [
    ("Content-Type", "application/json"),
    ("Cache-Control", VERDICT),
    ("Access-Control-Allow-Origin", "*"),
    *SECURITY.items(),
]


class HotPath:
    """WSGI middleware around the Flask application."""

    def __init__(self, app: WSGIApplication, verifier: Verifier, base_url: str, limiter: Limiter, limit: str) -> None:
        self._app = app
        self._verifier = verifier
        self._base_url = base_url
        self._limiter = limiter
        self._limits = parse_many(limit)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer what is plain, hand on the rest."""
        path: str = environ["PATH_INFO"]
        if path.startswith(PATH) and environ["REQUEST_METHOD"] == "GET" and "HTTP_IF_NONE_MATCH" not in environ:
            answer = self._answer(path[len(PATH) :], environ)
            if answer is not None:
                body, etag = answer
                start_response("200 OK", [*_HEADERS, ("ETag", etag), ("Content-Length", str(len(body)))])
                return [body]
        return self._app(environ, start_response)

    def _answer(self, public_id: str, environ: WSGIEnvironment) -> tuple[bytes, str] | None:
        # The counter is the one of Flask-Limiter (web/limits.py), which refuses where this one would.
        address = counted_as(environ.get("REMOTE_ADDR"))
        try:
            if not all(self._limiter.limiter.hit(limit, address, PUBLIC_SCOPE) for limit in self._limits):
                return None
        except Exception:
            return None
        environ[_COUNTED] = True
        try:
            return verification_body(self._base_url, self._verifier.by_public_id(public_id))
        except RegistryError:
            return None


def already_counted(environ: WSGIEnvironment) -> bool:
    """Whether the request came through here and has been counted."""
    return _COUNTED in environ
