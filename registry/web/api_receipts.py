"""The relying parties' API: receipts of verifications."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from registry.domain.errors import InvalidInput, Violation
from registry.formats import canonical_json
from registry.formats.canonical_json import MalformedJson
from registry.services import receipts
from registry.services.context import Scope
from registry.services.portfolio.items import read_items, read_moment
from registry.services.receipts import MAX_PAGE
from registry.web import headers
from registry.web.authentication import open_to_parties, the_party
from registry.web.current import the_portfolio_verifier, the_registry
from registry.web.portfolio_answers import ItemSchema
from registry.web.requests import StrictParser, read_body

blueprint = Blueprint(
    "receipts", __name__, url_prefix="/api/v1/receipts", description="For banks and insurers: signed receipts"
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)
_RECEIPT = "application/vc"


class ReceiptRequestSchema(ItemSchema):
    """One item, and the moment that is asked about."""

    as_of = fields.String()
    known_at = fields.String()


class ReceiptsQuery(Schema):
    """Which page of the receipts."""

    after = fields.String(validate=validate.Length(1, 40), metadata={"description": "next_after of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class ReceiptAnswer(Schema):
    """A receipt in a list."""

    id = fields.String(required=True, attribute="name")
    made_at = fields.AwareDateTime(required=True)
    verdict = fields.String(required=True)
    public_id = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)


class ReceiptsAnswer(Schema):
    """A page of receipts, newest first; `next_after` is null on the last."""

    items = fields.List(fields.Nested(ReceiptAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)


@blueprint.post("")
@open_to_parties(Scope.RECEIPTS)
@blueprint.response(201, {"type": "object"}, content_type=_RECEIPT)
@blueprint.doc(requestBody={"required": True, "content": {"application/json": {"schema": ReceiptRequestSchema}}})
def create() -> Response:
    """Verify one certificate and have a signed receipt of it, which is kept for you and proves the answer years later.

    What is not in the registry has a receipt too, which says so. Where several certificates fit there is none (409).
    """
    asked = _asked()
    moment = read_moment(asked.pop("as_of", None), asked.pop("known_at", None), the_registry().now())
    try:
        (item,) = read_items([asked])
    except InvalidInput as error:
        # There is no list around it here.
        raise InvalidInput([Violation(one.path[2:], one.reason) for one in error.violations]) from error
    made = receipts.make_receipt(the_registry(), the_portfolio_verifier(), the_party(), item, moment)
    response = Response(made.document, 201, content_type=_RECEIPT)
    response.headers["Location"] = f"{blueprint.url_prefix}/{made.name}"
    return response


@blueprint.get("")
@open_to_parties(Scope.RECEIPTS)
@blueprint.arguments(ReceiptsQuery, location="query")
@blueprint.response(200, ReceiptsAnswer)
def list_receipts(query: dict[str, Any]) -> dict[str, Any]:
    """List your receipts, newest first."""
    found, next_after = receipts.list_receipts(the_registry(), the_party(), query.get("after"), query["limit"])
    return {"items": found, "next_after": next_after}


@blueprint.get("/export")
@open_to_parties(Scope.RECEIPTS)
@blueprint.response(200, {"type": "string"}, content_type="application/x-ndjson")
def export() -> Response:
    """All your receipts, a signed document on each line, oldest first."""
    return Response(receipts.export_receipts(the_registry(), the_party()), content_type="application/x-ndjson")


@blueprint.get("/<name>")
@open_to_parties(Scope.RECEIPTS)
@blueprint.response(200, {"type": "object"}, content_type=_RECEIPT)
def read(name: str) -> Response:
    """One of your receipts, as it was signed."""
    return Response(receipts.read_receipt(the_registry(), the_party(), name), content_type=_RECEIPT)


def _asked() -> dict[str, Any]:
    try:
        asked: Any = canonical_json.parse(read_body())
    except MalformedJson as error:
        raise InvalidInput([Violation((), str(error))]) from error
    if not isinstance(asked, dict):
        raise InvalidInput([Violation((), "must be an object")])
    wrong = [
        Violation((name,), "must be a text")
        for name in ("as_of", "known_at")
        if not isinstance(asked.get(name, ""), str)
    ]
    if wrong:
        raise InvalidInput(wrong)
    return asked
