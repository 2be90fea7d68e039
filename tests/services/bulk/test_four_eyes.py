"""Files wait for a second officer where the issuer wants that."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from registry.domain.errors import Conflict, NotPermitted
from registry.services import four_eyes
from registry.services.approvals import AwaitsApproval, list_proposals
from registry.services.bulk.imports import ImportKind, Sent, accept, discard, read_import, send_file
from registry.services.bulk.run_imports import run_next
from registry.services.context import Actor, Registry, Verb
from registry.services.decide_proposal import approve
from registry.services.issue import issue
from tests.conftest import sample_certificate
from tests.formats.tables import csv_file, sample_table
from tests.services.test_approvals import with_key

ACTS = [["number", "act", "reason"], ["A1", "withdraw", "misuse_of_mark"]]


@pytest.fixture
def careful(registry: Registry, actor: Actor) -> Registry:
    issue(registry, actor, sample_certificate("A1"))
    four_eyes.set_for(registry, "terminal", "cqc", on=True)
    return registry


def work(registry: Registry) -> None:
    while run_next(registry):
        pass


def state(registry: Registry) -> str | None:
    with registry.database.read() as connection:
        return str(connection.scalar(text("SELECT state FROM certificates WHERE number = 'A1'")))


def test_a_file_of_acts_waits_and_is_recorded_after_the_approval(careful: Registry) -> None:
    one, second = with_key(careful), with_key(careful, "cqc", Verb.APPROVE)
    sent = send_file(careful, one, Sent(ImportKind.ACTS), csv_file(ACTS))
    work(careful)
    with pytest.raises(AwaitsApproval) as waits:
        accept(careful, one, sent.name)
    work(careful)
    assert (read_import(careful, one, sent.name).state, state(careful)) == ("checked", "active")
    with pytest.raises(NotPermitted):
        approve(careful, one, waits.value.proposal.reference)
    assert approve(careful, second, waits.value.proposal.reference).outcome == {"import": sent.name}
    work(careful)
    found = read_import(careful, one, sent.name)
    assert (found.state, found.actor, state(careful)) == ("done", one.name, "withdrawn")


def test_without_a_dry_run_the_worker_proposes_and_does_not_record(careful: Registry) -> None:
    one, second = with_key(careful), with_key(careful, "cqc", Verb.APPROVE)
    rows = sample_table(2)
    sent = send_file(careful, one, Sent(ImportKind.CERTIFICATES, dry_run=False), csv_file(rows))
    work(careful)
    assert read_import(careful, one, sent.name).state == "checked"
    (proposal,) = list_proposals(careful, second, None, None, 10).items
    assert (proposal.act, proposal.after["new"]) == ("file.record", 2)
    approve(careful, second, proposal.reference)
    work(careful)
    assert read_import(careful, one, sent.name).state == "done"


def test_what_was_discarded_can_not_be_approved(careful: Registry) -> None:
    one, second = with_key(careful), with_key(careful, "cqc", Verb.APPROVE)
    sent = send_file(careful, one, Sent(ImportKind.ACTS), csv_file(ACTS))
    work(careful)
    with pytest.raises(AwaitsApproval) as waits:
        accept(careful, one, sent.name)
    discard(careful, one, sent.name)
    with pytest.raises(Conflict, match="discarded meanwhile"):
        approve(careful, second, waits.value.proposal.reference)
