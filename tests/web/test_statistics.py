"""The register in numbers, for people and for programs."""

from __future__ import annotations

import csv
import io

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page

from registry.domain.reasons import Act, Reason
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.web.charts import Series, chart, shares
from tests.conftest import sample_certificate
from tests.web.console import Visitor, words
from tests.web.test_browser import is_too_wide


@pytest.fixture(autouse=True)
def _filled(sqlite_registry: Registry) -> None:
    actor = operator(sqlite_registry, "cqc")
    issue(sqlite_registry, actor, sample_certificate("1"))
    issue(sqlite_registry, actor, sample_certificate("2", scheme="gbt24001-2016"))
    fallen = issue(sqlite_registry, actor, sample_certificate("3")).public_id
    change_status(sqlite_registry, actor, fallen, Act.WITHDRAW, Reason.MISUSE_OF_MARK)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("制造业", "宁波市", "质量管理体系认证 (GB/T 19001-2016", "小型企业", "2025年1月", "已撤销")),
        ("en", ("Manufacturing", "Ningbo", "Quality management system", "Small enterprise", "Jan 2025", "Withdrawn")),
    ],
)
def test_the_page_names_classes_and_months_in_the_readers_language(
    client: FlaskClient, language: str, words: tuple[str, ...]
) -> None:
    response = client.get("/statistics", headers={"Accept-Language": language})
    assert response.status_code == 200
    assert [word for word in words if word not in response.text] == []
    assert response.headers["Cache-Control"] == "public, max-age=600"


def test_programs_get_the_same_numbers_as_json_and_as_a_table(client: FlaskClient) -> None:
    answer = client.get("/api/v1/statistics").get_json()
    assert answer["statuses"]["valid"] == 2
    assert answer["acts"]["withdraw"]["2026-03"] == 1
    table = client.get("/statistics.csv")
    assert table.data.startswith(b"\xef\xbb\xbf")
    rows = {(what, of): count for what, of, count in csv.reader(io.StringIO(table.text.removeprefix("\ufeff")))}
    assert rows["statuses", "valid"] == "2"
    assert rows["withdraw", "2026-03"] == "1"
    assert rows["issued", "2025-01"] == "3"
    assert rows["schemes", "gbt24001-2016"] == "1"


def test_an_empty_chart_says_so(client: FlaskClient) -> None:
    assert "None in this time" in client.get("/statistics", headers={"Accept-Language": "en"}).text.split("expire")[1]


def test_columns_stand_on_each_other_and_keep_their_proportions() -> None:
    series = [Series("a", "good", {"2026-01": 3, "2026-02": 0}), Series("b", "bad", {"2026-01": 1, "2026-02": 2})]
    drawn = chart(series)
    assert drawn.highest == 4
    first, second = (column.blocks for column in drawn.columns)
    assert [(block.y, block.height) for block in first] == [(25.0, 75.0), (0.0, 25.0)]
    assert [(block.count, block.y, block.height) for block in second] == [(2, 50.0, 50.0)]


def test_one_among_thousands_can_still_be_seen() -> None:
    assert shares({"many": 5000, "one": 1, "none": 0}) == [("many", 5000, 100), ("one", 1, 1.5)]


@pytest.mark.browser
def test_the_page_fits_a_telephone_and_its_policy(phone: Page, server: str, complaints: list[str]) -> None:
    phone.goto(f"{server}/statistics")
    assert phone.get_by_role("heading", level=1).inner_text() == "统计数据"
    drawn = phone.locator(".plot rect").first.bounding_box()
    assert drawn is not None
    assert drawn["height"] > 1
    assert not is_too_wide(phone)
    phone.get_by_text("查看数据").first.click()
    assert phone.get_by_role("cell", name="3", exact=True).first.is_visible()
    assert complaints == []


def test_the_console_shows_an_issuer_its_own_numbers(client: FlaskClient, sqlite_registry: Registry) -> None:
    issue(sqlite_registry, operator(sqlite_registry, "other"), sample_certificate("1"))
    visitor = Visitor(client)
    visitor.enter(sqlite_registry, "li@cqc.example")
    page = words(visitor.open("/"))
    assert "2 valid certificates" in page
    assert "1 withdrawn" in page
    assert "Ningbo" in page
