"""What the offline QR carries: a certificate's statement, signed with its issuer's key, behind a '#' in an address.

A statement is a COSE_Sign1 message whose payload is a map of claims with small integer keys, in base32 (RFC 4648,
section 6, without padding): QR codes have a mode for capitals and digits in which that takes fewer modules than base64.
docs/offline-qr.md has the table of claims, the CDDL and the sizes measured.

The issuer's key signs credentials as well, and neither signature can be passed off as the other: a Data Integrity proof
signs exactly 64 bytes, two SHA-256 digests; a statement's Sig_structure is longer than that by its obligatory claims
alone, and always begins with the twelve bytes of its array and the text "Signature1".
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b32decode, b32encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from registry.domain.certificate import FIRST_DAY, LAST_DAY, MAX_NAME_LENGTH, MAX_NUMBER_LENGTH, HolderId
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.schemes import Text
from registry.formats.canonical_json import JsonObject, canonicalize
from registry.formats.cose_sign1 import (
    ALGORITHM,
    ED25519,
    EDDSA,
    KEY_ID,
    MalformedCose,
    Sign1,
    decode,
    encode,
    read_sign1,
    sign1_holds,
    write_sign1,
)
from registry.formats.credential import certificate_terms, issuer_id

# Half of a SHA-256. Who alters a scope that was signed must find a second text with the same digest: 2**128 trials.
DIGEST_SIZE = 16
# The largest certificate that the domain allows, in the largest QR code of level M (version 40).
MAX_STATEMENT_BYTES = 1856
MAX_TEXT_LENGTH = 3391
# The English name is left out of payloads that it would make larger than this: up to here a code that is 35 mm wide has
# modules of 0.37 mm or more, and telephones can read it.
_ROOMY_PAYLOAD_BYTES = 304
_MAX_IDENTIFIER_LENGTH = 64
_MAX_STANDARD_LENGTH = 200

# Keys of claims. 1 and 2 are those of CBOR Web Tokens (RFC 8392); ours are negative, so that no reader of such tokens
# takes one of them for another of its own.
_ISSUER, _SUBJECT = 1, 2
_NUMBER, _HOLDER_ZH, _HOLDER_EN, _STANDARD, _SCOPE_DIGEST = -1, -2, -3, -7, -8
_IDENTIFIERS = {"uscc": -4, "lei": -5, "other": -6}
_GRANTED_ON, _DECIDED_ON, _VALID_FROM, _VALID_UNTIL = -9, -10, -11, -12
_OPTIONAL = {_HOLDER_EN, _VALID_UNTIL, *_IDENTIFIERS.values()}
_REQUIRED = {_ISSUER, _SUBJECT, _NUMBER, _HOLDER_ZH, _STANDARD, _SCOPE_DIGEST, _GRANTED_ON, _DECIDED_ON, _VALID_FROM}

_EPOCH = date(1970, 1, 1)
_DID = re.compile(r"did:web:[A-Za-z0-9.%:_-]{1,360}")
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# The tag of COSE_Sign1 and an array of four, in base32.
_BEGINNING = re.compile("2KC", re.IGNORECASE)
# 65 bytes of signature and some claims at least: shorter fragments are places in a page.
_SHORTEST_FRAGMENT = 64


class MalformedStatement(ValueError):
    """Not a statement of a certificate; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a statement says. `scope_digest` is `digest_of_scope`; `issuer` a DID; days are days in China.

    `holder.en` may be left out for lack of room, and says nothing then.
    """

    issuer: str
    public_id: str
    number: str
    holder: Text
    identifier: HolderId | None
    standard: str
    scope_digest: bytes
    granted_on: date
    decided_on: date
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was read. `address` is what stood before the '#', empty where there was none."""

    claims: Claims
    key_id: str
    message: Sign1
    address: str = ""

    @property
    def verification_method(self) -> str:
        """The DID URL of the key that is said to have signed."""
        return f"{self.claims.issuer}#{self.key_id}"


