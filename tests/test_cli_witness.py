"""`registry witness`, as whoever runs one types it; and killed without warning."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest

from registry.formats.signed_note import parse_vkey
from tests.services.witnesses import Log
from tests.test_cli import good, run

WORDS = [f"entry {index}" for index in range(20)]
LOG, FORK = Log(WORDS), Log(["other", *WORDS])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"REGISTRY_DATA_DIR": str(tmp_path), "REGISTRY_KEY_PASSPHRASE": "a passphrase for tests only"}


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The witness in processes of its own: the first of them, and the port. Killed at the end."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from registry.cli import main; main()", "witness", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "Started worker" in line:
                break
        _wait_for(port)
        yield process, port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def _wait_for(port: int) -> None:
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), 20).close()
        except ConnectionRefusedError:
            Event().wait(0.05)
        else:
            return
    raise AssertionError("the witness does not listen")


def post(port: int, body: bytes) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("POST", "/add-checkpoint", body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_a_killed_witness_comes_back_with_its_memory(environment: dict[str, str]) -> None:
    made = good(environment, "witness init witness.example/1")
    assert parse_vkey(made.split("\n")[1]).name == "witness.example/1"
    good(environment, f"witness add-log {LOG.key.name} {LOG.key.vkey}")
    with serving(environment) as (_, port):
        assert post(port, LOG.request(0, 10))[0] == 200
    assert f"{LOG.key.name}: size 10, root {LOG.root(10).hex()}" in good(environment, "witness status")
    with serving(environment) as (process, port):
        assert post(port, FORK.request(0, 10)) == (409, b"10\n")
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"REFUSED fork of {LOG.key.name}: size 10")
        assert post(port, LOG.request(10))[0] == 200
    told = run(environment, "witness status")
    assert told.exit_code == 3
    assert "REFUSED fork 1 times" in told.output
    evidence = good(environment, f"witness evidence {LOG.key.name}")
    assert FORK.checkpoint(10).decode() in evidence
    assert LOG.checkpoint(10).decode() in evidence


def test_mistakes_are_told_in_one_line(environment: dict[str, str]) -> None:
    told = run(environment, "witness status")
    assert (told.exit_code, told.output) == (
        1,
        "Error: There is no witness here. Make one: registry witness init NAME\n",
    )
    good(environment, "witness init witness.example/1")
    assert "already" in run(environment, "witness init witness.example/2").output
    told = run(environment, f"witness add-log {LOG.key.name} nonsense")
    assert (told.exit_code, told.output.count("\n")) == (1, 1)
    told = run(environment, f"witness drop-key {LOG.key.name} {LOG.key.vkey}")
    assert (told.exit_code, told.output.count("\n")) == (1, 1)
    wrong = {**environment, "REGISTRY_KEY_PASSPHRASE": "another passphrase"}
    assert "does not open this key" in run(wrong, "witness serve").output


def test_keys_are_added_and_dropped(environment: dict[str, str]) -> None:
    good(environment, "witness init witness.example/1")
    assert "from now on" in good(environment, f"witness add-log {LOG.key.name} {LOG.key.vkey}")
    assert "already" in good(environment, f"witness add-log {LOG.key.name} {LOG.key.vkey}")
    assert "nothing cosigned yet" in good(environment, "witness status")
    assert "refused from now on" in good(environment, f"witness drop-key {LOG.key.name} {LOG.key.vkey}")
