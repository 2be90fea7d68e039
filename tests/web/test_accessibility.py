"""Every page against WCAG 2.0 to 2.2, levels A and AA, by axe-core in a real browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from registry.domain.reasons import Act, Reason
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.find import stored_document
from registry.services.issue import issue
from registry.services.roles import Role
from registry.web.application import build_application
from tests.conftest import sample_certificate
from tests.web.conftest import PHONE, running
from tests.web.test_browser import DESK
from tests.web.test_console_browser import enter
from tests.web.test_pages import tamper

pytestmark = pytest.mark.browser
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
PUBLIC = (
    "/",
    "/check",
    "/search",
    "/search?name=精密",
    "/search?q=nobody+at+all",
    "/search?q=",
    "/holders/uscc/91330282MA00000184",
    "/issuers",
    "/issuers/cqc",
    "/schemes",
    "/statistics",
    "/problems",
    "/api/",
    "/report",
    "/report/received/2222222222",
    "/nowhere",
    "/v/wrong",
)
CONSOLE = (
    "/",
    "/certificates/",
    "/issue",
    "/printing/",
    "/files/",
    "/approvals/",
    "/people/",
    "/branches/",
    "/keys/",
    "/api-keys/",
    "/accreditations/",
    "/reports/",
    "/audit/",
    "/account/",
)
# Sizes go with colours, so that each is seen in both and nothing twice.
LOOKS = [("zh-CN", "light", PHONE), ("zh-CN", "dark", DESK), ("en-GB", "light", DESK), ("en-GB", "dark", PHONE)]
looks = pytest.mark.parametrize(("language", "scheme", "size"), LOOKS, ids=[f"{one[0]}-{one[1]}" for one in LOOKS])


def violations(page: Page) -> list[str]:
    """What is wrong, each with the elements that it is about."""
    found = Axe().run(page, options=RULES).response
    # A page on which nothing was tried proves nothing.
    assert len(found["passes"]) > 10
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]


@looks
def test_the_public_pages(
    browser: Browser,
    server: str,
    sqlite_registry: Registry,
    tmp_path: Path,
    language: str,
    scheme: str,
    size: dict[str, int],
) -> None:
    actor = operator(sqlite_registry, "cqc")
    good, suspended, altered = (
        issue(sqlite_registry, actor, sample_certificate(number)).public_id for number in ("GOOD", "STOPPED", "ALTERED")
    )
    change_status(sqlite_registry, actor, suspended, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    document = stored_document(sqlite_registry, good)[1]
    (tmp_path / "altered.json").write_bytes(document.replace("慈溪".encode(), "余姚".encode()))
    tamper(sqlite_registry, altered, lambda one: one.replace("慈溪".encode(), "余姚".encode()))
    context = browser.new_context(viewport=size, locale=language, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for path in (*PUBLIC, *(f"/v/{one}" for one in (good, suspended, altered)), f"/v/{good}/badge"):
        page.goto(server + path)
        assert violations(page) == [], path
    page.goto(f"{server}/")
    page.set_input_files("#file", tmp_path / "altered.json")
    page.wait_for_selector("#verdict")
    assert violations(page) == []
    page.goto(f"{server}/")
    page.evaluate("document.getElementById('camera').showModal()")
    assert violations(page) == []
    context.close()


@looks
def test_the_console(
    browser: Browser, sqlite_registry: Registry, language: str, scheme: str, size: dict[str, int]
) -> None:
    settings = replace(sqlite_registry.settings, base_url="http://127.0.0.1", second_factor_required=False)
    easy = replace(sqlite_registry, settings=settings)
    public_id = issue(easy, operator(easy, "cqc"), sample_certificate()).public_id
    with running(build_application(easy)) as address:
        context = browser.new_context(viewport=size, locale=language, color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{address}/console/sign-in")
        assert violations(page) == []
        enter(context, address, easy, Role.ADMINISTRATOR)
        for path in (*CONSOLE, f"/certificates/{public_id}", f"/certificates/{public_id}/suspend"):
            page.goto(f"{address}/console{path}")
            assert "/console/sign-in" not in page.url
            assert violations(page) == [], path
        context.close()


def test_the_check_itself_finds_what_is_wrong(browser: Browser, server: str) -> None:
    page = browser.new_page()
    page.goto(f"{server}/")
    page.evaluate("document.querySelector('label[for=q]').remove()")
    assert [one.partition(":")[0] for one in violations(page)] == ["label"]
    page.close()