def digest_of_scope(scope: Mapping[str, str]) -> bytes:
    """The first DIGEST_SIZE bytes of SHA-256 over the canonical JSON (RFC 8785) of `{"zh": …, "en": …}`."""
    return hashlib.sha256(canonicalize(scope)).digest()[:DIGEST_SIZE]


def claims_of(document: JsonObject) -> Claims:
    """The claims of a credential that this registry made."""
    terms = certificate_terms(document)
    holder, until = terms["holder"], terms.get("valid_until")
    identifier = holder.get("identifier")
    return Claims(
        issuer=issuer_id(document) or "",
        public_id=document["id"].rpartition("/")[2],
        number=terms["number"],
        holder=Text(holder["name"]["zh"], holder["name"].get("en")),
        identifier=HolderId(identifier["scheme"], identifier["value"]) if identifier else None,
        standard=terms["standard"],
        scope_digest=digest_of_scope(terms["scope"]),
        granted_on=date.fromisoformat(terms["granted_on"]),
        decided_on=date.fromisoformat(terms["decided_on"]),
        valid_from=date.fromisoformat(terms["valid_from"]),
        valid_until=date.fromisoformat(until) if until else None,
    )


def compose(claims: Claims, key_id: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The signed statement; the same claims and key always give the same bytes.

    `key_id` is the fragment of the issuer's verification method; `sign` turns bytes into an Ed25519 signature.
    """
    payload = _payload(claims)
    if len(payload) > _ROOMY_PAYLOAD_BYTES:
        payload = _payload(replace(claims, holder=Text(claims.holder.zh)))
    return write_sign1({ALGORITHM: EDDSA, KEY_ID: key_id.encode()}, payload, sign)


def address_of(base_url: str, public_id: str, statement: bytes) -> str:
    """What the offline QR says: the address of the verification page with the statement as its fragment."""
    return f"{base_url}/v/{public_id}#{b32encode(statement).decode().rstrip('=')}"


def carries_statement(text: str) -> bool:
    """Whether a text is meant to be an offline QR's, or the part of one behind the '#', be it whole or damaged."""
    _, mark, fragment = text.strip().rpartition("#")
    return len(fragment) >= _SHORTEST_FRAGMENT and (bool(mark) or _BEGINNING.match(fragment) is not None)


def read(text: str) -> Statement:
    """The statement in the text of a QR code, or in its part behind the '#'. Raises MalformedStatement.

    Says nothing of the signature: see `verify`.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise MalformedStatement("longer than a QR code can be")
    address, _, fragment = text.strip().rpartition("#")
    try:
        message = read_sign1(_from_base32(fragment))
        key_id = _key_id(message)
        claims = _claims(decode(message.payload))
    except MalformedCose as error:
        raise MalformedStatement(str(error)) from error
    if _payload(claims) != message.payload:
        # Python takes True and 1.0 for 1; other readers do not.
        raise MalformedStatement("a key or a number is not an integer")
    return Statement(claims, key_id, message, address)


def verify(statement: Statement, public_key: bytes) -> bool:
    """Whether the private half of `public_key` (32 bytes, Ed25519) signed the statement."""
    return sign1_holds(statement.message, public_key)


def _payload(claims: Claims) -> bytes:
    found: dict[int, Any] = {
        _ISSUER: claims.issuer,
        _SUBJECT: claims.public_id,
        _NUMBER: claims.number,
        _HOLDER_ZH: claims.holder.zh,
        _STANDARD: claims.standard,
        _SCOPE_DIGEST: claims.scope_digest,
        _GRANTED_ON: _day_number(claims.granted_on),
        _DECIDED_ON: _day_number(claims.decided_on),
        _VALID_FROM: _day_number(claims.valid_from),
    }
    if claims.holder.en is not None:
        found[_HOLDER_EN] = claims.holder.en
    if claims.identifier is not None:
        found[_IDENTIFIERS[claims.identifier.scheme]] = claims.identifier.value
    if claims.valid_until is not None:
        found[_VALID_UNTIL] = _day_number(claims.valid_until)
    return encode(found)


def _claims(found: Any) -> Claims:
    if not isinstance(found, dict) or not _REQUIRED <= found.keys() <= _REQUIRED | _OPTIONAL:
        raise MalformedStatement("claims are missing, or unknown")
    english = found.get(_HOLDER_EN)
    until = found.get(_VALID_UNTIL)
    return Claims(
        issuer=_matching(_DID, found[_ISSUER]),
        public_id=_public_id(found[_SUBJECT]),
        number=_text(found[_NUMBER], MAX_NUMBER_LENGTH),
        holder=Text(
            _text(found[_HOLDER_ZH], MAX_NAME_LENGTH), None if english is None else _text(english, MAX_NAME_LENGTH)
        ),
        identifier=_identifier(found),
        standard=_text(found[_STANDARD], _MAX_STANDARD_LENGTH),
        scope_digest=_digest(found[_SCOPE_DIGEST]),
        granted_on=_day(found[_GRANTED_ON]),
        decided_on=_day(found[_DECIDED_ON]),
        valid_from=_day(found[_VALID_FROM]),
        valid_until=None if until is None else _day(until),
    )


def _key_id(message: Sign1) -> str:
    headers = message.headers()
    algorithm, key_id = headers.get(ALGORITHM), headers.get(KEY_ID)
    if algorithm not in (EDDSA, ED25519) or not isinstance(key_id, bytes) or message.unprotected:
        raise MalformedStatement("its headers are not those of a statement")
    if message.protected != encode({ALGORITHM: int(algorithm), KEY_ID: key_id}):
        raise MalformedStatement("its headers are not those of a statement")
    return _matching(_KEY_ID, key_id.decode("ascii", "replace"))


def _identifier(found: Mapping[int, Any]) -> HolderId | None:
    given = [HolderId(scheme, found[key]) for scheme, key in _IDENTIFIERS.items() if key in found]
    if not given:
        return None
    if len(given) > 1:
        raise MalformedStatement("more than one identifier of the holder")
    _text(given[0].value, _MAX_IDENTIFIER_LENGTH)
    return given[0]


def _from_base32(fragment: str) -> bytes:
    symbols = fragment.upper()
    try:
        data = b32decode(symbols + "=" * (-len(symbols) % 8))
    except (binascii.Error, ValueError) as error:
        raise MalformedStatement("not base32: letters, and digits from 2 to 7") from error
    # A second spelling of the same bytes, in bits that are left over, is no spelling of ours.
    if len(data) > MAX_STATEMENT_BYTES or b32encode(data).decode().rstrip("=") != symbols:
        raise MalformedStatement("too long, or not base32")
    return data


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise MalformedStatement("a name of the issuer or of its key is not well-formed")


def _public_id(value: Any) -> str:
    try:
        if isinstance(value, str) and parse_public_id(value) == value:
            return value
    except MalformedPublicId:
        pass
    raise MalformedStatement("it names no certificate id")


def _text(value: Any, limit: int) -> str:
    # As the domain demands of certificates; what can't be printed could also garble a terminal.
    if isinstance(value, str) and 0 < len(value) <= limit and value.isprintable():
        return value
    raise MalformedStatement("a text is empty, too long, or can't be printed")


def _digest(value: Any) -> bytes:
    if isinstance(value, bytes) and len(value) == DIGEST_SIZE:
        return value
    raise MalformedStatement(f"the digest of the scope has not {DIGEST_SIZE} bytes")


def _day_number(day: date) -> int:
    """Days since 1970-01-01, as in RFC 8943."""
    return (day - _EPOCH).days


def _day(value: Any) -> date:
    if type(value) is int and _day_number(FIRST_DAY) <= value <= _day_number(LAST_DAY):
        return _EPOCH + timedelta(days=value)
    raise MalformedStatement("a day is no number of days, or out of range")
