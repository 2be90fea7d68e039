"""How much one address may ask."""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from registry.settings import Settings
from registry.web.hot_path import already_counted


def install(app: Flask, settings: Settings) -> Limiter:
    """The limiter; blueprints are put under it one by one. A breach ends in a problem document, 429."""
    limiter = Limiter(
        get_remote_address,
        storage_uri=settings.rate_limit_storage,
        headers_enabled=False,
        # Counters out of reach must not take the registry down with them.
        in_memory_fallback_enabled=settings.rate_limit_storage != "memory://",
        in_memory_fallback=[],
    )
    limiter.request_filter(lambda: already_counted(request.environ))
    limiter.init_app(app)
    return limiter
