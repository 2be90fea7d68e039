"""The console's pages for the audit trail, API keys, accreditations and approvals."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date

import pytest
from flask.testing import FlaskClient

from registry.domain.lifecycle import Status
from registry.domain.reasons import Act, Reason
from registry.services import api_keys, four_eyes
from registry.services.accreditations import list_accreditations
from registry.services.approvals import AwaitsApproval
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import read_certificate
from registry.services.issue import issue
from registry.services.roles import Role
from registry.web.application import build_application
from tests.conftest import Clock, sample_certificate
from tests.web.console import Visitor, words


def visitor_of(registry: Registry, email: str, role: Role = Role.ADMINISTRATOR, issuer: str = "cqc") -> Visitor:
    one = Visitor(build_application(registry).test_client())
    one.enter(registry, email, role, issuer)
    return one


@pytest.fixture
def li(client: FlaskClient, sqlite_registry: Registry) -> Visitor:
    """An administrator of `cqc`."""
    one = Visitor(client)
    one.enter(sqlite_registry, "li@cqc.example")
    return one


@pytest.fixture
def officer(sqlite_registry: Registry) -> Actor:
    """An API key of somebody else."""
    token = api_keys.create_api_key(sqlite_registry, "cqc", list(Verb), "ERP")
    return api_keys.authenticate(sqlite_registry, token, "203.0.113.7")


# The audit trail.


def test_the_trail_shows_who_what_and_from_where(li: Visitor, sqlite_registry: Registry, officer: Actor) -> None:
    row = issue(sqlite_registry, officer, sample_certificate())
    change_status(sqlite_registry, officer, row.public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    page = words(li.open("/audit/"))
    for expected in ("Certificate suspended", row.public_id, officer.name, "from 203.0.113.7", "Valid → Suspended"):
        assert expected in page
    assert "Signed in" in page
    narrowed = words(li.open(f"/audit/?act=certificate.issue&subject={row.public_id}"))
    assert "Certificate issued" in narrowed.partition("What changed")[2]
    assert "suspended" not in narrowed.partition("What changed")[2]
    assert "Nothing fits" in words(li.open("/audit/?until=2020-01-01"))
    wrong = li.open("/audit/?since=yesterday")
    assert wrong.status_code == 422
    assert "This is not a day that exists." in words(wrong)


def test_the_trail_has_pages(li: Visitor, sqlite_registry: Registry, actor_of_cqc: Actor) -> None:
    for number in range(30):
        issue(sqlite_registry, actor_of_cqc, sample_certificate(f"A-{number}"))
    first = li.open("/audit/?act=certificate.issue")
    assert "A-29" in words(first)
    assert "A-4 " not in words(first)
    following = re.search(r'<a href="/console([^"]+)" rel="next"', first.text)
    assert following
    assert "A-4 " in words(li.open(following[1].replace("&amp;", "&")))


@pytest.fixture
def actor_of_cqc(sqlite_registry: Registry) -> Actor:
    return operator(sqlite_registry, "cqc", "test")


def test_the_trail_is_exported_as_it_is_narrowed_down(
    li: Visitor, sqlite_registry: Registry, actor_of_cqc: Actor
) -> None:
    row = issue(sqlite_registry, actor_of_cqc, sample_certificate())
    issue(sqlite_registry, operator(sqlite_registry, "other"), sample_certificate())
    table = li.open("/audit/export.csv?act=certificate.issue")
    assert table.headers["Content-Disposition"] == 'attachment; filename="audit-trail.csv"'
    rows = list(csv.DictReader(io.StringIO(table.get_data().decode("utf-8-sig"))))
    assert [one["subject"] for one in rows] == [row.public_id]
    lines = [json.loads(line) for line in li.open("/audit/export.ndjson").get_data().splitlines()]
    assert {line["issuer"] for line in lines} == {"cqc"}
    assert li.open("/audit/export.pdf").status_code == 422


# API keys.


def _token(text: str) -> str:
    found = re.search(r"crk_[0-9a-f]{12}_[\w-]{43}", text)
    assert found
    return found[0]


def test_a_key_is_made_and_its_token_shown_once(li: Visitor, sqlite_registry: Registry) -> None:
    li.open("/api-keys/")
    made = li.send("/api-keys/", label="ERP", verb="read", expires="2026-12-31")
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "private, no-store"
    token = _token(made.text)
    assert api_keys.authenticate(sqlite_registry, token).verbs == {Verb.READ}
    page = words(li.open("/api-keys/"))
    assert "ERP" in page
    assert "In use" in page
    assert token.split("_", 2)[2] not in page
    (key,) = api_keys.list_api_keys(sqlite_registry, "cqc")
    # The last day is a day in China.
    assert key.expires_at is not None
    assert key.expires_at.isoformat() == "2026-12-31T16:00:00+00:00"
    assert key.user_id is not None


def test_a_key_is_rotated_and_ended(li: Visitor, sqlite_registry: Registry, clock: Clock) -> None:
    old = api_keys.create_api_key(sqlite_registry, "cqc", [Verb.READ], "ERP")
    path = f"/api-keys/{old.split('_')[1]}"
    li.open(path)
    new = _token(li.send(f"{path}/rotate", overlap="3", expires="").text)
    assert api_keys.authenticate(sqlite_registry, old)
    path = f"/api-keys/{new.split('_')[1]}"
    li.open(path)
    assert li.send(f"{path}/revoke").headers["Location"] == f"/console{path}?done=revoked"
    assert "Revoked" in words(li.open(path))
    assert "Rotate it" not in words(li.open(path))


def test_what_is_wrong_with_a_key_is_told(li: Visitor, sqlite_registry: Registry) -> None:
    li.open("/api-keys/")
    refused = li.send("/api-keys/", label="ERP", expires="2020-01-01")
    assert refused.status_code == 422
    assert "Choose at least one." in words(refused)
    assert "This must lie in the future." in words(refused)
    foreign = api_keys.create_api_key(sqlite_registry, "other", [Verb.READ], "")
    assert li.open(f"/api-keys/{foreign.split('_')[1]}").status_code == 404
    officer = visitor_of(sqlite_registry, "officer@cqc.example", Role.OFFICER)
    assert officer.open("/api-keys/").status_code == 403


# Accreditations.


def test_an_issuer_sees_its_accreditations_and_can_t_enter_any(li: Visitor, sqlite_registry: Registry) -> None:
    page = words(li.open("/accreditations/"))
    assert "C001-M" in page
    assert "GB/T 19001" in page
    assert "Enter an accreditation" not in page
    li.open("/people/")
    sent = li.send("/accreditations/", body="CNAS", number="X", scheme="gbt19001-2016", valid_from="2020-01-01")
    assert sent.status_code == 403
    (one,) = list_accreditations(sqlite_registry, "cqc")
    assert li.send(f"/accreditations/{one.id}/end", valid_until="2020-01-01").status_code == 403


def test_an_operator_enters_and_ends_accreditations(sqlite_registry: Registry) -> None:
    root = visitor_of(sqlite_registry, "root@registry.example", Role.OPERATOR)
    root.open("/issuers")
    root.send("/issuers", code="cqc")
    root.open("/accreditations/")
    sent = root.send("/accreditations/", body="UKAS", number="42", scheme="gbt24001-2016", valid_from="2026-01-01")
    assert sent.status_code == 303, words(sent)
    added = list_accreditations(sqlite_registry, "cqc")[-1]
    assert (added.body, added.schemes, added.valid_until) == ("UKAS", ("gbt24001-2016",), None)
    assert root.send(f"/accreditations/{added.id}/end", valid_until="2026-06-30").status_code == 303
    assert list_accreditations(sqlite_registry, "cqc")[-1].valid_until == date(2026, 6, 30)
    wrong = root.send("/accreditations/", body="", number="1", valid_from="2026-01-01", valid_until="x")
    assert wrong.status_code == 422


# Approvals.


@pytest.fixture
def waiting(sqlite_registry: Registry, officer: Actor) -> tuple[str, str]:
    """A withdrawal that somebody with an API key has proposed: the certificate, and the reference."""
    four_eyes.set_for(sqlite_registry, "terminal", "cqc", on=True)
    row = issue(sqlite_registry, officer, sample_certificate())
    with pytest.raises(AwaitsApproval) as waits:
        change_status(sqlite_registry, officer, row.public_id, Act.WITHDRAW, Reason.OTHER, note="third complaint")
    return row.public_id, waits.value.proposal.reference


def status(registry: Registry, public_id: str) -> Status:
    return read_certificate(registry, operator(registry, "cqc"), public_id)[0].status.status


def test_a_second_person_looks_and_approves(
    li: Visitor, sqlite_registry: Registry, waiting: tuple[str, str], officer: Actor
) -> None:
    public_id, reference = waiting
    listed = words(li.open("/approvals/"))
    assert "Withdraw a certificate" in listed
    assert officer.name in listed
    page = words(li.open(f"/approvals/{reference}"))
    for expected in (public_id, "third complaint", "Valid", "Withdrawn", "00125Q30001R0S"):
        assert expected in page
    sent = li.send(f"/approvals/{reference}/approve")
    assert sent.headers["Location"] == f"/console/approvals/{reference}?done=approved"
    assert status(sqlite_registry, public_id) is Status.WITHDRAWN
    assert "Approved, and done." in words(li.open(f"/approvals/{reference}?done=approved"))
    again = li.send(f"/approvals/{reference}/approve", token=None)
    assert again.status_code in {400, 409}


def test_a_refusal_needs_a_reason(li: Visitor, sqlite_registry: Registry, waiting: tuple[str, str]) -> None:
    public_id, reference = waiting
    li.open(f"/approvals/{reference}")
    assert "Type 1 to 1000 characters." in words(li.send(f"/approvals/{reference}/refuse", reason=" "))
    assert li.send(f"/approvals/{reference}/refuse", reason="talk to them").status_code == 303
    assert "talk to them" in words(li.open(f"/approvals/{reference}"))
    assert status(sqlite_registry, public_id) is Status.VALID


def test_who_may_not_decide_sees_no_buttons(sqlite_registry: Registry, waiting: tuple[str, str]) -> None:
    reader = visitor_of(sqlite_registry, "reader@cqc.example", Role.READER)
    page = words(reader.open(f"/approvals/{waiting[1]}"))
    assert "It is done at once, if it still can be." not in page
    reader.open("/account/")
    assert reader.send(f"/approvals/{waiting[1]}/approve").status_code == 403
    stranger = visitor_of(sqlite_registry, "li@other.example", issuer="other")
    assert stranger.open(f"/approvals/{waiting[1]}").status_code == 404


def test_four_eyes_are_switched_on_at_once_and_off_by_two(li: Visitor, sqlite_registry: Registry) -> None:
    li.open("/approvals/")
    assert li.send("/approvals/four-eyes", on="1").status_code == 303
    assert four_eyes.is_on(sqlite_registry, "cqc")
    li.open("/approvals/")
    sent = li.send("/approvals/four-eyes", on="0")
    assert sent.status_code == 303
    proposal = sent.headers["Location"].removeprefix("/console")
    assert "Not done yet" in words(li.open(proposal))
    assert four_eyes.is_on(sqlite_registry, "cqc")
    path = proposal.partition("?")[0]
    assert "It is done at once" not in words(li.open(path))
    wang = visitor_of(sqlite_registry, "wang@cqc.example")
    wang.open(path)
    assert wang.send(f"{path}/approve").status_code == 303
    assert not four_eyes.is_on(sqlite_registry, "cqc")
    assert li.open(path).status_code == 200


def test_the_proposer_takes_it_back(li: Visitor, sqlite_registry: Registry) -> None:
    four_eyes.set_for(sqlite_registry, "terminal", "cqc", on=True)
    li.open("/approvals/")
    path = li.send("/approvals/four-eyes", on="0").headers["Location"].removeprefix("/console").partition("?")[0]
    li.open(path)
    assert li.send(f"{path}/take-back").status_code == 303
    assert "Taken back" in words(li.open(f"{path}?done=taken-back"))
