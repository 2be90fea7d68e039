"""Custody of keys: who may read them, that none is ever lost or overwritten, and that nothing of them leaks."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys import (
    FileKeyStore,
    KeyAlreadyExists,
    KeyNotFound,
    KeyRecord,
    KeyState,
    KeyStoreError,
    Purpose,
    Signer,
    pkcs8,
)

PASSPHRASE = "correct horse 马 battery staple"
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the key `cqc-1`, made once, because making keys is slow by design."""
    folder = tmp_path_factory.mktemp("made") / "keys"
    FileKeyStore(folder, PASSPHRASE).create("cqc-1", "cqc", Purpose.ISSUER, NOW)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    shutil.copytree(made, tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def store(folder: Path) -> FileKeyStore:
    return FileKeyStore(folder, PASSPHRASE)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refusal(do: Callable[[], object]) -> KeyStoreError:
    """The refusal, and no other exception. Its printed form must not carry the cause, which may hold the file."""
    with pytest.raises(KeyStoreError) as caught:
        do()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def edited(folder: Path, **changes: Any) -> Path:
    """The key file with other members."""
    path = folder / "cqc-1.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")
    return path


# Making and using.


def test_what_a_key_signs_holds_under_the_public_key_on_record(store: FileKeyStore) -> None:
    signer = store.signer("cqc-1", NOW)
    (record,) = store.records()
    Ed25519PublicKey.from_public_bytes(record.public_key).verify(signer.sign(b"message"), b"message")
    assert signer.record == record
    assert (record.name, record.owner, record.purpose, record.created_at) == ("cqc-1", "cqc", Purpose.ISSUER, NOW)
    assert record.state_at(NOW) is KeyState.ACTIVE


def test_every_key_is_a_new_one(tmp_path: Path) -> None:
    store = FileKeyStore(tmp_path / "keys", PASSPHRASE)
    records = [store.create(f"key-{number}", "cqc", Purpose.ISSUER, NOW) for number in range(3)]
    assert len({record.public_key for record in records}) == 3
    assert store.records() == records


def test_keys_are_listed_oldest_first(store: FileKeyStore) -> None:
    store.create("a-younger", "cqc", Purpose.LOG, LATER)
    store.create("an-older", "cqc", Purpose.REGISTRY, NOW - timedelta(days=1))
    assert [record.name for record in store.records()] == ["an-older", "cqc-1", "a-younger"]


def test_a_folder_that_is_not_there_yet_holds_no_keys(tmp_path: Path) -> None:
    store = FileKeyStore(tmp_path / "none", PASSPHRASE)
    assert store.records() == []
    store.check()
    for do in (
        lambda: store.signer("x", NOW),
        lambda: store.retire("x", NOW),
        lambda: store.mark_compromised("x", NOW),
    ):
        assert isinstance(refusal(do), KeyNotFound)
    assert not (tmp_path / "none").exists()


