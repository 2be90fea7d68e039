"""Putting the Flask application together."""

from __future__ import annotations

from flask import Blueprint, Flask
from flask_limiter import Limiter
from werkzeug.middleware.proxy_fix import ProxyFix

from registry.packaged import packaged_folder
from registry.services.context import Registry
from registry.services.portfolio.verify import PortfolioVerifier
from registry.services.status_lists import StatusLists
from registry.services.verify import Verifier
from registry.settings import Settings
from registry.web import (
    api_approvals,
    api_audit,
    api_certificates,
    api_follow_up,
    api_imports,
    api_keys,
    api_party,
    api_preparations,
    api_prints,
    api_proof,
    api_public,
    api_receipts,
    api_signing_keys,
    api_transfers,
    api_verifications,
    api_watching,
    api_webhooks,
    archive,
    badge,
    certificate_pdf,
    check,
    documentation,
    errors,
    headers,
    health,
    holders,
    identity,
    languages,
    limits,
    log,
    offline_qr,
    pages,
    pictures,
    present,
    reports,
    statistics,
    status_lists,
    vc_api,
    widget,
)
from registry.web.console import build_blueprint as build_console
from registry.web.console import install as install_console
from registry.web.hot_path import PUBLIC_SCOPE, HotPath

_OPENAPI = {
    "API_TITLE": "Certification credential verification registry",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
}
# What is for everybody and stands beside the API of the OpenAPI document.
_PAGES = (pages, holders, badge, check, reports, widget, identity, statistics, status_lists, documentation)
# For issuers, with an API key.
_ISSUERS_API = (
    api_certificates,
    api_follow_up,
    api_prints,
    api_imports,
    api_preparations,
    api_signing_keys,
    api_audit,
    api_approvals,
    api_keys,
    api_transfers,
)
# For relying parties, with an API key of theirs.
_PARTIES_API = (api_party, api_verifications, api_receipts, api_watching, api_webhooks)


def build_application(registry: Registry) -> Flask:
    """The application of one registry."""
    app = Flask("registry.web", template_folder=str(packaged_folder("templates")))
    app.url_map.strict_slashes = False
    app.config.update(_OPENAPI, MAX_CONTENT_LENGTH=registry.settings.max_body_bytes)
    # Chinese texts in JSON as they are, names in the order that they were written in.
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["registry"] = registry
    verifier = app.extensions["verifier"] = Verifier(registry, registry.settings.remembered_signatures)
    app.extensions["portfolio_verifier"] = PortfolioVerifier(registry, verifier.log)
    app.extensions["status_lists"] = StatusLists(registry)
    limiter = limits.install(app, registry.settings)
    app.wsgi_app = HotPath(  # type: ignore[method-assign]
        app.wsgi_app, verifier, registry.base_url, limiter, registry.settings.rate_limit_public
    )
    if registry.settings.trusted_proxies:
        hops = registry.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    languages.install(app)
    headers.install(app)
    present.install(app)
    pictures.install(app)
    install_console(app)
    console = build_console()
    _limit(app, limiter, registry.settings, console)
    api = documentation.ProblemApi(app)
    # After Api, which brings handlers of its own.
    errors.install(app)
    documentation.describe(app, api)
    for module in (*_ISSUERS_API, *_PARTIES_API, api_public, api_proof):
        api.register_blueprint(module.blueprint)
    for module in _PAGES:
        app.register_blueprint(module.blueprint)
    app.register_blueprint(log.blueprint)
    app.register_blueprint(offline_qr.blueprint)
    app.register_blueprint(certificate_pdf.blueprint)
    app.register_blueprint(console)
    app.register_blueprint(health.blueprint)
    if registry.settings.vc_api:
        limiter.shared_limit(vc_api.RATE_LIMIT, scope="vc_api")(vc_api.blueprint)
        vc_api.install(app, registry, app.extensions["status_lists"])
    return app


def _limit(app: Flask, limiter: Limiter, settings: Settings, console: Blueprint) -> None:
    """Give each part of the application the rate limit that fits what it costs."""
    public = limiter.shared_limit(settings.rate_limit_public, scope=PUBLIC_SCOPE)
    for module in (api_public, api_proof, *_PAGES):
        public(module.blueprint)
    admin = limiter.shared_limit(settings.rate_limit_admin, scope="admin")
    for module in _ISSUERS_API:
        admin(module.blueprint)
    party = limiter.shared_limit(settings.rate_limit_admin, scope="party")
    for module in _PARTIES_API:
        party(module.blueprint)
    app.extensions["count_archive"] = limits.counter(limiter, archive.RATE_LIMIT, archive.LIMIT_SCOPE)
    limiter.shared_limit(settings.rate_limit_admin, scope="console")(console)
    limiter.shared_limit(settings.rate_limit_log, scope="log")(log.blueprint)
    limiter.shared_limit(settings.rate_limit_offline_qr, scope=offline_qr.LIMIT_SCOPE)(offline_qr.blueprint)
    limiter.shared_limit(settings.rate_limit_print, scope=certificate_pdf.LIMIT_SCOPE)(certificate_pdf.blueprint)
    app.extensions["count_report"] = limits.counter(limiter, settings.rate_limit_reports, reports.LIMIT_SCOPE)
    app.extensions["count_pdf"] = limits.counter(limiter, settings.rate_limit_print, certificate_pdf.LIMIT_SCOPE)
