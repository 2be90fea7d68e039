"""Alembic's entry. The connection comes from registry.store.schema, which is the only caller."""

from alembic import context

from registry.store import all_models  # noqa: F401 - the tables belong to the metadata
from registry.store.models import Base


def include_object(_object, name, type_, _reflected, _compare_to):  # type: ignore[no-untyped-def]
    """Leave the search index alone: it differs between the databases, and on SQLite has tables of its own."""
    return not (type_ == "table" and name.startswith("holder_name_pieces"))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_object=include_object,
    compare_type=True,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
