"""The pages of a certificate: what a person who scans the code must find, in either language."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import update
from werkzeug.test import TestResponse

from registry.domain.public_id import ALPHABET, grouped, new_public_id
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.domain.verdict import Verdict
from registry.services import find
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.issue import issue
from registry.services.versions import reissue
from registry.store.models import Credential
from tests.conftest import BASE_URL, Clock, sample_certificate

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
CHINESE = {**BROWSER, "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
ENGLISH = {**BROWSER, "Accept-Language": "en-GB,en;q=0.9"}
WORDS = {
    Verdict.VALID: ("有效", "Valid"),
    Verdict.SUSPENDED: ("已暂停", "Suspended"),
    Verdict.WITHDRAWN: ("已撤销", "Withdrawn"),
    Verdict.CANCELLED: ("已注销", "Cancelled"),
    Verdict.SUPERSEDED: ("已被替换", "Superseded"),
    Verdict.EXPIRED: ("已过期", "Expired"),
    Verdict.NOT_YET_VALID: ("尚未生效", "Not yet valid"),
    Verdict.INVALID: ("无效，请勿采信", "Invalid – do not rely on it"),
}
NOBODY = new_public_id(bytes(16))


@pytest.fixture
def cqc(sqlite_registry: Registry) -> Actor:
    return operator(sqlite_registry, "cqc", "test")


@pytest.fixture
def certificate(sqlite_registry: Registry, cqc: Actor) -> str:
    """A valid certificate's public id."""
    return issue(sqlite_registry, cqc, sample_certificate()).public_id


def tamper(registry: Registry, public_id: str, change: Callable[[bytes], bytes]) -> None:
    """Alter a stored credential behind the registry's back."""
    document = find.stored_document(registry, public_id)[1]
    altered = change(document)
    assert altered != document
    with registry.database.transaction() as connection:
        connection.execute(update(Credential).values(document=altered))


def bring_to(verdict: Verdict, registry: Registry, clock: Clock, actor: Actor) -> str:
    """A certificate of that verdict."""
    acts = {
        Verdict.SUSPENDED: (Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE),
        Verdict.WITHDRAWN: (Act.WITHDRAW, Reason.MISUSE_OF_MARK),
        Verdict.CANCELLED: (Act.CANCEL, Reason.HOLDER_REQUEST),
    }
    begins = date(2026, 4, 1) if verdict is Verdict.NOT_YET_VALID else date(2025, 1, 8)
    public_id = issue(registry, actor, sample_certificate(valid_from=begins)).public_id
    if verdict in acts:
        change_status(registry, actor, public_id, *acts[verdict])
    elif verdict is Verdict.SUPERSEDED:
        day = date(2026, 3, 2)
        again = sample_certificate("00125Q30001R1S", decided_on=day, valid_from=day, valid_until=date(2029, 3, 1))
        reissue(registry, actor, public_id, again, Reason.RECERTIFICATION)
    elif verdict is Verdict.EXPIRED:
        clock.advance(days=1000)
    elif verdict is Verdict.INVALID:
        tamper(registry, public_id, lambda document: document.replace("慈溪".encode(), "余姚".encode()))
    return public_id


def words(response: TestResponse) -> str:
    """What a reader sees: the text of the page without tags, in one line."""
    body = re.sub(r"(?s)<head>.*?</head>|<[^>]+>", " ", response.get_data(as_text=True))
    return re.sub(r"\s+", " ", html.unescape(body))


def first_heading(response: TestResponse) -> str:
    found = re.search(r"(?s)<main.*?<h(\d)[^>]*>(.*?)</h\1>", response.get_data(as_text=True))
    assert found is not None
    assert found[1] == "1"
    return html.unescape(re.sub(r"(?s)<[^>]+>", "", found[2])).strip()


