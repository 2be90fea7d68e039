"""The log's name and keys."""

from __future__ import annotations

from keys import Purpose
from registry.domain.signing_key import PublishedKey
from registry.formats.signed_note import ED25519, VerifierKey, sign_note
from registry.formats.tlog_checkpoint import Checkpoint
from registry.services.context import Registry
from registry.services.own_keys import own_signers
from registry.store.issuers import keys_of

PATH = "/log"


def origin(base_url: str) -> str:
    """The log's name: its address without the scheme (C2SP tlog-tiles: a schemeless URL prefix)."""
    return base_url.partition("://")[2] + PATH


def verifier_key(registry: Registry, key: PublishedKey) -> VerifierKey:
    """A key of the log as notes name it."""
    return VerifierKey(origin(registry.base_url), ED25519, key.public_key)


def verifier_keys(registry: Registry, *, compromised: bool = False) -> list[VerifierKey]:
    """All keys whose checkpoints may still be met: none that was compromised, unless those are asked for as well."""
    with registry.database.read() as connection:
        own = keys_of(connection, None)
    signing = [one.published for one in own if one.purpose == Purpose.LOG]
    trusted = [key for key in signing if compromised or key.compromised_since is None]
    return [verifier_key(registry, key) for key in trusted]


def sign_checkpoint(registry: Registry, size: int, root: bytes) -> bytes:
    """The signed note for a tree. While an old key overlaps with a new one, both sign.

    Raises Misconfigured, keys.KeyStoreError.
    """
    text = Checkpoint(origin(registry.base_url), size, root).text
    lines = [
        sign_note(text, verifier_key(registry, own.published), own.signer.sign).line
        for own in own_signers(registry, Purpose.LOG)
    ]
    return f"{text}\n{''.join(lines)}".encode()
