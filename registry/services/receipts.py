"""Receipts: a verification as a signed document with all its evidence, made and kept for a relying party."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

from keys import Purpose as KeyPurpose
from registry.domain.errors import Conflict, InvalidInput, NotFound, StorageUnavailable, Violation
from registry.formats.bitstring_status_list import Purpose, StatusListError, check_entry, status_list_url
from registry.formats.canonical_json import JsonObject, canonicalize
from registry.formats.data_integrity import add_proof
from registry.formats.did_web import registry_did
from registry.formats.log_entry import digest
from registry.formats.receipt import Evidence, Stated, receipt
from registry.services.context import Registry, RelyingParty, Scope, audit_for
from registry.services.judge import Moment, Verification
from registry.services.log import read
from registry.services.own_keys import own_signer
from registry.services.portfolio.items import By, Item
from registry.services.portfolio.verify import ItemVerdict, PortfolioVerifier
from registry.services.status_lists import StatusLists
from registry.store import receipts as store
from registry.store.receipts import StoredReceipt

MAX_PAGE = 100
_EXPORTED_AT_ONCE = 100
# As often a certificate's status may change while its evidence is gathered.
_ATTEMPTS = 3


class NewReceipt(NamedTuple):
    """A receipt that was just made: its name, and the signed document."""

    name: str
    document: bytes


def make_receipt(
    registry: Registry, verifier: PortfolioVerifier, party: RelyingParty, item: Item, moment: Moment
) -> NewReceipt:
    """Verify one item, and keep what came out as a signed receipt.

    Raises NotPermitted, InvalidInput for an item that can't be read, Conflict where several certificates fit.
    """
    party.require(Scope.RECEIPTS)
    verdict, evidence = _with_evidence(registry, verifier, party, item, moment)
    if verdict.verdict is None:
        ids = ", ".join(one.found.public_id or "" for one in verdict.certificates)
        raise Conflict(f"{verdict.fitting} certificates fit: ask for a receipt of one by its public id: {ids}")
    found = verdict.certificates[0] if verdict.certificates else None
    name = secrets.token_hex(16)
    stated = Stated(
        _asked(item),
        party.code,
        verdict.verdict,
        found.found.checks if found else (),
        moment.now,
        moment.when,
        moment.known_at,
        found.found.public_id if found else None,
        _name(verdict),
    )
    key = own_signer(registry, KeyPurpose.RECEIPT)
    identity = f"{registry.base_url}/api/v1/receipts/{name}"
    unsigned = receipt(identity, registry_did(registry.base_url), stated, evidence)
    document = add_proof(unsigned, key.published.verification_method, moment.now, key.signer.sign)
    with registry.database.transaction() as connection:
        store.insert_receipt(
            connection,
            name=name,
            party_id=party.party_id,
            made_at=moment.now,
            verdict=stated.verdict.value,
            public_id=stated.public_id,
            reference=item.reference,
            document=document,
        )
        audit_for(connection, moment.now, party, None, "receipt.make", name, party=party.code)
    return NewReceipt(name, document)


def list_receipts(
    registry: Registry, party: RelyingParty, after: str | None, limit: int
) -> tuple[list[StoredReceipt], str | None]:
    """A page of the party's receipts, newest first, and the cursor of the next. Raises NotPermitted, InvalidInput."""
    party.require(Scope.RECEIPTS)
    if not 0 < limit <= MAX_PAGE:
        raise InvalidInput([Violation(("limit",), f"must be 1 to {MAX_PAGE}")])
    with registry.database.read() as connection:
        cursor = store.find_receipt(connection, party.party_id, after) if after is not None else None
        if after is not None and cursor is None:
            reason = "not a cursor of this list; use the one in the page before"
            raise InvalidInput([Violation(("after",), reason)])
        below = cursor[0] if cursor else None
        found = store.page_of_receipts(connection, party.party_id, below, limit + 1)
    return found[:limit], found[limit - 1].name if len(found) > limit else None


def read_receipt(registry: Registry, party: RelyingParty, name: str) -> bytes:
    """The signed document of one of the party's receipts. Raises NotPermitted, NotFound."""
    party.require(Scope.RECEIPTS)
    with registry.database.read() as connection:
        found = store.find_receipt(connection, party.party_id, name)
    if found is None:
        raise NotFound("No receipt of yours has this name.")
    return found[1]


