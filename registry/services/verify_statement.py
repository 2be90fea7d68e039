"""Checking the text of an offline QR: who signed it, and whether the registry says the same."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from keys import Purpose
from registry.domain.errors import InvalidInput, NotFound, Violation
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.domain.schemes import Text
from registry.domain.signing_key import PublishedKey
from registry.domain.verdict import Verdict
from registry.formats.canonical_json import JsonObject
from registry.formats.cose_statement import Claims, MalformedStatement, Statement, claims_of, read, verify
from registry.services.compare import Difference, differences
from registry.services.context import Registry
from registry.services.verify import Verification, Verifier
from registry.store.issuers import find_key


class StatementFinding(StrEnum):
    """What came out of a statement; the first that applies, in this order."""

    ELSEWHERE = "elsewhere"
    OF_ANOTHER = "of_another"
    KEY_UNKNOWN = "key_unknown"
    ALTERED = "altered"
    UNCONFIRMED = "unconfirmed"
    DIFFERS = "differs"
    KEY_COMPROMISED = "key_compromised"
    AGREES = "agrees"


_NOTHING_WRONG = frozenset({StatementFinding.UNCONFIRMED, StatementFinding.KEY_COMPROMISED, StatementFinding.AGREES})


class StatementVerification(NamedTuple):
    """A statement as it was read, what came out, and what the registry says of the certificate itself.

    `registered` is None for what is not in the registry. `differences` tell where the statement departs from the
    registered certificate, in the shape of `shown`.
    """

    finding: StatementFinding
    statement: Statement
    registered: Verification | None
    differences: tuple[Difference, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The registry's verdict, unless something is wrong with the statement itself."""
        if self.finding not in _NOTHING_WRONG:
            return Verdict.INVALID
        return Verdict.UNKNOWN if self.registered is None else self.registered.verdict


def verify_statement(registry: Registry, verifier: Verifier, text: str) -> StatementVerification:
    """Check the text of an offline QR, or the part of it behind the '#'.

    Raises InvalidInput for what is no statement, StorageUnavailable.
    """
    try:
        statement = read(text)
    except MalformedStatement as error:
        raise InvalidInput([Violation((), f"no statement of a certificate can be read there: {error}")]) from error
    with registry.database.read() as connection:
        key = find_key(connection, statement.verification_method)
    try:
        registered = verifier.by_public_id(statement.claims.public_id)
    except NotFound:
        registered = None
    claims = _registered_claims(registered)
    found = () if claims is None else tuple(differences(shown(_as_far_as(statement, claims)), shown(statement.claims)))
    issuers_key = key.published if key is not None and key.purpose == Purpose.ISSUER else None
    finding = (
        judge_address(statement, registry.base_url)
        or judge_signature(statement, issuers_key)
        or _judge_content(claims, found)
        or _judge_key(issuers_key)
    )
    return StatementVerification(finding, statement, registered, found)


def judge_signature(statement: Statement, key: PublishedKey | None) -> StatementFinding | None:
    """What is wrong with the signature, by the key of the statement's verification method; None where it holds.

    A statement tells no time that could be trusted, so a compromised key is a matter of what else agrees.
    """
    if key is None:
        return StatementFinding.KEY_UNKNOWN
    return None if verify(statement, key.public_key) else StatementFinding.ALTERED


def shown(claims: Claims) -> JsonObject:
    """Claims as JSON, named as in a credential's `certificate`."""
    identifier = claims.identifier and {"scheme": claims.identifier.scheme, "value": claims.identifier.value}
    return {
        "issuer": claims.issuer,
        "public_id": claims.public_id,
        "number": claims.number,
        "holder": {"name": {"zh": claims.holder.zh, "en": claims.holder.en}, "identifier": identifier},
        "standard": claims.standard,
        "scope_digest": claims.scope_digest.hex(),
        "granted_on": claims.granted_on.isoformat(),
        "decided_on": claims.decided_on.isoformat(),
        "valid_from": claims.valid_from.isoformat(),
        "valid_until": claims.valid_until and claims.valid_until.isoformat(),
    }


def _registered_claims(registered: Verification | None) -> Claims | None:
    """What is registered, unless it fails its own check: then it may have any shape."""
    if registered is None or registered.document is None or registered.verdict is Verdict.INVALID:
        return None
    return claims_of(registered.document)


def _as_far_as(statement: Statement, registered: Claims) -> Claims:
    """What is registered, without an English name where the statement had no room for it."""
    if statement.claims.holder.en is not None:
        return registered
    return replace(registered, holder=Text(registered.holder.zh))


def judge_address(statement: Statement, base_url: str) -> StatementFinding | None:
    """Whether the code leads to the page of this certificate, here."""
    if not statement.address:
        return None
    host, mark, place = statement.address.partition("/v/")
    if not mark or host.lower() != base_url.lower():
        return StatementFinding.ELSEWHERE
    try:
        same = parse_public_id(place.partition("?")[0]) == statement.claims.public_id
    except MalformedPublicId:
        same = False
    return None if same else StatementFinding.OF_ANOTHER


def _judge_content(registered: Claims | None, found: tuple[Difference, ...]) -> StatementFinding | None:
    if registered is None:
        return StatementFinding.UNCONFIRMED
    return StatementFinding.DIFFERS if found else None


def _judge_key(key: PublishedKey | None) -> StatementFinding:
    compromised = key is None or key.compromised_since is not None
    return StatementFinding.KEY_COMPROMISED if compromised else StatementFinding.AGREES
