"""Certificates as rows of a table: the columns, and how a row becomes the request that the API takes, and back.

Columns have an English and a Chinese name; a heading may use either. Sites stand as JSON in one column, or in columns
of their own (`site_1_name`, `site_1_address`, …). What an export adds (public id, status) and what a report of errors
adds is passed over when a file is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple

import orjson

from registry.domain.certificate import MAX_SITES
from registry.formats import canonical_json
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.formats.table import Cell, MalformedTable, TableRow, restored

Path = tuple[str | int, ...]
_TERMS = "certificate"


class Column(NamedTuple):
    """A column: its names, where its text belongs in a request, and an example."""

    name: str
    name_zh: str
    path: tuple[str, ...]
    example: str


COLUMNS = (
    Column("number", "证书编号", (_TERMS, "number"), "00125Q30001R0S"),
    Column("scheme", "认证方案", (_TERMS, "scheme"), "gbt19001-2016"),
    Column("holder_kind", "持证者类型", (_TERMS, "holder", "kind"), "organization"),
    Column("holder_name", "持证者名称", (_TERMS, "holder", "name", "zh"), "宁波华丰精密机械有限公司（样例）"),
    Column("holder_name_en", "持证者英文名称", (_TERMS, "holder", "name", "en"), "Ningbo Huafeng Co., Ltd. (Sample)"),
    Column("holder_address", "地址", (_TERMS, "holder", "address", "zh"), "浙江省宁波市慈溪市工业路18号"),
    Column("holder_address_en", "英文地址", (_TERMS, "holder", "address", "en"), "No. 18 Gongye Road, Cixi, Ningbo"),
    Column("holder_id_scheme", "识别码类型", (_TERMS, "holder", "identifier", "scheme"), "uscc"),
    Column("holder_id", "统一社会信用代码", (_TERMS, "holder", "identifier", "value"), "91330282MA00000184"),
    Column("region", "行政区划代码", (_TERMS, "holder", "region"), "330282"),
    Column("industry", "行业代码", (_TERMS, "holder", "industry"), "C34"),
    Column("size", "企业规模", (_TERMS, "holder", "size"), "small"),
    Column("scope", "认证范围", (_TERMS, "scope", "zh"), "汽车用注塑件的设计和生产"),
    Column("scope_en", "英文认证范围", (_TERMS, "scope", "en"), "Design and production of injection-moulded parts"),
    Column("granted_on", "初次发证日期", (_TERMS, "granted_on"), "2025-01-06"),
    Column("decided_on", "认证决定日期", (_TERMS, "decided_on"), "2025-01-06"),
    Column("valid_from", "生效日期", (_TERMS, "valid_from"), "2025-01-08"),
    Column("valid_until", "到期日期", (_TERMS, "valid_until"), "2028-01-07"),
    Column("reason", "发证原因", ("reason",), "initial"),
    Column("note", "备注", ("note",), ""),
    Column("sites", "场所", (_TERMS, "sites"), ""),
)
# What an export says beside the certificate, and a report of errors: nothing that a file could change.
INFORMATION = (
    ("public_id", "公开编号"),
    ("status", "状态"),
    ("status_since", "状态起始时间"),
    ("recorded_at", "登记时间"),
)
ERROR_COLUMNS = (("error_line", "错误行号"), ("error_column", "错误列"), ("error_reason", "错误原因"))
_SITE_PARTS: tuple[tuple[str, str, Path], ...] = (
    ("name", "名称", ("name", "zh")),
    ("name_en", "英文名称", ("name", "en")),
    ("address", "地址", ("address", "zh")),
    ("address_en", "英文地址", ("address", "en")),
    ("scope", "认证范围", ("scope", "zh")),
    ("scope_en", "英文认证范围", ("scope", "en")),
)
_SITE_EN = re.compile(r"site_([1-9][0-9]{0,2})_([a-z_]+)")
_SITE_ZH = re.compile(r"场所([1-9][0-9]{0,2})([^0-9]+)")
_PASSED_OVER = frozenset(name for names in (*INFORMATION, *ERROR_COLUMNS) for name in names)
_BY_NAME = {name: column for column in COLUMNS for name in (column.name, column.name_zh)}
_BY_PATH: dict[Path, str] = {
    **{column.path: column.name for column in COLUMNS},
    (_TERMS, "holder"): "holder_name",
    (_TERMS, "holder", "name"): "holder_name",
    (_TERMS, "holder", "address"): "holder_address",
    (_TERMS, "holder", "identifier"): "holder_id",
    (_TERMS, "scope"): "scope",
}
# What people write in Chinese for the words of the API.
_WORDS = {
    "holder_kind": {"组织": "organization", "个人": "person"},
    "size": {"微型": "micro", "小型": "small", "中型": "medium", "大型": "large"},
    "holder_id_scheme": {"统一社会信用代码": "uscc", "其他": "other"},
    "reason": {"初次认证": "initial", "再认证": "recertification", "转入": "transfer"},
}
_LONG_NUMBERS = frozenset({"number", "holder_id"})
_DATES = frozenset({"granted_on", "decided_on", "valid_from", "valid_until"})
_DAY = re.compile(r"([0-9]{4})(?:-|/|\.|年)([0-9]{1,2})(?:-|/|\.|月)([0-9]{1,2})日?(?: 0?0:00(?::00)?)?")
_LOST_DIGITS = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]{1,2}\Z")
_SPECIAL = _LONG_NUMBERS | _DATES | _WORDS.keys() | {"sites"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row: the column as the file calls it (empty: the whole row), and the reason."""

    column: str
    reason: str


