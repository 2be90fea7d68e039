"""Secrets that lie in the database can be read by this registry alone."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from keys import FileKeyStore, KeyStoreError, sealing

PASSPHRASE = "a passphrase for tests only"
REAL_COST = sealing._COST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    made.mkdir(mode=0o700)
    return made


def test_what_is_sealed_opens_again_also_in_another_process(folder: Path) -> None:
    sealed = FileKeyStore(folder, PASSPHRASE).seal(b"a secret", b"totp:7")
    assert b"a secret" not in sealed
    assert FileKeyStore(folder, PASSPHRASE).unseal(sealed, b"totp:7") == b"a secret"


def test_the_same_secret_never_looks_the_same(folder: Path) -> None:
    store = FileKeyStore(folder, PASSPHRASE)
    assert store.seal(b"a secret", b"x") != store.seal(b"a secret", b"x")


def test_a_secret_that_was_put_at_another_persons_place_does_not_open(folder: Path) -> None:
    store = FileKeyStore(folder, PASSPHRASE)
    sealed = store.seal(b"a secret", b"totp:7")
    with pytest.raises(KeyStoreError, match="can't be opened"):
        store.unseal(sealed, b"totp:8")


@pytest.mark.parametrize("position", [0, 1, 12, 13, -1])
def test_an_altered_secret_does_not_open(folder: Path, position: int) -> None:
    store = FileKeyStore(folder, PASSPHRASE)
    altered = bytearray(store.seal(b"a secret", b"x"))
    altered[position] ^= 1
    with pytest.raises(KeyStoreError, match="can't be opened"):
        store.unseal(bytes(altered), b"x")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), bytes(100)])
def test_what_was_never_sealed_does_not_open(folder: Path, sealed: bytes) -> None:
    with pytest.raises(KeyStoreError, match="can't be opened"):
        FileKeyStore(folder, PASSPHRASE).unseal(sealed, b"x")


def test_another_passphrase_opens_nothing(folder: Path) -> None:
    sealed = FileKeyStore(folder, PASSPHRASE).seal(b"a secret", b"x")
    with pytest.raises(KeyStoreError, match="passphrase does not open"):
        FileKeyStore(folder, PASSPHRASE + "!").unseal(sealed, b"x")
    with pytest.raises(KeyStoreError, match="without their passphrase"):
        FileKeyStore(folder, None).unseal(sealed, b"x")


def test_its_cost_hurts_who_guesses_and_the_first_files_that_do_not_say_it_open(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tests/conftest.py makes it cheap for the others. At least 16 MiB for each guess: 128 * cost * 8 bytes.
    assert REAL_COST >= 2**14
    monkeypatch.setattr(sealing, "_COST", REAL_COST)
    sealed = FileKeyStore(folder, PASSPHRASE).seal(b"a secret", b"x")
    content = json.loads((folder / "sealing.key").read_text())
    assert content.pop("cost") == REAL_COST
    (folder / "sealing.key").write_text(json.dumps(content))
    assert FileKeyStore(folder, PASSPHRASE).unseal(sealed, b"x") == b"a secret"


@pytest.mark.parametrize("cost", [0, 3, -16, "16", None, 2**21, 2**60])
def test_a_cost_that_can_not_be_is_told_at_once(folder: Path, cost: object) -> None:
    FileKeyStore(folder, PASSPHRASE).seal(b"a secret", b"x")
    content = json.loads((folder / "sealing.key").read_text())
    (folder / "sealing.key").write_text(json.dumps(content | {"cost": cost}))
    with pytest.raises(KeyStoreError, match="Restore it"):
        FileKeyStore(folder, PASSPHRASE).seal(b"another", b"x")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 2}', "[" * 100_000])
def test_a_destroyed_file_is_told_and_not_replaced(folder: Path, content: str) -> None:
    (folder / "sealing.key").write_text(content, "utf-8")
    with pytest.raises(KeyStoreError, match="Restore it"):
        FileKeyStore(folder, PASSPHRASE).seal(b"a secret", b"x")
    assert (folder / "sealing.key").read_text("utf-8") == content


def test_the_file_is_for_its_owner_alone_and_no_signing_key(folder: Path) -> None:
    store = FileKeyStore(folder, PASSPHRASE)
    store.seal(b"a secret", b"x")
    assert [file.name for file in folder.iterdir()] == ["sealing.key"]
    assert stat.S_IMODE((folder / "sealing.key").stat().st_mode) == 0o600
    content = json.loads((folder / "sealing.key").read_text())
    assert set(content) == {"version", "cost", "salt", "nonce", "wrapped_key"}
    assert store.records() == []


def test_a_folder_that_others_can_read_is_refused(folder: Path) -> None:
    folder.chmod(0o755)
    with pytest.raises(KeyStoreError, match="can be read by others"):
        FileKeyStore(folder, PASSPHRASE).seal(b"a secret", b"x")
