"""The certification credential verification registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from registry.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application; its settings from the environment unless given.

    Raises Misconfigured and keys.KeyStoreError, saying what to do, rather than start on unsafe ground.
    """
    # Imported here, so that importing a part of the package (formats, say) does not bring all of it.
    import os

    from registry.services.context import open_registry
    from registry.services.set_up import require_ready
    from registry.settings import read_settings
    from registry.web.application import build_application

    registry = open_registry(settings or read_settings(os.environ))
    registry.keys.check()
    require_ready(registry)
    return build_application(registry)
