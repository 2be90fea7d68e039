"""Scanning a code in the browser: by a camera that shows one of ours, or from a photo."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from registry.formats import qr_code
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.offline_qr import offline_address
from registry.services.verify import Verifier
from tests.conftest import BASE_URL, sample_certificate
from tests.web.conftest import PHONE, listen
from tests.web.test_browser import is_too_wide

pytestmark = pytest.mark.browser
# What browsers on telephones bring along.
OWN_READER = """
  globalThis.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code", "ean_13"]; }
    async detect(source) { return source.videoWidth ? [{ rawValue: "%s" }] : []; }
  };
"""


@pytest.fixture
def certificate(sqlite_registry: Registry) -> str:
    """A valid certificate's public id."""
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


def seen(text: str | None) -> Image.Image:
    """What a camera sees: the code on a grey wall, slightly turned, or the wall alone."""
    wall = Image.new("RGB", (1280, 720), (122, 118, 112))
    if text is not None:
        paper = Image.open(io.BytesIO(qr_code.png(text, 8))).convert("RGB")
        paper = paper.resize((560, 560)).rotate(6, Image.Resampling.BICUBIC, expand=True, fillcolor=(122, 118, 112))
        wall.paste(paper, (300, 60))
    return wall


def film(path: Path, picture: Image.Image) -> Path:
    """One frame as motion JPEG, which Chromium's false camera shows over and over."""
    picture.save(path, "JPEG", quality=92)
    return path


Camera = Callable[[Path | None], Browser]


@contextmanager
def chromium(*switches: str) -> Iterator[Browser]:
    """A browser with switches of its own."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        if os.environ.get("REGISTRY_REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is required here, and it is not installed")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", *switches])


@contextmanager
def before_a_camera(picture: Image.Image, tmp_path: Path, complaints: list[str]) -> Iterator[BrowserContext]:
    """A telephone whose camera sees a picture, and may be used."""
    file = film(tmp_path / "camera.mjpeg", picture)
    switches = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={file}",
    )
    with chromium(*switches) as browser:
        context = browser.new_context(viewport=PHONE, locale="zh-CN", permissions=["camera"])  # type: ignore[arg-type]
        listen(context, complaints)
        yield context


def open_camera(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="用摄像头扫码").click()


@pytest.mark.parametrize("path", ["/", "/check"])
def test_a_code_before_the_camera_leads_to_its_certificate(
    server: str, certificate: str, tmp_path: Path, complaints: list[str], path: str
) -> None:
    with before_a_camera(seen(f"{BASE_URL}/v/{certificate}"), tmp_path, complaints) as context:
        page = context.new_page()
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        page.goto(server + path)
        page.wait_for_load_state("networkidle")
        # The reader is fetched when it is needed, not before.
        assert not any("/qr/" in url for url in loaded)
        open_camera(page, server + path)
        page.wait_for_url(f"{server}/v/{certificate}")
        assert page.get_by_role("heading", level=1).inner_text() == "有效"
        assert sum("/qr/decode.js" in url for url in loaded) == 1
    assert complaints == []


def test_the_signed_part_of_an_offline_code_is_checked_too(
    server: str, sqlite_registry: Registry, certificate: str, tmp_path: Path, complaints: list[str]
) -> None:
    text = offline_address(sqlite_registry, Verifier(sqlite_registry, 0), certificate)
    with before_a_camera(seen(text), tmp_path, complaints) as context:
        page = context.new_page()
        open_camera(page, f"{server}/")
        page.wait_for_url(f"{server}/v/{certificate}#*")
        expect(page.get_by_text("印刷品上的二维码真实")).to_be_visible()
    assert complaints == []


def test_the_browsers_own_reader_is_preferred(
    server: str, certificate: str, tmp_path: Path, complaints: list[str]
) -> None:
    with before_a_camera(seen(None), tmp_path, complaints) as context:
        context.add_init_script(OWN_READER % f"{BASE_URL}/v/{certificate}")
        page = context.new_page()
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url))
        open_camera(page, f"{server}/")
        page.wait_for_url(f"{server}/v/{certificate}")
        assert not any("/qr/" in url for url in loaded)
    assert complaints == []


def test_closing_lets_go_of_the_camera(server: str, tmp_path: Path, complaints: list[str]) -> None:
    with before_a_camera(seen(None), tmp_path, complaints) as context:
        page = context.new_page()
        open_camera(page, f"{server}/")
        expect(page.get_by_text("将证书上的二维码")).to_be_visible()
        # Not wait_for_function: where it must wait it evaluates a text, which the policy of the page forbids.
        video = page.locator("video")
        expect(video).to_have_js_property("readyState", 4)
        assert not is_too_wide(page)
        page.evaluate("window.stream = document.querySelector('video').srcObject")
        page.get_by_role("button", name="关闭").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert page.evaluate("stream.getTracks().map(track => track.readyState)") == ["ended"]
        page.get_by_role("button", name="用摄像头扫码").click()
        expect(video).to_have_js_property("readyState", 4)
        page.keyboard.press("Escape")
        expect(video).to_have_js_property("srcObject", None)
    assert complaints == []


def test_who_does_not_allow_the_camera_is_told_what_to_do(server: str, complaints: list[str]) -> None:
    with chromium("--use-fake-device-for-media-stream", "--deny-permission-prompts") as browser:
        context = browser.new_context(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type]
        listen(context, complaints)
        page = context.new_page()
        open_camera(page, f"{server}/")
        expect(page.get_by_text("浏览器未允许使用摄像头")).to_be_visible()
    assert complaints == []


def test_where_there_is_no_camera_the_number_can_be_typed(server: str, phone: Page, complaints: list[str]) -> None:
    phone.context.grant_permissions(["camera"])
    open_camera(phone, f"{server}/")
    expect(phone.get_by_text("未找到摄像头")).to_be_visible()
    phone.get_by_role("button", name="关闭").click()
    expect(phone.get_by_role("searchbox")).to_be_visible()
    assert complaints == []


def test_a_photo_of_a_code_is_read(
    server: str, phone: Page, certificate: str, tmp_path: Path, complaints: list[str]
) -> None:
    film(tmp_path / "photo.jpg", seen(f"{BASE_URL}/v/{certificate}").resize((3840, 2160)))
    film(tmp_path / "wall.jpg", seen(None))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n")
    phone.goto(f"{server}/")
    for name in ("wall.jpg", "broken.png"):
        phone.set_input_files("#file", tmp_path / name)
        expect(phone.get_by_text("图片中没有找到二维码")).to_be_visible()
    phone.set_input_files("#file", tmp_path / "photo.jpg")
    phone.wait_for_url(f"{server}/v/{certificate}")
    assert complaints == []


def test_without_script_there_is_no_camera_and_the_rest_works(browser: Browser, server: str, certificate: str) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{server}/")
    expect(page.get_by_role("button", name="用摄像头扫码")).to_have_count(0)
    page.get_by_role("searchbox").fill("00125Q30001R0S")
    page.get_by_role("button", name="查验", exact=True).click()
    assert page.url == f"{server}/v/{certificate}"
    context.close()


def test_only_the_pages_with_a_camera_may_ask_for_it(browser: Browser, server: str, certificate: str) -> None:
    page = browser.new_page()
    for path, allowed in (("/", True), ("/check", True), ("/search", False), (f"/v/{certificate}", False)):
        page.goto(server + path)
        assert page.evaluate("document.featurePolicy.allowsFeature('camera')") is allowed, path
    page.close()