def test_a_signer_is_opened_once_and_then_kept(store: FileKeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening costs scrypt, on purpose; signing must not."""
    first = store.signer("cqc-1", NOW)
    monkeypatch.setattr(pkcs8, "decrypt", lambda *_: pytest.fail("decrypted again"))
    assert store.signer("cqc-1", NOW) is first


# Who may read.


def test_key_files_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = FileKeyStore(tmp_path / "keys", PASSPHRASE)
        store.create("cqc-1", "cqc", Purpose.ISSUER, NOW)
        assert mode(tmp_path / "keys") == 0o700
        assert mode(tmp_path / "keys" / "cqc-1.json") == 0o600
        store.retire("cqc-1", LATER)
        assert mode(tmp_path / "keys" / "cqc-1.json") == 0o600
    finally:
        os.umask(before)
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["cqc-1.json"]


@pytest.mark.parametrize("extra", [0o040, 0o004, 0o020, 0o002, 0o010])
def test_a_key_file_that_others_may_open_is_refused_with_what_to_do(
    folder: Path, store: FileKeyStore, extra: int
) -> None:
    path = folder / "cqc-1.json"
    path.chmod(0o600 | extra)
    for do in (store.records, store.check, lambda: store.signer("cqc-1", NOW), lambda: store.retire("cqc-1", NOW)):
        told = str(refusal(do))
        assert f"chmod 600 {path}" in told
        assert "rotate" in told
    path.chmod(0o600)
    store.check()


def test_a_key_folder_that_others_may_open_is_refused_with_what_to_do(folder: Path, store: FileKeyStore) -> None:
    folder.chmod(0o755)
    assert f"chmod 700 {folder}" in str(refusal(store.check))


# Nothing is lost.


def test_a_key_is_never_overwritten(folder: Path, store: FileKeyStore) -> None:
    before = (folder / "cqc-1.json").read_bytes()
    told = refusal(lambda: store.create("cqc-1", "other", Purpose.LOG, LATER))
    assert isinstance(told, KeyAlreadyExists)
    assert (folder / "cqc-1.json").read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["cqc-1.json"]


def test_of_two_who_make_the_same_key_at_once_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = [FileKeyStore(tmp_path / "keys", PASSPHRASE) for _ in range(2)]
    both_ready = Barrier(2)
    # Scrypt is not what is tested here; both must come to writing at the same time.
    monkeypatch.setattr(pkcs8, "encrypt", lambda *_: str(both_ready.wait(10)))
    monkeypatch.setattr(FileKeyStore, "check", lambda _: None)

    def make(store: FileKeyStore, name: str) -> KeyRecord | KeyAlreadyExists:
        try:
            return store.create(name, "cqc", Purpose.ISSUER, NOW)
        except KeyAlreadyExists as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        for number in range(30):
            name = f"key-{number}"
            outcomes = list(pool.map(make, stores, [name, name]))
            (winner,) = [outcome for outcome in outcomes if isinstance(outcome, KeyRecord)]
            kept = json.loads((tmp_path / "keys" / f"{name}.json").read_text("utf-8"))
            assert kept["public_key"] == winner.public_key.hex()


def test_of_two_who_change_a_key_at_once_neither_change_is_lost(folder: Path) -> None:
    """A key marked compromised must not come out merely retired."""
    one, other = FileKeyStore(folder, PASSPHRASE), FileKeyStore(folder, PASSPHRASE)
    original = (folder / "cqc-1.json").read_bytes()
    together = Barrier(2)

    def retire() -> None:
        together.wait(10)
        one.retire("cqc-1", LATER)

    def compromise() -> None:
        together.wait(10)
        other.mark_compromised("cqc-1", NOW)

    with ThreadPoolExecutor(2) as pool:
        for _ in range(60):
            (folder / "cqc-1.json").write_bytes(original)
            for change in [pool.submit(retire), pool.submit(compromise)]:
                change.result()
            (record,) = one.records()
            assert (record.retired_at, record.compromised_since) == (LATER, NOW)


CRASHES = {
    "while writing": "json.dump = lambda content, file, **_: (file.write('{'), file.flush(), os._exit(9))",
    "before the disk has it": "os.fsync = lambda *_: os._exit(9)",
    "before it gets its name": "os.link = Path.replace = lambda *_: os._exit(9)",
}


@pytest.mark.parametrize("crash", CRASHES.values(), ids=CRASHES.keys())
def test_a_crash_leaves_no_half_key_and_the_old_one_whole(folder: Path, store: FileKeyStore, crash: str) -> None:
    script = f"""
import json, os, sys
from datetime import UTC, datetime
from pathlib import Path
from keys import FileKeyStore, Purpose, pkcs8
store = FileKeyStore(Path(sys.argv[1]), sys.argv[2])
pkcs8.encrypt = lambda *_: "x"
{crash}
if sys.argv[3] == "create":
    store.create("cqc-2", "cqc", Purpose.ISSUER, datetime.now(UTC))
else:
    store.retire("cqc-1", datetime.now(UTC))
"""
    before = store.records()
    for what in ("create", "retire"):
        run = subprocess.run([sys.executable, "-c", script, str(folder), PASSPHRASE, what], cwd=CHECKOUT, check=False)
        assert run.returncode == 9
        assert store.records() == before
        assert store.signer("cqc-1", NOW).sign(b"x")
        left = [path for path in folder.iterdir() if path.name != "cqc-1.json"]
        assert all(path.suffix != ".json" and mode(path) == 0o600 for path in left)
    # Nothing that was left behind is in the way.
    store.create("cqc-2", "cqc", Purpose.ISSUER, NOW)
    assert store.retire("cqc-1", NOW).state_at(NOW) is KeyState.RETIRED


def test_a_disk_that_can_not_be_written_is_told_and_nothing_is_left(
    folder: Path, store: FileKeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pkcs8, "encrypt", lambda *_: "x")
    monkeypatch.setattr(os, "fsync", full)
    for do in (lambda: store.create("cqc-2", "cqc", Purpose.ISSUER, NOW), lambda: store.retire("cqc-1", NOW)):
        assert "No space left" in str(refusal(do))
    assert [path.name for path in folder.iterdir()] == ["cqc-1.json"]
    assert store.records()[0].state_at(NOW) is KeyState.ACTIVE


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FileKeyStore(tmp_path / "file" / "keys", PASSPHRASE)
    assert "can't be made" in str(refusal(lambda: store.create("cqc-1", "cqc", Purpose.ISSUER, NOW)))


# The end of a key.


@pytest.mark.parametrize("end", [FileKeyStore.retire, FileKeyStore.mark_compromised])
def test_a_key_ended_by_another_process_stops_signing_at_once(
    folder: Path, store: FileKeyStore, end: Callable[[FileKeyStore, str, datetime], KeyRecord]
) -> None:
    store.signer("cqc-1", NOW).sign(b"x")
    record = end(FileKeyStore(folder, "another passphrase altogether"), "cqc-1", NOW)
    state = record.state_at(NOW)
    assert state in {KeyState.RETIRED, KeyState.COMPROMISED}
    assert str(state) in str(refusal(lambda: store.signer("cqc-1", NOW)))
    assert FileKeyStore(folder, PASSPHRASE).records() == store.records() == [record]


def test_a_key_with_a_planned_end_signs_until_then(store: FileKeyStore) -> None:
    store.retire("cqc-1", LATER)
    assert store.signer("cqc-1", LATER - timedelta(microseconds=1)).sign(b"x")
    assert "retired" in str(refusal(lambda: store.signer("cqc-1", LATER)))


def test_a_compromised_key_signs_no_more_even_with_an_end_to_come(store: FileKeyStore) -> None:
    store.retire("cqc-1", LATER)
    store.mark_compromised("cqc-1", NOW)
    assert "compromised" in str(refusal(lambda: store.signer("cqc-1", NOW)))


def test_ending_a_key_leaves_the_key_itself_alone(folder: Path, store: FileKeyStore) -> None:
    before = json.loads((folder / "cqc-1.json").read_text("utf-8"))
    store.retire("cqc-1", LATER)
    store.mark_compromised("cqc-1", NOW)
    after = json.loads((folder / "cqc-1.json").read_text("utf-8"))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"retired_at", "compromised_since"}


def test_the_earliest_retirement_and_the_earliest_compromise_stand(store: FileKeyStore) -> None:
    store.retire("cqc-1", LATER + timedelta(days=5))
    assert store.retire("cqc-1", LATER).retired_at == LATER
    assert store.retire("cqc-1", LATER + timedelta(days=5)).retired_at == LATER
    store.mark_compromised("cqc-1", LATER)
    assert store.mark_compromised("cqc-1", LATER + timedelta(days=1)).compromised_since == LATER
    record = store.mark_compromised("cqc-1", NOW)
    assert (record.retired_at, record.compromised_since) == (LATER, NOW)
    assert store.records() == [record]


def test_a_copy_of_a_key_file_does_not_go_on_signing(folder: Path, store: FileKeyStore) -> None:
    shutil.copy2(folder / "cqc-1.json", folder / "backup.json")
    store.retire("cqc-1", NOW)
    for do in (lambda: store.signer("backup", NOW), lambda: store.retire("backup", NOW), store.records):
        assert "copy" in str(refusal(do))


# What is refused.


@pytest.mark.parametrize(
    "name", ["", "..", "../cqc-1", "a/b", "A", "-a", "a.json", "a\n", "é", "a" * 65, "\x00", ".new-x"]
)
def test_a_name_that_could_lead_out_of_the_folder_is_no_name(store: FileKeyStore, name: str) -> None:
    assert "is no key name" in str(refusal(lambda: store.create(name, "cqc", Purpose.ISSUER, NOW)))
    for do in (
        lambda: store.signer(name, NOW),
        lambda: store.retire(name, NOW),
        lambda: store.mark_compromised(name, NOW),
    ):
        assert isinstance(refusal(do), KeyNotFound)


@pytest.mark.parametrize("passphrase", ["", "elevenchars", "密码密码"])
def test_a_passphrase_too_short_to_protect_anything_is_refused(tmp_path: Path, passphrase: str) -> None:
    told = str(refusal(lambda: FileKeyStore(tmp_path, passphrase)))
    assert "12 characters" in told
    assert not passphrase or passphrase not in told


def test_a_passphrase_that_is_no_text_is_refused_without_repeating_it(tmp_path: Path) -> None:
    passphrase = "correct horse in Latin-1 \udce9"
    told = refusal(lambda: FileKeyStore(tmp_path, passphrase))
    assert "horse" not in "".join(traceback.format_exception(told))


def test_a_wrong_passphrase_is_refused_with_where_to_look(folder: Path) -> None:
    store = FileKeyStore(folder, "not the right passphrase")
    for do in (store.check, lambda: store.signer("cqc-1", NOW)):
        assert "REGISTRY_KEY_PASSPHRASE" in str(refusal(do))


def test_no_key_is_made_under_another_passphrase_than_the_others(folder: Path) -> None:
    """The registry opens all of them with one, so it could never sign with both."""
    store = FileKeyStore(folder, "not the right passphrase")
    assert "REGISTRY_KEY_PASSPHRASE" in str(refusal(lambda: store.create("cqc-2", "cqc", Purpose.ISSUER, NOW)))
    assert [path.name for path in folder.iterdir()] == ["cqc-1.json"]


def test_a_key_under_another_public_key_is_refused(folder: Path, store: FileKeyStore) -> None:
    edited(folder, public_key="00" * 32)
    assert "halves differ" in str(refusal(lambda: store.signer("cqc-1", NOW)))


GARBAGE = {
    "nothing": b"",
    "blanks": b" \n",
    "a cut file": b'{"version": 1, "name": "cqc-1", "pkcs8": "-----BEGIN ENC',
    "not UTF-8": b'{"name": "\xff"}',
    "zeros": bytes(4096),
    "a list": b"[]",
    "a text": b'"pkcs8"',
    "null": b"null",
    "an empty object": b"{}",
    "another version": b'{"version": 2}',
    "no end of brackets": b"[" * 100_000,
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_damaged_file_is_told_by_its_path_and_nothing_of_its_content(
    folder: Path, store: FileKeyStore, garbage: bytes
) -> None:
    path = folder / "cqc-1.json"
    path.write_bytes(garbage)
    for do in (store.records, store.check, lambda: store.signer("cqc-1", NOW), lambda: store.retire("cqc-1", NOW)):
        told = refusal(do)
        assert str(path) in str(told)
        assert "BEGIN ENC" not in "".join(traceback.format_exception(told))
    assert path.read_bytes() == garbage


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
MEMBERS = [
    "version",
    "name",
    "owner",
    "purpose",
    "public_key",
    "created_at",
    "retired_at",
    "compromised_since",
    "pkcs8",
    "pkcs11",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(MEMBERS), JUNK | st.just("2026-03-02T00:00:00"), min_size=1, max_size=2))
def test_whatever_stands_in_a_key_file_nothing_but_a_refusal_happens(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    folder = tmp_path / "any"
    shutil.copytree(made, folder, dirs_exist_ok=True)
    edited(folder, **changes)
    store = FileKeyStore(folder, PASSPHRASE)
    # Opening the key is slow, and has tests of its own.
    monkeypatch.setattr(store, "_in_file", lambda _: bytes)
    for do in (store.records, lambda: store.signer("cqc-1", NOW), lambda: store.mark_compromised("cqc-1", NOW)):
        try:
            do()
        except KeyStoreError as told:
            assert told.__suppress_context__ or told.__context__ is None  # noqa: PT017 - both outcomes are right


# What leaks.


def secrets(made: Path) -> list[str]:
    """The passphrase and the private bytes, in every spelling in which they could slip out."""
    pem = json.loads((made / "cqc-1.json").read_text("utf-8"))["pkcs8"]
    private = pkcs8.decrypt(pem, PASSPHRASE.encode()).private_bytes_raw()
    spellings = [PASSPHRASE, repr(PASSPHRASE.encode())[2:-1], private.hex(), repr(private)[2:-1], repr(list(private))]
    return [*spellings, base64.b64encode(private).decode(), base64.urlsafe_b64encode(private).decode().rstrip("=")]


def test_neither_passphrase_nor_private_key_shows_in_any_text(made: Path, folder: Path, store: FileKeyStore) -> None:
    signer: Signer = store.signer("cqc-1", NOW)
    shown = [repr(store), str(store), repr(signer), str(signer), repr(signer.record), f"{store!r:>5} {signer}"]
    wrong = FileKeyStore(folder, PASSPHRASE + "!")
    shown += [repr(wrong)]
    failures: list[Callable[[], object]] = [
        wrong.check,
        lambda: wrong.signer("cqc-1", NOW),
        lambda: store.signer("nobody", NOW),
        lambda: store.create("cqc-1", "cqc", Purpose.ISSUER, NOW),
        lambda: FileKeyStore(folder, PASSPHRASE[:11]),
    ]
    for do in failures:
        told = refusal(do)
        shown += [str(told), repr(told), repr(told.args), "".join(traceback.format_exception(told))]
    shown.append(str(refusal(lambda: (store.retire("cqc-1", NOW), store.signer("cqc-1", NOW)))))
    edited(folder, public_key="00" * 32, retired_at=None)
    shown.append(str(refusal(lambda: store.signer("cqc-1", NOW))))
    hidden = [*secrets(made), PASSPHRASE[:11]]
    assert [secret for secret in hidden for text in shown if secret in text] == []


def test_the_key_file_holds_the_private_key_only_encrypted(made: Path, folder: Path) -> None:
    text = (folder / "cqc-1.json").read_text("utf-8")
    for secret in secrets(made):
        assert secret not in text
        assert json.dumps(secret)[1:-1] not in text


def test_openssl_opens_the_stored_key_and_signs_what_the_registry_can_check(
    folder: Path, store: FileKeyStore, tmp_path: Path
) -> None:
    """An issuer can leave with its key: no lock-in to this program."""
    content = json.loads((folder / "cqc-1.json").read_text("utf-8"))
    for name, text in (("key.pem", content["pkcs8"]), ("pass.txt", PASSPHRASE), ("message", "message")):
        (tmp_path / name).write_text(text, "utf-8")
    command = [
        "openssl",
        "pkeyutl",
        "-sign",
        "-rawin",
        "-inkey",
        "key.pem",
        "-passin",
        "file:pass.txt",
        "-in",
        "message",
    ]
    signature = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    assert signature == store.signer("cqc-1", NOW).sign(b"message")
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(content["public_key"])).verify(signature, b"message")
