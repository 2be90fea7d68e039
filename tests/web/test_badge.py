"""The badge on a holder's web site: it says what the registry says now, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page
from sqlalchemy import update

from registry.domain.public_id import grouped
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import Verdict
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.issue import issue
from registry.store.models import Issuer
from tests.conftest import Clock, sample_certificate
from tests.web.conftest import running
from tests.web.test_browser import is_too_wide
from tests.web.test_pages import NOBODY, WORDS, bring_to

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def cqc(sqlite_registry: Registry) -> Actor:
    return operator(sqlite_registry, "cqc", "test")


@pytest.fixture
def certificate(sqlite_registry: Registry, cqc: Actor) -> str:
    return issue(sqlite_registry, cqc, sample_certificate()).public_id


def drawn(client: FlaskClient, public_id: str, language: str) -> list[str]:
    """The texts of a badge, from top to bottom."""
    picture = client.get(f"/v/{public_id}/badge-{language}.svg")
    assert picture.status_code == 200
    return [text.text or "" for text in ElementTree.fromstring(picture.data).iter(f"{SVG}text")]


@pytest.mark.parametrize("verdict", WORDS)
def test_the_badge_says_the_verdict_in_the_language_of_its_address(
    verdict: Verdict, client: FlaskClient, sqlite_registry: Registry, clock: Clock, cqc: Actor
) -> None:
    public_id = bring_to(verdict, sqlite_registry, clock, cqc)
    for language, expected in zip(("zh", "en"), WORDS[verdict], strict=True):
        texts = drawn(client, public_id, language)
        assert texts[0] == expected
        assert texts[-1] == grouped(public_id)


def test_a_badge_changes_with_the_status_and_programs_see_that_by_its_tag(
    client: FlaskClient, sqlite_registry: Registry, cqc: Actor, certificate: str
) -> None:
    address = f"/v/{certificate}/badge-en.svg"
    before = client.get(address)
    assert client.get(address, headers={"If-None-Match": before.headers["ETag"]}).status_code == 304
    change_status(sqlite_registry, cqc, certificate, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    after = client.get(address, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert drawn(client, certificate, "en")[0] == "Suspended"


def test_a_forged_document_gets_none_of_its_claims_into_the_badge(
    client: FlaskClient, sqlite_registry: Registry, clock: Clock, cqc: Actor
) -> None:
    public_id = bring_to(Verdict.INVALID, sqlite_registry, clock, cqc)
    assert drawn(client, public_id, "zh")[1:] == [grouped(public_id)]


def test_the_name_of_an_issuer_is_text_and_never_markup(
    client: FlaskClient, sqlite_registry: Registry, cqc: Actor
) -> None:
    hostile = '</text><script>alert("&")</script>'
    with sqlite_registry.database.transaction() as connection:
        connection.execute(update(Issuer).values(name_zh=hostile, name_en=hostile))
    public_id = issue(sqlite_registry, cqc, sample_certificate()).public_id
    assert drawn(client, public_id, "en")[-2] == hostile
    assert b"<script" not in client.get(f"/v/{public_id}/badge-en.svg").data


def test_the_badge_may_be_shown_by_other_sites_is_fresh_and_sets_no_cookie(
    client: FlaskClient, certificate: str
) -> None:
    headers = client.get(f"/v/{certificate}/badge-zh.svg").headers
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Cache-Control"] == "public, max-age=10"
    assert "Set-Cookie" not in headers
    assert "Cross-Origin-Resource-Policy" not in client.get(f"/v/{certificate}").headers


@pytest.mark.parametrize("what", ["badge", "badge-zh.svg", "badge-en.svg"])
def test_what_is_not_registered_has_no_badge(what: str, client: FlaskClient) -> None:
    assert client.get(f"/v/{NOBODY}/{what}").status_code == 404
    assert client.get(f"/v/NONSENSE/{what}").status_code == 404


def test_a_long_name_is_cut_and_stays_inside(client: FlaskClient, sqlite_registry: Registry, cqc: Actor) -> None:
    with sqlite_registry.database.transaction() as connection:
        connection.execute(update(Issuer).values(name_zh="认证" * 90))
    public_id = issue(sqlite_registry, cqc, sample_certificate()).public_id
    line = drawn(client, public_id, "zh")[-2]
    assert line.endswith("…")
    picture = ElementTree.fromstring(client.get(f"/v/{public_id}/badge-zh.svg").data)
    assert 62 + 13 * len(line) <= int(picture.attrib["width"]) <= 400


@pytest.fixture
def other_site(client: FlaskClient, server: str, certificate: str) -> Iterator[str]:
    """The holder's own web site, with a strict policy, which has copied what the page tells it to write."""
    page = client.get(f"/v/{certificate}/badge", headers={"Accept": "text/html", "Accept-Language": "en"})
    snippet = re.findall(r"<code>(.*?)</code>", page.get_data(as_text=True))[1]
    snippet = snippet.replace("&lt;", "<").replace("&gt;", ">")
    # The registry of the test listens elsewhere than where it says that it is.
    snippet = re.sub(r"https?://[^/\"]+", server, snippet)
    site = Flask("holder")

    @site.get("/")
    def home() -> tuple[str, dict[str, str]]:
        policy = f"default-src 'none'; img-src {server}"
        headers = {"Content-Security-Policy": policy, "Cross-Origin-Embedder-Policy": "require-corp"}
        return f"<!doctype html><title>Huafeng</title>{snippet}", headers

    with running(site) as address:
        # By another name, so that it is another site.
        yield address.replace("127.0.0.1", "localhost")


@pytest.mark.browser
def test_what_the_page_says_to_copy_works_on_another_site(phone: Page, other_site: str, certificate: str) -> None:
    phone.goto(other_site)
    phone.wait_for_function("document.images[0].complete")
    assert phone.evaluate("document.images[0].naturalWidth") > 200
    assert str(phone.locator("a").get_attribute("href")).endswith(f"/v/{certificate}")


@pytest.mark.browser
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_to_copy_from_fits_a_telephone(
    phone: Page, server: str, sqlite_registry: Registry, cqc: Actor, language: str
) -> None:
    with sqlite_registry.database.transaction() as connection:
        connection.execute(
            update(Issuer).values(
                name_zh="一家名称不短的质量管理体系认证中心有限公司（宁波）",
                name_en="A Centre With Rather a Long Name, Limited",
            )
        )
    certificate = issue(sqlite_registry, cqc, sample_certificate()).public_id
    phone.goto(f"{server}/v/{certificate}/badge?lang={language}")
    phone.wait_for_function("[...document.images].every((one) => one.complete && one.naturalWidth > 200)")
    assert not is_too_wide(phone)
