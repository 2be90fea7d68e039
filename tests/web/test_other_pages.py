"""The pages around the certificates: home, search, issuers, schemes, problems and the API."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry.domain.certificate import HolderType
from registry.domain.errors import StorageUnavailable
from registry.domain.public_id import grouped, new_public_id
from registry.domain.schemes import SCHEMES, Text
from registry.services import manage_issuers, manage_keys
from registry.services.context import Registry, operator
from registry.services.issue import issue, issue_many
from registry.web import errors, pages
from registry.web.documentation import document
from registry.web.headers import CONTENT_SECURITY_POLICY
from tests.conftest import BASE_URL, Clock, sample_certificate
from tests.web.test_pages import CHINESE, ENGLISH, first_heading, words

PLAIN_PAGES = ("/", "/search", "/issuers", "/issuers/cqc", "/schemes", "/problems", "/api/", "/nowhere", "/v/wrong")

GOOD_ID = new_public_id(bytes(16))
WRONG_ID = GOOD_ID[:-1] + ("3" if GOOD_ID[-1] != "3" else "4")


@pytest.fixture
def certificate(sqlite_registry: Registry) -> str:
    """A valid certificate's public id."""
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


def every_page(certificate: str) -> tuple[str, ...]:
    return (*PLAIN_PAGES, f"/v/{certificate}", "/search?q=精密", "/search?q=x")


def test_no_page_has_scripts_or_styles_within(client: FlaskClient, certificate: str) -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    for path in every_page(certificate):
        response = client.get(path, headers=ENGLISH)
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        page = response.get_data(as_text=True)
        assert not re.search(r"<style|\sstyle\s*=|\son\w+\s*=|javascript:", page, re.IGNORECASE)
        # Files of ours are all that a page may load.
        assert not re.search(r'<script(?! type="module" src="/static/)', page, re.IGNORECASE)


def test_each_page_says_its_language_and_offers_the_other(client: FlaskClient, certificate: str) -> None:
    for path in every_page(certificate):
        chinese = client.get(path, headers=CHINESE).get_data(as_text=True)
        assert '<html lang="zh-CN">' in chinese
        assert 'lang="en" hreflang="en">English</a>' in chinese
        english = client.get(path, headers=ENGLISH).get_data(as_text=True)
        assert '<html lang="en">' in english
        assert "中文</a>" in english


def test_each_page_has_one_main_heading_landmarks_and_labels(client: FlaskClient, certificate: str) -> None:
    for path in every_page(certificate):
        page = client.get(path, headers=ENGLISH).get_data(as_text=True)
        assert page.count("<h1") == 1
        for landmark in ("<header", "<main", "<footer", "<nav"):
            assert landmark in page
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        for name in re.findall(r'aria-labelledby="([^"]+)"|<label for="([^"]+)"', page):
            assert set(name) & set(ids)
        assert page.count("<input") - page.count('type="hidden"') == page.count("<label for=")
        assert not re.search(r"<img(?![^>]*\salt=)", page)


def test_the_switch_keeps_the_place_and_is_remembered(client: FlaskClient) -> None:
    page = client.get("/search?q=精密&lang=zh", headers=ENGLISH)
    assert '<html lang="zh-CN">' in page.get_data(as_text=True)
    assert 'href="?q=%E7%B2%BE%E5%AF%86&amp;lang=en"' in page.get_data(as_text=True)
    assert '<html lang="zh-CN">' in client.get("/", headers=ENGLISH).get_data(as_text=True)


def test_the_switch_never_leads_to_another_site(client: FlaskClient) -> None:
    page = client.get("//evil.example/x", headers=ENGLISH, base_url="http://localhost").get_data(as_text=True)
    assert not re.search(r'href="(https?:)?//', page)


def test_the_home_page_says_what_this_is_and_has_one_box_for_everything(client: FlaskClient) -> None:
    page = client.get("/", headers=ENGLISH)
    assert "the public register of certificates" in words(page)
    body = page.get_data(as_text=True)
    assert 'action="/search"' in body
    for place in ("/issuers", "/schemes", "/api/", "/problems"):
        assert f'href="{place}"' in body