class Record(NamedTuple):
    """A row as a request, with what could not be read in it; `sites`: which of the file's sites the row has."""

    line: int
    request: JsonObject
    problems: list[Problem]
    sites: Sequence[int] = ()


class CertificateHeading:
    """How the columns of one file are to be read."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        """Raises MalformedTable for columns that are unknown, or there twice."""
        self.names = [text_of(cell) for cell in cells]
        while self.names and not self.names[-1]:
            self.names.pop()
        # Where a column stands, its name, where its text belongs, and whether that is all.
        self._columns: list[tuple[int, str, tuple[str, ...], bool]] = []
        # The number of each site as the file counts, and the cells of that site.
        self._sites: dict[int, list[tuple[int, Path]]] = {}
        self._shown: dict[str, str] = {}
        seen: set[str] = set()
        for position, written in enumerate(self.names):
            name = folded(written)
            if not name:
                raise MalformedTable(f"column {position + 1} has no name in the heading")
            known = self._take(position, name)
            if known in seen:
                raise MalformedTable(f"the column {written!r} is there twice")
            seen.add(known)
            self._shown[known] = written
        missing = [name for name in ("number", "scheme") if name not in seen]
        if missing:
            raise MalformedTable(f"the heading has no column {missing[0]!r} ({_BY_NAME[missing[0]].name_zh})")

    def record(self, row: TableRow) -> Record:
        """A row as a request; what could not be read is left out of it."""
        request: JsonObject = {_TERMS: {}}
        problems: list[Problem] = []
        cells = row.cells
        width = len(cells)
        for position, name, path, plain in self._columns:
            cell = cells[position] if position < width else None
            if cell is None or cell == "":
                continue
            if plain and type(cell) is str:
                value: Any = cell.strip()
                if value[:1] == "'":
                    value = restored(value)
            else:
                value = self._value(name, cell, problems)
            if value:
                inner = request
                for part in path[:-1]:
                    inner = inner.setdefault(part, {})
                inner[path[-1]] = value
        sites = self._add_sites(request, cells, problems) if self._sites else ()
        holder = request[_TERMS].get("holder", {})
        identifier = holder.get("identifier")
        if identifier and "value" in identifier:
            identifier.setdefault("scheme", "uscc")
        elif identifier:
            # The kind of an identifier that is not there says nothing.
            del holder["identifier"]
        if width > len(self.names) and any(text_of(cell) for cell in cells[len(self.names) :]):
            problems.append(Problem("", "more cells than the heading has columns"))
        return Record(row.line, request, problems, sites)

    def column_of(self, path: Path, record: Record) -> str:
        """The column, as the file calls it, behind a path in the request."""
        if path[:2] == (_TERMS, "sites") and record.sites:
            return self._site_column(path, record.sites)
        while path and path not in _BY_PATH:
            path = path[:-1]
        name = _BY_PATH.get(path, "")
        return self._shown.get(name, name)

    def _take(self, position: int, name: str) -> str:
        """Note what to do with a column; returns its one name. Raises MalformedTable."""
        if name in _PASSED_OVER:
            return name
        column = _BY_NAME.get(name)
        if column is not None:
            self._columns.append((position, column.name, column.path, column.name not in _SPECIAL))
            return column.name
        site = _site_of(name)
        if site is None:
            raise MalformedTable(
                f"the column {self.names[position]!r} is unknown{meant(name, [*_BY_NAME, 'site_1_name'])}"
            )
        number, part, path = site
        self._sites.setdefault(number, []).append((position, path))
        return f"site_{number}_{part}"

    def _value(self, name: str, cell: Cell, problems: list[Problem]) -> Any:
        if not isinstance(cell, str):
            read = _from_workbook(name, cell)
            if isinstance(read, Problem):
                problems.append(Problem(self._shown[name], read.reason))
                return None
            cell = read
        text = restored(cell.strip())
        if name in _DATES:
            return _day(text)
        if name in _WORDS:
            return _WORDS[name].get(text, text)
        if name in _LONG_NUMBERS and _LOST_DIGITS.match(text):
            problems.append(Problem(self._shown[name], _LOST.format(text)))
            return None
        if name == "sites":
            return self._sites_in(text, problems)
        return text

    def _sites_in(self, text: str, problems: list[Problem]) -> Any:
        if not text:
            return None
        try:
            return canonical_json.parse(text.encode())
        except (MalformedJson, UnicodeEncodeError) as error:
            problems.append(Problem(self._shown["sites"], f"not the sites as JSON: {error}"))
            return None

    def _add_sites(self, request: JsonObject, cells: Sequence[Cell], problems: list[Problem]) -> list[int]:
        """Gather the sites from columns of their own; returns which of them are filled in."""
        sites, numbers = [], []
        for number in sorted(self._sites):
            site: JsonObject = {}
            for position, path in self._sites[number]:
                text = restored(text_of(cells[position])) if position < len(cells) else ""
                if text:
                    _set(site, path, text)
            if site:
                sites.append(site)
                numbers.append(number)
        if sites and "sites" in request[_TERMS]:
            problems.append(Problem(self._shown["sites"], "sites stand in this column and in others; use one way"))
        elif sites:
            request[_TERMS]["sites"] = sites
        return numbers

    def _site_column(self, path: Path, numbers: Sequence[int]) -> str:
        position = path[2] if len(path) > 2 and isinstance(path[2], int) else 0
        part = next((name for name, _, inner in _SITE_PARTS if inner[: len(path) - 3] == path[3:]), "name")
        name = f"site_{numbers[position]}_{part}"
        return self._shown.get(name, name)


def cells_of(request: JsonObject) -> list[str]:
    """The texts of a certificate, as in a request, in the order of COLUMNS."""
    cells = []
    for column in COLUMNS:
        value: Any = request
        for part in column.path:
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            cells.append("")
        elif isinstance(value, str):
            cells.append(value)
        else:
            cells.append(orjson.dumps(value).decode())
    return cells


def text_of(cell: Cell) -> str:
    """A cell as a text, without blanks around it."""
    if cell is None:
        return ""
    return cell.strip() if isinstance(cell, str) else str(_from_workbook("", cell))


_LOST = "{} is a number to Excel, which has dropped digits; format the column as text and fill it in anew"


def _from_workbook(name: str, cell: Cell) -> str | Problem:
    """A cell that is no text in the workbook."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time.min else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return str(cell)
    number = str(int(cell)) if isfinite(cell) and cell == int(cell) else str(cell)
    if name in _DATES:
        return Problem(name, f"{number} is a bare number; format the cell as a date, or write 2025-01-06 as text")
    if name in _LONG_NUMBERS:
        reason = "a number to Excel, which drops leading zeros and all digits after the fifteenth"
        return Problem(name, f"{number} is {reason}; format the column as text and fill it in anew")
    return number