@pytest.mark.parametrize("verdict", WORDS)
def test_the_first_heading_says_the_verdict_in_the_readers_language(
    verdict: Verdict, client: FlaskClient, sqlite_registry: Registry, clock: Clock, cqc: Actor
) -> None:
    public_id = bring_to(verdict, sqlite_registry, clock, cqc)
    for asked, expected in zip((CHINESE, ENGLISH), WORDS[verdict], strict=True):
        response = client.get(f"/v/{public_id}", headers=asked)
        assert response.status_code == 200
        assert first_heading(response) == expected
        assert "<svg" in response.get_data(as_text=True).partition("<h1")[2].partition("</h1>")[0]


def test_everything_that_stands_on_the_paper_can_be_compared(client: FlaskClient, certificate: str) -> None:
    for asked, days in (
        (CHINESE, ("2025年1月6日", "2025年1月8日", "2028年1月7日")),
        (ENGLISH, ("6 January 2025", "8 January 2025", "7 January 2028")),
    ):
        text = words(client.get(f"/v/{certificate}", headers=asked))
        for expected in (
            "宁波华丰精密机械有限公司（样例）",
            "Ningbo Huafeng Precision Machinery Co., Ltd. (Sample)",
            "汽车用注塑件的设计和生产",
            "Design and production of injection-moulded parts for automobiles",
            "00125Q30001R0S",
            "GB/T 19001-2016 / ISO 9001:2015",
            "中国质量认证中心（样例 cqc）",
            "CNAS C001-M",
            "91330282MA00000184",
            "浙江省宁波市慈溪市观海卫镇工业路18号",
            "慈溪工厂",
            "Production of injection-moulded parts",
            grouped(certificate),
            *days,
        ):
            assert expected in text


def test_each_check_is_told_with_its_outcome_and_in_plain_words(client: FlaskClient, certificate: str) -> None:
    text = words(client.get(f"/v/{certificate}", headers=ENGLISH))
    for expected in (
        "Signature Passed The content is exactly what the issuer signed",
        "Signing key Passed",
        "Issuer Passed",
        "Period of validity Passed",
        "Status Passed",
        "Public log Passed",
    ):
        assert expected in text


def test_the_time_of_the_check_is_told_in_china_time(client: FlaskClient, certificate: str) -> None:
    assert "2026年3月2日 12:00 北京时间（UTC+8）" in words(client.get(f"/v/{certificate}", headers=CHINESE))
    assert "2 March 2026 12:00 China time (UTC+8)" in words(client.get(f"/v/{certificate}", headers=ENGLISH))


def test_the_time_of_registration_is_told_in_china_time(client: FlaskClient, certificate: str, clock: Clock) -> None:
    clock.advance(days=3)
    told = "登记时间：2026年3月2日 12:00 北京时间（UTC+8）"
    assert told in words(client.get(f"/v/{certificate}", headers=CHINESE))
    told = "Registered on 2 March 2026 12:00 China time (UTC+8)"
    assert told in words(client.get(f"/v/{certificate}", headers=ENGLISH))


def test_a_suspended_certificate_says_since_when_and_why(
    client: FlaskClient, sqlite_registry: Registry, clock: Clock, cqc: Actor
) -> None:
    public_id = bring_to(Verdict.SUSPENDED, sqlite_registry, clock, cqc)
    clock.advance(days=3)
    text = words(client.get(f"/v/{public_id}", headers=ENGLISH))
    assert "Not valid at present." in text
    assert "Suspended since 2 March 2026" in text
    assert "Reason: Surveillance audit overdue" in text


def test_a_superseded_certificate_leads_to_its_successor(
    client: FlaskClient, sqlite_registry: Registry, clock: Clock, cqc: Actor
) -> None:
    public_id = bring_to(Verdict.SUPERSEDED, sqlite_registry, clock, cqc)
    successor = find.search(sqlite_registry, number="00125Q30001R1S").items[0].certificate.public_id
    page = client.get(f"/v/{public_id}", headers=ENGLISH).get_data(as_text=True)
    assert f'href="/v/{successor}"' in page.partition("</h1>")[2].partition("</section>")[0]


