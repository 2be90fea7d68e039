"""What a portfolio verification answers with: small objects, ten thousand of which fit into one answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
from marshmallow import Schema, fields, validate

from registry.domain.verdict import Verdict
from registry.formats.credential import issuer_id
from registry.services.judge import Moment
from registry.services.portfolio.items import MAX_ITEMS, By
from registry.services.portfolio.names import NameDifference, NameFinding
from registry.services.portfolio.verify import Certified, ItemVerdict
from registry.web import answers

_TERMS = ("number", "scheme", "valid_from", "valid_until")
_VERDICTS = [one.value for one in Verdict]


class ItemSchema(Schema):
    """One thing to verify, by exactly one of number, public_id, uscc and credential."""

    number = fields.String(metadata={"description": "certificate number"})
    issuer = fields.String(metadata={"description": "with a number: the code of the issuer it must be of"})
    public_id = fields.String()
    uscc = fields.String(metadata={"description": "the holder's unified social credit code: all its certificates"})
    credential = fields.Dict(metadata={"description": "the whole document"})
    name = fields.String(metadata={"description": "the holder's name as you have it, to be compared"})
    reference = fields.String(metadata={"description": "what you know the item by; comes back with its verdict"})


class PortfolioSchema(Schema):
    """Up to 10,000 items, and the moment that is asked about."""

    items = fields.List(fields.Nested(ItemSchema), required=True, validate=validate.Length(1, MAX_ITEMS))
    as_of = fields.String(metadata={"description": "a moment of the past, or a day (its end, in China); default: now"})
    known_at = fields.String(metadata={"description": "by what the registry knew then; default: now"})


class NameAnswer(Schema):
    """How a given name departs from the holder's."""

    given = fields.String(required=True)
    registered = fields.String(required=True)
    score = fields.Float(required=True, metadata={"description": "0 to 100, of the names without their legal forms"})
    difference = fields.String(required=True, validate=validate.OneOf([one.value for one in NameFinding]))
    edits = fields.List(fields.Dict(), required=True)


class CertificateVerdictAnswer(Schema):
    """A certificate that the item fits, with its own verdict."""

    public_id = fields.String(required=True, allow_none=True)
    verdict = fields.String(required=True, validate=validate.OneOf(_VERDICTS))
    checks = fields.List(fields.Dict(), required=True)
    status = fields.Dict(required=True, allow_none=True)
    recorded_at = fields.AwareDateTime(required=True, allow_none=True)
    replaced_by = fields.String(required=True, allow_none=True)
    certificate = fields.Dict(required=True, allow_none=True)
    name = fields.Nested(NameAnswer, metadata={"description": "absent where the name is exactly the holder's"})
    differences = fields.List(fields.Dict(), metadata={"description": "of a document that is not the registered one"})


class ItemVerdictAnswer(Schema):
    """What came of one item; `verdict` is null where several certificates fit."""

    position = fields.Integer(required=True)
    reference = fields.String()
    by = fields.String(required=True, validate=validate.OneOf([one.value for one in By]))
    verdict = fields.String(required=True, allow_none=True, validate=validate.OneOf(_VERDICTS))
    fitting = fields.Integer(required=True, metadata={"description": "how many certificates fit"})
    certificates = fields.List(fields.Nested(CertificateVerdictAnswer), required=True)
    problem = fields.String(metadata={"description": "why the item could not be read"})


class PortfolioSummaryAnswer(Schema):
    """How many items came to which verdict; `ambiguous` where several certificates fit."""

    items = fields.Integer(required=True)
    verdicts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    checked_at = fields.AwareDateTime(required=True)
    as_of = fields.AwareDateTime(required=True)
    known_at = fields.AwareDateTime(required=True)


class PortfolioAnswer(Schema):
    """The verdicts in the order of the items, and the summary behind them."""

    items = fields.List(fields.Nested(ItemVerdictAnswer), required=True)
    summary = fields.Nested(PortfolioSummaryAnswer, required=True)


def item_verdict(one: ItemVerdict) -> tuple[str, bytes]:
    """The verdict for the summary, and the item as JSON on one line."""
    answer: dict[str, Any] = {"position": one.position}
    if one.item.reference is not None:
        answer["reference"] = one.item.reference
    answer |= {"by": one.item.by, "verdict": one.verdict, "fitting": one.fitting}
    answer["certificates"] = [_certificate(certified) for certified in one.certificates]
    if one.problem is not None:
        answer["problem"] = one.problem
    return str(one.verdict or "ambiguous"), orjson.dumps(answer)


def summary(counted: Counter[str], moment: Moment) -> bytes:
    """The last part of an answer: whoever has it has the whole."""
    told = {
        "items": counted.total(),
        "verdicts": dict(counted),
        "checked_at": moment.now,
        "as_of": moment.when,
        "known_at": moment.known_at,
    }
    return orjson.dumps(told)


def _certificate(one: Certified) -> dict[str, Any]:
    found, status = one.found, one.found.status
    answer: dict[str, Any] = {
        "public_id": found.public_id,
        "verdict": found.verdict,
        "checks": [
            {"check": check.name, "result": check.outcome, "finding": check.finding, "detail": check.detail}
            for check in found.checks
        ],
        "status": status and {"status": status.status, "since": status.since, "reason": status.reason},
        "recorded_at": found.recorded_at,
        "replaced_by": found.replaced_by,
        "certificate": _terms(found.document, found.terms) if found.document is not None else None,
    }
    if one.name is not None:
        answer["name"] = _name(one.name)
    if found.differences:
        answer["differences"] = answers.differences(found)
    return answer


def _terms(document: dict[str, Any], terms: dict[str, Any]) -> dict[str, Any]:
    holder = terms.get("holder")
    told = {name: terms.get(name) for name in _TERMS}
    names = ("name", "identifier")
    held = {name: holder.get(name) for name in names} if isinstance(holder, dict) else None
    return {**told, "issuer": issuer_id(document), "holder": held}


def _name(one: NameDifference) -> dict[str, Any]:
    return {
        "given": one.given,
        "registered": one.registered,
        "score": one.score,
        "difference": one.finding,
        "edits": [{"given": edit.given, "registered": edit.registered} for edit in one.edits],
    }
