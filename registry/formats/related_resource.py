"""Digests of related resources in credentials (W3C Verifiable Credentials Data Model 2.0, section 5.3).

`digestSRI` is written as in Subresource Integrity, `digestMultibase` as in Data Integrity 1.0, section 2.6.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping

from registry.domain.errors import Violation
from registry.formats.canonical_json import JsonObject
from registry.formats.multikey import MalformedMultibase, decode_base58btc

MAX_DIGESTS = 8
_SRI = re.compile(r"(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+)={0,2}(\?\S*)?")
_SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}
# Multihash: the code of the algorithm and the length of the digest.
_MULTIHASH = {b"\x12\x20": "sha256", b"\x20\x30": "sha384", b"\x13\x40": "sha512"}
# What we have at hand: contexts, by the SHA2-256 and SHA2-384 of the published files. The base context has two: as it
# stood from July 2024, which credentials and the public test suite still name, and the Recommendation of 2025. They
# define the same terms in other places.
_PUBLISHED: Mapping[str, frozenset[str]] = {
    "https://www.w3.org/ns/credentials/v2": frozenset(
        {
            "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
            "97f1eb8e5042356c805fdd61afa2c557663785e0794dcafa21e138fd38def18cb360133c221aa31d6896a6bf3e65b614",
            "24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9",
            "35239c36999d2155312091af194a1edb61634d6ad789a5e5b19f2aebdd762dd9d1dcaada40eda7ef921c6b8c0ae107a0",
        }
    ),
    "https://www.w3.org/2018/credentials/v1": frozenset(
        {
            "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc",
            "82c3b3eab863754bbfd2b9f17d8d6db9f61169f301cbf0b05e1fc4beb5f5c51dd4d2e888c274f49c3fbb2408f61faed1",
        }
    ),
    "https://www.w3.org/ns/credentials/examples/v2": frozenset(
        {
            "57393fbc69d6efb9b9b5dc9cb6b9880b0944360abfe2eaf459c9e58cf2279d7c",
            "ccd35b4135824944a2d1b6f3edd6ee6be45c10dbfb0ba16f966609d58f88ef6ec7b0f387773c042cc60ef4ccfaf0cdba",
        }
    ),
    "https://www.w3.org/ns/credentials/undefined-terms/v2": frozenset(
        {
            "82dab514ba44eb18f5d1b0f638c5e140c6a556fbfb5089601bdc0fa5eb8b2581",
            "b2a66ccddba70ba67ad99c2ff52e60558df0063cea51c4ca886e25d9ea73cfabb878baf92dc2ad2bda26c31391850d68",
        }
    ),
}
_COMPARABLE_SIZES = (32, 48)


class _MalformedDigest(ValueError):
    """Not a digest as the standards write it."""


def digest_violations(document: JsonObject) -> list[Violation]:
    """Where the digests of `relatedResource` are malformed, or contradict a resource that we have.

    A resource that we don't have is not used either, so nothing is said of it; nor is a digest by an algorithm other
    than SHA2-256 and SHA2-384. The form of the objects has been checked (`vc_data_model`).
    """
    found = document.get("relatedResource", [])
    many = isinstance(found, list)
    violations: list[Violation] = []
    for position, one in enumerate(found if many else [found]):
        path = ("relatedResource", position) if many else ("relatedResource",)
        published = _PUBLISHED.get(one["id"], frozenset())
        for name, read in (("digestSRI", _sri), ("digestMultibase", _multibase)):
            problem = _problem(one[name], read, published) if name in one else None
            if problem:
                violations.append(Violation((*path, name), problem))
    return violations


def _problem(value: object, read: Callable[[str], Iterator[bytes]], published: frozenset[str]) -> str | None:
    texts = value if isinstance(value, list) else [value]
    if not 0 < len(texts) <= MAX_DIGESTS:
        return f"must be one or more digests, at most {MAX_DIGESTS}"
    digests: set[bytes] = set()
    try:
        for text in texts:
            if not isinstance(text, str):
                return "must be a text"
            digests.update(read(text))
    except _MalformedDigest as error:
        return str(error)
    comparable = {digest.hex() for digest in digests if len(digest) in _COMPARABLE_SIZES}
    if published and comparable and not comparable & published:
        return "is not the digest of this resource"
    return None


def _sri(text: str) -> Iterator[bytes]:
    """Hash expressions, separated by blanks. Any that fits will do."""
    expressions = text.split()
    if not 0 < len(expressions) <= MAX_DIGESTS:
        raise _MalformedDigest("must be one or more hash expressions like 'sha384-…'")
    for one in expressions:
        match = _SRI.fullmatch(one)
        if match is None:
            raise _MalformedDigest("must be a hash expression like 'sha384-…'")
        digest = _base64(match[2].replace("+", "-").replace("/", "_"))
        if len(digest) != _SIZES[match[1]]:
            raise _MalformedDigest(f"is not as long as a {match[1]} digest")
        yield digest


def _multibase(text: str) -> Iterator[bytes]:
    """A multihash in base64url ('u') or base58btc ('z'); a bare digest, as the public test suite has it, as well."""
    value = _base64(text[1:]) if text.startswith("u") else _base58(text)
    algorithm = _MULTIHASH.get(value[:2])
    if algorithm is not None and len(value) == 2 + _SIZES[algorithm]:
        yield value[2:]
    elif len(value) in _SIZES.values():
        yield value
    else:
        raise _MalformedDigest("must be a multibase value with a multihash of SHA2-256, SHA2-384 or SHA2-512")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _MalformedDigest("is not base64") from None


def _base58(text: str) -> bytes:
    for size in (*(2 + size for size in _SIZES.values()), *_SIZES.values()):
        try:
            return decode_base58btc(text, size)
        except MalformedMultibase:
            continue
    raise _MalformedDigest("must be a multibase value with a multihash of SHA2-256, SHA2-384 or SHA2-512")