def test_the_first_view_is_small(client: FlaskClient, certificate: str) -> None:
    for path in ("/", f"/v/{certificate}"):
        page = client.get(path, headers=CHINESE).get_data(as_text=True)
        parts = [page.encode()]
        for address in {"/static/guilloche.svg", *re.findall(r'(?:href|src)="(/static/[^"]+|/v/[^"]+/qr\.svg)"', page)}:
            with client.get(address) as part:
                parts.append(part.data)
        assert sum(map(len, parts)) < 40_000
        assert sum(len(gzip.compress(part)) for part in parts) < 15_000


def test_static_files_are_kept_and_change_their_address_with_their_content(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    address = re.search(r'"(/static/registry\.css\?v=[0-9a-f]{16})"', page)
    assert address is not None
    with client.get(address[1]) as style:
        assert "max-age=31536000" in style.headers["Cache-Control"]


def test_samples_are_called_samples_on_every_page(
    client: FlaskClient, sqlite_registry: Registry, certificate: str
) -> None:
    warning = "nothing here is a real certificate"
    for path in every_page(certificate):
        assert warning not in words(client.get(path, headers=ENGLISH))
    manage_issuers.add_issuer(sqlite_registry, "cqc-sample", Text("样例"), Text("北京"), "CQC", [])
    for path in (*PLAIN_PAGES, "/search?q=精密"):
        assert warning in words(client.get(path, headers=ENGLISH))


def asked(client: FlaskClient, typed: str) -> TestResponse:
    return client.get("/search", query_string={"q": typed}, headers=ENGLISH)


def test_what_names_one_certificate_leads_straight_to_it(client: FlaskClient, certificate: str) -> None:
    scanned = f"https://registry.example/v/{certificate}?lang=en"
    for typed in (
        certificate,
        grouped(certificate).lower(),
        f" {certificate} ",
        scanned,
        f"https://registry.example/v/{certificate}/certificate.pdf",
        f"https://registry.example/certificates/{certificate}",
        "00125q30001r0s",
        "91330282MA00000184",
        "9133 0282 ma00 0001 84",
        "宁波华丰精密机械有限公司（样例）",
        "ningbo huafeng precision machinery co., ltd. (sample)",
    ):
        response = asked(client, typed)
        assert (response.status_code, response.headers["Location"]) == (303, f"/v/{certificate}"), typed


def test_the_signed_part_of_a_pasted_code_goes_along(client: FlaskClient, certificate: str) -> None:
    response = asked(client, f"https://registry.example/v/{certificate}#{'6BF' * 600}")
    assert response.headers["Location"] == f"/v/{certificate}#{'6BF' * 600}"


def test_a_part_of_a_name_lists_what_has_it(client: FlaskClient, certificate: str) -> None:
    for typed in ("精密", "Huafeng"):
        page = asked(client, typed)
        assert page.status_code == 200
        assert f'href="/v/{certificate}"' in page.get_data(as_text=True)
        assert (
            "Valid Ningbo Huafeng Precision Machinery Co., Ltd. (Sample) 宁波华丰精密机械有限公司（样例） "
            "00125Q30001R0S · GB/T 19001-2016 / ISO 9001:2015 "
            "Period of validity: 8 January 2025 – 7 January 2028 "
            "Unified social credit code: 91330282MA00000184 Issuer: cqc "
        ) in words(page)
    for field in ("number=00125Q30001R0S", "uscc=91330282MA00000184", "name=宁波&match=prefix", "name=精密"):
        assert certificate in client.get(f"/search?{field}", headers=CHINESE).get_data(as_text=True)


def test_who_names_a_holder_with_several_certificates_sees_them_all(
    client: FlaskClient, sqlite_registry: Registry, certificate: str
) -> None:
    issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate("SECOND"))
    for typed in (
        "91330282ma00000184",
        "宁波华丰精密机械有限公司（样例）",
        f"{BASE_URL}/holders/uscc/91330282MA00000184",
    ):
        response = asked(client, typed)
        assert response.headers["Location"] == "/holders/uscc/91330282MA00000184"


