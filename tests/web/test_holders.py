"""All certificates of one holder: the page, and the same for programs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from registry.domain.certificate import Certificate, HolderId, HolderType
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue, issue_many
from registry.store.models import Certificate as Row
from tests.conftest import NOON, Clock, sample_certificate
from tests.web.test_pages import CHINESE, ENGLISH, first_heading, words

HOLDER = "/holders/uscc/91330282MA00000184"


def certificates(count: int) -> list[Certificate]:
    """Of one holder, issued in another order than they begin."""
    days = [date(2025, 1, 6 + number * 7 % 20) for number in range(count)]
    return [
        sample_certificate(f"N{number:03}", granted_on=date(2025, 1, 1), decided_on=day, valid_from=day)
        for number, day in enumerate(days)
    ]


def listed(client: FlaskClient, address: str) -> list[list[str]]:
    """The numbers on each page, from the one at `address` on."""
    pages = []
    following: str | None = address
    while following:
        page = client.get(following, headers=ENGLISH).get_data(as_text=True)
        pages.append(re.findall(r">(N\d{3})<", page))
        found = re.search(r'rel="next" href="([^"]+)"', page)
        following = found[1].replace("&amp;", "&") if found else None
    return pages


def test_a_holder_shows_all_its_certificates_the_newest_first(each_client: FlaskClient, registry: Registry) -> None:
    mine = certificates(45)
    issue_many(registry, operator(registry, "cqc"), mine)
    stranger = replace(mine[0].holder, identifier=HolderId("uscc", "91330282MA0000026Y"))
    issue(registry, operator(registry, "cqc"), sample_certificate("N999", holder=stranger))
    pages = listed(each_client, HOLDER)
    assert [len(page) for page in pages] == [20, 20, 5]
    begins = {one.number: one.valid_from for one in mine}
    shown = [begins[number] for page in pages for number in page]
    assert shown == sorted(shown, reverse=True)
    assert len({number for page in pages for number in page}) == 45


def test_each_is_listed_with_its_status_at_this_moment(
    client: FlaskClient, sqlite_registry: Registry, clock: Clock
) -> None:
    actor = operator(sqlite_registry, "cqc")
    public_id = issue(sqlite_registry, actor, sample_certificate()).public_id
    english = "Ningbo Huafeng Precision Machinery Co., Ltd. (Sample)"
    assert english in first_heading(client.get(HOLDER, headers=ENGLISH))
    assert f"Valid {english}" in words(client.get(HOLDER, headers=ENGLISH))
    change_status(sqlite_registry, actor, public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    clock.advance(minutes=1)
    assert f"Suspended {english}" in words(client.get(HOLDER, headers=ENGLISH))
    assert "暂停 宁波华丰精密机械有限公司（样例）" in words(client.get(HOLDER, headers=CHINESE))


def test_programs_get_the_same_as_json(each_client: FlaskClient, registry: Registry) -> None:
    issue_many(registry, operator(registry, "cqc"), certificates(3))
    plain = each_client.get(HOLDER)
    api = each_client.get(f"/api/v1{HOLDER}")
    assert plain.json == api.json
    assert [one["number"] for one in api.json["items"]] == ["N002", "N001", "N000"]
    assert {one["status"]["status"] for one in api.json["items"]} == {"valid"}
    first = each_client.get(f"/api/v1{HOLDER}?limit=2").json
    rest = each_client.get(f"/api/v1{HOLDER}?limit=2&after={first['next_after']}").json
    assert [one["number"] for one in (*first["items"], *rest["items"])] == ["N002", "N001", "N000"]
    assert rest["next_after"] is None


@pytest.mark.parametrize("path", ["uscc/91330282MA00000280", "shoe-size/44", "lei/91330282MA00000184", "other/x/y"])
def test_who_is_not_registered_is_not_found(each_client: FlaskClient, registry: Registry, path: str) -> None:
    issue(registry, operator(registry, "cqc"), sample_certificate())
    assert each_client.get(f"/holders/{path}", headers=ENGLISH).status_code == 404
    refusal = each_client.get(f"/api/v1/holders/{path}")
    assert (refusal.status_code, refusal.content_type) == (404, "application/problem+json")


def test_a_cursor_of_nowhere_is_refused(each_client: FlaskClient, registry: Registry) -> None:
    issue(registry, operator(registry, "cqc"), sample_certificate())
    assert each_client.get(f"{HOLDER}?after=xyz", headers=ENGLISH).status_code == 422
    assert each_client.get(f"/api/v1{HOLDER}?limit=0").status_code == 422


def test_persons_are_listed_nowhere(client: FlaskClient, sqlite_registry: Registry) -> None:
    person = replace(
        sample_certificate().holder, type=HolderType.PERSON, name=Text("王小明"), identifier=None, address=None
    )
    trained = sample_certificate("T-1", scheme="gbt19011-2021-training", holder=person, sites=())
    public_id = issue(sqlite_registry, operator(sqlite_registry, "cqc"), trained).public_id
    # The domain lets no identifier of a person in; a row that has one in spite of that stays hidden.
    with sqlite_registry.database.transaction() as connection:
        connection.execute(
            Row.__table__.update().values(holder_id_scheme="uscc", holder_id="91330282MA00000184")  # type: ignore[attr-defined]
        )
    assert client.get(HOLDER, headers=ENGLISH).status_code == 404
    assert client.get(f"/api/v1{HOLDER}").status_code == 404
    assert "/holders/" not in client.get(f"/v/{public_id}", headers=ENGLISH).get_data(as_text=True)


def test_a_certificate_leads_to_its_holder(client: FlaskClient, sqlite_registry: Registry) -> None:
    public_id = issue(sqlite_registry, operator(sqlite_registry, "cqc"), sample_certificate()).public_id
    for path in (f"/v/{public_id}", "/search?name=精密"):
        assert f'href="{HOLDER}"' in client.get(path, headers=ENGLISH).get_data(as_text=True)


def test_a_page_of_twenty_costs_as_many_queries_as_one_of_two(
    each_client: FlaskClient, registry: Registry, clock: Clock
) -> None:
    actor = operator(registry, "cqc")
    mine = issue_many(registry, actor, certificates(25))
    queries: list[str] = []

    def count(*args: object) -> None:
        queries.append(str(args[2]))

    # Suspensions that have run out are what needs a second look at the events.
    for public_id in mine:
        until = NOON.replace(day=20)
        change_status(registry, actor, public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE, until=until)
    event.listen(Engine, "before_cursor_execute", count)
    try:
        counts = []
        for limit in (2, 20):
            queries.clear()
            assert len(each_client.get(f"/api/v1{HOLDER}?limit={limit}").json["items"]) == limit
            counts.append(len(queries))
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert counts[0] == counts[1] <= 4
