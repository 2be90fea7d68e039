"""The one hot query, run on the driver's own connection.

SQLAlchemy builds and compiles the SELECT and converts its values; only the execution goes past it, because checking a
connection out and building a result costs several times what the lookup itself does (docs/performance.md).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from registry.domain.errors import StorageUnavailable
from registry.store.certificates import AnySelect


class DirectRead:
    """A SELECT of one row, compiled once. Its connections, in autocommit, belong to whoever asks at the moment.

    They are not tied to threads: a WSGI server may end a thread at any time, and a connection that dies with its
    thread is closed in the wrong one.
    """

    def __init__(self, engine: Engine, statement: AnySelect) -> None:
        self._engine = engine
        # append() and pop() of a deque are atomic.
        self._idle: deque[PoolProxiedConnection] = deque()
        compiled = statement.compile(dialect=engine.dialect)
        self._sql = str(compiled)
        self._positions: list[str] | None = compiled.positiontup
        processors = (
            column.type.dialect_impl(engine.dialect).result_processor(engine.dialect, None)
            for column in statement.selected_columns
        )
        self._processors = [(position, processor) for position, processor in enumerate(processors) if processor]
        # psycopg: values in binary form, which it reads faster.
        self._options = {"binary": True} if engine.dialect.driver == "psycopg" else {}
        self._driver_error = engine.dialect.loaded_dbapi.Error

    def first(self, parameters: Mapping[str, Any]) -> list[Any] | None:
        """The first row, its values converted; None if there is none. Raises StorageUnavailable.

        If a connection broke while nobody looked (the server was restarted), all are replaced, once.
        """
        try:
            row = self._fetch(self._idle.pop(), parameters) if self._idle else self._fetch_anew(parameters)
        except (IndexError, self._driver_error):
            # Another thread took the last one in between, or the connections are broken.
            row = self._fetch_anew(parameters)
        return None if row is None else self._converted(row)

    def _fetch(self, connection: PoolProxiedConnection, parameters: Mapping[str, Any]) -> Any:
        given = parameters if self._positions is None else [parameters[name] for name in self._positions]
        driver: Any = connection.driver_connection
        try:
            row = driver.execute(self._sql, given, **self._options).fetchone()
        except BaseException:
            connection.invalidate()
            self._idle.clear()
            raise
        self._idle.append(connection)
        return row

    def _fetch_anew(self, parameters: Mapping[str, Any]) -> Any:
        try:
            return self._fetch(self._engine.raw_connection(), parameters)
        except (self._driver_error, DBAPIError) as error:
            raise StorageUnavailable("The database can't be reached.") from error

    def _converted(self, row: Iterable[Any]) -> list[Any]:
        values = list(row)
        for position, processor in self._processors:
            if values[position] is not None:
                values[position] = processor(values[position])
        return values
