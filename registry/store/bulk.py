"""Many rows at the speed of the database: COPY on PostgreSQL, the driver's own executemany on SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from struct import Struct
from typing import Any, cast

from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    FromClause,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    func,
    select,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, TypeEngine

from registry.store.packed_document import PackedDocument

# The more special types first.
_COPY_TYPES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (PackedDocument, "bytea"),
    (TypeDecorator, "timestamptz"),
    (ARRAY, "text[]"),
    (LargeBinary, "bytea"),
    (BigInteger, "int8"),
    (SmallInteger, "int2"),
    (Integer, "int4"),
    (Date, "date"),
    (String, "text"),
)

# Rows of one INSERT on SQLite: 34 columns need 17,000 of the 32,766 parameters that it has by default.
_BLOCK = 500


def insert_rows(
    connection: Connection, table: FromClause, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows of values in the order of `columns` (names from our own code), within the transaction.

    Raises what SQLAlchemy raises for an INSERT (sqlalchemy.exc.IntegrityError and so on).
    """
    assert isinstance(table, Table)  # noqa: S101 - a declarative model's table, which is typed wider
    dialect = connection.dialect
    convert = []
    for position, name in enumerate(columns):
        kind = table.c[name].type
        processor = kind.dialect_impl(dialect).bind_processor(dialect)
        # Lists go to PostgreSQL's driver as they are; the rows of a batch share most of their dates and times.
        if processor is not None and not isinstance(kind, ARRAY):
            convert.append((position, processor if isinstance(kind, PackedDocument) else lru_cache(1024)(processor)))
    ready = [_converted(row, convert) for row in rows]
    into = f"{dialect.identifier_preparer.format_table(table)} ({', '.join(columns)})"
    if dialect.name == "sqlite":
        _insert_blocks(connection, f"INSERT INTO {into} VALUES ({', '.join('?' * len(columns))})", ready)  # noqa: S608
        return
    statement = f"COPY {into} FROM STDIN (FORMAT BINARY)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            cursor.adapters.register_dumper(list, _Texts)
            copy.set_types([_copy_type(table.c[name].type) for name in columns])
            for row in ready:
                copy.write_row(row)
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(statement, None, error, dialect.loaded_dbapi.Error, dialect=dialect) from error


def _insert_blocks(connection: Connection, insert: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert many rows with each statement.

    The driver lets other threads run while SQLite is at a statement, here the one that signs (services/draft.py); one
    statement for each row would have it wait for Python's lock as many times.
    """
    one = insert[insert.rindex("(") :]
    many = insert + f", {one}" * (_BLOCK - 1)
    whole = len(rows) - len(rows) % _BLOCK
    for start in range(0, whole, _BLOCK):
        connection.exec_driver_sql(many, tuple(chain.from_iterable(rows[start : start + _BLOCK])))
    if whole < len(rows):
        connection.exec_driver_sql(insert, list(rows[whole:]))


class _Texts(Dumper):
    """Lists of short texts as PostgreSQL's binary text[], many of which occur again and again."""

    format = Format.BINARY
    oid = 1009
    _ARRAY = Struct("!5i")

    def dump(self, obj: list[str]) -> bytes:
        """One dimension, no NULLs, elements of type text (oid 25), counted from 1."""
        return self._ARRAY.pack(1, 0, 25, len(obj), 1) + b"".join(map(_element, obj))


@lru_cache(maxsize=65_536)
def _element(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(4, "big") + encoded


def among(connection: Connection, column: Any, texts: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a text column has one of any number of values: one parameter, where IN has as many."""
    elements = func.json_each if connection.dialect.name == "sqlite" else func.json_array_elements_text
    given = elements(type_coerce(texts, JSON)).table_valued("value")
    return cast(ColumnElement[bool], column.in_(select(given.c.value)))


def _copy_type(column: TypeEngine[Any]) -> str:
    """PostgreSQL's name of a column type, whose binary form COPY is sent."""
    for kind, name in _COPY_TYPES:
        if isinstance(column, kind):
            return name
    raise TypeError(f"no binary COPY for {column!r}")


def _converted(row: Sequence[Any], convert: Sequence[tuple[int, Any]]) -> tuple[Any, ...]:
    values = list(row)
    for position, processor in convert:
        if values[position] is not None:
            values[position] = processor(values[position])
    return tuple(values)
