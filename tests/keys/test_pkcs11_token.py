"""Keys on a PKCS#11 token: made there, never seen here, and what is said when the token is in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nacl.signing
import pytest

from keys import Custody, FileKeyStore, KeyAlreadyExists, KeyState, KeyStoreError, Pkcs11Token, Purpose
from tests.conftest import PASSPHRASE
from tests.softhsm import PIN, SoftToken, import_key

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
# RFC 8032, section 7.1: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
]


@pytest.fixture
def store(soft_token: SoftToken, tmp_path: Path) -> FileKeyStore:
    return FileKeyStore(tmp_path / "keys", PASSPHRASE, soft_token.token())


def library(soft_token: SoftToken) -> Any:
    import pkcs11

    return pkcs11.lib(str(soft_token.module))


def made(store: FileKeyStore, name: str = "cqc-1") -> bytes:
    """Make a key on the token; its public half."""
    return store.create(name, "cqc", Purpose.ISSUER, NOW, Custody.TOKEN).public_key


def refusal(do: Callable[[], object]) -> str:
    with pytest.raises(KeyStoreError) as caught:
        do()
    assert PIN not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_a_key_on_a_token_signs_and_libsodium_verifies(store: FileKeyStore) -> None:
    public_key = made(store)
    signer = store.signer("cqc-1", NOW)
    assert signer.record.custody is Custody.TOKEN
    nacl.signing.VerifyKey(public_key).verify(b"words", signer.sign(b"words"))
    assert signer.sign(b"words") == signer.sign(b"words") != signer.sign(b"other words")


@pytest.mark.parametrize(("seed", "public", "message", "signature"), RFC_8032)
def test_the_signature_is_that_of_rfc_8032(
    soft_token: SoftToken, seed: str, public: str, message: str, signature: str
) -> None:
    import_key(soft_token, bytes.fromhex(seed), bytes.fromhex(public), b"rfc")
    token = soft_token.token()
    assert token.public_key(b"rfc").hex() == public
    assert token.sign(b"rfc", bytes.fromhex(message)).hex() == signature


def test_the_private_half_is_nowhere_but_on_the_token(
    store: FileKeyStore, soft_token: SoftToken, tmp_path: Path
) -> None:
    import pkcs11

    public_key = made(store)
    content = json.loads((tmp_path / "keys" / "cqc-1.json").read_text())
    assert "pkcs8" not in content
    assert content["pkcs11"]["token"] == soft_token.label
    assert content["public_key"] == public_key.hex()
    with library(soft_token).get_token(token_label=soft_token.label).open() as session:
        key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, id=bytes.fromhex(content["pkcs11"]["id"]))
        assert key[pkcs11.Attribute.SENSITIVE]
        assert not key[pkcs11.Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]


def test_keys_in_files_and_on_the_token_live_in_one_store(store: FileKeyStore) -> None:
    store.create("cqc-1", "cqc", Purpose.ISSUER, NOW)
    made(store, "cqc-2")
    assert [(one.name, one.custody) for one in store.records()] == [("cqc-1", "file"), ("cqc-2", "token")]
    for name in ("cqc-1", "cqc-2"):
        signer = store.signer(name, NOW)
        nacl.signing.VerifyKey(signer.record.public_key).verify(b"words", signer.sign(b"words"))
    store.check()


def test_a_retired_or_stolen_key_signs_no_more(store: FileKeyStore) -> None:
    made(store)
    made(store, "cqc-2")
    assert store.retire("cqc-1", NOW).state_at(NOW) is KeyState.RETIRED
    store.mark_compromised("cqc-2", NOW)
    assert "is retired" in refusal(lambda: store.signer("cqc-1", NOW))
    assert "is compromised" in refusal(lambda: store.signer("cqc-2", NOW))
    assert store.signer("cqc-1", NOW - timedelta(seconds=1)).record.custody is Custody.TOKEN


def test_a_name_that_is_taken_leaves_no_key_behind_on_the_token(store: FileKeyStore, soft_token: SoftToken) -> None:
    made(store)
    with pytest.raises(KeyAlreadyExists):
        made(store)
    with library(soft_token).get_token(token_label=soft_token.label).open() as session:
        assert len(list(session.get_objects())) == 2


def test_all_threads_sign(store: FileKeyStore) -> None:
    public_key = nacl.signing.VerifyKey(made(store))
    signer = store.signer("cqc-1", NOW)

    def attempt(number: int) -> None:
        message = str(number).encode()
        public_key.verify(message, signer.sign(message))

    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(attempt, range(400)))) == 400


def test_a_lost_session_is_opened_anew(store: FileKeyStore, soft_token: SoftToken) -> None:
    public_key = made(store)
    signer = store.signer("cqc-1", NOW)
    library(soft_token).reinitialize()
    nacl.signing.VerifyKey(public_key).verify(b"words", signer.sign(b"words"))


def test_a_forked_process_opens_its_own(store: FileKeyStore) -> None:
    public_key = nacl.signing.VerifyKey(made(store))
    signer = store.signer("cqc-1", NOW)
    signer.sign(b"before")
    child = os.fork()
    if child == 0:
        try:
            public_key.verify(b"words", signer.sign(b"words"))
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    public_key.verify(b"after", signer.sign(b"after"))


def test_a_token_that_was_pulled_out_is_told_and_works_when_it_is_back(
    store: FileKeyStore, soft_token: SoftToken, tmp_path: Path
) -> None:
    public_key = made(store)
    signer = store.signer("cqc-1", NOW)
    soft_token.folder.rename(tmp_path / "pulled out")
    told = refusal(lambda: signer.sign(b"words"))
    assert told == (
        f"The token '{soft_token.label}' is not there. Put it in, or check REGISTRY_PKCS11_MODULE and "
        "REGISTRY_PKCS11_TOKEN."
    )
    (tmp_path / "pulled out").rename(soft_token.folder)
    nacl.signing.VerifyKey(public_key).verify(b"words", signer.sign(b"words"))


def test_a_refused_pin_is_told_and_never_tried_again(
    store: FileKeyStore, soft_token: SoftToken, tmp_path: Path
) -> None:
    made(store)
    library(soft_token).reinitialize()
    mistaken = FileKeyStore(tmp_path / "keys", PASSPHRASE, soft_token.token("not the pin"))
    told = refusal(mistaken.check)
    assert "refuses the PIN" in told
    assert "REGISTRY_PKCS11_PIN[_FILE]" in told
    # The token is not even asked.
    soft_token.folder.rename(tmp_path / "pulled out")
    assert refusal(mistaken.check) == told
    (tmp_path / "pulled out").rename(soft_token.folder)


def test_a_key_that_is_not_on_the_token_is_told(store: FileKeyStore, soft_token: SoftToken, tmp_path: Path) -> None:
    made(store)
    path = tmp_path / "keys" / "cqc-1.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "pkcs11": {**content["pkcs11"], "id": "00"}}))
    assert "does not have this key" in refusal(FileKeyStore(tmp_path / "keys", PASSPHRASE, soft_token.token()).check)


def test_another_key_in_its_place_is_told(store: FileKeyStore, soft_token: SoftToken, tmp_path: Path) -> None:
    made(store)
    made(store, "cqc-2")
    path = tmp_path / "keys" / "cqc-2.json"
    content = json.loads(path.read_text())
    other = json.loads((tmp_path / "keys" / "cqc-1.json").read_text())
    path.write_text(json.dumps({**content, "pkcs11": other["pkcs11"]}))
    reopened = FileKeyStore(tmp_path / "keys", PASSPHRASE, soft_token.token())
    assert "the token has another key there" in refusal(lambda: reopened.signer("cqc-2", NOW))


def test_without_its_token_a_store_lists_its_keys_and_says_what_to_set(store: FileKeyStore, tmp_path: Path) -> None:
    made(store)
    without = FileKeyStore(tmp_path / "keys", PASSPHRASE)
    assert [one.name for one in without.records()] == ["cqc-1"]
    for do in (without.check, lambda: without.signer("cqc-1", NOW)):
        told = refusal(do)
        assert "Set REGISTRY_PKCS11_MODULE, REGISTRY_PKCS11_TOKEN and REGISTRY_PKCS11_PIN_FILE" in told
    assert "REGISTRY_PKCS11_MODULE" in refusal(lambda: made(FileKeyStore(tmp_path / "none", PASSPHRASE)))
    other = FileKeyStore(tmp_path / "keys", PASSPHRASE, Pkcs11Token(Path("/none"), "another", PIN))
    assert "and not on 'another'" in refusal(other.check)


def test_a_module_that_is_not_there_is_told_by_its_path(tmp_path: Path) -> None:
    token = Pkcs11Token(tmp_path / "none.so", "t", PIN)
    assert str(tmp_path / "none.so") in refusal(lambda: token.sign(b"k", b"words"))


def test_without_the_package_it_is_told_how_to_get_it() -> None:
    program = (
        "import sys; sys.modules['pkcs11'] = None\n"
        "from pathlib import Path\n"
        "from keys import Pkcs11Token\n"
        "Pkcs11Token(Path('/none'), 't', 'pin').sign(b'k', b'')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "pip install 'certification-registry[pkcs11]'" in done.stderr


def test_the_pin_shows_nowhere(store: FileKeyStore, soft_token: SoftToken) -> None:
    made(store)
    signer = store.signer("cqc-1", NOW)
    for shown in (repr(store), repr(signer), repr(soft_token.token()), str(soft_token.token())):
        assert PIN not in shown
