"""Places in the status lists: each given once, in an order that tells nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from registry.domain.errors import InvalidInput, Misconfigured
from registry.services import find, status_places
from registry.services.context import Actor, Registry
from registry.services.issue import issue, issue_many
from registry.services.status_places import reserve_places
from registry.settings import read_settings
from registry.store.database import Database
from registry.store.models import Certificate, StatusList
from registry.store.status_lists import StatusPlace
from tests.conftest import BASE_URL, sample_certificate


def with_short_lists(registry: Registry, length: int) -> Registry:
    """The same registry before its first list, of which each has `length` entries."""
    with registry.database.transaction() as connection:
        connection.execute(text("DELETE FROM status_list_orders"))
        connection.execute(text("DELETE FROM status_lists"))
    return replace(registry, settings=replace(registry.settings, status_list_length=length))


def test_a_certificate_carries_its_place_in_both_lists(registry: Registry, actor: Actor) -> None:
    made = issue(registry, actor, sample_certificate())
    _, document = find.stored_document(registry, made.public_id)
    revocation, suspension = json.loads(document)["credentialStatus"]
    with registry.database.read() as connection:
        row = connection.execute(select(Certificate.status_list_id, Certificate.status_index)).one()
    assert revocation == {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(row.status_index),
        "statusListCredential": f"{BASE_URL}/status-lists/{row.status_list_id}/revocation",
    }
    assert suspension == {
        **revocation,
        "statusPurpose": "suspension",
        "statusListCredential": f"{BASE_URL}/status-lists/{row.status_list_id}/suspension",
    }


def test_every_index_is_given_once_and_then_there_is_another_list(registry: Registry) -> None:
    short = with_short_lists(registry, 2048)
    places = reserve_places(short, 1000) + reserve_places(short, 1) + reserve_places(short, 1500)
    places += [place for _ in range(3) for place in reserve_places(short, 1)]
    assert {place.list_id for place in places[:2048]} == {1}
    assert sorted(place.index for place in places[:2048]) == list(range(2048))
    assert {place.list_id for place in places[2048:]} == {2}
    assert len(set(places)) == 2504


def test_one_batch_may_span_several_lists(registry: Registry, actor: Actor) -> None:
    short = with_short_lists(registry, 16)
    ids = issue_many(short, actor, [sample_certificate(f"N-{number}") for number in range(40)])
    with registry.database.read() as connection:
        rows = connection.execute(select(Certificate.status_list_id, Certificate.status_index)).all()
        lists = connection.execute(select(StatusList.id, StatusList.allotted).order_by(StatusList.id)).all()
    assert len(ids) == 40
    assert len(set(rows)) == 40
    assert [tuple(one) for one in lists] == [(1, 16), (2, 16), (3, 8)]


def test_places_follow_no_rule(registry: Registry) -> None:
    """Certificates issued one after the other must not be recognizable as neighbours."""
    indexes = [place.index for place in reserve_places(registry, 10_000)]
    steps = [second - first for first, second in pairwise(indexes)]
    assert len(set(steps)) > 9_000
    assert indexes != sorted(indexes)
    # Spread over the whole list: each sixteenth gets about as many.
    shares = [sum(index * 16 // 131_072 == part for index in indexes) for part in range(16)]
    assert min(shares) > 400
    assert max(shares) < 850


def test_each_list_has_an_order_of_its_own(registry: Registry) -> None:
    short = with_short_lists(registry, 1024)
    first, second = ([place.index for place in reserve_places(short, 1024)] for _ in range(2))
    assert first != second


def test_a_refused_certificate_takes_no_place(registry: Registry, actor: Actor) -> None:
    with registry.database.read() as connection:
        before = connection.scalar(select(StatusList.allotted))
    with pytest.raises(InvalidInput):
        issue(registry, actor, sample_certificate(scheme="no-such-scheme"))
    with registry.database.read() as connection:
        assert connection.scalar(select(StatusList.allotted)) == before


def at_once(registry: Registry, workers: int, work: Callable[[Registry], Any]) -> list[Any]:
    """The same work by several processes, as far as the database can tell: each has a pool of its own."""

    def one(_: int) -> Any:
        own = replace(registry, database=Database(registry.settings.database_url))
        try:
            return work(own)
        finally:
            own.database.close()

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(workers)))


def test_issuers_at_work_at_the_same_time_never_get_the_same_place(registry: Registry) -> None:
    short = with_short_lists(registry, 64)

    def work(own: Registry) -> list[StatusPlace]:
        return [place for count in (1, 7, 30, 1, 90, 2) for place in reserve_places(own, count)]

    places = [place for got in at_once(short, 6, work) for place in got]
    assert len(places) == 6 * 131
    assert len(set(places)) == len(places)
    # And no list is opened while another has places: 786 places of 64 are 13 lists.
    with registry.database.read() as connection:
        lists = connection.execute(select(StatusList.id, StatusList.allotted).order_by(StatusList.id)).all()
    assert [tuple(one) for one in lists] == [(number, 64) for number in range(1, 13)] + [(13, 786 - 12 * 64)]


def test_certificates_issued_at_the_same_time_have_different_places(registry: Registry, actor: Actor) -> None:
    short = with_short_lists(registry, 32)
    names = iter(range(1000))

    def work(own: Registry) -> None:
        name = next(names)
        for number in range(4):
            issue(own, actor, sample_certificate(f"S{name}-{number}"))
        issue_many(own, actor, [sample_certificate(f"B{name}-{number}") for number in range(20)])

    at_once(short, 4, work)
    with registry.database.read() as connection:
        rows = connection.execute(select(Certificate.status_list_id, Certificate.status_index)).all()
    assert len(rows) == len(set(rows)) == 96


def test_the_first_certificate_need_not_wait_for_a_list(registry: Registry) -> None:
    with registry.database.read() as connection:
        assert connection.execute(select(StatusList.id, StatusList.length, StatusList.allotted)).all() == [
            (1, 131_072, 0)
        ]
    status_places.prepare_places(registry)
    with registry.database.read() as connection:
        assert len(connection.execute(select(StatusList.id)).all()) == 1


@pytest.mark.parametrize("length", ["131071", "131064", "131073", "2000000", "x", "-1"])
def test_lists_are_never_shorter_than_the_standard_allows(length: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="REGISTRY_STATUS_LIST_LENGTH"):
        read_settings({"REGISTRY_DATA_DIR": str(tmp_path), "REGISTRY_STATUS_LIST_LENGTH": length})


def test_lists_may_be_longer(tmp_path: Path) -> None:
    settings = read_settings({"REGISTRY_DATA_DIR": str(tmp_path), "REGISTRY_STATUS_LIST_LENGTH": "1048576"})
    assert settings.status_list_length == 1_048_576
