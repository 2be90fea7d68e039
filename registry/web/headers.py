"""Headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}
IMMUTABLE = "public, max-age=31536000, immutable"
# A verdict may be shown again for this long; a withdrawal reaches everybody within it.
VERDICT = "public, max-age=10"
PRIVATE = "private, no-store"


def keep_private(response: Response) -> Response:
    """Nothing for caches: what an issuer alone may see."""
    response.headers["Cache-Control"] = PRIVATE
    return response


def allow_camera(response: Response) -> None:
    """Let the scripts of this page, which are ours, ask for the camera."""
    response.headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=()"


def install(app: Flask) -> None:
    """Add the security headers; answers that do not say how long they keep are not kept."""

    @app.after_request
    def secure(response: Response) -> Response:
        for name, value in SECURITY.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