def folded(name: str) -> str:
    """A name in the heading as names are compared: width, case, blanks and marks for "required" do not matter."""
    plain = unicodedata.normalize("NFKC", name).strip().strip("*").strip().lower()
    return re.sub(r"[\s\-]+", "_", plain)


@lru_cache(8192)
def _day(text: str) -> str:
    """A day as spreadsheets write it, as the API has it; anything else as it is."""
    found = _DAY.fullmatch(text)
    return f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}" if found else text


def _site_of(name: str) -> tuple[int, str, Path] | None:
    english, chinese = _SITE_EN.fullmatch(name), _SITE_ZH.fullmatch(name)
    for part, part_zh, path in _SITE_PARTS:
        if english and english[2] == part and int(english[1]) <= MAX_SITES:
            return int(english[1]), part, path
        if chinese and chinese[2] == part_zh and int(chinese[1]) <= MAX_SITES:
            return int(chinese[1]), part, path
    return None


def meant(name: str, known: Sequence[str]) -> str:
    """What to say to somebody who wrote a `name` that is not `known`."""
    close = get_close_matches(name, known, 1)
    return f"; is {close[0]!r} meant?" if close else f"; known are: {', '.join(filter(str.isascii, known))}"


def _set(document: Any, path: Path, value: Any) -> None:
    for part in path[:-1]:
        document = document.setdefault(part, {})
    document[path[-1]] = value
