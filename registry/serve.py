"""The web server: granian, the faster one on the project's own benchmark (docs/performance.md)."""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces

# While one thread waits for the database, another can work; more of them only wait for the interpreter's lock.
_THREADS = 2


def serve_forever(host: str, port: int, workers: int) -> None:
    """Serve `registry.create_app()` until told to stop; workers read their settings from the environment."""
    Granian(
        "registry:create_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=_THREADS,
        log_access=False,
    ).serve()
