"""A witness's HTTP interface (C2SP tlog-witness): add-checkpoint, and the last cosigned checkpoint for monitors."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from flask import Blueprint, Flask, Response, current_app, request
from flask_limiter import Limiter
from werkzeug.middleware.proxy_fix import ProxyFix

from registry.domain.errors import NotFound, RegistryError, StorageUnavailable
from registry.formats.tlog_tiles import CHECKPOINT_TYPE
from registry.formats.tlog_witness import PATH, SIZE_TYPE, encode_size
from registry.services import witness as service
from registry.services.witness import Witness
from registry.settings import read_settings
from registry.web import counters  # noqa: F401 - the import makes its scheme known
from registry.web.addresses import counted_as

# For each address. A log asks twice for each checkpoint at most, when it has lost count.
_RATE_LIMIT = "120 per minute"
# 63 lines of proof, and a checkpoint with 16 signatures of 5 kB.
_MAX_BODY_BYTES = 131_072
_TEXT = "text/plain; charset=utf-8"
_STATUS: Mapping[type[RegistryError], int] = {
    service.BadRequest: 400,
    service.NotSignedByLog: 403,
    service.UnknownLog: 404,
    NotFound: 404,
    service.OtherSize: 409,
    service.NotConsistent: 422,
    StorageUnavailable: 503,
}
_logger = logging.getLogger(__name__)
blueprint = Blueprint("witness", __name__)


def create_app() -> Flask:
    """The witness that the environment describes. Raises Misconfigured, keys.KeyStoreError."""
    settings = read_settings(os.environ)
    return build_witness_application(service.open_witness(settings), settings.trusted_proxies)


def build_witness_application(witness: Witness, trusted_proxies: int = 0) -> Flask:
    """The WSGI application of one witness, behind so many proxies that set X-Forwarded-For."""
    app = Flask("registry.web.witness", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=_MAX_BODY_BYTES)
    app.extensions["witness"] = witness
    app.register_blueprint(blueprint)
    app.register_error_handler(RegistryError, _refusal)
    Limiter(
        lambda: counted_as(request.remote_addr),
        app=app,
        application_limits=[_RATE_LIMIT],
        storage_uri="window-counters://",
        headers_enabled=False,
    )
    if trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted_proxies)  # type: ignore[method-assign]
    return app


@blueprint.post(f"/{PATH}")
def add_checkpoint() -> Response:
    """Cosign a checkpoint, or say why not."""
    return Response(service.add_checkpoint(_the_witness(), request.get_data()), content_type=_TEXT)


@blueprint.get("/<origin_hash>/checkpoint")
def latest_checkpoint(origin_hash: str) -> Response:
    """The last cosigned checkpoint of the log whose origin has this SHA-256."""
    response = Response(service.latest_note(_the_witness(), origin_hash), content_type=CHECKPOINT_TYPE)
    response.cache_control.max_age = 5
    return response


def _the_witness() -> Witness:
    witness: Witness = current_app.extensions["witness"]
    return witness


def _refusal(error: RegistryError) -> Response:
    if isinstance(error, service.OtherSize):
        return Response(encode_size(error.size), _STATUS[service.OtherSize], content_type=SIZE_TYPE)
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
    if status >= 500:
        _logger.error("%s", error)
    return Response(f"{error}\n", status, content_type=_TEXT)
