"""Tokens of SoftHSM2 (Debian's package `softhsm2`), each in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from keys import Pkcs11Token

_MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
SO_PIN, PIN = "so pin for tests", "pin for tests"


@dataclass(frozen=True, slots=True)
class SoftToken:
    """A token that was just initialized: its module, its label, and the folder in which it lives."""

    module: Path
    label: str
    folder: Path

    def token(self, pin: str = PIN) -> Pkcs11Token:
        """The token as the key store has it."""
        return Pkcs11Token(self.module, self.label, pin)

    @property
    def environment(self) -> dict[str, str]:
        """Settings for commands."""
        return {
            "REGISTRY_PKCS11_MODULE": str(self.module),
            "REGISTRY_PKCS11_TOKEN": self.label,
            "REGISTRY_PKCS11_PIN": PIN,
            "SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"],
        }


def _module() -> Path:
    found = next((Path(path).resolve() for path in _MODULES if Path(path).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        if os.environ.get("REGISTRY_REQUIRE_SOFTHSM") == "1":
            pytest.fail("SoftHSM2 is required here, and it is not installed")
        pytest.skip("SoftHSM2 is not installed")
    return found


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SoftHSM2's folder for tokens, one for all tests: the library reads its configuration once in a process."""
    _module()
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    return folder


def new_token(folder: Path, label: str) -> SoftToken:
    """A further token. The environment names the configuration from then on, until the test ends."""
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    before = set((folder / "tokens").iterdir())
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN]
    subprocess.run(command, check=True, capture_output=True)
    (made,) = set((folder / "tokens").iterdir()) - before
    return SoftToken(_module(), label, made)


@pytest.fixture
def soft_token(softhsm: Path, request: pytest.FixtureRequest) -> SoftToken:
    """A token that nobody has used before."""
    return new_token(softhsm, f"t{abs(hash(request.node.nodeid)) % 10**12}")


def import_key(token: SoftToken, seed: bytes, public_key: bytes, key_id: bytes) -> None:
    """Put a private key that is known to the world on a token."""
    import pkcs11

    library = pkcs11.lib(str(token.module))
    library.reinitialize()
    common = {
        pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.EC_EDWARDS,
        pkcs11.Attribute.EC_PARAMS: bytes.fromhex("06032b6570"),
        pkcs11.Attribute.ID: key_id,
        pkcs11.Attribute.TOKEN: True,
    }
    with library.get_token(token_label=token.label).open(rw=True, user_pin=PIN) as session:
        session.create_object(
            {
                **common,
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
                pkcs11.Attribute.VALUE: seed,
                pkcs11.Attribute.SIGN: True,
                pkcs11.Attribute.SENSITIVE: True,
            }
        )
        session.create_object(
            {
                **common,
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY,
                pkcs11.Attribute.EC_POINT: b"\x04\x20" + public_key,
                pkcs11.Attribute.VERIFY: True,
            }
        )
