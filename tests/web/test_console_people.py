"""People and branches in the console."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from registry.services import people
from registry.services.context import Registry
from registry.services.roles import Role
from tests.services.accounts import new_user
from tests.web.console import Visitor, words


@pytest.fixture
def visitor(client: FlaskClient, sqlite_registry: Registry) -> Visitor:
    """An administrator of `cqc`."""
    one = Visitor(client)
    one.enter(sqlite_registry, "li@cqc.example")
    return one


def test_somebody_is_invited_gets_another_role_and_is_let_go(visitor: Visitor, sqlite_registry: Registry) -> None:
    visitor.open("/branches/")
    assert visitor.send("/branches/", code="north", name_zh="北方分中心", name_en="North").status_code == 303
    visitor.open("/people/")
    invited = visitor.send("/people/", email="wu@cqc.example", name="Wu Jing", role="officer", branch="north")
    address = re.findall(r"https://registry\.example(/console/invitation/[\w-]{43})", invited.text)[0]
    assert Visitor(visitor.client.application.test_client()).open(address.partition("/console")[2]).status_code == 200
    user, _ = people.find_by_email(sqlite_registry, "wu@cqc.example")
    page = visitor.open("/people/")
    for expected in ("Wu Jing", "Issuing officer", "north", "Invited"):
        assert expected in words(page)
    visitor.open(f"/people/{user.id}")
    assert visitor.send(f"/people/{user.id}", role="reviewer", branch="").status_code == 303
    assert "Changed." in words(visitor.open(f"/people/{user.id}?done=changed"))
    user, _ = people.find_by_email(sqlite_registry, "wu@cqc.example")
    assert (user.role, user.branch_code) == ("reviewer", None)
    assert visitor.send(f"/people/{user.id}/disable").status_code == 303
    assert "Disabled" in words(visitor.open("/people/"))
    again = visitor.open(f"/people/{user.id}")
    assert "Let go" not in words(again)
    assert "/console/invitation/" in visitor.send(f"/people/{user.id}/reset").text


def test_what_is_wrong_is_told_at_the_field_and_what_was_typed_stays(visitor: Visitor) -> None:
    visitor.open("/people/")
    refused = visitor.send("/people/", email="nonsense", name="<b>Wu", role="operator", branch="nowhere")
    assert refused.status_code == 422
    assert "This is not an e-mail address." in words(refused)
    assert 'value="nonsense"' in refused.text
    assert "&lt;b&gt;Wu" in refused.text
    assert "Choose one of the list." in words(refused)
    assert 'aria-describedby="email-wrong"' in refused.text
    refused = visitor.send("/branches/", code="N!", name_zh="北方")
    assert "small letters, digits and hyphens" in words(refused)


def test_the_last_administrator_is_told_why_not(visitor: Visitor, sqlite_registry: Registry) -> None:
    user, _ = people.find_by_email(sqlite_registry, "li@cqc.example")
    visitor.open(f"/people/{user.id}")
    refused = visitor.send(f"/people/{user.id}/disable")
    assert refused.status_code == 409
    assert "last administrator" in words(refused)


def test_other_issuers_people_are_not_there(visitor: Visitor, sqlite_registry: Registry) -> None:
    foreign = new_user(sqlite_registry, "wu@other.example", Role.OFFICER, "other")
    visitor.open("/people/")
    assert "wu@other" not in visitor.open("/people/").text
    assert visitor.open(f"/people/{foreign}").status_code == 404
    visitor.open("/people/")
    for act in ("", "/disable", "/reset"):
        assert visitor.send(f"/people/{foreign}{act}", role="reader").status_code == 404
    assert visitor.send("/branches/nowhere/close").status_code == 404
    assert visitor.open("/people/99999999999999999999").status_code == 404


@pytest.mark.parametrize("role", [Role.OFFICER, Role.REVIEWER, Role.READER])
def test_others_neither_see_nor_change_people(client: FlaskClient, sqlite_registry: Registry, role: Role) -> None:
    one = Visitor(client)
    one.enter(sqlite_registry, "wu@cqc.example", role)
    assert "/console/people/" not in one.open("/").text
    assert one.open("/people/").status_code == 403
    assert "Your role does not allow this." in words(one.open("/branches/"))
    one.open("/account/")
    refused = one.send("/people/", email="x@cqc.example", name="X", role="administrator")
    assert refused.status_code == 403
    assert one.send("/branches/", code="north", name_zh="北方").status_code == 403


def test_an_operator_chooses_an_issuer_first(client: FlaskClient, sqlite_registry: Registry) -> None:
    one = Visitor(client)
    one.enter(sqlite_registry, "root@registry.example", Role.OPERATOR)
    assert one.open("/people/").headers["Location"] == "/console/issuers"
    page = one.open("/issuers")
    assert "Sample other" in words(page)
    assert one.send("/issuers", code="nobody").status_code == 404
    assert one.send("/issuers", code="other").status_code == 303
    assert "Sample other" in words(one.open("/"))
    assert one.open("/people/").status_code == 200


def test_nobody_else_chooses_an_issuer(visitor: Visitor) -> None:
    assert visitor.open("/issuers").headers["Location"] == "/console/"
    visitor.open("/people/")
    assert visitor.send("/issuers", code="other").status_code == 403
    assert "Sample cqc" in words(visitor.open("/"))
