"""What a telephone shows of the signed part of a QR code, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from registry.domain.certificate import Holder, HolderId, HolderType
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.formats.cose_statement import Claims, MalformedStatement, address_of, compose, read
from registry.services import manage_keys
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.offline_qr import offline_address
from registry.services.verify import Verifier
from registry.services.verify_statement import StatementFinding, verify_statement
from tests.conftest import BASE_URL, Clock, sample_certificate
from tests.web.conftest import PHONE
from tests.web.test_browser import CONTRASTS, is_too_wide

pytestmark = pytest.mark.browser
# Browsers before 2025 have no Ed25519.
WITHOUT_ED25519 = """
  const importKey = crypto.subtle.importKey.bind(crypto.subtle);
  crypto.subtle.importKey = (format, key, algorithm, ...others) =>
    algorithm === "Ed25519"
      ? Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"))
      : importKey(format, key, algorithm, ...others);
"""


@pytest.fixture
def certificate(sqlite_registry: Registry) -> str:
    """A valid certificate's public id."""
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


@pytest.fixture
def code(sqlite_registry: Registry, certificate: str) -> str:
    """The text of its offline QR."""
    return offline_address(sqlite_registry, Verifier(sqlite_registry, 0), certificate)


@pytest.fixture
def scan(phone: Page, server: str) -> Callable[[str], Page]:
    """Open the text of a code on a telephone set to Chinese."""

    def opened(text: str) -> Page:
        phone.goto("about:blank")
        phone.goto(text.replace(BASE_URL, server, 1))
        expect(phone.locator("#code-pending")).to_have_count(1)
        expect(phone.locator("#code-alarm > *, #code-note > *").first).to_be_visible()
        expect(phone.get_by_text("正在核验")).to_have_count(0)
        return phone

    return opened


def signed(registry: Registry, claims: Claims, key: str = "cqc-1", key_id: str = "key-1") -> str:
    statement = compose(claims, key_id, registry.keys.signer(key, registry.now()).sign)
    return address_of(BASE_URL, claims.public_id, statement)


def alarm(page: Page) -> str:
    """What stands above the verdict, which then keeps back."""
    assert page.locator("#code-note").inner_text() == ""
    band = page.locator("#code-alarm .alarm")
    box = band.bounding_box()
    assert box is not None
    assert box["y"] < PHONE["height"] / 4
    assert not is_too_wide(page)
    assert page.evaluate(CONTRASTS) == []
    return band.inner_text()


def note(page: Page) -> str:
    assert page.locator("#code-alarm").inner_text() == ""
    assert not is_too_wide(page)
    assert page.evaluate(CONTRASTS) == []
    return page.locator("#code-note").inner_text()


def test_a_genuine_code_is_said_to_be_genuine_in_either_language(
    scan: Callable[[str], Page], code: str, complaints: list[str]
) -> None:
    page = scan(code)
    assert "印刷品上的二维码真实" in note(page)
    assert page.get_by_role("heading", level=1).inner_text() == "有效"
    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("The code on the print is genuine")).to_be_visible()
    assert "compare the words on the paper" in note(page)
    assert complaints == []


def test_an_altered_code_is_shown_with_what_was_altered(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str
) -> None:
    claims = replace(read(code).claims, holder=Text("飞龙机械有限公司"), valid_until=date(2031, 1, 7))
    page = scan(signed(sqlite_registry, claims, key="other-1"))
    told = alarm(page)
    assert "此二维码被改动过" in told
    for expected in ("飞龙机械有限公司", "宁波华丰精密机械有限公司（样例）", "2031年1月7日", "2028年1月7日"):
        assert expected in told
    assert "证书编号" not in told
    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("This code was altered")).to_be_visible()
    assert "7 January 2031" in alarm(page)


def test_a_code_that_says_the_right_things_over_a_strangers_signature_is_shown(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str
) -> None:
    told = alarm(scan(signed(sqlite_registry, read(code).claims, key="other-1")))
    assert "此二维码被改动过" in told
    assert "登记内容" not in told.replace("所登记的内容", "")


