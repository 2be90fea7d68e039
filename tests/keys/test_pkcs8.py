"""Encrypted private keys, held against OpenSSL's own reading and writing of them."""

from __future__ import annotations

import subprocess
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from keys import pkcs8
from keys.pkcs8 import WrongPassphrase

PASSPHRASE = "口令 — a passphrase for tests"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
REAL_COST = pkcs8._COST
PUBLIC = KEY.public_key().public_bytes_raw()


def openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    run = subprocess.run(["openssl", *map(str, arguments)], input=given, capture_output=True, check=True)
    return run.stdout


@pytest.fixture(scope="module")
def pem() -> str:
    """As it is outside of tests (tests/conftest.py)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pkcs8, "_COST", REAL_COST)
        return pkcs8.encrypt(KEY, PASSPHRASE.encode())


@pytest.fixture
def files(tmp_path: Path, pem: str) -> dict[str, Path]:
    """The key and its passphrase as OpenSSL wants them."""
    (tmp_path / "key.pem").write_text(pem, "ascii")
    (tmp_path / "pass.txt").write_text(PASSPHRASE, "utf-8")
    (tmp_path / "wrong.txt").write_text(PASSPHRASE + ".", "utf-8")
    return {path.stem: path for path in tmp_path.iterdir()}


def test_openssl_opens_the_key_with_the_passphrase_and_finds_the_same_key(files: dict[str, Path]) -> None:
    public = openssl("pkey", "-in", files["key"], "-passin", f"file:{files['pass']}", "-pubout", "-outform", "DER")
    assert public[-32:] == PUBLIC


def test_openssl_does_not_open_it_with_another_passphrase(files: dict[str, Path]) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        openssl("pkey", "-in", files["key"], "-passin", f"file:{files['wrong']}", "-noout")


def test_it_is_protected_by_scrypt_and_aes_with_a_cost_that_hurts_who_guesses(files: dict[str, Path]) -> None:
    shown = openssl("asn1parse", "-in", files["key"]).decode()
    assert all(name in shown for name in ("PBES2", "scrypt", "aes-256-cbc"))
    # At least 16 MiB for each guess: 128 * N * r bytes.
    integers = [int(line.rpartition(":")[2], 16) for line in shown.splitlines() if "INTEGER" in line]
    cost, block_size = integers[:2]
    assert 128 * cost * block_size >= 16 * 2**20


@pytest.mark.parametrize("protection", [["-scrypt"], ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256"]])
def test_a_key_that_openssl_encrypted_is_opened(files: dict[str, Path], protection: list[str]) -> None:
    plain = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    theirs = openssl("pkcs8", "-topk8", *protection, "-passout", f"file:{files['pass']}", given=plain)
    assert pkcs8.decrypt(theirs.decode(), PASSPHRASE.encode()).public_key().public_bytes_raw() == PUBLIC


def test_what_was_encrypted_comes_back(pem: str) -> None:
    assert pkcs8.decrypt(pem, PASSPHRASE.encode()).private_bytes_raw() == KEY.private_bytes_raw()


def test_encrypting_twice_gives_different_texts() -> None:
    """A salt and an initialization vector that came again would weaken both."""
    one, other = (pem_bytes(pkcs8.encrypt(KEY, PASSPHRASE.encode())) for _ in range(2))
    assert one != other
    assert one[-32:] != other[-32:]


def pem_bytes(text: str) -> bytes:
    return b64decode("".join(text.splitlines()[1:-1]))


def test_the_private_bytes_do_not_stand_in_the_text(pem: str) -> None:
    assert KEY.private_bytes_raw() not in pem_bytes(pem)
    assert pem.splitlines()[0] == "-----BEGIN ENCRYPTED PRIVATE KEY-----"
    assert max(map(len, pem.splitlines()[1:-1])) == 64


@pytest.mark.parametrize("passphrase", [b"", b"another passphrase", PASSPHRASE.encode() + b" "])
def test_a_wrong_passphrase_is_told_and_nothing_of_the_key(pem: str, passphrase: bytes) -> None:
    with pytest.raises(WrongPassphrase) as refusal:
        pkcs8.decrypt(pem, passphrase)
    assert str(refusal.value) == "the passphrase does not open this key"
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "junk",
        "密钥",
        "\ud800",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        generate_private_key(SECP256R1())
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode()))
        .decode(),
    ],
    ids=["nothing", "junk", "Chinese", "no text", "empty", "cut short", "not encrypted", "not Ed25519"],
)
def test_what_is_no_encrypted_ed25519_key_is_refused_without_repeating_it(junk: str) -> None:
    with pytest.raises(WrongPassphrase) as refusal:
        pkcs8.decrypt(junk, PASSPHRASE.encode())
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
    assert len(junk) < 10 or junk[30:60] not in str(refusal.value)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_a_key_cut_short_is_refused(pem: str, keep: float) -> None:
    lines = pem.splitlines()
    body = "".join(lines[1:-1])
    for text in (pem[: int(len(pem) * keep)], f"{lines[0]}\n{body[: int(len(body) * keep) // 4 * 4]}\n{lines[-1]}\n"):
        with pytest.raises(WrongPassphrase):
            pkcs8.decrypt(text, PASSPHRASE.encode())
