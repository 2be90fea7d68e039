"""PKCS#8 private keys, encrypted with scrypt and AES-256-CBC (RFC 5958, RFC 8018 PBES2, RFC 7914 section 7).

`cryptography` reads this form but writes only PBKDF2 with few rounds, so the two algorithm structures are put
together here. `openssl pkcs8 -in FILE` reads the result.
"""

from __future__ import annotations

import base64
import os
import textwrap

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import ObjectIdentifier

_PBES2 = ObjectIdentifier("1.2.840.113549.1.5.13")
_SCRYPT = ObjectIdentifier("1.3.6.1.4.1.11591.4.11")
_AES256_CBC = ObjectIdentifier("2.16.840.1.101.3.4.1.42")
# 128 * 2**14 * 8 bytes = 16 MiB of memory for each guess of the passphrase; OpenSSL reads up to 32 MiB by default.
_COST, _BLOCK_SIZE, _PARALLELISM = 2**14, 8, 4
_KEY_LENGTH = 32


class WrongPassphrase(ValueError):
    """The passphrase does not open this key, or the text is not an encrypted Ed25519 key."""


@asn1.sequence
class _ScryptParameters:
    salt: bytes
    cost: int
    block_size: int
    parallelism: int
    key_length: int


@asn1.sequence
class _ScryptAlgorithm:
    algorithm: ObjectIdentifier
    parameters: _ScryptParameters


@asn1.sequence
class _AesAlgorithm:
    algorithm: ObjectIdentifier
    initialization_vector: bytes


@asn1.sequence
class _Pbes2Parameters:
    key_derivation: _ScryptAlgorithm
    encryption: _AesAlgorithm


@asn1.sequence
class _Pbes2Algorithm:
    algorithm: ObjectIdentifier
    parameters: _Pbes2Parameters


@asn1.sequence
class _EncryptedPrivateKeyInfo:
    algorithm: _Pbes2Algorithm
    encrypted: bytes


def encrypt(private_key: Ed25519PrivateKey, passphrase: bytes) -> str:
    """The key as PEM text, 'ENCRYPTED PRIVATE KEY'."""
    plain = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    salt, vector = os.urandom(16), os.urandom(16)
    key = Scrypt(salt, _KEY_LENGTH, _COST, _BLOCK_SIZE, _PARALLELISM).derive(passphrase)
    padder = padding.PKCS7(AES256.block_size).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = Cipher(AES256(key), CBC(vector)).encryptor()
    scrypt = _ScryptAlgorithm(
        algorithm=_SCRYPT,
        parameters=_ScryptParameters(
            salt=salt,
            cost=_COST,
            block_size=_BLOCK_SIZE,
            parallelism=_PARALLELISM,
            key_length=_KEY_LENGTH,
        ),
    )
    cipher = _AesAlgorithm(algorithm=_AES256_CBC, initialization_vector=vector)
    der = asn1.encode_der(
        _EncryptedPrivateKeyInfo(
            algorithm=_Pbes2Algorithm(
                algorithm=_PBES2, parameters=_Pbes2Parameters(key_derivation=scrypt, encryption=cipher)
            ),
            encrypted=encryptor.update(padded) + encryptor.finalize(),
        )
    )
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode("ascii"), 64))
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{body}\n-----END ENCRYPTED PRIVATE KEY-----\n"


def decrypt(pem: str, passphrase: bytes) -> Ed25519PrivateKey:
    """The key behind PEM text. Raises WrongPassphrase; the message never repeats what was read."""
    try:
        key = load_pem_private_key(pem.encode("ascii"), passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise WrongPassphrase("the passphrase does not open this key") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise WrongPassphrase("not an Ed25519 key")
    return key
