"""The database goes away: in the middle of issuing, and before."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from keys import FileKeyStore
from registry.services import set_up
from registry.services.context import Registry
from registry.settings import Settings
from registry.store import certificates
from registry.store.database import Database
from registry.web.application import build_application
from tests.conftest import (
    BASE_URL,
    PASSPHRASE,
    Clock,
    add_test_issuer,
    bearer,
    running_postgres,
    sample_request,
)


@pytest.fixture
def mortal(tmp_path: Path, clock: Clock) -> Iterator[Any]:
    """A PostgreSQL of its own, which the test may kill, and a registry on it."""
    with running_postgres() as server:
        settings = Settings(server.get_uri(), BASE_URL, tmp_path / "data", PASSPHRASE)
        keys = FileKeyStore(settings.keys_dir, PASSPHRASE)
        registry = Registry(settings, Database(settings.database_url), keys, clock)
        set_up.initialize(registry)
        add_test_issuer(registry, "cqc")
        yield server, registry
        registry.database.close()


def kill(server: Any) -> None:
    """As a power cut would: no goodbye to anybody."""
    postmaster = psutil.Process(server.get_pid())
    postmaster.send_signal(signal.SIGQUIT)
    postmaster.wait(30)


def test_killing_postgresql_while_issuing_is_503_and_leaves_nothing(
    mortal: tuple[Any, Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, registry = mortal
    client = build_application(registry).test_client()
    headers = bearer(registry)
    genuine = certificates.insert_events

    def kill_then_insert(*args: Any) -> None:
        kill(server)
        genuine(*args)

    monkeypatch.setattr(certificates, "insert_events", kill_then_insert)
    response = client.post("/api/v1/certificates", json=sample_request(), headers=headers)
    assert response.status_code == 503, response.json
    assert response.content_type == "application/problem+json"
    assert int(response.headers["Retry-After"]) > 0
    assert client.get("/readyz").status_code == 503
    monkeypatch.undo()
    server.start()
    with psycopg.connect(server.get_uri()) as connection:
        for table in ("certificates", "credentials", "status_events", "holder_name_pieces", "idempotency_keys"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    again = client.post("/api/v1/certificates", json=sample_request(), headers=headers)
    assert again.status_code == 201, again.json
    public_id = again.json["public_id"]
    assert client.get(f"/api/v1/verify/{public_id}").json["verdict"] == "valid"


def test_verification_survives_a_restart_of_postgresql(mortal: tuple[Any, Registry]) -> None:
    server, registry = mortal
    client = build_application(registry).test_client()
    made = client.post("/api/v1/certificates", json=sample_request(), headers=bearer(registry)).json
    path = f"/api/v1/verify/{made['public_id']}"
    assert client.get(path).status_code == 200
    kill(server)
    away = client.get(path)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    server.start()
    assert client.get(path).json["verdict"] == "valid"


def test_a_locked_sqlite_is_503(sqlite_registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    client = build_application(sqlite_registry).test_client()
    headers = bearer(sqlite_registry)
    from sqlalchemy import event

    event.listen(
        sqlite_registry.database._writes,
        "connect",
        lambda connection, _: connection.execute("PRAGMA busy_timeout = 1"),
    )
    sqlite_registry.database._writes.dispose()
    with sqlite_registry.database.transaction():
        response = client.post("/api/v1/certificates", json=sample_request(), headers=headers)
    assert response.status_code == 503
    assert client.post("/api/v1/certificates", json=sample_request(), headers=headers).status_code == 201
