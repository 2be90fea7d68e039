"""The one hot query, run on the driver's own connection.

SQLAlchemy builds and compiles the SELECT and converts its values; only the execution goes past it, because checking a
connection out and building a result costs several times what the lookup itself does (docs/performance.md).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from registry.domain.errors import StorageUnavailable
from registry.store.certificates import AnySelect


class DirectRead:
    """A SELECT of one row, compiled once. Each thread keeps a connection of its own, in autocommit."""

    def __init__(self, engine: Engine, statement: AnySelect) -> None:
        self._engine = engine
        self._local = threading.local()
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

    def first(self, parameters: Mapping[str, Any]) -> list[Any] | None:
        """The first row, its values converted; None if there is none. Raises StorageUnavailable.

        A connection that broke while nobody looked (the server was restarted) is replaced once.
        """
        try:
            row = self._fetch(parameters)
        except self._engine.dialect.loaded_dbapi.Error:
            self._drop_connection()
            try:
                row = self._fetch(parameters)
            except (self._engine.dialect.loaded_dbapi.Error, DBAPIError) as error:
                self._drop_connection()
                raise StorageUnavailable("The database can't be reached.") from error
        except DBAPIError as error:
            raise StorageUnavailable("The database can't be reached.") from error
        if row is None:
            return None
        values = list(row)
        for position, processor in self._processors:
            if values[position] is not None:
                values[position] = processor(values[position])
        return values

    def _fetch(self, parameters: Mapping[str, Any]) -> Any:
        connection: PoolProxiedConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._engine.raw_connection()
        given = parameters if self._positions is None else [parameters[name] for name in self._positions]
        driver: Any = connection.driver_connection
        return driver.execute(self._sql, given, **self._options).fetchone()

    def _drop_connection(self) -> None:
        connection: PoolProxiedConnection | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.invalidate()
