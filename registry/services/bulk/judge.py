"""Looking at each row of a file for itself: its shape and the rules. Needs no database: another process can do it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import orjson
from marshmallow import ValidationError

from registry.domain.certificate import Authorization, Certificate
from registry.domain.errors import InvalidInput, Violation
from registry.domain.lifecycle import StatusEvent, check_event
from registry.domain.reasons import Act, Reason
from registry.formats.canonical_json import JsonObject
from registry.formats.certificate_request import IssueSchema, violations
from registry.formats.certificate_rows import CertificateRows
from registry.formats.certificate_table import Problem, Record
from registry.formats.error_report import WrongRow
from registry.formats.quick_certificate import quick_certificate
from registry.formats.table import TableFormat
from registry.services.draft import check_order

BATCH = 1000
_MAX_PROBLEMS = 10
_SCHEMA = IssueSchema()
_PLAIN = frozenset({"certificate"})


@dataclass(frozen=True, slots=True)
class Rules:
    """What the rows are held against: who issues, what that issuer may certify, and the time.

    `accredited_only`: the registry registers no other certificates.
    """

    issuer_code: str
    authorizations: tuple[Authorization, ...]
    now: datetime
    accredited_only: bool


class GoodRow(NamedTuple):
    """A row that breaks no rule by itself: its line, certificate number, and the request as JSON."""

    line: int
    number: str
    request: bytes


class Batch(NamedTuple):
    """Some rows further on: the good ones and the wrong ones among them, and how much of the file has been read.

    `number_column` is how the file calls the certificate number.
    """

    good: list[GoodRow]
    wrong: list[WrongRow]
    number_column: str
    read: int


class Order(NamedTuple):
    """What a good row asks for."""

    certificate: Certificate
    reason: Reason = Reason.INITIAL
    note: str | None = None


def judge_file(path: Path, kind: TableFormat, rules: Rules, share: int = 0, shares: int = 1) -> Iterator[Batch]:
    """The rows of a file, in batches, in the order of the lines: of every `shares` batches the one that is `share`.

    Raises MalformedTable.
    """
    with path.open("rb") as file:
        rows = CertificateRows(file, kind)
        column = rows.problem(Violation(("certificate", "number"), ""), Record(0, {}, [])).column
        number = 0
        while batch := list(islice(rows.raw, BATCH)):
            if number % shares == share:
                yield _judge_batch(map(rows.record, batch), rows, rules, column, file.tell())
            number += 1


def _judge_batch(records: Iterable[Record], rows: CertificateRows, rules: Rules, column: str, read: int) -> Batch:
    good: list[GoodRow] = []
    wrong: list[WrongRow] = []
    for record in records:
        order, problems = _judge(record, rows, rules)
        if order is not None:
            good.append(GoodRow(record.line, order.certificate.number, orjson.dumps(record.request)))
        else:
            wrong.append(WrongRow(record.line, problems))
    return Batch(good, wrong, column, read)


def read_order(request: bytes) -> Order:
    """What a good row's request asks for."""
    return _load(orjson.loads(request))


def _judge(record: Record, rows: CertificateRows, rules: Rules) -> tuple[Order | None, list[Problem]]:
    """What a row asks for, or what is wrong with it."""
    if not record.request:
        return None, record.problems
    try:
        order = _load(record.request)
        if record.request.keys() != _PLAIN:
            check_event(StatusEvent(1, Act.ISSUE, order.reason, rules.now, rules.now, note=order.note))
        found, _ = check_order(
            order.certificate,
            rules.issuer_code,
            rules.authorizations,
            rules.now,
            accredited_only=rules.accredited_only,
        )
        wrong = [Violation(("certificate", *one.path), one.reason) for one in found]
    except ValidationError as error:
        wrong = violations(error.messages)
    except InvalidInput as error:
        wrong = list(error.violations)
    if not wrong and not record.problems:
        return order, []
    problems = list(record.problems)
    # A cell that could not be read is missing in the request: that need not be said again.
    told = {problem.column for problem in problems}
    problems += [one for one in (rows.problem(violation, record) for violation in wrong) if one.column not in told]
    return None, problems[:_MAX_PROBLEMS]


def _load(request: JsonObject) -> Order:
    """Raises ValidationError."""
    terms = request.get("certificate")
    certificate = quick_certificate(terms) if isinstance(terms, dict) else None
    if certificate is not None and request.keys() == _PLAIN:
        return Order(certificate)
    return Order(**_SCHEMA.load(request))
