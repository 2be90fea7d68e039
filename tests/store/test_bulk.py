"""Asking for any number of values at once."""

from __future__ import annotations

from registry.services.context import Actor, Registry
from registry.services.issue import issue_many
from registry.store.certificates import taken_numbers
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
