"""The relying parties' API: verifying a portfolio."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from registry.domain.errors import InvalidInput, Violation
from registry.formats import canonical_json
from registry.formats.canonical_json import MalformedJson
from registry.services.context import Scope
from registry.services.judge import Moment
from registry.services.portfolio.items import MAX_ITEMS, Item, read_items, read_moment
from registry.web import headers
from registry.web.authentication import open_to_parties, the_party
from registry.web.current import the_portfolio_verifier, the_registry
from registry.web.portfolio_answers import PortfolioAnswer, PortfolioSchema, item_verdict, summary
from registry.web.requests import read_body

blueprint = Blueprint(
    "verifications", __name__, url_prefix="/api/v1/verifications", description="For banks and insurers: portfolios"
)
blueprint.after_request(headers.keep_private)
# Ten thousand whole credentials.
_MAX_BODY_BYTES = 32 * 1024 * 1024
_NDJSON = "application/x-ndjson"
_JSON = "application/json"
_MEMBERS = ("items", "as_of", "known_at")


@blueprint.post("")
@open_to_parties(Scope.VERIFY)
@blueprint.response(200, PortfolioAnswer)
@blueprint.doc(requestBody={"required": True, "content": {_JSON: {"schema": PortfolioSchema}}})
def verify() -> Response:
    """Verify up to 10,000 certificates, by numbers, public ids, USCCs and whole credentials, in one call.

    The verdicts come in the order of the items: as one JSON document, or for `Accept: application/x-ndjson` one on each
    line, with a last line that has the summary. An answer without the summary has been cut off. Where several
    certificates fit an item, all of them are told and the verdict is left to you.
    """
    request.max_content_length = _MAX_BODY_BYTES
    items, moment = _asked()
    counted: Counter[str] = Counter()

    def tell(lines: list[tuple[str, bytes]]) -> list[bytes]:
        counted.update(verdict for verdict, _ in lines)
        return [line for _, line in lines]

    told = map(tell, the_portfolio_verifier().verify(the_party(), items, moment, item_verdict))
    # What can go wrong goes wrong with the first chunk, while the answer can still be a problem document.
    chunks = chain([next(told)], told)
    if request.accept_mimetypes.best_match([_JSON, _NDJSON]) == _NDJSON:
        return Response(_lines(chunks, counted, moment), content_type=_NDJSON)
    return Response(_document(chunks, counted, moment), content_type=_JSON)


def _lines(chunks: Iterator[list[bytes]], counted: Counter[str], moment: Moment) -> Iterator[bytes]:
    for chunk in chunks:
        yield b"\n".join(chunk) + b"\n"
    yield b'{"summary":' + summary(counted, moment) + b"}\n"


def _document(chunks: Iterator[list[bytes]], counted: Counter[str], moment: Moment) -> Iterator[bytes]:
    before = b'{"items":['
    for chunk in chunks:
        yield before + b",".join(chunk)
        before = b","
    yield b'],"summary":' + summary(counted, moment) + b"}"


def _asked() -> tuple[list[Item], Moment]:
    """Read by hand: a schema would take longer over ten thousand items than their verification."""
    try:
        asked: Any = canonical_json.parse(read_body())
    except MalformedJson as error:
        raise InvalidInput([Violation((), str(error))]) from error
    if not isinstance(asked, dict):
        raise InvalidInput([Violation((), f"must be an object with up to {MAX_ITEMS} items")])
    wrong = [Violation((name,), "unknown field") for name in asked if name not in _MEMBERS]
    moments = asked.get("as_of"), asked.get("known_at")
    for name, text in zip(("as_of", "known_at"), moments, strict=True):
        if text is not None and not isinstance(text, str):
            wrong.append(Violation((name,), "must be a text"))
    if wrong:
        raise InvalidInput(wrong)
    return read_items(asked.get("items")), read_moment(*moments, the_registry().now())