def test_what_an_altered_certificate_claims_is_not_made_to_look_trustworthy(
    client: FlaskClient, sqlite_registry: Registry, clock: Clock, cqc: Actor
) -> None:
    public_id = bring_to(Verdict.INVALID, sqlite_registry, clock, cqc)
    text = words(client.get(f"/v/{public_id}", headers=ENGLISH))
    assert "Nothing that this certificate says can be relied upon." in text
    assert "What it claims – not confirmed" in text
    assert "What follows can't be relied upon." in text
    assert "Compare with the paper" not in text
    assert text.index("What was checked") < text.index("What it claims")


@pytest.mark.parametrize(
    "document",
    [b"{}", b"not JSON", b'{"credentialSubject":{"certificate":{"number":1,"holder":[],"valid_from":"<b>"}}}'],
)
def test_a_document_destroyed_beyond_reading_is_still_told_to_be_invalid(
    document: bytes, client: FlaskClient, sqlite_registry: Registry, certificate: str
) -> None:
    tamper(sqlite_registry, certificate, lambda _: document)
    response = client.get(f"/v/{certificate}", headers=CHINESE)
    assert response.status_code == 200
    assert first_heading(response) == "无效，请勿采信"


def test_markup_in_a_name_is_shown_and_not_obeyed(client: FlaskClient, sqlite_registry: Registry, cqc: Actor) -> None:
    name = Text('<script>alert("1")</script>有限公司', "<b>Bold</b> & Co.")
    holder = replace(sample_certificate().holder, name=name)
    public_id = issue(sqlite_registry, cqc, sample_certificate(holder=holder)).public_id
    for path in (f"/v/{public_id}", "/search?q=有限公司", "/search?q=<script>alert(1)</script>"):
        page = client.get(path, headers=ENGLISH).get_data(as_text=True)
        assert "<script>" not in page
        assert "alert(1)</script>" not in page
        assert "<b>" not in page
        assert "&lt;" in page


def test_programs_get_json_from_the_same_address(client: FlaskClient, certificate: str) -> None:
    for accept in ("application/json", "*/*"):
        response = client.get(f"/v/{certificate}", headers={"Accept": accept})
        assert response.content_type == "application/json"
        assert json.loads(response.data)["verdict"] == "valid"
        assert "Accept" in response.headers["Vary"]
    assert client.get(f"/v/{certificate}", headers=BROWSER).mimetype == "text/html"


def test_other_spellings_of_an_id_lead_to_the_registered_one(client: FlaskClient, certificate: str) -> None:
    for typed in (certificate.lower(), grouped(certificate), grouped(certificate).lower()):
        for place in ("/v/{}", "/v/{}/qr.svg", "/v/{}/qr.png", "/certificates/{}"):
            response = client.get(place.format(typed) + "?lang=en", headers=BROWSER)
            assert response.status_code == 308
            assert response.headers["Location"] == place.format(certificate) + "?lang=en"


