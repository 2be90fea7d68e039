"""Finding holders by any part of their name, fast at a million rows, on both databases.

Names are indexed by short pieces: pairs of Chinese characters, triples of letters and digits. A search asks the index
for the rows that have all pieces of what was typed, and then looks for its words in the names of those. On SQLite the
index is an FTS5 table, on PostgreSQL an array column with a GIN index: both come without extensions, and both find two
Chinese characters, which the usual trigram indexes do not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from operator import add
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    MetaData,
    Select,
    Table,
    bindparam,
    func,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Text

from registry.store.bulk import insert_rows
from registry.store.models import Certificate

# Runs of Chinese characters, and runs of other letters and digits.
_RUNS = re.compile(r"([\u3400-\u9fff\uf900-\ufaff]+)|([^\W_\u3400-\u9fff\uf900-\ufaff]+)")
_BLANKS = re.compile(r"\s+")
_FEW = 1000

_fts = Table("holder_name_pieces", MetaData(), Column("rowid", BigInteger), Column("pieces", Text))
_arrays = Table("holder_name_pieces", MetaData(), Column("certificate_id", BigInteger), Column("pieces", ARRAY(Text)))


def fold_name(name: str) -> str:
    """The form in which names are compared: width, case and runs of blanks do not matter."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFKC", name).casefold()).strip()


def pieces_of(folded: str) -> set[str]:
    """The indexed pieces of a folded name: each two Chinese characters, each three other letters in a row."""
    pieces: set[str] = set()
    for chinese, other in _RUNS.findall(folded):
        if chinese:
            pieces.update(map(add, chinese, chinese[1:]))
        else:
            pieces.update(_triples(other))
    return pieces


@lru_cache(maxsize=4096)
def _triples(word: str) -> tuple[str, ...]:
    """Each three characters in a row. Names of companies share many words."""
    return tuple(map(add, map(add, word, word[1:]), word[2:]))


def index_names(connection: Connection, names: Sequence[tuple[int, str, str | None]]) -> None:
    """Add names to the index: (certificate id, folded name, folded English name)."""
    if not names:
        return
    found = [(key, pieces_of(zh) | pieces_of(en or "")) for key, zh, en in names]
    if connection.dialect.name == "sqlite":
        rows = [(key, " ".join(pieces)) for key, pieces in found]
        insert_rows(connection, _fts, ("rowid", "pieces"), rows)
    else:
        insert_rows(connection, _arrays, ("certificate_id", "pieces"), [(key, list(pieces)) for key, pieces in found])


def name_contains(connection: Connection, typed: str) -> list[ColumnElement[bool]]:
    """Conditions on Certificate for "each word of `typed` occurs in a name"; none if it is too short to search for."""
    folded = fold_name(typed)
    pieces = sorted(pieces_of(folded))
    if not pieces:
        return []
    if connection.dialect.name == "sqlite":
        query = " AND ".join(f'"{piece}"' for piece in pieces)
        matching = text("holder_name_pieces MATCH :pieces").bindparams(pieces=query)
        candidates = select(_fts.c.rowid).where(matching)
        position = func.instr
    else:
        candidates = select(_arrays.c.certificate_id).where(
            _arrays.c.pieces.contains(bindparam("pieces", pieces, type_=ARRAY(Text)))
        )
        position = func.strpos
    words = [chinese or other for chinese, other in _RUNS.findall(folded)]
    zh, en = Certificate.holder_name_folded, Certificate.holder_name_en_folded
    occurs: list[ColumnElement[bool]] = [(position(zh, word) > 0) | (position(en, word) > 0) for word in words]
    few = _if_few(connection, candidates)
    return occurs if few is None else [few, *occurs]


def name_begins(connection: Connection, typed: str) -> ColumnElement[bool]:
    """Condition on Certificate for "a name begins with `typed`"."""
    folded = fold_name(typed)
    zh, en = Certificate.holder_name_folded, Certificate.holder_name_en_folded
    candidates = union_all(*(select(Certificate.id).where(_in_range(name, folded)) for name in (zh, en)))
    few = _if_few(connection, candidates)
    if few is not None:
        return few
    # coalesce() keeps the planner from collecting and sorting the whole range: so many match that the newest of them
    # are found soonest by going through the newest certificates.
    return _in_range(func.coalesce(zh, ""), folded) | _in_range(func.coalesce(en, ""), folded)


def _in_range(name: Any, folded: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = (name >= folded) & (name < folded + "\U0010ffff")
    return condition


def _if_few(connection: Connection, candidates: Select[int] | CompoundSelect[int]) -> ColumnElement[bool] | None:
    """The candidates one by one if they are few, None if they are many.

    A planner can't know how many rows have a piece, and errs by seconds: this asks, which costs a millisecond.
    """
    found = list(connection.scalars(candidates.limit(_FEW + 1)))
    return None if len(found) > _FEW else Certificate.id.in_(found)
