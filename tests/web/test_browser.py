"""The path of somebody who scans a code with a telephone, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Request

from registry.services.context import Registry, operator
from registry.services.issue import issue
from tests.conftest import sample_certificate
from tests.web.conftest import PHONE

pytestmark = pytest.mark.browser
DESK = {"width": 1280, "height": 900}
# Every piece of text, with the colours that it is seen in and the ratio that WCAG AA asks for.
CONTRASTS = """() => {
  const channels = (css) => css.match(/[\\d.]+/g).map(Number);
  const light = (rgb) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.slice(0, 3).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const backdrop = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(channels(style.color)), light(backdrop(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${walker.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.fixture
def certificate(sqlite_registry: Registry) -> str:
    """A valid certificate's public id."""
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


def is_too_wide(page: Page) -> bool:
    # Not innerWidth: a telephone zooms out until what is too wide fits, and innerWidth grows with that.
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def test_who_scans_a_code_sees_the_verdict_at_once_and_can_go_on_from_there(
    phone: Page, server: str, certificate: str, complaints: list[str]
) -> None:
    phone.goto(f"{server}/v/{certificate}")
    verdict = phone.get_by_role("heading", level=1)
    assert verdict.inner_text() == "有效"
    box = verdict.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < PHONE["height"] / 2
    holder = phone.get_by_text("宁波华丰精密机械有限公司").first.bounding_box()
    assert holder is not None
    assert holder["y"] + holder["height"] < PHONE["height"]
    assert not is_too_wide(phone)

    phone.get_by_role("link", name="English").click()
    assert phone.get_by_role("heading", level=1).inner_text() == "Valid"
    assert phone.locator("html").get_attribute("lang") == "en"

    phone.get_by_role("searchbox").fill("华丰")
    phone.get_by_role("button", name="Check").click()
    result = phone.get_by_role("link", name="Ningbo Huafeng")
    assert "Valid" in result.inner_text()
    assert not is_too_wide(phone)
    result.click()
    assert phone.url.endswith(f"/v/{certificate}")
    assert phone.get_by_role("heading", level=1).inner_text() == "Valid"
    assert complaints == []


def test_the_code_on_the_page_is_drawn(phone: Page, server: str, certificate: str) -> None:
    phone.goto(f"{server}/v/{certificate}")
    drawn = "document.querySelector('img').complete && document.querySelector('img').naturalWidth > 0"
    phone.wait_for_function(drawn)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_and_can_be_read(
    browser: Browser, server: str, certificate: str, size: dict[str, int], scheme: str
) -> None:
    context = browser.new_context(viewport=size, locale="en-GB", color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for path in (
        "/",
        f"/v/{certificate}",
        "/search?q=精密",
        "/search?q=x",
        "/check",
        "/report",
        "/holders/uscc/91330282MA00000184",
        "/issuers",
        "/issuers/cqc",
        "/statistics",
        "/problems",
        "/api/",
        "/v/x",
    ):
        page.goto(server + path)
        assert not is_too_wide(page), path
        assert page.evaluate(CONTRASTS) == [], path
    page.goto(f"{server}/v/{certificate}")
    for tone in ("good", "warn", "bad", "past", "ahead"):
        page.evaluate("tone => { document.querySelector('.verdict').className = 'verdict ' + tone }", tone)
        assert page.evaluate(CONTRASTS) == [], tone
    context.close()


def test_the_first_view_takes_less_than_a_hundred_kilobytes(browser: Browser, server: str, certificate: str) -> None:
    for path in ("/", f"/v/{certificate}"):
        # Anew for each, with nothing kept from the page before.
        context = browser.new_context(viewport=DESK, locale="zh-CN")  # type: ignore[arg-type]
        page = context.new_page()
        taken: list[tuple[str, int]] = []

        def count(request: Request, taken: list[tuple[str, int]] = taken) -> None:
            sizes = request.sizes()
            taken.append((request.url, sizes["responseHeadersSize"] + sizes["responseBodySize"]))

        page.on("requestfinished", count)
        page.goto(server + path, wait_until="networkidle")
        assert len(taken) >= 4
        assert sum(size for _, size in taken) < 100_000, taken
        context.close()


def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(
    browser: Browser, server: str, certificate: str
) -> None:
    page = browser.new_page(locale="en-GB")
    page.goto(f"{server}/v/{certificate}")
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    assert focused.inner_text() == "Skip to the content"
    assert focused.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    box = focused.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.close()
