"""The widget on a holder's web site: another origin, under a strict policy, in the language of that page."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from registry.domain.public_id import new_public_id
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import Verdict
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.issue import issue
from registry.web.application import build_application
from tests.conftest import BASE_URL, Clock, sample_certificate
from tests.web.conftest import running
from tests.web.test_browser import is_too_wide
from tests.web.test_pages import WORDS, bring_to

# The file that web sites embed with its digest. Never change this: a changed widget is a new file.
PUBLISHED = "sha384-vzA0vou7PAUL5DHHL90VSeNrb6sxX5E8F9wsIJp3c6nmGiv0FRvRi29ei9ptqYBv"


@pytest.fixture
def cqc(sqlite_registry: Registry) -> Actor:
    return operator(sqlite_registry, "cqc", "test")


@pytest.fixture
def certificate(sqlite_registry: Registry, cqc: Actor) -> str:
    return issue(sqlite_registry, cqc, sample_certificate()).public_id


def test_the_published_file_never_changes_and_is_small(client: FlaskClient) -> None:
    answer = client.get("/widget-1.js")
    assert "sha384-" + b64encode(hashlib.sha384(answer.data).digest()).decode() == PUBLISHED
    assert len(answer.data) < 6_000
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in answer.headers


def test_the_badge_page_tells_what_to_copy(client: FlaskClient, certificate: str) -> None:
    page = client.get(f"/v/{certificate}/badge").get_data(as_text=True)
    assert f'&lt;div data-certificate="{certificate}"&gt;' in page
    assert f'&lt;script src="{BASE_URL}/widget-1.js" integrity="{PUBLISHED}" crossorigin="anonymous" defer&gt;' in page


def site(registry: str, public_id: str, language: str, policy: str) -> Flask:
    """A holder's web site: one page, under a policy that allows the registry nothing but what the widget needs."""
    app = Flask("holder")

    @app.get("/")
    def page() -> Response:
        snippet = f'<div data-certificate="{public_id}"><a href="{registry}/v/{public_id}">the link</a></div>'
        script = f'<script src="{registry}/widget-1.js" integrity="{PUBLISHED}" crossorigin="anonymous" defer></script>'
        answer = Response(
            f'<!doctype html><html{language}><meta name="viewport" content="width=device-width">'
            f'<link rel="icon" href="data:,"><title>x</title>{snippet}{script}'
        )
        answer.headers["Content-Security-Policy"] = policy.format(registry=registry)
        answer.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
        return answer

    return app


STRICT = "default-src 'none'; script-src {registry}; connect-src {registry}; img-src data:"


@pytest.fixture
def visit(phone: Page, sqlite_registry: Registry) -> Iterator[Callable[..., str]]:
    """Opens a holder's page with a certificate; returns the address of the registry."""
    with ExitStack() as servers:
        registry = servers.enter_context(running(build_application(sqlite_registry)))

        def go(public_id: str, language: str = ' lang="zh-CN"', policy: str = STRICT) -> str:
            holder = servers.enter_context(running(site(registry, public_id, language, policy)))
            phone.goto(holder, wait_until="networkidle")
            return registry

        yield go


def shown(page: Page) -> Any:
    return page.locator("[data-certificate] a >> visible=true").first


@pytest.mark.browser
@pytest.mark.parametrize("verdict", WORDS)
def test_it_says_the_verdict_in_the_language_of_the_page(
    verdict: Verdict,
    phone: Page,
    visit: Callable[..., str],
    sqlite_registry: Registry,
    clock: Clock,
    cqc: Actor,
    complaints: list[str],
) -> None:
    public_id = bring_to(verdict, sqlite_registry, clock, cqc)
    for language, word in ((' lang="zh-CN"', 0), (' lang="en"', 1), (' lang="fr"', 1), ("", 0)):
        registry = visit(public_id, language)
        assert shown(phone).locator("b").inner_text() == WORDS[verdict][word]
        assert shown(phone).get_attribute("href") == f"{registry}/v/{public_id}"
        text = shown(phone).inner_text()
        assert public_id in text
        assert ("GB/T 19001" in text) is (verdict is not Verdict.INVALID)
        assert not is_too_wide(phone)
    assert complaints == []
    assert phone.context.cookies() == []


@pytest.mark.browser
def test_an_id_that_is_not_registered_is_told(phone: Page, visit: Callable[..., str]) -> None:
    for public_id in (new_public_id(bytes(16)), "ABC", "x?y=&lt;b&gt;#z"):
        visit(public_id)
        assert shown(phone).locator("b").inner_text() == "未登记"
    visit("../../api/v1/schemes")
    assert shown(phone).inner_text() == "the link"


@pytest.mark.browser
def test_without_permission_the_link_stays(phone: Page, visit: Callable[..., str], certificate: str) -> None:
    for policy in ("default-src 'none'", "default-src 'none'; script-src {registry}"):
        registry = visit(certificate, policy=policy)
        assert shown(phone).inner_text() == "the link"
        assert shown(phone).get_attribute("href") == f"{registry}/v/{certificate}"


@pytest.mark.browser
def test_who_comes_back_to_an_open_page_sees_what_has_become_of_it(
    phone: Page, visit: Callable[..., str], sqlite_registry: Registry, cqc: Actor, certificate: str
) -> None:
    phone.clock.install()
    visit(certificate)
    assert shown(phone).locator("b").inner_text() == "有效"
    change_status(sqlite_registry, cqc, certificate, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    come_back = "document.dispatchEvent(new Event('visibilitychange'))"
    phone.evaluate(come_back)
    assert shown(phone).locator("b").inner_text() == "有效"
    phone.clock.fast_forward(61_000)
    phone.evaluate(come_back)
    expect(shown(phone).locator("b")).to_have_text("已撤销")


@pytest.mark.browser
def test_while_the_registry_refuses_to_answer_no_old_answer_stays(
    phone: Page, sqlite_registry: Registry, certificate: str
) -> None:
    settings = replace(sqlite_registry.settings, rate_limit_public="2 per hour")
    phone.clock.install()
    with ExitStack() as servers:
        registry = servers.enter_context(running(build_application(replace(sqlite_registry, settings=settings))))
        phone.goto(servers.enter_context(running(site(registry, certificate, "", STRICT))), wait_until="networkidle")
        assert shown(phone).locator("b").inner_text() == "有效"
        phone.clock.fast_forward(61_000)
        phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(shown(phone)).to_have_text("the link")


@pytest.mark.browser
def test_it_is_shown_on_the_badge_page(phone: Page, server: str, certificate: str, complaints: list[str]) -> None:
    phone.goto(f"{server}/v/{certificate}/badge", wait_until="networkidle")
    assert shown(phone).locator("b").inner_text() == "有效"
    assert not is_too_wide(phone)
    assert complaints == []
