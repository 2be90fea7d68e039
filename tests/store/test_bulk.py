"""Many rows and many values at once."""

from __future__ import annotations

import pytest
from sqlalchemy import ARRAY, BigInteger, Column, MetaData, Table, Text, delete, func, select
from sqlalchemy.exc import IntegrityError

from registry.services.context import Actor, Registry
from registry.services.issue import issue_many
from registry.store.bulk import insert_rows
from registry.store.certificates import taken_numbers
from registry.store.log_models import LogTile
from tests.conftest import sample_certificate

NUMBERS = ["plain", "it's", 'say "so"', "back\\slash", "\\u0041", "[1]", "杭州", "𠀀", "50%", "{}"]


def test_numbers_are_found_whatever_they_are_made_of(registry: Registry, actor: Actor) -> None:
    assert actor.issuer_id is not None
    issue_many(registry, actor, [sample_certificate(number) for number in NUMBERS])
    asked = [*NUMBERS, "A", "back", *(f"N{number}" for number in range(10_000))]
    with registry.database.read() as connection:
        assert sorted(taken_numbers(connection, actor.issuer_id, asked)) == sorted(NUMBERS)
        assert taken_numbers(connection, actor.issuer_id, ["A", "nobody's"]) == []
        assert taken_numbers(connection, actor.issuer_id, []) == []
        assert taken_numbers(connection, actor.issuer_id + 1, NUMBERS) == []


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1203])
def test_every_row_is_stored_once_whatever_their_number(registry: Registry, count: int) -> None:
    rows = [(n, 7, f"hashes {n}".encode()) for n in range(count)]
    with registry.database.transaction() as connection:
        connection.execute(delete(LogTile))
        insert_rows(connection, LogTile.__table__, ("level", "tile_index", "hashes"), rows)
        columns = (LogTile.level, LogTile.tile_index, LogTile.hashes)
        assert [tuple(row) for row in connection.execute(select(*columns).order_by(LogTile.level))] == rows
        connection.rollback()


def test_a_row_that_is_refused_leaves_none_of_its_block(registry: Registry) -> None:
    rows = [(min(n, 900), 7, b"hashes") for n in range(1000)]
    with pytest.raises(IntegrityError), registry.database.transaction() as connection:
        insert_rows(connection, LogTile.__table__, ("level", "tile_index", "hashes"), rows)
    with registry.database.read() as connection:
        assert connection.scalar(select(func.count()).where(LogTile.tile_index == 7)) == 0


@pytest.mark.parametrize("registry", ["postgresql"], indirect=True)
@pytest.mark.parametrize("texts", [[], ["宁波"], ["", "NULL", "a,b", '"', "\\", "{}", "𠀀x", "宁波"]])
def test_lists_of_texts_come_back_as_they_were(registry: Registry, texts: list[str]) -> None:
    table = Table("texts", MetaData(), Column("id", BigInteger), Column("texts", ARRAY(Text)))
    with registry.database.transaction() as connection:
        table.create(connection)
        insert_rows(connection, table, ("id", "texts"), [(1, texts), (2, texts)])
        assert list(connection.scalars(select(table.c.texts))) == [texts, texts]
        connection.rollback()
