"""The sample data, loaded through the services: what `make demo` shows."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from registry.domain.verdict import Verdict
from registry.services.context import Registry
from registry.services.manage_issuers import list_issuers
from registry.services.sample.load import load_samples
from registry.services.verify import Verifier
from registry.store.models import Certificate, Issuer
from tests.conftest import Clock, remove_issuers


def test_each_sample_verifies_as_its_story_says(sqlite_registry: Registry, clock: Clock) -> None:
    remove_issuers(sqlite_registry)
    steps: list[tuple[int, int]] = []
    count = load_samples(sqlite_registry, 150, lambda done, total: steps.append((done, total)))
    assert steps[-1] == (count, count)
    with sqlite_registry.database.read() as connection:
        public_ids = list(connection.scalars(select(Certificate.public_id)))
        assert len(connection.scalars(select(Issuer.id)).all()) == 3
    verifier = Verifier(sqlite_registry, 0)
    verdicts = Counter(verifier.by_public_id(one).verdict for one in public_ids)
    # Each that was superseded has one successor.
    assert len(public_ids) == count + verdicts[Verdict.SUPERSEDED]
    assert verdicts.keys() <= set(Verdict) - {Verdict.INVALID, Verdict.UNKNOWN}
    assert verdicts[Verdict.VALID] > count * 0.7
    assert {Verdict.SUSPENDED, Verdict.WITHDRAWN, Verdict.SUPERSEDED, Verdict.EXPIRED} <= verdicts.keys()


def test_samples_are_not_mixed_into_a_registry_in_use(sqlite_registry: Registry) -> None:
    before = list_issuers(sqlite_registry)
    assert load_samples(sqlite_registry, 10, lambda _done, _total: None) == 0
    assert list_issuers(sqlite_registry) == before