def test_a_number_that_two_issuers_use_is_left_to_the_reader(
    client: FlaskClient, sqlite_registry: Registry, certificate: str
) -> None:
    issue(sqlite_registry, operator(sqlite_registry, "other"), sample_certificate())
    page = asked(client, "00125Q30001R0S")
    assert page.status_code == 200
    assert words(page).count("00125Q30001R0S · GB/T") == 2


def test_who_finds_nothing_learns_what_to_try(client: FlaskClient) -> None:
    page = client.get("/search?q=没有这样的公司", headers=CHINESE)
    assert page.status_code == 200
    assert "没有找到“没有这样的公司”" in words(page)
    assert "名称只需输入一部分" in words(page)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        (WRONG_ID, "Read as a certificate id: At least one character is mistyped"),
        (grouped(WRONG_ID).lower(), "Read as a certificate id: At least one character is mistyped"),
        (f"https://registry.example/v/{GOOD_ID[1:]}", "Read as a certificate id: A certificate id has 15 letters"),
        ("A" + GOOD_ID[1:], "Read as a certificate id: A certificate id never contains A."),
        ("91330282ma00000185", "Read as a unified social credit code: The check digit does not fit the others"),
        ("91330282MA0000018S", "Read as a unified social credit code: It contains a character that never occurs"),
    ],
)
def test_who_mistypes_an_id_or_a_credit_code_learns_at_once_what_is_wrong(
    client: FlaskClient, typed: str, reason: str
) -> None:
    text = words(client.get("/search", query_string={"q": typed}, headers=ENGLISH))
    assert reason in text
    assert text.index(reason) < text.index("A certificate number has to be complete")


@pytest.mark.parametrize("query", ["q=Precision Works", "q=精密机械制造厂", "q=12345", "uscc=91330282MA00000184"])
def test_what_looks_like_neither_is_not_read_as_an_id(client: FlaskClient, query: str) -> None:
    assert "Read as" not in words(client.get(f"/search?{query}", headers=ENGLISH))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("q=a", "That is too short: type at least two Chinese characters, or three letters."),
        ("q=", "Type what you are looking for."),
        ("q=" + "华" * 300, "That is too long: at most 200 characters."),
        ("number=1&name=精密", "Search by one thing at a time"),
        ("name=精密&match=like", "A name is compared by its beginning"),
        ("name=精密&after=xyz", "This page of the list is out of date."),
    ],
)
def test_a_search_that_cannot_be_made_says_why(client: FlaskClient, query: str, told: str) -> None:
    page = client.get(f"/search?{query}", headers=ENGLISH)
    assert page.status_code == 422
    assert told in words(page)
    assert 'role="alert"' in page.get_data(as_text=True)


