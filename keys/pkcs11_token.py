"""Ed25519 keys on a PKCS#11 token (OASIS PKCS #11 3.0: CKK_EC_EDWARDS, CKM_EDDSA), which never leave it.

The `pkcs11` package is needed only where there is a token, and imported then. One thread at a time is in the library:
the package initializes it without locking functions. A session that was lost (the token pulled out and put back, the
device restarted, this process forked) is opened anew, once for each call. A PIN that was refused is never tried again:
after a few tries the token would lock itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

from keys.signer import KeyStoreError

if TYPE_CHECKING:
    from pkcs11 import Session

_T = TypeVar("_T")
# A login is one of the whole process, and so is what it does to the library.
_LIBRARY = RLock()
_POINT_SIZE = 32
# An OCTET STRING of 32 bytes, as 2.3.5 of PKCS #11 Current Mechanisms 3.0 has CKA_EC_POINT in DER.
_DER_OCTETS = b"\x04\x20"
# id-Ed25519 (RFC 8410) as CKA_EC_PARAMS.
_ED25519 = bytes.fromhex("06032b6570")
_WRONG_PIN = "refuses the PIN, which is not tried again, for tokens lock themselves. Check REGISTRY_PKCS11_PIN[_FILE]"
_REFUSED_PINS: dict[str, str] = {
    "PinIncorrect": _WRONG_PIN,
    "PinInvalid": _WRONG_PIN,
    "PinLenRange": "refuses the PIN for its length. Check REGISTRY_PKCS11_PIN[_FILE]",
    "PinLocked": "has locked its PIN after too many wrong ones. Unlock it with its security officer's PIN",
    "PinExpired": "says that the PIN has expired. Give it a new one with the tools of its maker",
    "UserPinNotInitialized": "has no PIN yet. Set one up with the tools of its maker",
}
_ADVICE: dict[str, str] = {
    "NoSuchToken": "is not there. Put it in, or check REGISTRY_PKCS11_MODULE and REGISTRY_PKCS11_TOKEN",
    "MultipleTokensReturned": "is there more than once. Give each token a label of its own",
    "NoSuchKey": "does not have this key. Restore the token from its backup, or retire the key",
    "MechanismInvalid": "knows no Ed25519 signatures (CKM_EDDSA)",
    "TokenWriteProtected": "is write-protected",
    "DeviceMemory": "is full",
}


class Pkcs11Token:
    """One token, by the path of its PKCS#11 module and its label; opened when it is first needed."""

    def __init__(self, module: Path, label: str, pin: str) -> None:
        self.label = label
        # The same library by two paths would be initialized twice.
        self._module = module.resolve()
        self._pin = pin
        self._session: Session | None = None
        self._keys: dict[bytes, Any] = {}
        self._process = os.getpid()
        self._refusal: str | None = None

    def __repr__(self) -> str:
        return f"<Pkcs11Token {self.label}>"

    def generate(self, key_id: bytes, label: str) -> bytes:
        """Make a key pair under a CKA_ID that is in use nowhere; returns the public key. Raises KeyStoreError."""
        p = _pkcs11()

        def make(session: Session) -> bytes:
            with session.token.open(rw=True) as writing:
                parameters = writing.create_domain_parameters(
                    p.KeyType.EC_EDWARDS, {p.Attribute.EC_PARAMS: _ED25519}, local=True
                )
                public, _ = parameters.generate_keypair(
                    id=key_id,
                    label=label,
                    store=True,
                    mechanism=p.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
                    capabilities=p.MechanismFlag.SIGN | p.MechanismFlag.VERIFY,
                    private_template={p.Attribute.SENSITIVE: True, p.Attribute.EXTRACTABLE: False},
                )
                return _point(public)

        # That is not tried twice, for the first pair may be there: so see beforehand that the session lives.
        self._call(lambda session: next(session.get_objects({p.Attribute.ID: key_id}), None))
        return self._call(make, again=False)

    def public_key(self, key_id: bytes) -> bytes:
        """The 32 bytes of a public key. Raises KeyStoreError."""
        p = _pkcs11()
        return self._call(lambda session: _point(session.get_key(object_class=p.ObjectClass.PUBLIC_KEY, id=key_id)))

    def sign(self, key_id: bytes, message: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes. Raises KeyStoreError."""
        p = _pkcs11()

        def sign(session: Session) -> bytes:
            if key_id not in self._keys:
                self._keys[key_id] = session.get_key(object_class=p.ObjectClass.PRIVATE_KEY, id=key_id)
            return bytes(self._keys[key_id].sign(message, mechanism=p.Mechanism.EDDSA))

        return self._call(sign)

    def destroy(self, key_id: bytes) -> None:
        """Remove a key pair that nothing was signed with. Raises KeyStoreError."""
        p = _pkcs11()

        def remove(session: Session) -> None:
            with session.token.open(rw=True) as writing:
                for found in list(writing.get_objects({p.Attribute.ID: key_id})):
                    found.destroy()

        self._keys.pop(key_id, None)
        self._call(remove)

    def _call(self, work: Callable[[Session], _T], *, again: bool = True) -> _T:
        """Do something in a session; once more in a new one where that fails, unless the PIN is to blame."""
        p = _pkcs11()
        with _LIBRARY:
            if self._refusal is not None:
                raise KeyStoreError(self._refusal)
            try:
                if self._process != os.getpid():
                    self._start_anew()
                return work(self._opened())
            except p.PKCS11Error as error:
                if not again or type(error).__name__ in _REFUSED_PINS:
                    raise self._explained(error) from None
            try:
                self._start_anew()
                return work(self._opened())
            except p.PKCS11Error as error:
                raise self._explained(error) from None

    def _opened(self) -> Session:
        if self._session is None:
            p = _pkcs11()
            token = p.lib(str(self._module)).get_token(token_label=self.label)
            try:
                self._session = token.open(user_pin=self._pin)
            except p.UserAlreadyLoggedIn:
                self._session = token.open()
        return self._session

    def _start_anew(self) -> None:
        """The library as if this process had just begun: slots are looked through again, all sessions are gone."""
        p = _pkcs11()
        self._session = None
        self._keys.clear()
        self._process = os.getpid()
        library = p.lib(str(self._module))
        with suppress(p.PKCS11Error):
            library.finalize()
        library.initialize()

    def _explained(self, error: Exception) -> KeyStoreError:
        """What to do about it. Messages of the package hold no PIN."""
        name = type(error).__name__
        refused = _REFUSED_PINS.get(name)
        message = f"The token {self.label!r} {refused or _ADVICE.get(name) or f'fails ({name}): {error}'}."
        if refused is not None:
            self._refusal = message
        return KeyStoreError(message)


def _point(key: Any) -> bytes:
    """The public key's 32 bytes. Some modules leave the DER around them out. Raises KeyStoreError."""
    value = bytes(key[_pkcs11().Attribute.EC_POINT])
    if len(value) == _POINT_SIZE:
        return value
    if value.startswith(_DER_OCTETS) and len(value) == len(_DER_OCTETS) + _POINT_SIZE:
        return value[len(_DER_OCTETS) :]
    raise KeyStoreError("The token has no Ed25519 public key there.")


@cache
def _pkcs11() -> Any:
    """The package. Raises KeyStoreError where it is not installed."""
    try:
        import pkcs11
    except ImportError:
        raise KeyStoreError(
            "Keys on a token need the package python-pkcs11. Run: pip install 'certification-registry[pkcs11]'"
        ) from None
    return pkcs11
