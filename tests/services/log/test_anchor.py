"""What this machine has signed is not unsigned by whoever writes to the database."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from keys import Purpose
from registry.domain.errors import RegistryError
from registry.formats.merkle import integrate, leaf_hash, reader_of, root_from_tiles
from registry.formats.signed_note import parse_note
from registry.formats.tlog_checkpoint import Checkpoint
from registry.services import manage_keys
from registry.services.context import Actor, Registry
from registry.services.issue import issue
from registry.services.log import integrate as integration
from registry.services.log import read
from registry.services.log.anchor import LogDamaged
from registry.services.log.keys import origin
from registry.store import log as store
from tests.conftest import sample_certificate


def issue_several(registry: Registry, actor: Actor, first: int, count: int) -> None:
    for number in range(first, first + count):
        issue(registry, actor, sample_certificate(str(number)))


def set_back(registry: Registry, size: int) -> None:
    """The log as it was at a size, by somebody who can write to the database, with the last entry waiting again."""
    with registry.database.transaction() as connection:
        entries = store.entries_from(connection, 0, 1000)
        tiles = integrate(0, {}, [leaf_hash(one.statement) for one in entries[:size]])
        connection.execute(text("DELETE FROM log_entries"))
        connection.execute(text("DELETE FROM log_tiles"))
        connection.execute(text("DELETE FROM log_checkpoints WHERE size > :size"), {"size": size})
        if size:
            store.insert_pending(
                connection, [(one.certificate_id, one.sequence, one.statement) for one in entries[:size]]
            )
            store.write_tiles(connection, tiles)
            store.place_entries(connection, 0, size)
        last = entries[-1]
        store.insert_pending(connection, [(last.certificate_id, last.sequence, last.statement)])


@pytest.mark.parametrize("size", [0, 2])
def test_a_log_that_was_set_back_is_not_signed(registry: Registry, actor: Actor, size: int) -> None:
    issue_several(registry, actor, 0, 4)
    set_back(registry, size)
    with pytest.raises(LogDamaged, match="has signed the log at size 4"):
        integration.integrate_pending(registry)
    assert read.checkpoint(registry).split(b"\n")[1] == str(size).encode()


def test_a_log_without_any_checkpoint_is_not_begun_again(registry: Registry, actor: Actor) -> None:
    issue_several(registry, actor, 0, 2)
    set_back(registry, 0)
    with registry.database.transaction() as connection:
        connection.execute(text("DELETE FROM log_checkpoints"))
    for act in (integration.integrate_pending, integration.open_log):
        with pytest.raises(LogDamaged):
            act(registry)


def test_the_log_goes_on_after_a_machine_that_signed_earlier_comes_back(registry: Registry, actor: Actor) -> None:
    issue_several(registry, actor, 0, 1)
    anchor = registry.settings.data_dir / "log-checkpoint"
    earlier = anchor.read_bytes()
    issue_several(registry, actor, 1, 300)
    # Another machine of the same registry signed meanwhile.
    anchor.write_bytes(earlier)
    issue_several(registry, actor, 400, 1)
    assert anchor.read_bytes() == read.checkpoint(registry)
    assert anchor.read_bytes().split(b"\n")[1] == b"302"


def test_a_checkpoint_that_the_log_did_not_sign_is_not_signed_with_new_keys(registry: Registry, actor: Actor) -> None:
    issue_several(registry, actor, 0, 2)
    before = read.checkpoint(registry)
    forged = integrate(0, {}, [leaf_hash(b"one"), leaf_hash(b"two")])
    tree = Checkpoint(origin(registry.base_url), 2, root_from_tiles(2, reader_of(forged)))
    note = before.replace(parse_note(before).text.encode(), tree.text.encode())
    with registry.database.transaction() as connection:
        store.write_tiles(connection, forged)
        store.replace_note(connection, 2, note)
    with pytest.raises(RegistryError):
        manage_keys.rotate_key(registry, manage_keys.REGISTRY_OWNER, Purpose.LOG)
    assert read.checkpoint(registry) == note
