"""Verifying a receipt with no registry to ask: that it is genuine, and that its evidence leads to what it states."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from registry.domain.errors import InvalidInput, Violation
from registry.domain.verdict import Check, CheckName, Finding, Outcome, Verdict
from registry.formats.bitstring_status_list import StatusListError
from registry.formats.canonical_json import JsonObject, canonicalize
from registry.formats.data_integrity import MalformedProof, signature_holds, take_apart
from registry.formats.did_web import registry_did
from registry.formats.offline_status import check_list
from registry.formats.receipt import Evidence, MalformedReceipt, parse_object, read_receipt
from registry.formats.trust_bundle import TrustBundle
from registry.services.judge import Verification
from registry.services.verify_offline import OfflineVerifier

# Status lists do not tell these apart (docs/offline.md).
_AS_LISTED = {Verdict.CANCELLED: Verdict.WITHDRAWN, Verdict.SUPERSEDED: Verdict.WITHDRAWN}


def verify_receipt(bundle: TrustBundle, document: JsonObject) -> Verification:
    """The verdict that a receipt states, as of its day, where it is genuine and its evidence bears it out.

    The checks are those of the evidence; that of the signature fails where the receipt itself is not genuine, or where
    its evidence leads elsewhere. Raises InvalidInput for what is no receipt.
    """
    try:
        stated, checked_at, when, evidence = read_receipt(document)
        problem = _problem(bundle, document)
        shown = _shown(bundle, evidence, checked_at)
    except (MalformedReceipt, StatusListError) as error:
        raise InvalidInput([Violation((), str(error))]) from error
    if problem is None and shown is not None and not _leads_to(shown.verdict, stated, of_then=when != checked_at):
        problem = f"the receipt states '{stated}', and what it contains shows '{shown.verdict}'"
    if problem is not None:
        refused = Check(CheckName.SIGNATURE, Outcome.FAIL, Finding.SIGNATURE_BROKEN, problem)
        rest = shown.checks[1:] if shown else ()
        return Verification(Verdict.INVALID, (refused, *rest), checked_at)
    if shown is None:
        detail = "the receipt's signature holds; nothing was found that it could contain"
        checks = (Check(CheckName.SIGNATURE, Outcome.PASS, Finding.SIGNATURE_HOLDS, detail),)
        return Verification(stated, checks, checked_at)
    return shown._replace(verdict=stated)


def _problem(bundle: TrustBundle, document: JsonObject) -> str | None:
    """Why the receipt itself is not genuine; None where it is."""
    try:
        signed = take_apart(document)
    except (MalformedProof, ValueError) as error:
        return f"the receipt: {error}"
    key = bundle.receipt_keys.get(signed.verification_method)
    if key is None or document.get("issuer") != registry_did(bundle.registry):
        return "the receipt is not signed with a key for receipts of this registry"
    if not signature_holds(signed, key.public_key):
        return "the receipt's signature does not fit it: it was altered, or never signed by this key"
    if key.compromised_since is not None:
        return "the receipt is signed with a key that is compromised"
    if key.state_at(datetime.fromisoformat(str(signed.proof["created"]))) != "active":
        return "the receipt is younger than the end of the key that signed it"
    return None


def _shown(bundle: TrustBundle, evidence: Evidence, checked_at: datetime) -> Verification | None:
    """What the evidence shows by itself. Raises MalformedReceipt, StatusListError."""
    if evidence.credential is None:
        return None
    did = registry_did(bundle.registry)
    lists = [check_list(canonicalize(parse_object(one)), did, bundle.list_keys) for one in evidence.status_lists]
    of_then = replace(bundle, lists={one.content.url or "": one for one in lists})
    return OfflineVerifier(of_then, checked_at).document(evidence.credential, evidence.log_proof)


def _leads_to(shown: Verdict, stated: Verdict, *, of_then: bool) -> bool:
    """Whether the evidence is in keeping with what is stated. Of a moment before the receipt it shows no status."""
    if stated is Verdict.INVALID or shown is Verdict.INVALID:
        return shown is stated
    return of_then or shown is Verdict.UNKNOWN or shown is _AS_LISTED.get(stated, stated)
