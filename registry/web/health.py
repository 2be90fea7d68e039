"""For load balancers: alive, and ready to serve."""

from __future__ import annotations

from flask import Blueprint

from registry.domain.errors import StorageUnavailable
from registry.services.set_up import schema_is_current
from registry.web.current import the_registry

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@blueprint.get("/readyz")
def readyz() -> dict[str, str]:
    """The database answers and has the schema of this version; otherwise 503."""
    if not schema_is_current(the_registry()):
        raise StorageUnavailable("The database needs 'registry init' to bring its schema up to date.")
    return {"status": "ready"}
