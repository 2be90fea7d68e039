"""Migrations: up, down, up again, and no difference between them and the models."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from registry.services.context import Actor, Registry
from registry.services.issue import issue
from registry.store import all_models, schema  # noqa: F401 - the tables belong to the metadata
from registry.store.models import Base
from tests.conftest import sample_certificate


def _not_the_search_index(_object: object, name: str | None, *_: object) -> bool:
    return not (name or "").startswith("holder_name_pieces")


def test_models_and_migrations_say_the_same(registry: Registry) -> None:
    with registry.database.read() as connection:
        options = {"compare_type": True, "compare_server_default": True, "include_object": _not_the_search_index}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_migrations_go_down_and_up_again(registry: Registry, actor: Actor) -> None:
    issue(registry, actor, sample_certificate())
    schema.downgrade(registry.database, "base")
    assert not schema.is_current(registry.database)
    with registry.database.read() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    schema.upgrade(registry.database)
    assert schema.is_current(registry.database)
