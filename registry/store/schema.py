"""Bringing a database to the present schema, with Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from registry.packaged import packaged_folder
from registry.store.database import Database


def upgrade(database: Database, revision: str = "head") -> None:
    """Run the migrations that are missing."""
    with database.migration() as connection:
        command.upgrade(alembic_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Undo migrations down to `revision` ('base': all)."""
    with database.migration() as connection:
        command.downgrade(alembic_config(connection), revision)


def is_current(database: Database) -> bool:
    """Whether the database has the schema that this version of the registry needs."""
    with database.read() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present == ScriptDirectory(str(packaged_folder("migrations"))).get_current_head()


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration, working over one connection."""
    config = Config()
    config.set_main_option("script_location", str(packaged_folder("migrations")))
    config.attributes["connection"] = connection
    return config
