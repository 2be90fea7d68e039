"""The engine and its transactions, on SQLite (WAL) and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from registry.domain.errors import InvalidInput, Misconfigured, StorageUnavailable, Violation

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # A committed certificate survives a power cut.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA cache_size = -65536",
)
_POOL_TIMEOUT_SECONDS = 10
_UTC = "-c timezone=UTC"
# Lookups by a unique key have one best plan; making it anew for each value costs more than running it.
_LOOKUPS = _UTC + " -c plan_cache_mode=force_generic_plan"


class Database:
    """One database, reached through two pools.

    Single reads go through a pool in autocommit, which spares them a BEGIN and a ROLLBACK each; everything that
    writes, or that must see one moment, goes through `transaction`.
    """

    def __init__(self, url: str, pool_size: int = 8) -> None:
        """Raises Misconfigured for an address that is no database of ours."""
        self.url = url
        try:
            self._writes = _engine(url, pool_size)
            self._reads = _engine(url, pool_size, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        except (ArgumentError, NoSuchModuleError, ImportError):
            raise Misconfigured(
                "REGISTRY_DATABASE_URL must be like sqlite:////var/lib/registry/registry.sqlite or "
                "postgresql+psycopg://user@host/database."
            ) from None
        # For store/direct_read.py, which keeps its connections.
        self.unpooled = _engine(url, None, _LOOKUPS, isolation_level="AUTOCOMMIT")
        if self.unpooled.dialect.name == "sqlite":
            event.listen(self.unpooled, "connect", _keep_more)
        self.dialect = self._writes.dialect.name
        if self.dialect == "sqlite":
            event.listen(self._writes, "begin", _begin_immediate)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for single SELECTs. Raises StorageUnavailable."""
        with _translated(), self._reads.connect() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction: committed at the end, rolled back on any exception. Raises StorageUnavailable."""
        with _translated(), self._writes.begin() as connection:
            yield connection

    @contextmanager
    def migration(self) -> Iterator[Connection]:
        """A transaction that may put tables in the place of others, during which SQLite does not watch foreign keys."""
        with _translated(), self._writes.connect() as connection:
            if self.dialect == "sqlite":
                connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
            try:
                with connection.begin():
                    yield connection
            finally:
                if self.dialect == "sqlite":
                    connection.connection.cursor().execute("PRAGMA foreign_keys = ON")

    def attempt(self, statement: Executable) -> bool:
        """Run a single statement that may as well not happen: nobody waits for it. Returns whether it did."""
        impatient = "PRAGMA busy_timeout = 0" if self.dialect == "sqlite" else "SET lock_timeout = 50"
        try:
            with self.unpooled.connect() as connection:
                connection.exec_driver_sql(impatient)
                connection.execute(statement)
        except (OperationalError, InterfaceError):
            return False
        return True

    def close(self) -> None:
        """Give all connections back."""
        for engine in (self._writes, self._reads, self.unpooled):
            engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise StorageUnavailable("The database can't be reached; nothing was stored.") from error
    except DataError as error:
        # PostgreSQL has no place for NUL in a text, for one.
        raise InvalidInput([Violation((), "a character that can't be stored or searched for")]) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageUnavailable("The database connection broke; nothing was stored.") from error
        raise


def _engine(url: str, pool_size: int | None, postgresql_options: str = _UTC, **options: Any) -> Engine:
    """An engine with a pool of that size; none at all for None."""
    parsed = make_url(url)
    if pool_size is None:
        options["poolclass"] = NullPool
    else:
        options |= {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": _POOL_TIMEOUT_SECONDS}
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ArgumentError("a file is needed")
        Path(parsed.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Connections pass from thread to thread, one at a time.
        arguments = {"check_same_thread": False}
        engine = create_engine(parsed, hide_parameters=True, connect_args=arguments, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if parsed.get_backend_name() != "postgresql":
        raise ArgumentError("neither SQLite nor PostgreSQL")
    return create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        # Names of holders have no place in a log.
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "options": postgresql_options},
        **options,
    )


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: _begin_immediate does.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _keep_more(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # One connection a server thread looks certificates up all day: pages that it keeps need not be read again.
    connection.execute("PRAGMA cache_size = -262144")


def _begin_immediate(connection: Connection) -> None:
    # Take the write lock at once: a later upgrade from a read lock could fail without waiting.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