def test_long_lists_are_read_page_by_page(client: FlaskClient, sqlite_registry: Registry) -> None:
    certificates = [sample_certificate(f"N{number:03}") for number in range(45)]
    issue_many(sqlite_registry, operator(sqlite_registry, "cqc"), certificates)
    address: str | None = "/search?name=精密"
    numbers: list[str] = []
    while address:
        page = client.get(address, headers=ENGLISH).get_data(as_text=True)
        numbers += re.findall(r">(N\d{3})<", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = following[1].replace("&amp;", "&") if following else None
    assert sorted(numbers) == [f"N{number:03}" for number in range(45)]


def test_persons_are_not_found_by_name(client: FlaskClient, sqlite_registry: Registry) -> None:
    person = replace(
        sample_certificate().holder, type=HolderType.PERSON, name=Text("王小明"), identifier=None, address=None
    )
    trained = sample_certificate("T-1", scheme="gbt19011-2021-training", holder=person, sites=())
    public_id = issue(sqlite_registry, operator(sqlite_registry, "cqc"), trained).public_id
    assert public_id not in client.get("/search?q=王小明", headers=CHINESE).get_data(as_text=True)
    assert public_id in client.get("/search?q=T-1", headers=CHINESE).get_data(as_text=True)
    page = client.get(f"/v/{public_id}", headers=CHINESE)
    assert "王小明" in words(page)
    assert '<meta name="robots" content="noindex">' in page.get_data(as_text=True)


def test_an_issuer_shows_what_it_may_certify_and_its_keys(
    client: FlaskClient, sqlite_registry: Registry, clock: Clock
) -> None:
    assert "中国质量认证中心（样例 cqc）" in words(client.get("/issuers", headers=ENGLISH))
    manage_keys.rotate_key(sqlite_registry, "cqc")
    manage_keys.mark_key_compromised(sqlite_registry, "cqc-1", clock.now)
    page = client.get("/issuers/cqc", headers=ENGLISH)
    text = words(page)
    for expected in (
        "China Quality Certification Centre (Sample cqc)",
        "北京市丰台区南四环西路188号",
        "Quality management system certification",
        "CNAS C001-M",
        "Compromised did:web:registry.example:issuers:cqc#key-1",
        "In use did:web:registry.example:issuers:cqc#key-2",
    ):
        assert expected in text
    body = page.get_data(as_text=True)
    # Credentials point at these anchors.
    for anchor in ("accreditation", "gbt19001-2016"):
        assert f'id="{anchor}"' in body
    assert 'href="/issuers/cqc/did.json"' in body
    assert client.get("/issuers/nobody", headers=ENGLISH).status_code == 404


def test_the_anchors_that_credentials_and_problem_documents_point_at_exist(client: FlaskClient) -> None:
    schemes = client.get("/schemes", headers=CHINESE).get_data(as_text=True)
    of_schemes = [scheme + part for scheme in SCHEMES for part in ("", "-standard", "-owner", "-publisher")]
    for anchor in (*of_schemes, "publisher"):
        assert f'id="{anchor}"' in schemes
    problems = client.get("/problems", headers=CHINESE).get_data(as_text=True)
    for _, slug, _ in errors.PROBLEMS.values():
        assert f'id="{slug}"' in problems


def test_an_unknown_address_ends_in_a_page_that_leads_on(client: FlaskClient) -> None:
    page = client.get("/nowhere", headers=CHINESE)
    assert page.status_code == 404
    assert first_heading(page) == "页面不存在"
    assert 'action="/search"' in page.get_data(as_text=True)


def test_a_thing_that_is_missing_is_told_apart_from_a_page_that_is(client: FlaskClient) -> None:
    assert first_heading(client.get("/nowhere", headers=ENGLISH)) == "Page not found"
    for path in ("/issuers/nobody", "/issuers/nobody/nothing", "/holders/shoe-size/44"):
        assert first_heading(client.get(path, headers=ENGLISH)) == "Nothing here under that name"


def test_without_the_database_there_is_still_a_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StorageUnavailable("The database can't be reached; nothing was stored.")

    # The heading of each page asks about sample data besides.
    monkeypatch.setattr(manage_issuers, "list_issuers", broken)
    monkeypatch.setattr(pages, "directory", broken)
    page = client.get("/issuers", headers=CHINESE)
    assert page.status_code == 503
    assert first_heading(page) == "平台暂时无法访问数据库"


def test_the_api_page_shows_every_operation_with_its_fields_and_a_line_to_try(client: FlaskClient, app: Flask) -> None:
    page = client.get("/api/", headers=ENGLISH)
    body, text = page.get_data(as_text=True), words(page)
    with app.app_context():
        paths = document()["paths"]
    for path, methods in paths.items():
        for method in {"get", "post"} & set(methods):
            anchor = f"{method}-" + re.sub(r"[{}]", "", path.strip("/")).replace("/", "-")
            assert f'href="#{anchor}"' in body
            assert f'id="{anchor}"' in body
    # A field of a schema that a reference in a reference leads to.
    assert re.search(r'<li class="deep-3">\s*<code>zh</code>', body)
    assert 'curl "https://registry.example/api/v1/verify/$PUBLIC_ID"' in text
    assert '-H "Authorization: Bearer $API_KEY"' in text
    assert "The body is the credential document itself" in text
    assert "Needs no key" in text
    assert "Needs an API key" in text
