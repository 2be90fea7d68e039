"""Keys over time: rotated, retired, compromised, published, audited, on both databases."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from keys import KeyStoreError, Purpose
from registry.domain.errors import Conflict, InvalidInput, Misconfigured, NotFound
from registry.services import manage_keys, set_up
from registry.services.context import Actor, Registry
from registry.services.issue import issue
from registry.services.own_keys import own_signer, own_signers
from registry.store.models import AuditEvent
from tests.conftest import Clock, sample_certificate


def names(registry: Registry, purpose: Purpose) -> list[str]:
    return [own.signer.record.name for own in own_signers(registry, purpose)]


def audited(registry: Registry) -> list[tuple[str, str, str, dict[str, str]]]:
    columns = (AuditEvent.actor, AuditEvent.act, AuditEvent.subject, AuditEvent.after)
    with registry.database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(AuditEvent.id))]


def states(registry: Registry, code: str) -> dict[str, str]:
    keys = manage_keys.published_keys(registry, code)
    return {key.name: key.published.state_at(registry.now()) for key in keys}


def stored_end(registry: Registry, name: str) -> datetime | None:
    return next(record.retired_at for record in registry.keys.records() if record.name == name)


# Rotation.


def test_an_old_log_key_signs_beside_the_new_one_until_the_overlap_ends(registry: Registry, clock: Clock) -> None:
    clock.advance(days=1)
    end = clock.now + timedelta(days=30)
    new = manage_keys.rotate_key(registry, "registry", Purpose.LOG, old_until=end)
    assert new.name == "log-2"
    assert names(registry, Purpose.LOG) == ["log-1", "log-2"]
    assert own_signer(registry, Purpose.LOG).signer.record.name == "log-2"
    clock.now = end - timedelta(microseconds=1)
    assert names(registry, Purpose.LOG) == ["log-1", "log-2"]
    clock.now = end
    assert names(registry, Purpose.LOG) == ["log-2"]
    set_up.require_ready(registry)
    # The key file itself has ended as well.
    with pytest.raises(KeyStoreError, match="retired"):
        registry.keys.signer("log-1", clock.now)


def test_other_purposes_and_owners_are_left_alone(registry: Registry) -> None:
    manage_keys.rotate_key(registry, "registry", Purpose.STATUS_LIST)
    for purpose in (Purpose.REGISTRY, Purpose.LOG, Purpose.RECEIPT):
        assert names(registry, purpose) == [f"{purpose.value}-1"]
    assert names(registry, Purpose.STATUS_LIST) == ["status-list-2"]
    assert states(registry, "cqc") == {"cqc-1": "active"}


def test_an_issuer_signs_with_the_newest_key_during_an_overlap(registry: Registry, actor: Actor, clock: Clock) -> None:
    end = clock.now + timedelta(days=7)
    manage_keys.rotate_key(registry, "cqc", old_until=end)
    assert states(registry, "cqc") == {"cqc-1": "active", "cqc-2": "active"}
    issue(registry, actor, sample_certificate())
    clock.now = end
    assert states(registry, "cqc") == {"cqc-1": "retired", "cqc-2": "active"}
    issue(registry, actor, sample_certificate("after"))


def test_an_overlap_can_be_cut_short_but_not_drawn_out(registry: Registry, clock: Clock) -> None:
    end = clock.now + timedelta(days=7)
    manage_keys.rotate_key(registry, "cqc", old_until=end)
    later = manage_keys.retire_key(registry, "cqc-1", at=end + timedelta(days=1))
    assert later.published.retired_at == stored_end(registry, "cqc-1") == end
    now = manage_keys.retire_key(registry, "cqc-1")
    assert now.published.retired_at == stored_end(registry, "cqc-1") == clock.now
    clock.advance(days=1)
    assert manage_keys.retire_key(registry, "cqc-1").published.retired_at == clock.now - timedelta(days=1)


def test_a_second_rotation_ends_what_still_overlaps(registry: Registry, clock: Clock) -> None:
    manage_keys.rotate_key(registry, "registry", Purpose.LOG, old_until=clock.now + timedelta(days=30))
    manage_keys.rotate_key(registry, "registry", Purpose.LOG)
    assert names(registry, Purpose.LOG) == ["log-3"]


@pytest.mark.parametrize("days", [-1, 0, 4000])
def test_an_end_that_has_passed_or_never_comes_is_refused_before_anything_is_made(
    registry: Registry, clock: Clock, days: int
) -> None:
    end = clock.now + timedelta(days=days)
    with pytest.raises(InvalidInput, match="must lie in the future, at most 3660 days ahead"):
        manage_keys.rotate_key(registry, "cqc", old_until=end)
    with pytest.raises(InvalidInput, match="must lie in the future"):
        manage_keys.retire_key(registry, "cqc-1", at=end)
    assert states(registry, "cqc") == {"cqc-1": "active"}


# Compromise.


def test_a_compromised_key_signs_no_more_from_now_on_whatever_the_moment(registry: Registry, clock: Clock) -> None:
    since = clock.now - timedelta(days=100)
    key = manage_keys.mark_key_compromised(registry, "receipt-1", since, "an auditor")
    assert (key.published.compromised_since, key.published.retired_at) == (since, None)
    with pytest.raises(KeyStoreError, match="compromised"):
        registry.keys.signer("receipt-1", clock.now)


def test_a_compromised_key_of_the_registry_has_a_successor_at_once(registry: Registry, clock: Clock) -> None:
    manage_keys.mark_key_compromised(registry, "receipt-1", clock.now)
    assert names(registry, Purpose.RECEIPT) == ["receipt-2"]
    manage_keys.mark_key_compromised(registry, "receipt-1", clock.now - timedelta(days=1))
    assert names(registry, Purpose.RECEIPT) == ["receipt-2"]
    set_up.require_ready(registry)


def test_the_earliest_moment_of_a_compromise_stands(registry: Registry, clock: Clock) -> None:
    since = clock.now - timedelta(days=10)
    manage_keys.mark_key_compromised(registry, "cqc-1", since)
    manage_keys.mark_key_compromised(registry, "cqc-1", clock.now)
    earlier = since - timedelta(days=5)
    assert manage_keys.mark_key_compromised(registry, "cqc-1", earlier).published.compromised_since == earlier
    assert manage_keys.mark_key_compromised(registry, "cqc-1", since).published.compromised_since == earlier


def test_a_compromise_to_come_is_refused(registry: Registry, clock: Clock) -> None:
    with pytest.raises(InvalidInput, match="lies in the future"):
        manage_keys.mark_key_compromised(registry, "cqc-1", clock.now + timedelta(seconds=1))
    assert states(registry, "cqc") == {"cqc-1": "active"}


# Everything is on record.


def test_every_act_on_a_key_is_audited_with_who_did_it(registry: Registry, clock: Clock) -> None:
    before = len(audited(registry))
    end = clock.now + timedelta(days=30)
    manage_keys.rotate_key(registry, "registry", Purpose.LOG, old_until=end, actor="terminal (li)")
    manage_keys.mark_key_compromised(registry, "cqc-1", clock.now, "terminal (wang)")
    made, retired, compromised = audited(registry)[before:]
    assert made[:3] == ("terminal (li)", "key.create", "log-2")
    assert made[3]["purpose"] == "log"
    assert made[3]["custody"] == "file"
    assert retired[:3] == ("terminal (li)", "key.retire", "log-1")
    assert retired[3]["retired_at"] == end.isoformat()
    assert compromised[:3] == ("terminal (wang)", "key.compromise", "cqc-1")
    assert compromised[3]["compromised_since"] == clock.now.isoformat()


def test_a_key_that_nobody_published_can_not_be_ended(registry: Registry, clock: Clock) -> None:
    with pytest.raises(NotFound, match="registry keys list"):
        manage_keys.retire_key(registry, "cqc-9")
    with pytest.raises(NotFound, match="registry keys list"):
        manage_keys.mark_key_compromised(registry, "../cqc-1", clock.now)


# Key files that are away.


def test_the_server_starts_without_the_file_of_a_key_that_has_ended(registry: Registry, clock: Clock) -> None:
    manage_keys.rotate_key(registry, "cqc")
    manage_keys.rotate_key(registry, "registry", Purpose.LOG, old_until=clock.now + timedelta(days=1))
    manage_keys.rotate_key(registry, "registry", Purpose.RECEIPT)
    manage_keys.mark_key_compromised(registry, "receipt-1", clock.now)
    for name in ("cqc-1", "receipt-1"):
        (registry.settings.keys_dir / f"{name}.json").unlink()
    set_up.require_ready(registry)
    (registry.settings.keys_dir / "log-1.json").unlink()
    # That one still signs.
    with pytest.raises(Misconfigured, match=r"log-1\.json is missing.*registry keys retire log-1"):
        set_up.require_ready(registry)
    clock.advance(days=1)
    set_up.require_ready(registry)


def test_a_key_that_is_lost_can_be_replaced(registry: Registry, actor: Actor, clock: Clock) -> None:
    (registry.settings.keys_dir / "cqc-1.json").unlink()
    set_up.require_prepared(registry)
    with pytest.raises(Misconfigured, match="registry keys retire cqc-1"):
        set_up.require_ready(registry)
    manage_keys.retire_key(registry, "cqc-1")
    manage_keys.create_key(registry, "cqc")
    set_up.require_ready(registry)
    clock.advance(seconds=1)
    issue(registry, actor, sample_certificate())


def test_the_server_does_not_start_where_it_could_not_sign(registry: Registry) -> None:
    manage_keys.retire_key(registry, "log-1")
    with pytest.raises(Misconfigured, match="registry keys create registry --purpose log"):
        set_up.require_ready(registry)
    manage_keys.create_key(registry, "registry", Purpose.LOG)
    set_up.require_ready(registry)


def test_a_key_file_from_a_run_that_broke_off_is_published_by_the_next(registry: Registry) -> None:
    left = registry.keys.create("cqc-2", "cqc", Purpose.ISSUER, registry.now())
    assert manage_keys.create_key(registry, "cqc").published.public_key == left.public_key


def test_a_stray_key_file_of_another_purpose_is_not_published(registry: Registry) -> None:
    stray = registry.settings.keys_dir / "cqc-2.json"
    registry.keys.create("cqc-2", "cqc", Purpose.RECEIPT, registry.now())
    with pytest.raises(Conflict, match="in the way"):
        manage_keys.create_key(registry, "cqc")
    assert json.loads(stray.read_text())["purpose"] == "receipt"
