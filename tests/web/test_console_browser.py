"""An officer's first day at the console, in a real browser: from the invitation to signing out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from registry.services import find, people
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.people import administrator
from registry.services.roles import Role
from registry.web.application import build_application
from tests.conftest import Clock, sample_certificate
from tests.services.accounts import PASSWORD, code_now, new_user, signed_in
from tests.web.conftest import PHONE, listen, running
from tests.web.test_browser import CONTRASTS, DESK, is_too_wide

pytestmark = pytest.mark.browser


@pytest.fixture
def plain(sqlite_registry: Registry) -> Registry:
    """A registry whose console is reached without TLS, as the browser reaches it here."""
    return replace(sqlite_registry, settings=replace(sqlite_registry.settings, base_url="http://127.0.0.1"))


@pytest.fixture
def app(plain: Registry) -> Flask:
    return build_application(plain)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    with running(app) as server:
        yield server


def desk(browser: Browser, complaints: list[str], **options: object) -> BrowserContext:
    """A browser at a desk, whose complaints are collected."""
    context = browser.new_context(viewport=DESK, locale="en-GB", **options)  # type: ignore[arg-type]
    listen(context, complaints)
    return context


def scanned(page: Page) -> str:
    """What the QR code on the page says to a camera."""
    picture = Image.open(io.BytesIO(page.locator("img.qr").screenshot()))
    (code,) = zxingcpp.read_barcodes(picture)
    return str(code.text)


def accept(page: Page, plain: Registry, invitation: str) -> str:
    """Accept an invitation, and set the second factor up with its QR code; returns its secret."""
    page.goto(invitation)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    uri = scanned(page)
    assert uri.startswith("otpauth://totp/127.0.0.1:chen%40cqc.example?secret=")
    secret: str = re.findall(r"secret=(\w+)", uri)[0]
    page.get_by_label("Verification code").fill(code_now(plain, secret))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.get_by_role("link", name="I have kept them").click()
    return secret


def test_from_the_invitation_to_signing_out(
    browser: Browser, address: str, plain: Registry, clock: Clock, complaints: list[str]
) -> None:
    by = administrator(operator(plain, "cqc"))
    path = people.invite(plain, by, "chen@cqc.example", "Chen Jianguo", Role.OFFICER).partition("/console")[2]
    context = desk(browser, complaints)
    page = context.new_page()
    secret = accept(page, plain, f"{address}/console{path}")

    page.get_by_role("link", name="Issue a certificate").click()
    fill_in(page)
    page.get_by_role("button", name="Issue").click()
    expect(page.get_by_role("status")).to_have_text("The certificate is issued.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("宁波华丰精密机械有限公司")

    clock.advance(minutes=1)
    page.get_by_role("link", name="Suspend", exact=True).click()
    page.get_by_label("Reason").select_option("Surveillance audit overdue")
    page.get_by_label("Note").fill("asked twice")
    page.get_by_role("button", name="Suspend").click()
    expect(page.get_by_role("status")).to_have_text("The suspension is recorded.")
    expect(page.locator(".standing")).to_contain_text("Suspended")
    assert find.search(plain, number="BROWSER-1").items[0].status.status == "suspended"

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.go_back()
    page.goto(f"{address}/console/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")

    clock.advance(seconds=30)
    page.get_by_label("E-mail address").fill("chen@cqc.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Verification code").fill(code_now(plain, secret))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("link", name="Our certificates")).to_be_visible()
    assert complaints == []
    context.close()


def fill_in(page: Page) -> None:
    """Fill in the form for a certificate."""
    for name, value in (
        ("number", "BROWSER-1"),
        ("granted_on", "2025-01-06"),
        ("decided_on", "2025-01-06"),
        ("valid_from", "2025-01-08"),
        ("valid_until", "2028-01-07"),
        ("scope.zh", "汽车用注塑件的设计和生产"),
        ("holder.name.zh", "宁波华丰精密机械有限公司（样例）"),
        ("holder.address.zh", "浙江省宁波市慈溪市"),
    ):
        page.locator(f"[name='{name}']").fill(value)
    page.get_by_label("Identifier", exact=True).fill("91330282MA00000184")
    page.get_by_label("Standard").select_option("gbt19001-2016")


def enter(context: BrowserContext, address: str, plain: Registry, role: Role) -> None:
    """Give the browser the session of a new user, who needs no second factor here."""
    new_user(plain, "wu@cqc.example", role)
    token = signed_in(plain, "wu@cqc.example")
    context.add_cookies([{"name": "registry-session", "value": token, "url": address}])


@pytest.fixture
def easy(plain: Registry) -> Registry:
    """A registry that demands no second factor."""
    return replace(plain, settings=replace(plain.settings, second_factor_required=False))


def test_a_form_is_checked_as_one_types(browser: Browser, easy: Registry, complaints: list[str]) -> None:
    with running(build_application(easy)) as address:
        context = desk(browser, complaints)
        enter(context, address, easy, Role.OFFICER)
        page = context.new_page()
        page.goto(f"{address}/console/issue")
        identifier = page.get_by_label("Identifier", exact=True)
        identifier.press_sequentially("91330282MA00000185")
        told = page.locator("[id='holder.identifier.value-wrong']")
        expect(told).to_contain_text("mistyped")
        expect(identifier).to_have_attribute("aria-invalid", "true")
        # What has not been touched is not complained about.
        expect(page.locator(".wrong")).to_have_count(1)
        identifier.fill("91330282MA00000184")
        expect(told).to_have_count(0)
        expect(identifier).not_to_have_attribute("aria-invalid", "true")
        fill_in(page)
        page.get_by_label("Last decision").fill("2026-03-03")
        expect(page.locator("#decided_on-wrong")).to_have_text("The decision can't be in the future.")
        assert complaints == []
        context.close()


def test_without_script_the_server_says_the_same(browser: Browser, easy: Registry, complaints: list[str]) -> None:
    with running(build_application(easy)) as address:
        context = desk(browser, complaints, java_script_enabled=False)
        enter(context, address, easy, Role.OFFICER)
        page = context.new_page()
        page.goto(f"{address}/console/issue")
        page.get_by_role("button", name="Add a site").click()
        fill_in(page)
        page.get_by_label("Last decision").fill("2026-03-03")
        page.get_by_role("button", name="Issue").last.click()
        expect(page.locator("#decided_on-wrong")).to_have_text("The decision can't be in the future.")
        expect(page.get_by_label("Certificate number")).to_have_value("BROWSER-1")
        assert len(complaints) == 1
        assert "422" in complaints[0]
        context.close()


def test_the_keyboard_alone_is_enough(browser: Browser, easy: Registry, complaints: list[str]) -> None:
    new_user(easy, "wu@cqc.example")
    with running(build_application(easy)) as address:
        context = desk(browser, complaints)
        page = context.new_page()
        page.goto(f"{address}/console/sign-in")
        page.get_by_label("E-mail address").focus()
        page.keyboard.type("wu@cqc.example")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="People")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.locator(":focus")).to_have_text("Skip to the content")
        context.close()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_every_page_fits_and_can_be_read(
    browser: Browser, easy: Registry, size: dict[str, int], scheme: str, language: str
) -> None:
    public_id = issue(easy, operator(easy, "cqc"), sample_certificate()).public_id
    with running(build_application(easy)) as address:
        context = browser.new_context(viewport=size, locale=language, color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(f"{address}/console/sign-in")
        assert not is_too_wide(page)
        assert page.evaluate(CONTRASTS) == []
        enter(context, address, easy, Role.ADMINISTRATOR)
        for path in (
            "/",
            "/certificates/?status=valid",
            "/certificates/?q=x",
            f"/certificates/{public_id}",
            f"/certificates/{public_id}/suspend",
            f"/certificates/{public_id}/reissue",
            "/issue",
            "/people/",
            "/people/1",
            "/branches/",
            "/account/",
            "/account/second-factor",
        ):
            page.goto(f"{address}/console{path}")
            assert not is_too_wide(page), path
            assert page.evaluate(CONTRASTS) == [], path
        context.close()
