"""Receipts of verifications: a verifiable credential (W3C VC Data Model 2.0) by the registry, with all evidence inside.

`credentialSubject` states what was asked, when, for whom, the verdict and every check. Its `evidence` has, as the texts
that they were signed as, the credential, the proof of the log (c2sp.org/tlog-proof@v1) and the status lists of that
moment, so that years later, with no registry to ask, somebody can come to the same verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.domain.verdict import Check, Verdict
from registry.formats import canonical_json
from registry.formats.canonical_json import JsonObject
from registry.formats.contexts import VC_V2
from registry.formats.data_integrity import timestamp

RECEIPT_TYPE = "VerificationReceipt"
# The W3C's own context for terms that no other context defines.
_CONTEXT = [VC_V2, "https://www.w3.org/ns/credentials/undefined-terms/v2"]
MAX_RECEIPT_BYTES = 4 * 1024 * 1024


class MalformedReceipt(ValueError):
    """The document is no receipt as a registry writes them; the message says where."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a receipt contains: the credential, the proof of the log and the status lists, as bytes."""

    credential: bytes | None = None
    log_proof: bytes | None = None
    status_lists: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Stated:
    """What a receipt states. `when` and `known_at` are the moment that was asked about."""

    asked: Mapping[str, Any]
    relying_party: str
    verdict: Verdict
    checks: Sequence[Check]
    checked_at: datetime
    when: datetime
    known_at: datetime
    public_id: str | None
    name: Mapping[str, Any] | None = None


def receipt(identity: str, issuer: str, stated: Stated, evidence: Evidence) -> JsonObject:
    """The document of a receipt under its address, without the proof."""
    subject: JsonObject = {
        "type": "Verification",
        "asked": dict(stated.asked),
        "relyingParty": stated.relying_party,
        "verdict": stated.verdict.value,
        "checks": [
            {
                "check": one.name.value,
                "result": one.outcome.value,
                "finding": one.finding.value,
                "detail": one.detail,
            }
            for one in stated.checks
        ],
        "checkedAt": _exact(stated.checked_at),
        "asOf": _exact(stated.when),
        "knownAt": _exact(stated.known_at),
        "certificate": stated.public_id,
        "name": None if stated.name is None else dict(stated.name),
        "evidence": {
            "credential": _text(evidence.credential),
            "logProof": _text(evidence.log_proof),
            "statusLists": [one.decode() for one in evidence.status_lists],
        },
    }
    return {
        "@context": _CONTEXT,
        "id": identity,
        "type": ["VerifiableCredential", RECEIPT_TYPE],
        "issuer": issuer,
        "validFrom": timestamp(stated.checked_at),
        "credentialSubject": {name: value for name, value in subject.items() if value is not None},
    }


def is_receipt(document: JsonObject) -> bool:
    """Whether a document says that it is a receipt."""
    types = document.get("type")
    return isinstance(types, list) and RECEIPT_TYPE in types


def read_receipt(document: JsonObject) -> tuple[Verdict, datetime, datetime, Evidence]:
    """What a receipt says: the verdict, when it was checked, the moment asked about, and the evidence.

    Raises MalformedReceipt.
    """
    try:
        subject = document["credentialSubject"]
        evidence = subject["evidence"]
        found = Evidence(
            _bytes(evidence.get("credential")),
            _bytes(evidence.get("logProof")),
            tuple(str(one).encode() for one in evidence["statusLists"]),
        )
        moments = [datetime.fromisoformat(subject[name]) for name in ("checkedAt", "asOf")]
        if any(one.tzinfo is None for one in moments):
            raise ValueError("a time without a zone")
        return Verdict(subject["verdict"]), moments[0], moments[1], found
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedReceipt(f"a member of the receipt is missing or of another kind: {error}") from error


def parse_object(text: bytes) -> JsonObject:
    """A document that stands in a receipt. Raises MalformedReceipt."""
    try:
        found = canonical_json.parse(text)
    except canonical_json.MalformedJson as error:
        raise MalformedReceipt(f"a document inside: {error}") from error
    if not isinstance(found, dict):
        raise MalformedReceipt("a document inside is no JSON object")
    return found


def _exact(moment: datetime) -> str:
    return moment.isoformat()


def _text(body: bytes | None) -> str | None:
    return None if body is None else body.decode()


def _bytes(text: Any) -> bytes | None:
    return text.encode() if isinstance(text, str) else None
