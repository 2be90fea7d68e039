"""The trust bundle over HTTP: served by a registry, fetched and checked by whoever relies on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from registry.domain.errors import InvalidInput, StorageUnavailable
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import Verdict
from registry.formats.signed_note import ED25519_COSIGNATURE
from registry.formats.tlog_proof import TrustPolicy
from registry.formats.trust_bundle import open_bundle, read_bundle
from registry.services import manage_keys, set_up
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.log.keys import verifier_keys
from registry.services.trust_bundle import PATH, fetch_bundle
from registry.services.verify_offline import OfflineVerifier
from registry.store.database import Database
from registry.web.application import build_application
from tests.cli.test_offline import run
from tests.conftest import Clock, add_test_issuer
from tests.formats.tlog_vectors import signing_key
from tests.services.offline import bundle_bytes, document_of, new

Answer = Callable[[Request], Response]


@contextmanager
def serving(answer: Callable[[str], Any]) -> Iterator[str]:
    """A server; `answer` makes its WSGI application when the address is known. Yields the address."""
    application: list[Any] = []
    server = make_server("127.0.0.1", 0, lambda *given: application[0](*given), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    application.append(answer(address))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def saying(answer: Answer) -> Iterator[str]:
    with serving(lambda _: Request.application(answer)) as address:
        yield address


@pytest.fixture
def running(sqlite_registry: Registry, clock: Clock, tmp_path: Path) -> Iterator[tuple[str, Registry]]:
    """A registry that serves under its own address, and the address."""
    made: list[Registry] = []

    def make(address: str) -> Any:
        folder = tmp_path / "served"
        folder.mkdir()
        url = f"sqlite:///{folder / 'registry.sqlite'}"
        settings = replace(sqlite_registry.settings, base_url=address, data_dir=folder, database_url=url)
        keys = type(sqlite_registry.keys)(settings.keys_dir, settings.require_passphrase())
        registry = Registry(settings, Database(url), keys, clock)
        set_up.initialize(registry)
        add_test_issuer(registry, "cqc")
        made.append(registry)
        return build_application(registry)

    with serving(make) as address:
        yield address, made[0]
    made[0].database.close()


# Served.


def test_the_bundle_is_public_and_short_lived(client: FlaskClient, sqlite_registry: Registry) -> None:
    answer = client.get(PATH)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=10"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert open_bundle(read_bundle(answer.data)).registry == "https://registry.example"


def test_it_is_about_this_moment(client: FlaskClient, sqlite_registry: Registry, clock: Clock) -> None:
    document = document_of(sqlite_registry, new(sqlite_registry))
    clock.advance(seconds=2)
    manage_keys.rotate_key(sqlite_registry, "cqc")
    manage_keys.mark_key_compromised(sqlite_registry, "cqc-1", clock.now)
    bundle = open_bundle(read_bundle(client.get(PATH).data))
    assert bundle.checkpoint.size == 1
    assert bundle.logged_before == {"did:web:registry.example:issuers:cqc#key-1": 1}
    assert len(bundle.issuers["did:web:registry.example:issuers:cqc"].keys) == 2
    assert OfflineVerifier(bundle, clock.now).document(document).verdict is Verdict.UNKNOWN


def test_it_names_nobody_but_issuers(client: FlaskClient, sqlite_registry: Registry) -> None:
    new(sqlite_registry)
    text = json.dumps(client.get(PATH).get_json(), ensure_ascii=False)
    assert "华丰" not in text
    assert "91330282MA00000184" not in text


# Fetched.


def test_what_was_fetched_verifies_with_no_connection(
    running: tuple[str, Registry], tmp_path: Path, clock: Clock
) -> None:
    address, registry = running
    (tmp_path / "c.json").write_bytes(document_of(registry, new(registry)))
    file = tmp_path / "bundle.json"
    for written in (address, address + "/", address.upper().replace("HTTP", "http")):
        result = run("bundle", "fetch", written, file)
        assert (result.exit_code, result.output.startswith(f"{address}, as of 2026-03-02")) == (0, True), result.output
    result = run("verify", "--bundle", file, "--at=2026-03-02T05:00:00", tmp_path / "c.json")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "valid")
    assert [one.name for one in tmp_path.glob("bundle*")] == ["bundle.json"]


def test_a_mirror_of_the_log_goes_with_the_bundle(running: tuple[str, Registry], tmp_path: Path, clock: Clock) -> None:
    address, registry = running
    public_id = new(registry)
    (log,) = verifier_keys(registry)
    (tmp_path / "c.json").write_bytes(document_of(registry, public_id))
    file, folder = tmp_path / "bundle.json", tmp_path / "log"
    assert run("bundle", "fetch", address, file, "--log-key", log.vkey).exit_code == 0
    change_status(registry, operator(registry, "cqc"), public_id, Act.CANCEL, Reason.HOLDER_REQUEST)
    assert run("log", "mirror", f"{address}/log", folder, "--vkey", log.vkey).exit_code == 0
    result = run("verify", "--bundle", file, "--log", folder, "--at=2026-03-02T05:00:00", tmp_path / "c.json")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (1, "cancelled")
    assert "log        pass         entry 0 of the copy" in result.stdout


def test_pins_are_asked_for_and_kept(running: tuple[str, Registry], tmp_path: Path) -> None:
    address, registry = running
    new(registry)
    (log,) = verifier_keys(registry)
    file = tmp_path / "bundle.json"
    assert run("bundle", "fetch", address, file, "--log-key", log.vkey).exit_code == 0
    assert open_bundle(read_bundle(file.read_bytes())).policy == TrustPolicy((log,))
    kept = file.read_bytes()
    stranger, _ = signing_key(log.name, bytes(32))
    witness, _ = signing_key("witness.example/one", bytes(32), ED25519_COSIGNATURE)
    for pins in (("--log-key", stranger.vkey), ("--witness", witness.vkey), ("--quorum", "1")):
        result = run("bundle", "fetch", address, file, *pins)
        assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
        assert "can't be trusted" in result.output
    # What was there before is not lost.
    assert file.read_bytes() == kept
    assert run("bundle", "fetch", address, file, "--log-key", "x").exit_code == 2


def test_a_folder_that_is_not_there_is_told_in_one_line(running: tuple[str, Registry], tmp_path: Path) -> None:
    result = run("bundle", "fetch", running[0], tmp_path / "nowhere/bundle.json")
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "can't be written" in result.output


def test_the_bundle_of_another_registry_is_refused(sqlite_registry: Registry) -> None:
    body = bundle_bytes(sqlite_registry)
    with saying(lambda _: Response(body)) as address, pytest.raises(InvalidInput, match="sent the bundle of https"):
        fetch_bundle(address)


def test_nobody_is_followed_elsewhere(running: tuple[str, Registry]) -> None:
    elsewhere = Response(status=302, headers={"Location": running[0] + PATH})
    with saying(lambda _: elsewhere) as address, pytest.raises(StorageUnavailable, match="302"):
        fetch_bundle(address)


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b"<html>", b"\xff", b'{"format":"certification-registry/trust-bundle/v1"}']
)
def test_what_is_no_bundle_is_refused(answer: bytes) -> None:
    with saying(lambda _: Response(answer)) as address, pytest.raises(InvalidInput, match="can't be trusted"):
        fetch_bundle(address)


def test_an_answer_of_failure_is_no_bundle() -> None:
    with saying(lambda _: Response(status=503)) as address, pytest.raises(StorageUnavailable, match="503"):
        fetch_bundle(address)
    # Nobody is there any more.
    with pytest.raises(StorageUnavailable, match=r"gave no bundle: Connection refused\.$"):
        fetch_bundle(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "registry.example",
        "file:///etc/passwd",
        "ftp://registry.example",
        "https://",
        "http://[",
        "https://a:x",
        "https://u:p@a",
        "https://registry.example/v/222222222222222",
        "https://registry.example/?q=1",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="not the address"):
        fetch_bundle(address)
