"""A running server, and a telephone that looks at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        if os.environ.get("REGISTRY_REQUIRE_BROWSER") == "1":
            pytest.fail("Chromium is required here, and it is not installed")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])


@contextmanager
def running(app: Flask) -> Iterator[str]:
    """A server of an application on this machine; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server(app: Flask) -> Iterator[str]:
    """A running server; its address."""
    with running(app) as address:
        yield address


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complains about: scripts, styles that the policy forbids, missing files."""
    return []


def listen(context: BrowserContext, complaints: list[str]) -> None:
    """Collect what goes wrong in the pages of a browser.

    What the browser itself no longer wants, because the page was left before all of it had come, is nobody's loss.
    """
    context.on("console", lambda message: complaints.append(message.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("requestfailed", lambda one: complaints.extend([] if one.failure == "net::ERR_ABORTED" else [one.url]))


@pytest.fixture
def phone(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A telephone set to Chinese."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN", has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    listen(context, complaints)
    yield context.new_page()
    context.close()
