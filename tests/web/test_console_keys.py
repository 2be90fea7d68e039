"""Keys in the console."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from registry.services import manage_keys
from registry.services.context import Registry
from registry.services.roles import Role
from tests.services.own_key_holders import KeyHolder
from tests.web.console import Visitor, words

HOLDER = KeyHolder()


@pytest.fixture
def visitor(client: FlaskClient, sqlite_registry: Registry) -> Visitor:
    """An administrator of `cqc`, at the page for keys."""
    one = Visitor(client)
    one.enter(sqlite_registry, "li@cqc.example")
    one.open("/keys/")
    return one


def states(registry: Registry) -> dict[str, str]:
    now = registry.now()
    return {key.name: key.published.state_at(now) for key in manage_keys.published_keys(registry, "cqc")}


def challenge(visitor: Visitor) -> dict[str, Any]:
    page = visitor.send("/keys/challenge", public_key_multibase=HOLDER.multibase)
    assert page.status_code == 200, words(page)
    found = re.search(r'<textarea id="challenge"[^>]*>(.*?)</textarea>', page.text, re.DOTALL)
    assert found
    given: dict[str, Any] = json.loads(html.unescape(found[1]))
    return given


def test_an_own_key_is_registered_with_its_challenge(visitor: Visitor, sqlite_registry: Registry) -> None:
    given = challenge(visitor)
    answer = json.dumps(HOLDER.sign_data(given))
    sent = visitor.send("/keys/register", challenge=json.dumps(given), answer=answer, retire_others="1")
    assert sent.headers["Location"] == "/console/keys/?done=key-registered"
    assert states(sqlite_registry) == {"cqc-1": "retired", "cqc-2": "active"}
    page = words(visitor.open("/keys/?done=key-registered"))
    for expected in ("Your key is registered", "cqc-2", "You yourselves", "In use", "Out of use"):
        assert expected in page
    assert HOLDER.multibase in words(visitor.open("/keys/cqc-2"))


def test_what_is_wrong_with_an_answer_is_told_and_the_challenge_stays(
    visitor: Visitor, sqlite_registry: Registry
) -> None:
    given = challenge(visitor)
    echoed = json.dumps(given)
    for answer, told in (
        ("nonsense", "This is not a JSON document."),
        ("[]", "This is not a JSON document."),
        (json.dumps(given["document"]), "There is no proof in it"),
        (json.dumps(KeyHolder(8).sign_data(given)), "The signature does not fit"),
        (json.dumps({**HOLDER.sign_data(given), "id": "did:web:x"}), "something in it was changed"),
    ):
        page = visitor.send("/keys/register", challenge=echoed, answer=answer)
        assert page.status_code == 422
        assert told in words(page)
        assert given["proof"]["challenge"] in page.text
    assert states(sqlite_registry) == {"cqc-1": "active"}


def test_a_text_that_is_no_key_is_told_at_its_field(visitor: Visitor) -> None:
    page = visitor.send("/keys/challenge", public_key_multibase="<z6Mk>")
    assert page.status_code == 422
    assert "This is not an Ed25519 public key as a Multikey." in words(page)
    assert 'value="&lt;z6Mk&gt;"' in page.text


def test_a_new_key_takes_over(visitor: Visitor, sqlite_registry: Registry) -> None:
    assert visitor.send("/keys/rotate", custody="file").status_code == 303
    assert states(sqlite_registry) == {"cqc-1": "retired", "cqc-2": "active"}
    assert visitor.send("/keys/rotate", custody="moon").status_code == 422
    assert "hardware token" not in visitor.open("/keys/").text


def test_a_key_is_taken_out_of_use(visitor: Visitor, sqlite_registry: Registry) -> None:
    visitor.open("/keys/cqc-1")
    assert visitor.send("/keys/cqc-1/retire").headers["Location"] == "/console/keys/cqc-1?done=key-retired"
    assert states(sqlite_registry) == {"cqc-1": "retired"}
    assert "/retire" not in visitor.open("/keys/cqc-1").text


def test_a_stolen_key_is_declared_once_it_is_meant(visitor: Visitor, sqlite_registry: Registry) -> None:
    visitor.open("/keys/cqc-1")
    for fields, told in (
        ({"since": "2026-03-02T08:00"}, "Tick this"),
        ({"since": "yesterday", "certain": "1"}, "This is not a time."),
        ({"since": "2026-03-02T23:00", "certain": "1"}, "This lies in the future."),
    ):
        page = visitor.send("/keys/cqc-1/compromise", **fields)
        assert page.status_code == 422
        assert told in words(page)
    assert states(sqlite_registry) == {"cqc-1": "active"}
    assert visitor.send("/keys/cqc-1/compromise", since="2026-03-02T08:00", certain="1").status_code == 303
    (key,) = manage_keys.published_keys(sqlite_registry, "cqc")
    assert f"{key.published.compromised_since:%Y-%m-%dT%H:%MZ}" == "2026-03-02T00:00Z"


@pytest.mark.parametrize("name", ["other-1", "log-1", "nothing"])
def test_keys_of_others_are_not_there(visitor: Visitor, sqlite_registry: Registry, name: str) -> None:
    assert visitor.open(f"/keys/{name}").status_code == 404
    visitor.open("/keys/")
    assert visitor.send(f"/keys/{name}/retire").status_code == 404
    assert visitor.send(f"/keys/{name}/compromise", since="2026-03-02T08:00", certain="1").status_code == 404
    assert all(key.published.may_sign(sqlite_registry.now()) for key in manage_keys.published_keys(sqlite_registry))


@pytest.mark.parametrize("role", [Role.OFFICER, Role.REVIEWER, Role.READER])
def test_others_neither_see_nor_change_keys(client: FlaskClient, sqlite_registry: Registry, role: Role) -> None:
    one = Visitor(client)
    one.enter(sqlite_registry, "wu@cqc.example", role)
    assert "/console/keys/" not in one.open("/").text
    assert one.open("/keys/").status_code == 403
    one.open("/account/")
    for path in ("rotate", "challenge", "register", "cqc-1/retire", "cqc-1/compromise"):
        assert one.send(f"/keys/{path}", custody="file").status_code == 403
    assert states(sqlite_registry) == {"cqc-1": "active"}


def test_a_forged_form_does_nothing(visitor: Visitor, sqlite_registry: Registry) -> None:
    assert visitor.send("/keys/rotate", token="0" * 64, custody="file").status_code == 400
    assert states(sqlite_registry) == {"cqc-1": "active"}
