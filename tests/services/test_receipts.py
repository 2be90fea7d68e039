"""Receipts: what they state, that they prove it years later offline, and that only their party has them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from keys import Purpose
from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import CheckName, Outcome, Verdict
from registry.formats.credential import certificate_terms
from registry.formats.receipt import is_receipt
from registry.services import manage_keys
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, RelyingParty, Scope
from registry.services.judge import Moment, Verification
from registry.services.portfolio.items import read_items
from registry.services.portfolio.verify import PortfolioVerifier
from registry.services.receipts import export_receipts, list_receipts, make_receipt, read_receipt
from registry.services.verify import Verifier
from registry.services.verify_files import FileVerdict, verify_file
from registry.services.verify_offline import OfflineVerifier
from registry.services.verify_receipt import verify_receipt
from tests.conftest import Clock, sample_certificate, sample_party
from tests.services.offline import bundle_of, document_of, new, signed_by


@pytest.fixture
def party(registry: Registry) -> RelyingParty:
    return sample_party(registry)


def made(registry: Registry, party: RelyingParty, moment: Moment | None = None, **item: Any) -> Any:
    """The document of a new receipt for an item in the shape of a request."""
    verifier = PortfolioVerifier(registry, Verifier(registry, 0).log)
    (one,) = read_items([item])
    return orjson.loads(make_receipt(registry, verifier, party, one, moment or Moment.present(registry.now())).document)


def judged(registry: Registry, receipt: Any) -> Verification:
    return verify_receipt(bundle_of(registry), receipt)


def test_a_receipt_states_what_was_asked_and_found(registry: Registry, party: RelyingParty, clock: Clock) -> None:
    public_id = new(registry)
    receipt = made(registry, party, number="00125q30001r0s", name="别家", reference="loan 7")
    assert is_receipt(receipt)
    assert receipt["issuer"] == "did:web:registry.example"
    assert "#receipt-" in receipt["proof"]["verificationMethod"]
    subject = receipt["credentialSubject"]
    assert subject["asked"] == {"by": "number", "value": "00125q30001r0s", "name": "别家", "reference": "loan 7"}
    assert (subject["relyingParty"], subject["verdict"], subject["certificate"]) == ("bank", "valid", public_id)
    assert [one["result"] for one in subject["checks"]] == ["pass"] * 6
    assert subject["checkedAt"] == clock.now.isoformat()
    assert subject["name"]["difference"] == "different"
    evidence = subject["evidence"]
    assert evidence["credential"].encode() == document_of(registry, public_id)
    assert evidence["logProof"].startswith("c2sp.org/tlog-proof@v1\n")
    assert len(evidence["statusLists"]) == 2


def test_years_later_it_still_proves_the_answer_of_its_day(
    registry: Registry, actor: Actor, party: RelyingParty, clock: Clock
) -> None:
    public_id = new(registry)
    receipt, then = made(registry, party, public_id=public_id), clock.now
    clock.advance(days=100)
    change_status(registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    manage_keys.rotate_key(registry, "registry", Purpose.RECEIPT)
    manage_keys.rotate_key(registry, "registry", Purpose.STATUS_LIST)
    withdrawn = made(registry, party, public_id=public_id)
    clock.advance(days=1500)
    for document, verdict in ((receipt, Verdict.VALID), (withdrawn, Verdict.WITHDRAWN)):
        assert judged(registry, document).verdict is verdict
    found = judged(registry, receipt)
    assert found.checked_at == then
    assert [one.outcome for one in found.checks] == [Outcome.PASS] * 6
    assert found.terms["number"] == sample_certificate().number


@pytest.mark.parametrize("act", [Act.SUSPEND, Act.CANCEL])
def test_what_lists_tell_less_exactly_is_in_keeping_all_the_same(
    registry: Registry, actor: Actor, party: RelyingParty, act: Act
) -> None:
    public_id = new(registry)
    reasons = {Act.SUSPEND: Reason.SURVEILLANCE_OVERDUE, Act.CANCEL: Reason.HOLDER_REQUEST}
    change_status(registry, actor, public_id, act, reasons[act])
    receipt = made(registry, party, public_id=public_id)
    assert judged(registry, receipt).verdict == receipt["credentialSubject"]["verdict"]
    assert judged(registry, receipt).verdict in (Verdict.SUSPENDED, Verdict.CANCELLED)


def test_whatever_is_altered_in_it_shows(registry: Registry, party: RelyingParty) -> None:
    receipt = made(registry, party, public_id=new(registry))
    subject = receipt["credentialSubject"]
    for altered in (
        {**subject, "verdict": "withdrawn"},
        {**subject, "checkedAt": "2026-03-03T04:00:00+00:00"},
        {**subject, "relyingParty": "insurer"},
        {**subject, "evidence": {**subject["evidence"], "logProof": None}},
    ):
        found = judged(registry, {**receipt, "credentialSubject": altered})
        assert found.verdict is Verdict.INVALID
        assert found.checks[0].outcome is Outcome.FAIL
    nobody = judged(registry, {name: value for name, value in receipt.items() if name != "proof"})
    assert nobody.verdict is Verdict.INVALID


def test_a_receipt_of_an_issuers_key_is_none(registry: Registry, party: RelyingParty) -> None:
    receipt = made(registry, party, public_id=new(registry))
    method = "did:web:registry.example:issuers:cqc#cqc-1"
    pen = registry.keys.signer("cqc-1", registry.now()).sign
    forged = orjson.loads(signed_by(registry, orjson.dumps(receipt), pen, method))
    assert judged(registry, forged).verdict is Verdict.INVALID


def test_the_registry_itself_cannot_state_what_its_evidence_does_not_show(
    registry: Registry, actor: Actor, party: RelyingParty
) -> None:
    public_id = new(registry)
    change_status(registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    receipt = made(registry, party, public_id=public_id)
    receipt["credentialSubject"]["verdict"] = "valid"
    method = receipt["proof"]["verificationMethod"]
    pen = registry.keys.signer(method.partition("#")[2], registry.now()).sign
    lie = orjson.loads(signed_by(registry, orjson.dumps(receipt), pen, method))
    found = judged(registry, lie)
    assert found.verdict is Verdict.INVALID
    assert "states 'valid'" in found.checks[0].detail


def test_what_is_not_registered_has_a_receipt_too(registry: Registry, party: RelyingParty) -> None:
    receipt = made(registry, party, number="nobody's")
    found = judged(registry, receipt)
    assert (found.verdict, found.checks[0].outcome) == (Verdict.UNKNOWN, Outcome.PASS)


def test_a_forged_credential_has_a_receipt_that_says_so(registry: Registry, party: RelyingParty) -> None:
    credential = orjson.loads(document_of(registry, new(registry)))
    certificate_terms(credential)["number"] = "B-1"
    receipt = made(registry, party, credential=credential)
    assert receipt["credentialSubject"]["verdict"] == "invalid"
    assert judged(registry, receipt).verdict is Verdict.INVALID
    assert judged(registry, receipt).checks[0].detail != judged(registry, {**receipt, "issuer": "x"}).checks[0].detail


def test_a_day_of_the_past_has_a_receipt_without_status_lists(
    registry: Registry, actor: Actor, party: RelyingParty, clock: Clock
) -> None:
    public_id, then = new(registry), clock.now
    clock.advance(days=1)
    change_status(registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    receipt = made(registry, party, Moment(then, clock.now, clock.now), public_id=public_id)
    found = judged(registry, receipt)
    assert receipt["credentialSubject"]["asOf"] == then.isoformat()
    assert found.verdict is Verdict.VALID
    assert {one.name: one.outcome for one in found.checks}[CheckName.STATUS] is Outcome.NOT_CHECKED


def test_several_certificates_have_no_receipt_and_a_mistyped_id_none_either(
    registry: Registry, party: RelyingParty
) -> None:
    new(registry, "A-1")
    new(registry, "A-2")
    with pytest.raises(Conflict, match="2 certificates fit"):
        made(registry, party, uscc="91330282MA00000184")
    with pytest.raises(InvalidInput) as refused:
        made(registry, party, public_id="23456")
    assert refused.value.violations[0].path == ("public_id",)
    assert list_receipts(registry, party, None, 10) == ([], None)


def test_receipts_are_the_partys_alone(registry: Registry, party: RelyingParty) -> None:
    public_id = new(registry)
    names = [made(registry, party, public_id=public_id, reference=str(n))["id"].rpartition("/")[2] for n in range(3)]
    first, after = list_receipts(registry, party, None, 2)
    second, last = list_receipts(registry, party, after, 2)
    assert [one.name for one in (*first, *second)] == names[::-1]
    assert (first[0].reference, first[0].verdict, first[0].public_id, last) == ("2", "valid", public_id, None)
    lines = b"".join(export_receipts(registry, party)).splitlines()
    assert lines == [read_receipt(registry, party, name) for name in names]
    stranger = sample_party(registry, "insurer")
    assert list_receipts(registry, stranger, None, 2) == ([], None)
    assert list(export_receipts(registry, stranger)) == []
    with pytest.raises(NotFound):
        read_receipt(registry, stranger, names[0])
    with pytest.raises(InvalidInput):
        list_receipts(registry, stranger, names[0], 2)


def test_without_the_scope_there_are_none(registry: Registry, party: RelyingParty) -> None:
    limited = replace(party, scopes=frozenset({Scope.VERIFY}))
    moment = Moment.present(registry.now())
    verifier = PortfolioVerifier(registry, Verifier(registry, 0).log)
    (item,) = read_items([{"number": "A"}])
    for refused in (
        lambda: make_receipt(registry, verifier, limited, item, moment),
        lambda: list_receipts(registry, limited, None, 2),
        lambda: read_receipt(registry, limited, "x"),
        lambda: export_receipts(registry, limited),
    ):
        with pytest.raises(NotPermitted):
            refused()


def test_a_file_with_a_receipt_is_verified_offline(registry: Registry, party: RelyingParty, tmp_path: Path) -> None:
    receipt = made(registry, party, public_id=new(registry))
    path = tmp_path / "receipt.json"
    path.write_bytes(orjson.dumps(receipt))
    verifier = OfflineVerifier(bundle_of(registry), registry.now() + timedelta(days=400))
    assert verify_file(verifier, str(path)).verdict is Verdict.VALID
    path.write_bytes(orjson.dumps({**receipt, "credentialSubject": {}}))
    found = verify_file(verifier, str(path))
    assert isinstance(found, FileVerdict)
    assert found.verdict is None
    assert "receipt" in found.problem
