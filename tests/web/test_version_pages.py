"""The versions of a certificate, as people see them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page

from registry.domain.reasons import Reason
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.versions import issue_version
from tests.conftest import Clock, sample_certificate
from tests.web.test_browser import CONTRASTS, is_too_wide

SCREENSHOTS = os.environ.get("REGISTRY_SCREENSHOTS")


@pytest.fixture
def versions(sqlite_registry: Registry, clock: Clock) -> list[str]:
    """Three versions, the last of which is yet to begin."""
    actor = operator(sqlite_registry, "cqc")
    first = issue(sqlite_registry, actor, sample_certificate()).public_id
    clock.advance(days=20)
    moved = {"holder": {"address": {"zh": "浙江省宁波市慈溪市新路1号", "en": "No. 1 Xin Lu, Cixi, Ningbo"}}}
    second = issue_version(sqlite_registry, actor, first, Reason.ADDRESS_CHANGE, moved).public_id
    clock.advance(days=20)
    smaller = {"scope": {"zh": "汽车用注塑件的生产", "en": "Production of moulded parts"}, "valid_from": "2026-06-01"}
    third = issue_version(sqlite_registry, actor, second, Reason.SCOPE_REDUCTION, smaller).public_id
    return [first, second, third]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["该证书的历次版本", "初次认证", "地址变更", "缩小认证范围", "已被替换", "尚未生效", "（本证书）"]),
        ("en", ["Versions of this certificate", "Initial certification", "Change of address", "Scope reduced"]),
    ],
)
def test_the_versions_stand_in_order_on_each_page(
    client: FlaskClient, versions: list[str], language: str, words: list[str]
) -> None:
    for public_id in versions:
        page = client.get(f"/v/{public_id}?lang={language}", headers={"Accept": "text/html"}).text
        assert all(word in page for word in words), [word for word in words if word not in page]
        section = page.split('id="versions"')[1].split("</section>")[0]
        assert section.count('aria-current="true"') == 1
        places = [section.index(f"/v/{one}") for one in versions]
        assert places == sorted(places)


def test_a_certificate_without_versions_has_no_list_of_them(client: FlaskClient, sqlite_registry: Registry) -> None:
    public_id = issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id
    assert 'id="versions"' not in client.get(f"/v/{public_id}", headers={"Accept": "text/html"}).text


@pytest.mark.browser
def test_the_versions_fit_and_can_be_read(phone: Page, server: str, versions: list[str], complaints: list[str]) -> None:
    for width in (390, 1280):
        phone.set_viewport_size({"width": width, "height": 900})
        phone.goto(f"{server}/v/{versions[1]}?lang=zh")
        phone.locator("#versions").scroll_into_view_if_needed()
        if SCREENSHOTS:
            phone.screenshot(path=Path(SCREENSHOTS) / f"versions-{width}.png", full_page=True)
        assert not is_too_wide(phone)
        assert phone.evaluate(CONTRASTS) == []
    phone.locator(".versions a").last.click()
    assert phone.locator("h1").inner_text() == "尚未生效"
    assert complaints == []
