"""The web server: granian, the faster one on the project's own benchmark (docs/performance.md)."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket

from granian import Granian
from granian.constants import Interfaces

from registry.domain.errors import Misconfigured
from registry.settings import Settings

# While one thread waits for PostgreSQL, others can work. SQLite answers in the same thread: there a second one would
# only wait for the interpreter's lock.
_THREADS_SQLITE, _THREADS_POSTGRESQL = 1, 4


def require_free_port(host: str, port: int) -> None:
    """Granian shares its port with whoever has it already; two registries on one port are always a mistake."""
    with socket(AF_INET6 if ":" in host else AF_INET) as probe:
        probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Misconfigured(
                f"Can't listen on {host}:{port} ({error.strerror}). Try --port {port + 100}."
            ) from error


def threads_for(settings: Settings) -> int:
    """How many threads each worker needs for this database."""
    return _THREADS_SQLITE if settings.database_url.startswith("sqlite") else _THREADS_POSTGRESQL


def serve_forever(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve `registry.create_app()` until told to stop; workers read their settings from the environment.

    Raises Misconfigured where the port is taken.
    """
    _serve("registry:create_app", host, port, workers, threads_for(settings))


def serve_witness_forever(host: str, port: int) -> None:
    """Serve `registry.web.witness.create_app()`, the same way. One process is enough for any number of logs."""
    _serve("registry.web.witness:create_app", host, port, 1, _THREADS_SQLITE)


def _serve(factory: str, host: str, port: int, workers: int, threads: int) -> None:
    require_free_port(host, port)
    Granian(
        factory,
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=threads,
        log_access=False,
        websockets=False,
        # One worker's end is not the server's.
        respawn_failed_workers=True,
    ).serve()
