"""The API of watching: the feed, watches by certificate, holder and file."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from registry.domain.reasons import Act
from registry.services.context import Registry, Scope, operator
from registry.services.watching import watches
from tests.conftest import bearer, party_bearer
from tests.services.watching.feeds import HOLDER, act, issued, work
from tests.web.test_api import problem


def refused(response: Any, field: str) -> None:
    """Input that is refused, with the field that is wrong."""
    assert field in {one["pointer"] for one in problem(response, 422, "invalid-input")["errors"]}


EVENTS, WATCHES = "/api/v1/events", "/api/v1/watches"
BORROWER = {"holder": {"scheme": HOLDER.scheme, "value": HOLDER.value}}


def test_from_a_watch_to_an_event(registry: Registry, each_client: FlaskClient) -> None:
    bank, actor = party_bearer(registry, scopes=[Scope.WATCH]), operator(registry, "cqc")
    (public_id,) = issued(registry, actor)
    typed = f"{public_id[:5]}-{public_id[5:10]}-{public_id[10:]}".lower()
    asked = {"items": [{"certificate": typed}, BORROWER], "notice_days": [90, 7], "label": "loans 2026"}
    added = each_client.post(WATCHES, json=asked, headers=bank)
    assert (added.status_code, added.json) == (201, {"added": 2, "changed": 0})
    again = each_client.post(WATCHES, json={"items": [{"certificate": public_id}]}, headers=bank)
    assert again.json == {"added": 0, "changed": 1}
    act(registry, actor, public_id, Act.SUSPEND)
    work(registry)
    page = each_client.get(EVENTS, headers=bank)
    assert [one["type"] for one in page.json["items"]] == ["certificate.suspended"]
    assert page.json["next_after"] == 1
    assert page.headers["Cache-Control"] == "private, no-store"
    assert each_client.get(f"{EVENTS}?after=1", headers=bank).json == {"items": [], "next_after": 1}
    listed = each_client.get(WATCHES, headers=bank).json
    told = [(one["certificate"], one["holder"], one["notice_days"], one["label"]) for one in listed["items"]]
    assert told == [(public_id, None, [30], None), (None, BORROWER["holder"], [7, 90], "loans 2026")]


def test_a_file_of_watches_is_listed_by_pages_and_ended_by_its_label(
    registry: Registry, each_client: FlaskClient
) -> None:
    bank = party_bearer(registry)
    public_ids = issued(registry, operator(registry, "cqc"), 7)
    for label, mine in (("a", public_ids[:5]), ("b", public_ids[5:])):
        asked = {"items": [{"certificate": one} for one in mine], "label": label}
        assert each_client.post(WATCHES, json=asked, headers=bank).json["added"] == len(mine)
    seen: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = each_client.get(WATCHES, query_string={"limit": 2, "label": "a", **after}, headers=bank).json
        seen += [one["certificate"] for one in page["items"]]
        if page["next_after"] is None:
            break
        after = {"after": page["next_after"]}
    # They are put down in the order in which their certificates came.
    assert seen == public_ids[:5]
    (first, *_) = each_client.get(WATCHES, query_string={"label": "b"}, headers=bank).json["items"]
    assert each_client.delete(f"{WATCHES}/{first['watch_id']}", headers=bank).status_code == 204
    problem(each_client.delete(f"{WATCHES}/{first['watch_id']}", headers=bank), 404, "not-found")
    assert each_client.delete(f"{WATCHES}?label=a", headers=bank).json == {"removed": 5}
    assert each_client.delete(f"{WATCHES}?label=a", headers=bank).json == {"removed": 0}
    assert len(each_client.get(WATCHES, headers=bank).json["items"]) == 1
    refused(each_client.delete(WATCHES, headers=bank), "/label")


def test_a_file_with_a_wrong_line_is_refused_as_a_whole(sqlite_registry: Registry, client: FlaskClient) -> None:
    bank = party_bearer(sqlite_registry)
    (public_id,) = issued(sqlite_registry, operator(sqlite_registry, "cqc"))
    good = {"certificate": public_id}
    for wrong, field in (
        ([good, {"certificate": "22222-22222-22222"}], "/items/1/certificate"),
        ([good, {"certificate": public_id[:-1]}], "/items/1/certificate"),
        ([good, {"holder": {"scheme": "uscc", "value": "91330282MA00000185"}}], "/items/1/holder"),
        ([good, {"holder": {"scheme": "passport", "value": "1"}}], "/items/1/holder/scheme"),
        ([good, {**good, **BORROWER}], "/items/1"),
        ([good, {}], "/items/1"),
        ([good, {"certificate": "x" * 41}], "/items/1/certificate"),
        ([], "/items"),
        ([good] * (watches.MAX_AT_ONCE + 1), "/items"),
    ):
        refused(client.post(WATCHES, json={"items": wrong}, headers=bank), field)
    for member, value, field in (
        ("notice_days", [31], "/notice_days/0"),
        ("label", "", "/label"),
        ("label", "x" * 101, "/label"),
        ("labl", "x", "/labl"),
    ):
        refused(client.post(WATCHES, json={"items": [good], member: value}, headers=bank), field)
    assert client.get(WATCHES, headers=bank).json["items"] == []


def test_no_party_sees_or_ends_what_another_watches(sqlite_registry: Registry, client: FlaskClient) -> None:
    bank, insurer = party_bearer(sqlite_registry), party_bearer(sqlite_registry, "insurer")
    actor = operator(sqlite_registry, "cqc")
    (public_id,) = issued(sqlite_registry, actor)
    for mine in (bank, insurer):
        client.post(WATCHES, json={"items": [{"certificate": public_id}], "label": "a"}, headers=mine)
    (its,) = client.get(WATCHES, headers=insurer).json["items"]
    problem(client.delete(f"{WATCHES}/{its['watch_id']}", headers=bank), 404, "not-found")
    refused(client.get(f"{WATCHES}?after={its['watch_id']}", headers=bank), "/after")
    assert client.delete(f"{WATCHES}?label=a", headers=bank).json == {"removed": 1}
    assert client.get(WATCHES, headers=insurer).json["items"] == [its]
    act(sqlite_registry, actor, public_id, Act.WITHDRAW)
    work(sqlite_registry)
    assert client.get(EVENTS, headers=bank).json["items"] == []
    assert len(client.get(EVENTS, headers=insurer).json["items"]) == 1


def test_who_may_not_watch(sqlite_registry: Registry, client: FlaskClient) -> None:
    verifier = party_bearer(sqlite_registry, scopes=[Scope.VERIFY])
    for path in (EVENTS, WATCHES):
        problem(client.get(path), 401, "not-authenticated")
        problem(client.get(path, headers=bearer(sqlite_registry)), 401, "not-authenticated")
        problem(client.get(path, headers=verifier), 403, "not-permitted")
    bank = party_bearer(sqlite_registry)
    for query, field in (
        ("after=-1", "/after"),
        ("after=x", "/after"),
        ("limit=501", "/limit"),
        (f"after={2**63}", "/after"),
    ):
        refused(client.get(f"{EVENTS}?{query}", headers=bank), field)


def test_as_many_watches_as_a_party_may_have(sqlite_registry: Registry, client: FlaskClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(watches, "MAX_WATCHES", 3)
    bank = party_bearer(sqlite_registry)
    public_ids = issued(sqlite_registry, operator(sqlite_registry, "cqc"), 4)
    ask = [{"items": [{"certificate": one} for one in mine]} for mine in (public_ids[:3], public_ids[3:])]
    assert client.post(WATCHES, json=ask[0], headers=bank).status_code == 201
    refused(client.post(WATCHES, json=ask[1], headers=bank), "/items")