def export_receipts(registry: Registry, party: RelyingParty) -> Iterator[bytes]:
    """All of the party's receipts, a line each, oldest first. Raises NotPermitted, at once."""
    party.require(Scope.RECEIPTS)
    return _lines(registry, party)


def _lines(registry: Registry, party: RelyingParty) -> Iterator[bytes]:
    after = 0
    while True:
        with registry.database.read() as connection:
            some = store.documents_after(connection, party.party_id, after, _EXPORTED_AT_ONCE)
        if not some:
            return
        yield b"".join(document + b"\n" for _, document in some)
        after = some[-1][0]


def _with_evidence(
    registry: Registry, verifier: PortfolioVerifier, party: RelyingParty, item: Item, moment: Moment
) -> tuple[ItemVerdict, Evidence]:
    """The verdict and its evidence, between which nothing has changed. Raises as `make_receipt`."""
    for _ in range(_ATTEMPTS):
        before = _verified(verifier, party, item, moment)
        evidence = _evidence(registry, before, moment)
        # A verdict by what was known at a moment never changes; one of the present may, while evidence is gathered.
        now = moment if not moment.is_present else Moment.present(registry.now())
        if _verified(verifier, party, item, now).verdict == before.verdict:
            return before, evidence
    raise StorageUnavailable("The certificate is being changed at this moment. Ask again.")


def _verified(verifier: PortfolioVerifier, party: RelyingParty, item: Item, moment: Moment) -> ItemVerdict:
    checking = RelyingParty(party.name, party.party_id, party.code, frozenset({Scope.VERIFY}))
    ((found,),) = verifier.verify(checking, [item], moment, lambda one: one)
    if found.problem is not None:
        raise InvalidInput([Violation((item.by,), found.problem)])
    return found


def _evidence(registry: Registry, verdict: ItemVerdict, moment: Moment) -> Evidence:
    if len(verdict.certificates) != 1:
        return Evidence()
    found = verdict.certificates[0].found
    credential = _judged(verdict.item, found)
    if credential is None or found.public_id is None:
        return Evidence(credential)
    try:
        proof = read.certificate_proof(registry, found.public_id)
    except NotFound:
        # Issued a second ago, and not in the log yet: the check of the log says so.
        proof = None
    # Lists tell the present.
    lists = _lists(registry, found.document) if moment.is_present and found.document else ()
    return Evidence(credential, proof, lists)


def _judged(item: Item, found: Verification) -> bytes | None:
    """The document that was judged: the one that was handed in, or the registered one."""
    if item.by is By.CREDENTIAL:
        return canonicalize(item.value)
    return None if not found.document else canonicalize(found.document)


def _lists(registry: Registry, document: JsonObject) -> tuple[bytes, ...]:
    """The status lists that a credential names, right at this moment."""
    named = set()
    for one in document.get("credentialStatus") or ():
        try:
            named.add(check_entry(one).list_url)
        except StatusListError:
            continue
    # An instance of its own has not looked at them a moment ago, and so looks now.
    lists = StatusLists(registry)
    return tuple(
        lists.current(list_id, purpose).document
        for list_id in lists.ids()
        for purpose in Purpose
        if status_list_url(registry.base_url, list_id, purpose) in named
    )


def _asked(item: Item) -> dict[str, Any]:
    value = {"digest": digest(canonicalize(item.value))} if item.by is By.CREDENTIAL else {"value": item.value}
    more = {"issuer": item.issuer, "name": item.name, "reference": item.reference}
    return {"by": item.by.value, **value, **{name: one for name, one in more.items() if one is not None}}


def _name(verdict: ItemVerdict) -> dict[str, Any] | None:
    difference = verdict.certificates[0].name if verdict.certificates else None
    if difference is None:
        return None
    return {
        "given": difference.given,
        "registered": difference.registered,
        # A text: canonical JSON writes numbers that are no integers in a way of its own.
        "score": str(difference.score),
        "difference": difference.finding.value,
    }
