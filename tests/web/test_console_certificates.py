"""The issuer's certificates in the console: found, looked at, issued, acted upon."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.services import branches, find, four_eyes, people
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.people import administrator
from registry.services.roles import Role
from registry.web.console import texts
from tests.conftest import Clock, sample_certificate, sample_request
from tests.web.console import Visitor, words

ACTS = ("suspend", "restore", "withdraw", "cancel")


@pytest.fixture
def officer(client: FlaskClient, sqlite_registry: Registry) -> Visitor:
    one = Visitor(client)
    one.enter(sqlite_registry, "chen@cqc.example", Role.OFFICER)
    return one


@pytest.fixture
def certificate(sqlite_registry: Registry) -> str:
    return issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id


def form_of(request: dict[str, object]) -> dict[str, str]:
    """The fields in which a request of the API is typed."""
    fields: dict[str, str] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, f"{path}.{name}" if path else name)
        elif isinstance(value, list):
            for position, inner in enumerate(value):
                walk(inner, f"{path}.{position}")
        else:
            fields[path] = str(value)

    walk(request["certificate"], "")
    return {**fields, "reason": "initial"}


def wrong(page: str) -> dict[str, str]:
    """What the page says is wrong, by field."""
    return dict(re.findall(r'<p class="wrong" id="([\w.]+)-wrong">(.*?)</p>', page))


def test_certificates_are_found_by_what_is_known_of_them(
    officer: Visitor, sqlite_registry: Registry, certificate: str
) -> None:
    other = issue(
        sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate("00125E1", scheme="gbt24001-2016")
    )
    issue(sqlite_registry, operator(sqlite_registry, "other"), sample_certificate("FOREIGN-1"))
    change_status(sqlite_registry, operator(sqlite_registry, "cqc"), other.public_id, Act.SUSPEND, Reason.FEE_UNPAID)
    both, first, second = {"00125Q30001R0S", "00125E1"}, {"00125Q30001R0S"}, {"00125E1"}
    for query, expected in (
        ("", both),
        ("?q=00125q30001r0s", first),
        ("?q=91330282MA00000184", both),
        ("?q=华丰", both),
        ("?q=huafeng&status=valid", first),
        ("?status=suspended", second),
        ("?scheme=gbt24001-2016", second),
        ("?from=2025-01-08&until=2025-01-08", both),
        ("?from=2025-01-09", set()),
        ("?q=FOREIGN-1", set()),
    ):
        page = officer.open(f"/certificates/{query}")
        assert page.status_code == 200, query
        assert {one for one in (*both, "FOREIGN-1") if one in page.text.partition('class="send"')[2]} == expected, query
    assert "No certificate of yours is like that." in words(officer.open("/certificates/?q=nothing"))
    assert officer.open(f"/certificates/?q={certificate.lower()}").headers["Location"].endswith(certificate)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?status=nonsense", "Choose one of the list."),
        ("?scheme=x", "Choose one of the list."),
        ("?from=2025-02-30", "This is not a day that exists."),
        ("?until=yesterday", "This is not a day that exists."),
        ("?q=华", "too short"),
        ("?after=nonsense", "out of date"),
        (f"?q={'x' * 201}", "at most 200 characters"),
    ],
)
def test_a_search_that_makes_no_sense_is_told(officer: Visitor, query: str, field: str) -> None:
    page = officer.open(f"/certificates/{query}")
    assert page.status_code == 422
    assert field in words(page)


def test_long_lists_come_in_pages(officer: Visitor, sqlite_registry: Registry) -> None:
    actor = operator(sqlite_registry, "cqc")
    for number in range(53):
        issue(sqlite_registry, actor, sample_certificate(f"N-{number:02}"))
    page = officer.open("/certificates/?scheme=gbt19001-2016")
    assert re.findall(r"N-\d\d", page.text)[0] == "N-52"
    assert len(re.findall(r"N-\d\d", page.text)) == 50
    following = re.findall(r'rel="next" href="/console(.*?)"', page.text)[0].replace("&amp;", "&")
    page = officer.open(following)
    assert re.findall(r"N-\d\d", page.text) == ["N-02", "N-01", "N-00"]
    assert "rel=" + '"next"' not in page.text


def test_a_certificate_is_of_the_branch_of_who_issued_it(
    client: FlaskClient, sqlite_registry: Registry, certificate: str
) -> None:
    actor = operator(sqlite_registry, "cqc")
    branches.add_branch(sqlite_registry, actor, "north", Text("北方分中心", "North"))
    one = Visitor(client)
    one.enter(sqlite_registry, "chen@cqc.example", Role.OFFICER)
    user, _ = people.find_by_email(sqlite_registry, "chen@cqc.example")
    people.change(sqlite_registry, administrator(actor), user.id, Role.OFFICER, "north")
    one.open("/issue")
    assert one.send("/issue", **form_of(sample_request("NORTH-1"))).status_code == 303
    page = one.open("/certificates/?branch=north")
    assert "NORTH-1" in page.text
    assert "00125Q30001R0S" not in page.text
    assert "North" in words(page)
    assert one.open("/certificates/?branch=nowhere").status_code == 422


def test_the_page_of_a_certificate_shows_all_there_is(
    officer: Visitor, sqlite_registry: Registry, certificate: str, clock: Clock
) -> None:
    change_status(
        sqlite_registry,
        operator(sqlite_registry, "cqc"),
        certificate,
        Act.SUSPEND,
        Reason.OTHER,
        until=clock.now + timedelta(days=30),
        note="<b>because</b>",
    )
    page = officer.open(f"/certificates/{certificate}")
    for expected in (
        "00125Q30001R0S",
        "Ningbo Huafeng",
        "Design and production",
        "Suspended",
        "Issued",
        "Initial certification",
        "<b>because</b>",
        "terminal",
        "2 March 2026 12:00",
    ):
        assert expected in words(page), expected
    assert "<b>because" not in page.text
    for address in (
        f"/v/{certificate}",
        f"/v/{certificate}/qr.svg",
        f"/v/{certificate}/certificate.pdf",
        f"/api/v1/certificates/{certificate}/proof?event=2",
    ):
        assert f'"{address}"' in page.text
        assert officer.client.get(address).status_code == 200, address
    buttons = re.findall(rf'href="/console/certificates/{certificate}/(\w+)"', page.text)
    assert buttons == ["restore", "withdraw", "cancel", "reissue"]
    assert officer.open(f"/certificates/{certificate.lower()}").status_code == 308


def test_other_issuers_certificates_are_not_there(officer: Visitor, sqlite_registry: Registry) -> None:
    foreign = issue(sqlite_registry, operator(sqlite_registry, "other"), sample_certificate()).public_id
    for path in ("", "/suspend", "/reissue", "/acts/1/call-off"):
        assert officer.open(f"/certificates/{foreign}{path}").status_code == 404
    officer.open("/account/")
    for path in (*(f"/{act}" for act in ACTS), "/reissue", "/acts/1/call-off"):
        refused = officer.send(f"/certificates/{foreign}{path}", **{**form_of(sample_request("X")), "reason": "other"})
        assert refused.status_code == 404, path
    status = find.search(sqlite_registry, number="00125Q30001R0S").items[0].status.status
    assert status == "valid"
    assert officer.open("/certificates/nonsense").status_code == 404


def test_a_certificate_is_suspended_restored_and_withdrawn(
    officer: Visitor, sqlite_registry: Registry, certificate: str, clock: Clock
) -> None:
    for word, reason, done in (
        ("suspend", "surveillance_overdue", "suspended"),
        ("restore", "surveillance_completed", "valid"),
        ("withdraw", "misuse_of_mark", "withdrawn"),
    ):
        clock.advance(minutes=1)
        officer.open(f"/certificates/{certificate}/{word}")
        sent = officer.send(f"/certificates/{certificate}/{word}", reason=reason)
        assert sent.headers["Location"] == f"/console/certificates/{certificate}?done={word}"
        assert find.search(sqlite_registry, number="00125Q30001R0S").items[0].status.status == done
    page = officer.open(f"/certificates/{certificate}?done=withdraw")
    assert "The withdrawal is recorded." in words(page)
    assert "user:chen@cqc.example" in words(page)
    assert "What can be done" not in page.text


def test_an_act_can_be_planned_and_called_off(officer: Visitor, sqlite_registry: Registry, certificate: str) -> None:
    officer.open(f"/certificates/{certificate}/suspend")
    sent = officer.send(
        f"/certificates/{certificate}/suspend", reason="fee_unpaid", effective_at="2026-04-01", until="2026-05-01"
    )
    assert sent.status_code == 303
    page = officer.open(f"/certificates/{certificate}")
    assert "1 April 2026 00:00 – 1 May 2026 00:00 planned" in words(page)
    officer.open(f"/certificates/{certificate}/acts/2/call-off")
    refused = officer.send(f"/certificates/{certificate}/acts/2/call-off", reason="other")
    assert wrong(refused.text) == {"note": "The reason “Other” needs a note that says which."}
    assert officer.send(f"/certificates/{certificate}/acts/2/call-off", reason="planned_in_error").status_code == 303
    assert "Called off" in words(officer.open(f"/certificates/{certificate}"))
    officer.open(f"/certificates/{certificate}/acts/2/call-off")
    assert officer.send(f"/certificates/{certificate}/acts/2/call-off", reason="planned_in_error").status_code == 422
    assert officer.send(f"/certificates/{certificate}/acts/1/call-off", reason="planned_in_error").status_code == 422


@pytest.mark.parametrize(
    ("word", "fields", "field"),
    [
        ("suspend", {}, "reason"),
        ("suspend", {"reason": "misuse"}, "reason"),
        ("suspend", {"reason": "holder_request"}, "reason"),
        ("suspend", {"reason": "other"}, "note"),
        ("suspend", {"reason": "fee_unpaid", "effective_at": "2026-02-30"}, "effective_at"),
        ("suspend", {"reason": "fee_unpaid", "effective_at": "2024-02-01"}, "effective_at"),
        ("suspend", {"reason": "fee_unpaid", "effective_at": "2029-02-01"}, "effective_at"),
        ("suspend", {"reason": "fee_unpaid", "until": "2026-01-01"}, "until"),
        ("suspend", {"reason": "fee_unpaid", "note": "x" * 501}, "note"),
        ("cancel", {"reason": "suspended_anew"}, "reason"),
    ],
)
def test_what_is_wrong_with_an_act_is_told_at_the_field(
    officer: Visitor, certificate: str, word: str, fields: dict[str, str], field: str
) -> None:
    officer.open(f"/certificates/{certificate}/{word}")
    refused = officer.send(f"/certificates/{certificate}/{word}", **fields)
    assert refused.status_code == 422
    assert list(wrong(refused.text)) == [field]
    for name in fields.keys() - {"reason"}:
        assert fields[name] in refused.text
    assert 'class="notice"' in refused.text


def test_what_the_status_does_not_allow_is_told(officer: Visitor, certificate: str) -> None:
    officer.open(f"/certificates/{certificate}/restore")
    refused = officer.send(f"/certificates/{certificate}/restore", reason="fee_settled")
    assert refused.status_code == 409
    assert "Only a suspended certificate can be restored." in words(refused)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.READER, Role.OPERATOR])
def test_who_may_only_read_changes_nothing(
    client: FlaskClient, sqlite_registry: Registry, certificate: str, role: Role
) -> None:
    one = Visitor(client)
    one.enter(sqlite_registry, "wu@cqc.example", role)
    if role is Role.OPERATOR:
        one.open("/issuers")
        one.send("/issuers", code="cqc")
    page = one.open(f"/certificates/{certificate}")
    assert page.status_code == 200
    assert "What can be done" not in page.text
    for path in ("/issue", f"/certificates/{certificate}/reissue", f"/certificates/{certificate}/withdraw"):
        assert one.open(path).status_code == 403, path
    one.open("/account/")
    for path in (
        "/issue",
        "/issue/check",
        f"/certificates/{certificate}/reissue",
        *(f"/certificates/{certificate}/{act}" for act in ACTS),
    ):
        assert one.send(path, **{**form_of(sample_request("X")), "reason": "other"}).status_code == 403, path
    assert find.search(sqlite_registry, number="00125Q30001R0S").items[0].status.status == "valid"
    assert not find.search(sqlite_registry, number="X").items


def test_a_certificate_is_issued(officer: Visitor, sqlite_registry: Registry) -> None:
    request = sample_request("NEW-1", sites=[{part: {"zh": f"场所{part}"} for part in ("name", "address", "scope")}])
    officer.open("/issue")
    sent = officer.send("/issue", **form_of(request), note="the first")
    public_id = sent.headers["Location"].partition("certificates/")[2].partition("?")[0]
    page = officer.open(f"/certificates/{public_id}?done=issue")
    for expected in ("The certificate is issued.", "NEW-1", "场所scope", "Small enterprise", "the first"):
        assert expected in words(page)
    assert officer.client.get(f"/v/{public_id}", headers={"Accept": "application/json"}).json["verdict"] == "valid"


def test_a_person_is_certified_by_name_alone(officer: Visitor) -> None:
    fields = {
        "number": "P-1",
        "scheme": "gbt19011-2021-training",
        "holder.name.zh": "张三",
        "scope.zh": "内部审核员",
        **dict.fromkeys(("granted_on", "decided_on", "valid_from"), "2026-02-02"),
        "reason": "initial",
    }
    officer.open("/issue")
    refused = officer.send("/issue", **fields, **{"holder.address.zh": "杭州市"})
    assert wrong(refused.text) == {"holder.address.zh": "Leave this empty for a person: the register is public."}
    assert officer.send("/issue", **fields).status_code == 303


def test_everything_that_is_missing_is_told_at_its_field(officer: Visitor) -> None:
    officer.open("/issue")
    refused = officer.send("/issue", reason="initial")
    assert refused.status_code == 422
    assert set(wrong(refused.text)) == {
        "number",
        "scheme",
        "holder.name.zh",
        "scope.zh",
        "granted_on",
        "decided_on",
        "valid_from",
    }
    assert set(wrong(refused.text).values()) == {"This has to be filled in."}


WRONG: list[tuple[dict[str, str], str]] = [
    ({"number": " "}, "number"),
    ({"number": "x" * 65}, "number"),
    ({"number": "00125Q30001R0S"}, "number"),
    ({"scheme": "iso-9001"}, "scheme"),
    ({"scheme": "gbt45001-2020"}, "scheme"),
    ({"holder.name.en": "a\tb"}, "holder.name.en"),
    ({"holder.address.zh": "", "holder.address.en": ""}, "holder.address.zh"),
    ({"holder.identifier.value": ""}, "holder.identifier.value"),
    ({"holder.identifier.value": "91330282MA00000185"}, "holder.identifier.value"),
    ({"holder.identifier.value": "91330282ma00000184"}, "holder.identifier.value"),
    ({"holder.identifier.value": "12"}, "holder.identifier.value"),
    ({"holder.identifier.scheme": "lei"}, "holder.identifier.value"),
    ({"holder.identifier.scheme": "passport"}, "holder.identifier.scheme"),
    ({"holder.region": "3302"}, "holder.region"),
    ({"holder.industry": "34"}, "holder.industry"),
    ({"holder.size": "huge"}, "holder.size"),
    ({"scope.zh": "长" * 4001}, "scope.zh"),
    ({"granted_on": "2025-02-30"}, "granted_on"),
    ({"granted_on": "2025-02-01"}, "decided_on"),
    ({"decided_on": "2026-03-03", "valid_from": "2026-03-04"}, "decided_on"),
    ({"valid_from": "2025-01-01"}, "valid_from"),
    ({"valid_until": ""}, "valid_until"),
    ({"valid_until": "2024-01-01"}, "valid_until"),
    ({"valid_until": "2035-01-01"}, "valid_until"),
    ({"granted_on": "1800-01-01"}, "granted_on"),
    ({"reason": "fee_unpaid"}, "reason"),
    ({"note": "x" * 501}, "note"),
    ({"sites.0.name.zh": "工厂"}, "sites.0.address.zh"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG)
def test_what_is_wrong_is_told_at_the_field_in_the_readers_language(
    officer: Visitor, certificate: str, changes: dict[str, str], field: str
) -> None:
    fields = {**form_of(sample_request("NEW-1")), **changes}
    officer.open("/issue")
    refused = officer.send("/issue", **fields)
    assert refused.status_code in {409, 422}
    told = wrong(refused.text)
    assert field in told
    # The script is told the same, at the same fields.
    asked = officer.send("/issue/check", **fields)
    assert {name: words_of(text) for name, text in asked.json["errors"].items()} == told
    # Nothing of it is left in the words of the layers below, which are for programs.
    chinese = officer.client.post(
        "/console/issue/check", data={"form_token": officer.form_token(), **fields}, headers={"Accept-Language": "zh"}
    ).json["errors"]
    assert set(chinese) == set(told)
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in chinese.values()), chinese


def words_of(text: str) -> str:
    return text.replace("&", "&amp;").replace("'", "&#39;").replace('"', "&#34;")


def test_checking_stores_nothing(officer: Visitor, sqlite_registry: Registry) -> None:
    officer.open("/issue")
    assert officer.send("/issue/check", **form_of(sample_request("NEW-1"))).json == {"errors": {}}
    assert not find.search(sqlite_registry, number="NEW-1").items
    # Before all is filled in, the identifier is looked at already.
    early = officer.send("/issue/check", **{"holder.identifier.value": "91330282MA00000185"}).json["errors"]
    assert "mistyped" in early["holder.identifier.value"]


def test_a_site_is_added_without_script_and_empty_ones_are_left_out(officer: Visitor) -> None:
    officer.open("/issue")
    page = officer.send("/issue", number="N-1", add_site="1")
    assert page.status_code == 200
    assert 'value="N-1"' in page.text
    assert 'name="sites.0.scope.zh"' in page.text
    page = officer.send("/issue", **{"sites.0.name.zh": "", "sites.1.name.zh": "二厂", "add_site": "1"})
    assert 'name="sites.0.name.zh" type="text" value="二厂"' in page.text
    assert 'name="sites.1.name.zh"' in page.text
    assert 'name="sites.2.name.zh"' not in page.text
    many = {f"sites.{number}.name.zh": "厂" for number in range(205)}
    refused = officer.send("/issue", **form_of(sample_request("N-1")), **many)
    assert refused.status_code == 422


def test_a_certificate_is_reissued_from_what_the_old_one_says(
    officer: Visitor, sqlite_registry: Registry, certificate: str
) -> None:
    page = officer.open(f"/certificates/{certificate}/reissue")
    fields = dict(re.findall(r'<input id="([\w.]+)" name="[\w.]+" type="\w+" value="(.*?)"', page.text))
    fields |= dict(re.findall(r'<textarea id="([\w.]+)"[^>]*>(.*?)</textarea>', page.text, re.S))
    assert fields["holder.name.zh"] == "宁波华丰精密机械有限公司（样例）"
    assert fields["sites.0.scope.en"] == "Production of injection-moulded parts"
    assert fields["number"] == "00125Q30001R0S"
    fields |= {"scheme": "gbt19001-2016", "holder.identifier.scheme": "uscc", "holder.size": "small"}
    path = f"/certificates/{certificate}/reissue"
    assert wrong(officer.send(path, **fields, reason="initial").text) == {"reason": "Choose one of the list."}
    fields["reason"] = "name_change"
    refused = officer.send(path, **{**fields, "scope.zh": "又一范围"})
    assert wrong(refused.text) == {"scope.zh": "This stays as it is in a change of that kind."}
    assert officer.send(f"{path}/check", **{**fields, "scope.zh": "又一范围"}).json["errors"] == wrong(refused.text)
    assert "still the same" in words(officer.send(path, **fields))
    fields["holder.name.zh"] = "宁波新华丰有限公司（样例）"
    assert officer.send(f"{path}/check", **fields).json == {"errors": {}}
    sent = officer.send(path, **fields)
    new = sent.headers["Location"].partition("certificates/")[2].partition("?")[0]
    old = officer.open(f"/certificates/{certificate}")
    assert "Superseded" in words(old)
    assert f"/console/certificates/{new}" in old.text
    assert "宁波新华丰有限公司" in words(officer.open(f"/certificates/{new}"))
    assert officer.send(path, **fields).status_code == 409


def test_with_four_eyes_a_withdrawal_waits(officer: Visitor, sqlite_registry: Registry, certificate: str) -> None:
    four_eyes.set_for(sqlite_registry, "terminal", "cqc", on=True)
    officer.open(f"/certificates/{certificate}/withdraw")
    sent = officer.send(f"/certificates/{certificate}/withdraw", reason="misuse_of_mark")
    address = sent.headers["Location"].removeprefix("/console")
    page = words(officer.open(address))
    assert "it waits for a second person" in page
    assert certificate in page
    assert find.search(sqlite_registry, number="00125Q30001R0S").items[0].status.status == "valid"


def test_every_act_has_words() -> None:
    for table in (texts.ACTS, texts.DEEDS, texts.ACT_MEANINGS):
        assert set(table) == set(Act)