def test_an_unchanged_page_is_not_sent_again(
    client: FlaskClient, sqlite_registry: Registry, cqc: Actor, certificate: str
) -> None:
    first = client.get(f"/v/{certificate}", headers=ENGLISH)
    known = {**ENGLISH, "If-None-Match": first.headers["ETag"]}
    assert client.get(f"/v/{certificate}", headers=known).status_code == 304
    assert client.get(f"/v/{certificate}", headers={**known, **CHINESE}).status_code == 200
    change_status(sqlite_registry, cqc, certificate, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    assert client.get(f"/v/{certificate}", headers=known).status_code == 200


def test_a_page_never_claims_a_check_that_was_not_made(client: FlaskClient, certificate: str, clock: Clock) -> None:
    first = client.get(f"/v/{certificate}", headers=ENGLISH)
    clock.now += timedelta(minutes=1)
    again = client.get(f"/v/{certificate}", headers={**ENGLISH, "If-None-Match": first.headers["ETag"]})
    assert again.status_code == 200
    assert "12:01" in words(again)
    assert first.headers["Cache-Control"] == "public, max-age=10"
    assert {"Accept", "Accept-Language", "Cookie"} <= set(first.headers["Vary"].split(", "))


def wrong_ids() -> list[tuple[str, str, str]]:
    last = next(symbol for symbol in ALPHABET if symbol != NOBODY[-1])
    return [
        (NOBODY, "No such certificate", "查无此证"),
        (NOBODY[:-1] + last, "At least one character is mistyped", "至少有一位输入有误"),
        (NOBODY[:-2], "this one has 13", "您输入的有 13 位"),
        (NOBODY[:-1] + "A", "A certificate id never contains A", "查验码中不会出现 A"),
        (NOBODY * 4, "That is too long", "输入过长"),
    ]


@pytest.mark.parametrize(("typed", "english", "chinese"), wrong_ids())
def test_who_comes_with_a_wrong_id_learns_what_to_check(
    client: FlaskClient, typed: str, english: str, chinese: str
) -> None:
    for asked, expected, hint in ((ENGLISH, english, "15 characters"), (CHINESE, chinese, "查验码共 15 位")):
        response = client.get(f"/v/{typed}", headers=asked)
        assert response.status_code == 404
        text = words(response)
        assert expected in text
        assert hint in text
        assert f"{BASE_URL}/" in text
        assert typed[:15] in text
        page = response.get_data(as_text=True)
        assert 'action="/search"' in page
        assert f'value="{typed}"' in page
        assert 'href="/issuers"' in page


def test_programs_get_a_problem_document_for_a_wrong_id(client: FlaskClient) -> None:
    response = client.get(f"/v/{NOBODY}", headers={"Accept": "application/json"})
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


def test_the_signed_credential_is_handed_out_to_the_byte(
    client: FlaskClient, sqlite_registry: Registry, certificate: str
) -> None:
    response = client.get(f"/certificates/{certificate}")
    assert response.data == find.stored_document(sqlite_registry, certificate)[1]
    assert response.content_type == "application/vc"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "immutable" in response.headers["Cache-Control"]
    known = {"If-None-Match": response.headers["ETag"]}
    assert client.get(f"/certificates/{certificate}", headers=known).status_code == 304
    assert client.get(f"/certificates/{NOBODY}").status_code == 404


@pytest.mark.parametrize("scale", ["", "?scale=4", "?scale=40"])
def test_the_qr_code_is_read_at_the_size_of_print(client: FlaskClient, certificate: str, scale: str) -> None:
    response = client.get(f"/v/{certificate}/qr.png{scale}")
    assert response.content_type == "image/png"
    assert "immutable" in response.headers["Cache-Control"]
    # 25 mm at 300 dots an inch.
    dots = round(25 / 25.4 * 300)
    printed = Image.open(io.BytesIO(response.data)).convert("L").resize((dots, dots), Image.Resampling.BICUBIC)
    read = zxingcpp.read_barcodes(printed)
    assert [code.text for code in read] == [f"{BASE_URL}/v/{certificate}"]


def test_qr_codes_are_made_only_of_registered_certificates_and_in_sensible_sizes(
    client: FlaskClient, certificate: str
) -> None:
    svg = client.get(f"/v/{certificate}/qr.svg")
    assert svg.content_type.startswith("image/svg+xml")
    assert svg.data.lstrip().startswith(b"<?xml") or svg.data.startswith(b"<svg")
    for place in ("qr.svg", "qr.png"):
        assert client.get(f"/v/{NOBODY}/{place}").status_code == 404
    for scale in ("3", "41", "x", "-5", "99999999999", "１０"):
        assert client.get(f"/v/{certificate}/qr.png", query_string={"scale": scale}).status_code == 422
