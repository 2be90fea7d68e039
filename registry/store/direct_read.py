"""The one hot query, run on the driver's own connection.

SQLAlchemy builds and compiles the SELECT and converts its values; only the execution goes past it, because checking a
connection out and building a result costs several times what the lookup itself does (docs/performance.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from psycopg import Connection as PostgresConnection
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from registry.domain.errors import StorageUnavailable
from registry.store.certificates import AnySelect


class _Lookup(Protocol):
    """A connection on which the statement can be run."""

    connection: PoolProxiedConnection

    def first(self, value: str) -> Sequence[Any] | None:
        """The first row for a value of the parameter. Raises the driver's errors."""


class _SqliteLookup:
    def __init__(self, connection: PoolProxiedConnection, sql: str) -> None:
        self.connection = connection
        self._sql = sql
        self._driver: Any = connection.driver_connection

    def first(self, value: str) -> Sequence[Any] | None:
        row: Sequence[Any] | None = self._driver.execute(self._sql, (value,)).fetchone()
        return row


class _PostgresLookup:
    """Through libpq's own call for prepared statements: a third of the time that psycopg's cursor takes."""

    _NAME = b"lookup"

    def __init__(self, connection: PoolProxiedConnection, sql: str) -> None:
        self.connection = connection
        driver: Any = connection.driver_connection
        assert isinstance(driver, PostgresConnection)  # noqa: S101 - the engine's driver
        self._libpq = driver.pgconn
        self._values = Transformer(driver)
        prepared = self._libpq.prepare(self._NAME, sql.encode())
        if prepared.status != ExecStatus.COMMAND_OK:
            raise error_from_result(prepared)

    def first(self, value: str) -> Sequence[Any] | None:
        result = self._libpq.exec_prepared(self._NAME, [value.encode()], result_format=Format.BINARY)
        if result.status != ExecStatus.TUPLES_OK:
            raise error_from_result(result)
        if result.ntuples == 0:
            return None
        self._values.set_pgresult(result)
        row: Sequence[Any] = self._values.load_row(0, tuple)
        return row


class DirectRead:
    """A SELECT of one row by one text, compiled once. Its connections, in autocommit, belong to who asks at the moment.

    They are not tied to threads: a WSGI server may end a thread at any time, and a connection that dies with its
    thread is closed in the wrong one.
    """

    def __init__(self, engine: Engine, statement: AnySelect) -> None:
        self._engine = engine
        # append() and pop() of a deque are atomic.
        self._idle: deque[_Lookup] = deque()
        self._lookup: type[_SqliteLookup] | type[_PostgresLookup] = _SqliteLookup
        dialect = engine.dialect
        if dialect.name == "postgresql":
            self._lookup = _PostgresLookup
            # Parameters as the server writes them: $1.
            dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        self._sql = str(statement.compile(dialect=dialect))
        processors = (
            column.type.dialect_impl(engine.dialect).result_processor(engine.dialect, None)
            for column in statement.selected_columns
        )
        self._processors = [(position, processor) for position, processor in enumerate(processors) if processor]
        self._driver_error = engine.dialect.loaded_dbapi.Error

    def first(self, value: str) -> list[Any] | None:
        """The first row, its values converted; None if there is none. Raises StorageUnavailable.

        If a connection broke while nobody looked (the server was restarted), all are replaced, once.
        """
        try:
            row = self._fetch(self._idle.pop(), value) if self._idle else self._fetch_anew(value)
        except (IndexError, self._driver_error):
            # Another thread took the last one in between, or the connections are broken.
            row = self._fetch_anew(value)
        return None if row is None else self._converted(row)

    def _fetch(self, lookup: _Lookup, value: str) -> Sequence[Any] | None:
        try:
            row = lookup.first(value)
        except BaseException:
            lookup.connection.invalidate()
            self._idle.clear()
            raise
        self._idle.append(lookup)
        return row

    def _fetch_anew(self, value: str) -> Sequence[Any] | None:
        try:
            return self._fetch(self._lookup(self._engine.raw_connection(), self._sql), value)
        except (self._driver_error, DBAPIError) as error:
            raise StorageUnavailable("The database can't be reached.") from error

    def _converted(self, row: Iterable[Any]) -> list[Any]:
        values = list(row)
        for position, processor in self._processors:
            if values[position] is not None:
                values[position] = processor(values[position])
        return values