def test_a_code_with_the_signed_part_of_another_certificate_is_shown_and_leads_there(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str, certificate: str
) -> None:
    second = issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate("00125Q30002R0S")).public_id
    page = scan(code.replace(f"/v/{certificate}#", f"/v/{second}#"))
    assert "系拼接而成" in alarm(page)
    page.get_by_role("link", name="查看签名内容所属的证书").click()
    expect(page).to_have_url(re.compile(f"/v/{certificate}$"))


def test_a_damaged_code_is_shown(scan: Callable[[str], Page], code: str) -> None:
    # The last symbol has bits to spare, which must be 0; the next symbol has a 1 there.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    spelled_twice = code[:-1] + alphabet[alphabet.index(code[-1]) + 1]
    for damaged in (code[:-7], code.replace("#", "#A"), code + "!", code[:150] + code[151:], spelled_twice):
        assert "已损坏或被改动" in alarm(scan(damaged))


def test_a_key_id_of_any_length_or_form_is_damage_and_not_a_register_that_does_not_answer(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str
) -> None:
    for key_id in ("k" * 150_000, "k" * 65, "key 1", "key-1/", "key-\x00"):
        told = alarm(scan(signed(sqlite_registry, read(code).claims, "other-1", key_id)))
        assert "已损坏或被改动" in told, key_id[:80]


def test_claims_that_no_certificate_has_are_damage_here_as_at_the_terminal(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str
) -> None:
    genuine = read(code).claims
    changes: list[dict[str, Any]] = [
        {"number": "00125Q\u202e30001R0S"},
        {"number": "00125Q\u2066"},
        {"number": "1" * 65},
        {"number": ""},
        {"number": "1\u00a02"},
        {"standard": "9001\n"},
        {"standard": "9" * 201},
        {"holder": Text("飞" * 201)},
        {"holder": Text("飞龙", "Fei\u200flong")},
        {"identifier": HolderId("other", "7" * 65)},
        {"issuer": "did:web:registry.example:issuers:cqc?"},
        {"issuer": "did:web:" + "a" * 361},
        {"valid_until": date(3000, 1, 1)},
        {"granted_on": date(1899, 12, 31)},
        {"public_id": "VT7X762W9JTW25W"},
    ]
    for changed in changes:
        forged = signed(sqlite_registry, replace(genuine, **changed), "other-1")
        forged = f"{BASE_URL}/v/{genuine.public_id}#{forged.partition('#')[2]}"
        with pytest.raises(MalformedStatement):
            read(forged)
        assert "已损坏或被改动" in alarm(scan(forged)), changed


def test_the_longest_texts_that_a_certificate_may_have_are_read(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str
) -> None:
    claims = replace(read(code).claims, number="𠀀" * 64, holder=Text("𠀀" * 200), standard="9 " * 100)
    text = signed(sqlite_registry, claims, "other-1")
    assert read(text).claims == claims
    assert "此二维码被改动过" in alarm(scan(text))


def test_a_code_of_a_stranger_who_names_a_key_that_is_not_there_is_shown(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str
) -> None:
    assert "并非认证机构所签" in alarm(scan(signed(sqlite_registry, read(code).claims, "other-1", "key-7")))


def test_what_the_issuer_signed_but_never_registered_is_shown(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str
) -> None:
    told = alarm(scan(signed(sqlite_registry, replace(read(code).claims, scope_digest=bytes(16)))))
    assert "与登记内容不一致" in told
    assert "认证范围" in told


def test_markup_in_a_forged_code_is_shown_and_not_obeyed(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str, complaints: list[str]
) -> None:
    claims = replace(read(code).claims, holder=Text("<img src=x onerror=alert(1)>"))
    assert "<img src=x onerror=alert(1)>" in alarm(scan(signed(sqlite_registry, claims, "other-1")))
    assert complaints == []


