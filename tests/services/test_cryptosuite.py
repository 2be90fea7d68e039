"""Issuers that sign over RDF: issued, verified, and changed without a trace left in what was signed before."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from registry.domain.errors import NotFound
from registry.domain.reasons import Reason
from registry.domain.verdict import CheckName, Finding, Outcome, Verdict
from registry.formats.data_integrity import Cryptosuite
from registry.formats.trust_bundle import open_bundle
from registry.services import find
from registry.services.context import Actor, Registry
from registry.services.issue import issue, issue_many
from registry.services.manage_issuers import list_issuers, set_cryptosuite
from registry.services.status_lists import StatusLists
from registry.services.trust_bundle import build_bundle
from registry.services.verify import Verification, Verifier
from registry.services.verify_offline import OfflineVerifier
from registry.services.versions import reissue
from registry.store.models import AuditEvent
from tests.conftest import sample_certificate


def stored_document(registry: Registry, public_id: str) -> bytes:
    return find.stored_document(registry, public_id)[1]


def suite_of(document: bytes) -> str:
    return str(json.loads(document)["proof"]["cryptosuite"])


def signature(found: Verification) -> tuple[Outcome, Finding]:
    (check,) = (one for one in found.checks if one.name is CheckName.SIGNATURE)
    return check.outcome, check.finding


@pytest.fixture
def rdf_actor(registry: Registry, actor: Actor) -> Actor:
    """An actor of an issuer that signs over RDF."""
    set_cryptosuite(registry, "cqc", Cryptosuite.RDFC)
    return actor


def test_a_certificate_signed_over_rdf_is_valid_and_stands_as_it_was_signed(
    registry: Registry, rdf_actor: Actor
) -> None:
    row = issue(registry, rdf_actor, sample_certificate())
    document = stored_document(registry, row.public_id)
    assert suite_of(document) == "eddsa-rdfc-2022"
    verifier = Verifier(registry, 0)
    assert verifier.by_public_id(row.public_id).verdict is Verdict.VALID
    handed_in = verifier.document(json.dumps(json.loads(document), indent=2).encode())
    assert handed_in.verdict is Verdict.VALID
    assert signature(handed_in) == (Outcome.PASS, Finding.SIGNATURE_HOLDS)


def test_batches_and_reissued_certificates_are_signed_over_rdf_as_well(registry: Registry, rdf_actor: Actor) -> None:
    batch = [replace(sample_certificate(), number=f"00126Q3000{number}R0S") for number in range(3)]
    ids = issue_many(registry, rdf_actor, batch)
    again = replace(sample_certificate(), number="00126Q30009R0S-1")
    new = reissue(registry, rdf_actor, ids[0], again, Reason.CORRECTION)
    verifier = Verifier(registry, 0)
    for public_id in (*ids[1:], new.public_id):
        assert suite_of(stored_document(registry, public_id)) == "eddsa-rdfc-2022"
        assert verifier.by_public_id(public_id).verdict is Verdict.VALID


def test_what_was_signed_before_a_change_of_suite_stays_as_it_is(registry: Registry, actor: Actor) -> None:
    numbers = iter(range(10, 20))
    signed = []
    for suite in (Cryptosuite.JCS, Cryptosuite.RDFC, Cryptosuite.JCS):
        set_cryptosuite(registry, "cqc", suite)
        row = issue(registry, actor, replace(sample_certificate(), number=f"00126Q300{next(numbers)}R0S"))
        signed.append((row.public_id, suite))
    verifier = Verifier(registry, 0)
    for public_id, suite in signed:
        assert suite_of(stored_document(registry, public_id)) == suite
        assert verifier.by_public_id(public_id).verdict is Verdict.VALID


def altered(document: bytes, **members: Any) -> bytes:
    changed = json.loads(document)
    changed["credentialSubject"]["certificate"].update(members)
    return json.dumps(changed).encode()


def test_an_altered_certificate_is_invalid_also_where_rdf_does_not_see_the_difference(
    registry: Registry, rdf_actor: Actor
) -> None:
    document = stored_document(registry, issue(registry, rdf_actor, sample_certificate()).public_id)
    verifier = Verifier(registry, 0)
    terms = json.loads(document)["credentialSubject"]["certificate"]
    broken = verifier.document(altered(document, number="1"))
    assert broken.verdict is Verdict.INVALID
    assert signature(broken) == (Outcome.FAIL, Finding.SIGNATURE_BROKEN)
    same_to_rdf = verifier.document(altered(document, valid_from=[terms["valid_from"]]))
    assert same_to_rdf.verdict is Verdict.INVALID
    assert [one.pointer for one in same_to_rdf.differences] == ["/credentialSubject/certificate/valid_from"]


def test_the_setting_is_seen_and_audited(registry: Registry, rdf_actor: Actor) -> None:
    suites = {one.code: one.cryptosuite for one in list_issuers(registry)}
    assert suites.pop("cqc") == "eddsa-rdfc-2022"
    assert set(suites.values()) <= {"eddsa-jcs-2022"}
    with registry.database.read() as connection:
        statement = select(AuditEvent.before, AuditEvent.after).where(AuditEvent.act == "issuer.cryptosuite")
        events = connection.execute(statement).all()
        assert events == [({"cryptosuite": "eddsa-jcs-2022"}, {"cryptosuite": "eddsa-rdfc-2022"})]
    with pytest.raises(NotFound):
        set_cryptosuite(registry, "nobody", Cryptosuite.RDFC)


def test_with_no_registry_to_ask_only_the_form_that_registries_write_counts(
    registry: Registry, rdf_actor: Actor
) -> None:
    """Without the log at hand, nothing else tells such a document from the registered one."""
    document = stored_document(registry, issue(registry, rdf_actor, sample_certificate()).public_id)
    bundle = open_bundle(build_bundle(registry, StatusLists(registry)))
    offline = OfflineVerifier(bundle, registry.now())
    terms = json.loads(document)["credentialSubject"]["certificate"]
    for genuine in (document, json.dumps(json.loads(document), indent=2).encode()):
        assert offline.document(genuine).verdict is Verdict.VALID
    for members in ({"number": "1"}, {"valid_from": [terms["valid_from"]]}, {"valid_until": [terms["valid_until"]]}):
        found = offline.document(altered(document, **members))
        assert found.verdict is Verdict.INVALID
        assert signature(found)[0] is Outcome.FAIL
