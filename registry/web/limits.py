"""How much one address may ask, or one IPv6 network."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, request
from flask_limiter import Limiter
from limits import parse_many
from limits.errors import ConfigurationError
from werkzeug.exceptions import TooManyRequests

from registry.domain.errors import Misconfigured
from registry.settings import Settings
from registry.web import counters  # noqa: F401 - the import makes its scheme known
from registry.web.addresses import counted_as
from registry.web.hot_path import already_counted


def install(app: Flask, settings: Settings) -> Limiter:
    """The limiter; blueprints are put under it one by one. A breach ends in a problem document, 429.

    Raises Misconfigured.
    """
    for limit in (
        settings.rate_limit_public,
        settings.rate_limit_admin,
        settings.rate_limit_offline_qr,
        settings.rate_limit_print,
        settings.rate_limit_log,
        settings.rate_limit_reports,
    ):
        try:
            parse_many(limit)
        except ValueError as error:
            names = "REGISTRY_RATE_LIMIT_PUBLIC, _ADMIN, _OFFLINE_QR, _PRINT, _LOG and _REPORTS"
            message = f"{names} must be like '600 per minute', not {limit!r}."
            raise Misconfigured(message) from error
    in_memory = settings.rate_limit_storage == "memory://"
    limiter = Limiter(
        lambda: counted_as(request.remote_addr),
        storage_uri="window-counters://" if in_memory else settings.rate_limit_storage,
        headers_enabled=False,
        # Counters out of reach must not take the registry down with them.
        in_memory_fallback_enabled=not in_memory,
        in_memory_fallback=[],
    )
    limiter.request_filter(lambda: already_counted(request.environ))
    try:
        limiter.init_app(app)
    except ConfigurationError as error:
        raise Misconfigured(f"REGISTRY_RATE_LIMIT_STORAGE can't be used: {error}") from error
    return limiter


def counter(limiter: Limiter, limit: str, scope: str) -> Callable[[], None]:
    """What counts one thing more under a shared limit, in the midst of a request. Raises 429 (TooManyRequests)."""
    limits = parse_many(limit)

    def count() -> None:
        address = counted_as(request.remote_addr)
        try:
            allowed = all(limiter.limiter.hit(one, address, scope) for one in limits)
        except Exception:
            # As above: counters out of reach refuse nobody.
            return
        if not allowed:
            raise TooManyRequests(limit)

    return count
