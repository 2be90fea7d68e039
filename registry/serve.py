"""The web server: granian, the faster one on the project's own benchmark (docs/performance.md)."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket

from granian import Granian
from granian.constants import Interfaces

from registry.domain.errors import Misconfigured

# While one thread waits for the database, another can work; more of them only wait for the interpreter's lock.
_THREADS = 2


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


def serve_forever(host: str, port: int, workers: int) -> None:
    """Serve `registry.create_app()` until told to stop; workers read their settings from the environment.

    Raises Misconfigured where the port is taken.
    """
    require_free_port(host, port)
    Granian(
        "registry:create_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=workers,
        blocking_threads=_THREADS,
        log_access=False,
        websockets=False,
        # One worker's end is not the server's.
        respawn_failed_workers=True,
    ).serve()
