"""Handing in files: on the page, with and without script, and at the API."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from registry.domain.reasons import Act, Reason
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.find import stored_document
from registry.services.issue import issue
from registry.services.print_certificate import print_certificate
from registry.services.verify import Verifier
from registry.web.application import build_application
from registry.web.presented import MAX_CREDENTIAL_BYTES, MAX_PDF_BYTES
from tests.conftest import BASE_URL, Clock, party_bearer, sample_certificate
from tests.formats.test_pdf_attachment import pdf
from tests.web.conftest import listen
from tests.web.test_browser import is_too_wide

HTML = {"Accept": "text/html"}


@pytest.fixture
def public_id(sqlite_registry: Registry) -> str:
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


@pytest.fixture
def credential(sqlite_registry: Registry, public_id: str) -> bytes:
    return stored_document(sqlite_registry, public_id)[1]


@pytest.fixture
def certificate_pdf(sqlite_registry: Registry, public_id: str) -> bytes:
    return print_certificate(sqlite_registry, Verifier(sqlite_registry, 0), public_id).pdf


def hand_in(client: FlaskClient, body: bytes = b"", text: str = "", language: str = "en") -> TestResponse:
    # Encoded here, because the client would leave a temporary file open.
    boundary, form = encode_multipart({"file": FileStorage(BytesIO(body), "a file", "file"), "text": text})
    media_type = f"multipart/form-data; boundary={boundary}"
    return client.post(f"/check?lang={language}", data=form, headers=HTML, content_type=media_type)


def headline(answer: TestResponse) -> str:
    return answer.get_data(as_text=True).split('<h1 id="verdict">')[1].split("<span>")[1].split("</span>")[0]


def refused(answer: TestResponse, status: int = 422) -> str:
    assert answer.status_code == status
    return answer.get_data(as_text=True).split('role="alert">')[1].split("</p>")[0]


@pytest.mark.parametrize(("language", "word"), [("zh", "有效"), ("en", "Valid")])
def test_a_printed_certificate_is_judged_by_what_is_inside(
    client: FlaskClient, certificate_pdf: bytes, language: str, word: str
) -> None:
    answer = hand_in(client, certificate_pdf, language=language)
    assert answer.status_code == 200
    assert headline(answer) == word
    assert answer.headers["Cache-Control"] == "private, no-store"
    page = answer.get_data(as_text=True)
    assert "宁波华丰精密机械有限公司（样例）" in page
    assert ("compare it with the pages" if language == "en" else "请逐字与页面对照") in page


def test_a_credential_is_judged_as_file_and_as_text(client: FlaskClient, credential: bytes) -> None:
    for answer in (hand_in(client, credential), hand_in(client, text=credential.decode())):
        assert headline(answer) == "Valid"
        assert "compare it with the pages" not in answer.get_data(as_text=True)


def test_what_has_become_of_it_since_comes_first(
    client: FlaskClient, sqlite_registry: Registry, public_id: str, certificate_pdf: bytes
) -> None:
    change_status(sqlite_registry, operator(sqlite_registry, "cqc"), public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    assert headline(hand_in(client, certificate_pdf)) == "Withdrawn"


def test_an_altered_credential_is_shown_against_the_register(client: FlaskClient, credential: bytes) -> None:
    altered = json.loads(credential)
    altered["credentialSubject"]["certificate"]["holder"]["name"]["zh"] = "冒名<b>公司"
    answer = hand_in(client, pdf(("a.json", json.dumps(altered).encode())))
    assert headline(answer) == "Invalid – do not rely on it"
    page = answer.get_data(as_text=True)
    assert "冒名&lt;b&gt;公司" in page
    assert "宁波华丰精密机械有限公司（样例）" in page
    assert "compare it with the pages" not in page


def test_nothing_is_shown_of_a_stranger(client: FlaskClient, credential: bytes) -> None:
    stranger = json.loads(credential)
    stranger["id"] = "https://evil.example/certificates/1"
    answer = hand_in(client, json.dumps(stranger).encode())
    assert "宁波华丰" not in answer.get_data(as_text=True)
    assert headline(answer).startswith(("Invalid", "Unknown"))


def test_a_pasted_id_or_code_leads_to_its_page_with_the_signed_part(client: FlaskClient, public_id: str) -> None:
    for text, target in (
        (public_id.lower(), f"/v/{public_id}"),
        (f" {BASE_URL}/v/{public_id}\n", f"/v/{public_id}"),
        (f"{BASE_URL}/v/{public_id}#6BF-$A", f"/v/{public_id}#6BF-$A"),
        (f"{BASE_URL}/v/{public_id}#<script>\r\nx: y", f"/v/{public_id}"),
    ):
        answer = hand_in(client, text=text)
        assert (answer.status_code, answer.headers["Location"]) == (303, target)


def test_what_a_code_says_that_is_no_address_of_ours_is_searched_for(client: FlaskClient, public_id: str) -> None:
    answer = hand_in(client, text="00125Q30001R0S")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/search?q=00125Q30001R0S")
    assert client.get(answer.headers["Location"], headers=HTML).headers["Location"] == f"/v/{public_id}"
    assert "neither a certificate" in refused(hand_in(client, text="[1]"))
    assert "neither a certificate" in refused(hand_in(client, text="x" * 201))


def test_what_is_no_certificate_is_told_in_the_readers_language(client: FlaskClient) -> None:
    assert refused(hand_in(client)) == "Choose a file, or paste a text."
    assert refused(hand_in(client, language="zh")) == "请选择文件，或粘贴内容。"
    for body in (b"hello", b"[1]", b"\xff\xfe", b'{"a": 1, "a": 2}'):
        assert "neither a certificate" in refused(hand_in(client, body))
    assert "no signed credential inside" in refused(hand_in(client, pdf()))
    assert "damaged" in refused(hand_in(client, b"%PDF-1.7 rubbish"))
    assert "larger" in refused(hand_in(client, b"x" * (MAX_CREDENTIAL_BYTES + 1)), 413)
    assert "larger" in refused(hand_in(client, b"%PDF-" + b"x" * MAX_PDF_BYTES), 413)
    assert "larger" in refused(hand_in(client, b"%PDF-" + b"x" * 2 * MAX_PDF_BYTES), 413)
    assert "larger" in refused(hand_in(client, text="x" * (MAX_CREDENTIAL_BYTES + 1)), 413)


def test_the_api_takes_a_pdf(client: FlaskClient, certificate_pdf: bytes, credential: bytes) -> None:
    for media_type in ("application/pdf", "application/octet-stream", "application/x-www-form-urlencoded"):
        answer = client.post("/api/v1/verify", data=certificate_pdf, content_type=media_type)
        assert answer.get_json()["verdict"] == "valid"
    assert answer.get_json()["certificate"]["number"] == "00125Q30001R0S"
    large = pdf(("a.json", credential), ("padding.txt", bytes(3_000_000)))
    assert client.post("/api/v1/verify", data=large, content_type="application/pdf").get_json()["verdict"] == "valid"
    assert client.post("/api/v1/verify", data=large, content_type="application/json").status_code == 413
    refusal = client.post("/api/v1/verify", data=pdf(), content_type="application/pdf")
    assert (refusal.status_code, refusal.content_type) == (422, "application/problem+json")
    assert "0 JSON files" in refusal.get_json()["errors"][0]["detail"]


def test_pdfs_without_end_are_not_read_and_credentials_still_are(
    sqlite_registry: Registry, certificate_pdf: bytes, credential: bytes
) -> None:
    settings = replace(sqlite_registry.settings, rate_limit_print="2 per hour")
    client = build_application(replace(sqlite_registry, settings=settings)).test_client()
    assert client.post("/api/v1/verify", data=certificate_pdf, content_type="application/pdf").status_code == 200
    assert hand_in(client, certificate_pdf).status_code == 200
    assert hand_in(client, certificate_pdf).status_code == 429
    assert client.post("/api/v1/verify", data=certificate_pdf, content_type="application/pdf").status_code == 429
    assert hand_in(client, credential).status_code == 200


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_a_file_is_chosen_and_judged(
    browser: Browser, server: str, certificate_pdf: bytes, tmp_path: Path, width: int, complaints: list[str]
) -> None:
    (tmp_path / "certificate.pdf").write_bytes(certificate_pdf)
    for script in (True, False):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale="zh-CN", java_script_enabled=script
        )
        listen(context, complaints)
        page = context.new_page()
        # Beside the search box of the home page as well as on a page of its own.
        page.goto(f"{server}/" if width == 390 else f"{server}/check")
        if script:
            assert not is_too_wide(page)
        page.set_input_files("#file", tmp_path / "certificate.pdf")
        if not script:
            page.locator(".check > button").click()
        page.wait_for_selector("#verdict")
        assert page.inner_text("#verdict").strip() == "有效"
        context.close()
    assert complaints == []


@pytest.mark.browser
def test_a_file_is_dropped(phone: Page, server: str, public_id: str, complaints: list[str]) -> None:
    phone.goto(f"{server}/check")
    dropped = phone.evaluate_handle(
        """async (address) => {
            const bytes = await (await fetch(address)).blob();
            const data = new DataTransfer();
            data.items.add(new File([bytes], "certificate.pdf", { type: "application/pdf" }));
            return data;
        }""",
        f"{server}/v/{public_id}/certificate.pdf",
    )
    phone.dispatch_event(".drop", "drop", {"dataTransfer": dropped})
    phone.wait_for_selector("#verdict")
    assert phone.inner_text("#verdict").strip() == "有效"
    assert not is_too_wide(phone)
    assert complaints == []


@pytest.mark.parametrize("act", [None, Act.WITHDRAW])
def test_a_receipt_is_judged_as_of_its_day(
    sqlite_registry: Registry, client: FlaskClient, clock: Clock, act: Act | None
) -> None:
    public_id = issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id
    if act is not None:
        change_status(sqlite_registry, operator(sqlite_registry, "cqc"), public_id, act, Reason.MISUSE_OF_MARK)
    made = client.post("/api/v1/receipts", json={"public_id": public_id}, headers=party_bearer(sqlite_registry))
    clock.advance(days=400)
    for language, words in (("en", "This is a receipt"), ("zh", "这是一份核验回执")):
        page = client.post("/check", data={"text": made.text}, headers={"Accept-Language": language}).text
        assert words in page
        assert sample_certificate().number in page
    assert client.post("/api/v1/verify", data=made.data).json["verdict"] == ("withdrawn" if act else "valid")
    altered = made.text.replace('"relyingParty":"bank"', '"relyingParty":"bonk"')
    assert client.post("/api/v1/verify", data=altered.encode()).json["verdict"] == "invalid"
