"""Putting the Flask application together."""

from __future__ import annotations

from flask import Flask
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix

from registry.packaged import packaged_folder
from registry.services.context import Registry
from registry.services.verify import Verifier
from registry.web import (
    api_certificates,
    api_public,
    documentation,
    errors,
    headers,
    health,
    identity,
    languages,
    limits,
    pages,
    present,
)

_OPENAPI = {
    "API_TITLE": "Certification credential verification registry",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
}


def build_application(registry: Registry) -> Flask:
    """The application of one registry."""
    app = Flask("registry.web", template_folder=str(packaged_folder("templates")))
    app.config.update(_OPENAPI, MAX_CONTENT_LENGTH=registry.settings.max_body_bytes)
    # Chinese texts in JSON as they are, names in the order that they were written in.
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["registry"] = registry
    app.extensions["verifier"] = Verifier(registry, registry.settings.remembered_signatures)
    if registry.settings.trusted_proxies:
        hops = registry.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    limiter = limits.install(app, registry.settings)
    languages.install(app)
    headers.install(app)
    errors.install(app)
    present.install(app)
    api = Api(app)
    documentation.describe(app, api)
    for blueprint, limit in (
        (api_certificates.blueprint, registry.settings.rate_limit_admin),
        (api_public.blueprint, registry.settings.rate_limit_public),
    ):
        limiter.limit(limit)(blueprint)
        api.register_blueprint(blueprint)
    for blueprint in (pages.blueprint, identity.blueprint, documentation.blueprint):
        limiter.limit(registry.settings.rate_limit_public)(blueprint)
        app.register_blueprint(blueprint)
    app.register_blueprint(health.blueprint)
    return app