def test_a_genuine_code_of_a_withdrawn_certificate_does_not_hide_the_withdrawal(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str, certificate: str
) -> None:
    actor = operator(sqlite_registry, "cqc")
    change_status(sqlite_registry, actor, certificate, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    page = scan(code)
    assert page.get_by_role("heading", level=1).inner_text() == "已撤销"
    assert "二维码真实" in note(page)


def test_a_code_of_a_key_that_got_out_rests_on_the_register(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str, clock: Clock
) -> None:
    clock.advance(hours=1)
    manage_keys.create_key(sqlite_registry, "cqc")
    manage_keys.mark_key_compromised(sqlite_registry, "cqc-1", sqlite_registry.now())
    verdict = verify_statement(sqlite_registry, Verifier(sqlite_registry, 0), code)
    assert verdict.finding is StatementFinding.KEY_COMPROMISED
    page = scan(code)
    assert "签名密钥已经泄露" in note(page)


def test_a_browser_without_ed25519_says_so_and_compares_all_the_same(
    phone: Page, scan: Callable[[str], Page], sqlite_registry: Registry, code: str
) -> None:
    phone.add_init_script(WITHOUT_ED25519)
    assert "签名未经核验" in note(scan(code))
    claims = replace(read(code).claims, number="00125Q30009R0S")
    assert "00125Q30009R0S" in alarm(scan(signed(sqlite_registry, claims, "other-1")))


def test_a_register_that_does_not_answer_is_no_agreement(phone: Page, server: str, code: str) -> None:
    phone.route("**/api/v1/verify/*", lambda route: route.abort())
    phone.goto(code.replace(BASE_URL, server, 1))
    expect(phone.get_by_text("平台没有应答")).to_be_visible()
    assert "二维码真实" not in phone.locator("body").inner_text()


def test_a_second_code_scanned_into_the_same_page_is_checked_anew(
    scan: Callable[[str], Page], sqlite_registry: Registry, code: str
) -> None:
    page = scan(code)
    forged = signed(sqlite_registry, replace(read(code).claims, number="1"), "other-1")
    page.evaluate("fragment => { location.hash = fragment }", forged.partition("#")[2])
    expect(page.get_by_text("此二维码被改动过")).to_be_visible()


def test_without_a_signed_part_the_page_is_as_before_and_loads_nothing_more(
    phone: Page, server: str, certificate: str
) -> None:
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    for fragment in ("", "#checks", "#content"):
        phone.goto("about:blank")
        phone.goto(f"{server}/v/{certificate}{fragment}", wait_until="networkidle")
        assert phone.locator("#code-alarm").inner_text() == phone.locator("#code-note").inner_text() == ""
    assert not any("offline-check" in url or "code-check" in url for url in asked)


def test_without_scripts_the_page_is_as_before(browser: Browser, server: str, code: str) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    page.goto(code.replace(BASE_URL, server, 1))
    assert page.get_by_role("heading", level=1).inner_text() == "有效"
    assert "正在核验" not in page.locator("body").inner_text()
    context.close()


@pytest.mark.parametrize("kind", ["person", "lei", "plain", "crowded"])
def test_every_kind_of_certificate_agrees_in_the_browser_as_well(
    scan: Callable[[str], Page], sqlite_registry: Registry, kind: str
) -> None:
    """The script reads, hashes and compares by itself; what Python wrote must come out the same."""
    organization = sample_certificate().holder
    terms = {
        "person": sample_certificate(
            scheme="gbt19011-2021-training",
            holder=Holder(HolderType.PERSON, Text("李四（样例）")),
            scope=Text("管理体系审核"),
            sites=(),
            valid_until=None,
        ),
        "lei": sample_certificate(holder=replace(organization, identifier=HolderId("lei", "529900T8BM49AURSDO55"))),
        "plain": sample_certificate(scope=Text('引号" 反斜杠\\ 斜线/ 𠀀 é', "& <b> 'x'"), valid_from=date(2025, 2, 28)),
        "crowded": sample_certificate(holder=replace(organization, name=Text("华丰" * 20, "Huafeng " * 20 + "Ltd."))),
    }
    public_id = issue(sqlite_registry, operator(sqlite_registry, "cqc"), terms[kind]).public_id
    assert "二维码真实" in note(scan(offline_address(sqlite_registry, Verifier(sqlite_registry, 0), public_id)))


def test_the_words_are_fetched_in_the_language_of_the_page(client: FlaskClient) -> None:
    for language, words in (("zh", "此二维码被改动过"), ("en", "This code was altered")):
        response = client.get(f"/code-check?lang={language}")
        assert words in response.get_data(as_text=True)
        assert "Accept-Language" in response.headers["Vary"]
