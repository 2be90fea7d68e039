"""Certificates that wait for the issuer's own signature, in the console."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from registry.formats.credential import stated_terms
from registry.services.context import Registry, operator
from registry.services.prepare import Prepared, prepare
from registry.services.roles import Role
from registry.services.verify import Verifier
from registry.web.console import certificate_form
from tests.conftest import sample_certificate
from tests.services.own_key_holders import KeyHolder
from tests.web.console import Visitor, words

HOLDER = KeyHolder()


@pytest.fixture
def visitor(client: FlaskClient, sqlite_registry: Registry) -> Visitor:
    """An officer of `cqc`, which keeps its key."""
    HOLDER.register(sqlite_registry, operator(sqlite_registry, "cqc"), retire_others=True)
    one = Visitor(client)
    one.enter(sqlite_registry, "li@cqc.example", Role.OFFICER)
    return one


@pytest.fixture
def prepared(visitor: Visitor, sqlite_registry: Registry) -> Prepared:
    return prepare(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate())


def test_what_waits_is_fetched_signed_and_issued(
    visitor: Visitor, prepared: Prepared, sqlite_registry: Registry
) -> None:
    page = visitor.open("/preparations/")
    assert prepared.number in words(page)
    path = f"/preparations/{prepared.public_id}"
    assert "宁波华丰精密机械有限公司" in words(visitor.open(path))
    file = visitor.client.get(f"/console{path}/prepared.json")
    assert file.headers["Content-Disposition"] == "attachment; filename=prepared.json"
    handed_out: dict[str, Any] = file.get_json()
    sent = visitor.send(path, credential=json.dumps(HOLDER.sign_data(handed_out)))
    assert sent.headers["Location"] == f"/v/{prepared.public_id}"
    assert Verifier(sqlite_registry, 0).by_public_id(prepared.public_id).verdict == "valid"
    assert "Nothing waits" in words(visitor.open("/preparations/"))


def test_what_is_wrong_is_told_and_what_was_pasted_stays(visitor: Visitor, prepared: Prepared) -> None:
    path = f"/preparations/{prepared.public_id}"
    visitor.open(path)
    good = HOLDER.signed(prepared)
    for pasted, told in (
        ("<nonsense>", "This is not a JSON document."),
        (json.dumps(prepared.request.document), "There is no proof in it"),
        (json.dumps({**good, "name": "x"}), "At /name this is not what was handed out."),
        (json.dumps({**good, "proof": {**good["proof"], "cryptosuite": "x"}}), "The proof is not right at /proof/cry"),
        (json.dumps(KeyHolder(8).signed(prepared)), "The signature does not fit this document and key."),
    ):
        page = visitor.send(path, credential=pasted)
        assert page.status_code == 422
        assert told in words(page), words(page)
    assert "&lt;nonsense&gt;" in visitor.send(path, credential="<nonsense>").text


def test_a_preparation_is_given_up(visitor: Visitor, prepared: Prepared) -> None:
    visitor.open(f"/preparations/{prepared.public_id}")
    assert visitor.send(f"/preparations/{prepared.public_id}/give-up").status_code == 303
    assert visitor.open(f"/preparations/{prepared.public_id}").status_code == 404
    assert "its number is free again" in words(visitor.open("/preparations/?done=given-up"))


def test_others_have_no_such_section(client: FlaskClient, sqlite_registry: Registry, visitor: Visitor) -> None:
    assert "/console/preparations/" in visitor.open("/").text
    elsewhere = Visitor(client.application.test_client())
    elsewhere.enter(sqlite_registry, "wu@other.example", Role.OFFICER, "other")
    assert "/console/preparations/" not in elsewhere.open("/").text
    reader = Visitor(client.application.test_client())
    reader.enter(sqlite_registry, "zhao@cqc.example", Role.READER)
    assert "/console/preparations/" not in reader.open("/").text
    assert reader.open("/preparations/").status_code == 403


def test_another_issuers_preparations_are_not_there(
    client: FlaskClient, sqlite_registry: Registry, prepared: Prepared
) -> None:
    one = Visitor(client.application.test_client())
    one.enter(sqlite_registry, "wu@other.example", Role.OFFICER, "other")
    path = f"/preparations/{prepared.public_id}"
    assert one.open(path).status_code == 404
    assert one.open(f"{path}/prepared.json").status_code == 404
    one.open("/account/")
    assert one.send(path, credential=json.dumps(HOLDER.signed(prepared))).status_code == 404
    assert one.send(f"{path}/give-up").status_code == 404


def test_what_is_typed_into_the_form_waits_for_the_signature_and_is_issued(
    visitor: Visitor, sqlite_registry: Registry
) -> None:
    typed = typed_certificate()
    visitor.open("/issue")
    assert visitor.send("/issue/check", **{**typed, "valid_until": "2020-01-01"}).get_json()["errors"].keys() == {
        "valid_until"
    }
    assert visitor.send("/issue/check", **typed).get_json() == {"errors": {}}
    assert "Nothing waits" in words(visitor.open("/preparations/"))
    sent = visitor.send("/issue", **typed)
    public_id = sign_and_submit(visitor, sent.headers["Location"])
    assert Verifier(sqlite_registry, 0).by_public_id(public_id).verdict == "valid"

    replacing = {**typed, "reason": "scope_reduction", "scope.zh": "注塑件的生产", "scope.en": ""}
    visitor.open(f"/certificates/{public_id}/reissue")
    assert visitor.send(f"/certificates/{public_id}/reissue/check", **replacing).get_json() == {"errors": {}}
    sent = visitor.send(f"/certificates/{public_id}/reissue", **replacing)
    second = sign_and_submit(visitor, sent.headers["Location"])
    assert Verifier(sqlite_registry, 0).by_public_id(second).verdict == "valid"
    assert Verifier(sqlite_registry, 0).by_public_id(public_id).verdict == "superseded"


def typed_certificate() -> dict[str, str]:
    """The sample certificate as somebody types it."""
    terms = stated_terms(replace(sample_certificate(), sites=()))
    return {**certificate_form.from_terms(terms), "number": "00125Q30001R0S", "reason": "initial"}


def sign_and_submit(visitor: Visitor, location: str) -> str:
    """Do what the page of a preparation asks for; the public id of the certificate."""
    path = location.removeprefix("/console")
    visitor.open(path)
    handed_out = visitor.client.get(f"/console{path}/prepared.json").get_json()
    sent = visitor.send(path, credential=json.dumps(HOLDER.sign_data(handed_out)))
    return sent.headers["Location"].removeprefix("/v/")
