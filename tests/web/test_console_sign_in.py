"""The way into the console, and who does not get in."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from registry.services import people
from registry.services.context import Registry, operator
from registry.services.people import administrator
from registry.services.roles import Role
from registry.web.application import build_application
from tests.conftest import Clock
from tests.services.accounts import PASSWORD, code_now, new_user, with_second_factor
from tests.web.console import Visitor, words

LI = "li@cqc.example"
COOKIE = "__Host-registry-session"


@pytest.fixture
def visitor(client: FlaskClient) -> Visitor:
    return Visitor(client)


def test_from_the_invitation_to_the_console(visitor: Visitor, sqlite_registry: Registry, clock: Clock) -> None:
    by = administrator(operator(sqlite_registry, "cqc"))
    path = people.invite(sqlite_registry, by, LI, "Li Na", Role.OFFICER).partition("/console")[2]
    page = visitor.open(path)
    assert "Li Na" in words(page)
    assert "at least 12 characters" in words(visitor.send(path, password="short", repeated="short"))
    assert "Not the same as above" in words(visitor.send(path, password=PASSWORD, repeated="another"))
    assert visitor.send(path, password=PASSWORD, repeated=PASSWORD).status_code == 303

    # Nothing is to be seen before the second factor is set up.
    assert visitor.open("/").headers["Location"] == "/console/second-factor"
    assert visitor.open("/second-factor").headers["Location"] == "/console/account/second-factor"
    page = visitor.open("/account/second-factor")
    secret = re.sub(r"\s", "", re.findall(r'type this key: <span class="code">(.*?)</span>', page.text, re.S)[0])
    wrong = visitor.send("/account/second-factor", code="000000")
    assert wrong.status_code == 422
    done = visitor.send("/account/second-factor", code=code_now(sqlite_registry, secret))
    assert len(re.findall(r'<li class="code">[a-z2-7-]{19}</li>', done.text)) == 10
    assert visitor.open("/").status_code == 200

    visitor.open("/account/")
    assert visitor.send("/sign-out").status_code == 303
    assert visitor.open("/").headers["Location"].startswith("/console/sign-in")
    assert visitor.sign_in(LI).status_code == 303
    visitor.open("/second-factor")
    clock.advance(seconds=30)
    assert visitor.send("/second-factor", code=code_now(sqlite_registry, secret)).status_code == 303
    assert visitor.open("/").status_code == 200
    assert visitor.open(path).status_code == 404


def test_the_code_for_the_app_can_be_scanned(visitor: Visitor, sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    visitor.sign_in(LI)
    page = visitor.open("/account/second-factor")
    secret = re.sub(r"\s", "", re.findall(r'type this key: <span class="code">(.*?)</span>', page.text, re.S)[0])
    picture = visitor.open("/account/second-factor/qr.svg")
    assert picture.content_type.startswith("image/svg+xml")
    assert picture.headers["Cache-Control"] == "private, no-store"
    assert secret not in picture.text
    # The same secret as on the page, not another one.
    assert secret in re.sub(r"\s", "", visitor.open("/account/second-factor").text)


def test_the_cookie_of_the_session_is_kept_from_scripts_and_other_sites(
    visitor: Visitor, sqlite_registry: Registry
) -> None:
    new_user(sqlite_registry, LI)
    cookie = next(one for one in visitor.sign_in(LI).headers.getlist("Set-Cookie") if one.startswith(COOKIE))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "Max-Age" not in cookie


def test_without_tls_the_cookie_has_another_name(sqlite_registry: Registry) -> None:
    plain = replace(sqlite_registry, settings=replace(sqlite_registry.settings, base_url="http://127.0.0.1:8000"))
    new_user(sqlite_registry, LI)
    cookies = Visitor(build_application(plain).test_client()).sign_in(LI).headers.getlist("Set-Cookie")
    session = next(one for one in cookies if one.startswith("registry-session="))
    assert "Secure" not in session
    assert "HttpOnly" in session


def test_a_wrong_password_and_an_unknown_account_look_the_same(visitor: Visitor, sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    known, unknown = visitor.sign_in(LI, "wrong"), visitor.sign_in("no@cqc.example", "wrong")
    assert known.status_code == unknown.status_code == 422
    assert known.text.replace(LI, "") == unknown.text.replace("no@cqc.example", "")
    assert "is not right" in words(known)
    assert "wrong" not in re.sub("-wrong", "", known.text.partition("<main")[2].partition("password")[0])


def test_too_many_attempts_are_told(visitor: Visitor, sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    for _ in range(10):
        visitor.sign_in(LI, "wrong")
    refused = visitor.sign_in(LI)
    assert refused.status_code == 429
    assert "Wait 15 minutes" in words(refused)


def test_the_token_changes_with_each_step_of_signing_in(visitor: Visitor, sqlite_registry: Registry) -> None:
    new_user(sqlite_registry, LI)
    visitor.client.set_cookie(COOKIE, "planted-by-somebody-else")
    visitor.sign_in(LI)
    first = visitor.client.get_cookie(COOKIE)
    assert first is not None
    assert first.value != "planted-by-somebody-else"
    page = visitor.open("/account/second-factor")
    secret = re.sub(r"\s", "", re.findall(r'type this key: <span class="code">(.*?)</span>', page.text, re.S)[0])
    visitor.send("/account/second-factor", code=code_now(sqlite_registry, secret))
    second = visitor.client.get_cookie(COOKIE)
    assert second is not None
    assert second.value != first.value


def test_nobody_comes_past_the_second_factor(visitor: Visitor, sqlite_registry: Registry, clock: Clock) -> None:
    new_user(sqlite_registry, LI)
    with_second_factor(sqlite_registry, LI)
    clock.advance(seconds=30)
    visitor.sign_in(LI)
    for path in ("/", "/people/", "/branches/", "/account/"):
        assert visitor.open(path).headers["Location"] == "/console/second-factor"
    visitor.open("/second-factor")
    # Neither by setting up another one, nor by switching it off.
    assert visitor.open("/account/second-factor").headers["Location"] == "/console/account/"
    visitor.open("/second-factor")
    assert visitor.send("/account/second-factor", code="000000").status_code == 409
    visitor.open("/second-factor")
    assert visitor.send("/account/second-factor/remove", code="000000").headers["Location"] == "/console/second-factor"
    assert visitor.send("/account/password", present=PASSWORD).headers["Location"] == "/console/second-factor"


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/console/people/", "/console/people/"),
        ("https://evil.example/", "/console/"),
        ("//evil.example/", "/console/"),
        ("/console/../v/x", "/console/"),
        ("/console/\\evil", "/console/"),
        ("/v/x", "/console/"),
        ("/console/x\r\nSet-Cookie: a=b", "/console/"),
    ],
)
def test_after_signing_in_one_is_led_to_the_console_alone(
    visitor: Visitor, sqlite_registry: Registry, wanted: str, led: str
) -> None:
    new_user(sqlite_registry, LI)
    visitor.client.get("/console/sign-in", query_string={"next": wanted})
    visitor.open("/sign-in")
    done = visitor.send("/sign-in", email=LI, password=PASSWORD, next=wanted)
    assert done.headers["Location"] == led


def test_who_is_not_signed_in_is_asked_to_and_led_back(visitor: Visitor) -> None:
    asked = visitor.open("/people/?after=3")
    assert asked.status_code == 303
    assert asked.headers["Location"] == "/console/sign-in?next=/console/people/?after%3D3"


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_its_token_does_nothing(visitor: Visitor, sqlite_registry: Registry, token: str) -> None:
    visitor.enter(sqlite_registry, LI)
    refused = visitor.send("/people/", token=token, email="wu@cqc.example", name="Wu", role="reader")
    assert refused.status_code == 400
    with pytest.raises(Exception, match="Nobody has"):
        people.find_by_email(sqlite_registry, "wu@cqc.example")


def test_the_token_of_one_session_does_not_fit_another(
    visitor: Visitor, sqlite_registry: Registry, client: FlaskClient
) -> None:
    visitor.enter(sqlite_registry, LI)
    other = Visitor(client.application.test_client())
    other.enter(sqlite_registry, "wu@cqc.example")
    assert visitor.send("/sign-out", token=other.form_token()).status_code == 400
    assert visitor.open("/").status_code == 200


def test_a_form_from_another_site_does_nothing_even_with_its_token(visitor: Visitor, sqlite_registry: Registry) -> None:
    visitor.enter(sqlite_registry, LI)
    data = {"form_token": visitor.form_token()}
    for site in ("cross-site", "same-site"):
        sent = visitor.client.post("/console/sign-out", data=data, headers={"Sec-Fetch-Site": site})
        assert sent.status_code == 403
    assert visitor.open("/").status_code == 200


def filled(rule: str) -> str:
    """An address that a rule answers to."""
    return re.sub(r"<\w+>", "x", re.sub(r"<any\((\w+)[^>]*>", r"\1", re.sub(r"<int[^>]*>", "1", rule)))


def test_every_form_of_the_console_is_behind_the_one_check(client: FlaskClient) -> None:
    rules = [
        rule
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/console") and "POST" in (rule.methods or set())
    ]
    assert len(rules) >= 10
    for rule in rules:
        path = filled(rule.rule)
        assert client.post(path).status_code == 400, path


def test_every_page_of_the_console_asks_who_is_there(client: FlaskClient) -> None:
    free = {"/console/sign-in", "/console/invitation/<invitation>"}
    for rule in client.application.url_map.iter_rules():
        if rule.rule.startswith("/console") and "GET" in (rule.methods or set()) and rule.rule not in free:
            path = filled(rule.rule)
            response = client.get(path, headers={"Accept": "text/html"})
            assert response.status_code == 303, path
            assert response.headers["Location"].startswith("/console/sign-in"), path
            assert response.headers["Cache-Control"] == "private, no-store"


def test_attempts_are_counted_under_the_limit_of_the_console(sqlite_registry: Registry) -> None:
    strict = replace(sqlite_registry, settings=replace(sqlite_registry.settings, rate_limit_admin="3 per minute"))
    client = build_application(strict).test_client()
    assert [client.get("/console/sign-in").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert client.get("/").status_code == 200


def test_password_and_sessions_are_the_accounts_own(visitor: Visitor, sqlite_registry: Registry) -> None:
    visitor.enter(sqlite_registry, LI)
    assert "(here)" in words(visitor.open("/account/"))
    new = "quite another password"
    refused = visitor.send("/account/password", present="wrong", new=new, repeated=new)
    assert "not your present password" in words(refused)
    assert visitor.send("/account/password", present=PASSWORD, new=new, repeated=new).status_code == 303
    assert visitor.open("/").status_code == 200
    visitor.open("/account/")
    assert visitor.send("/account/sign-out-everywhere").status_code == 303
    assert visitor.open("/").status_code == 303
