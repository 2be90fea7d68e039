"""The public API: verifying and searching, for everybody."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request
from flask_smorest import Blueprint

from registry.domain.certificate import HolderId
from registry.services import find
from registry.services.directory import directory
from registry.services.statistics import statistics_of_register
from registry.services.verify import Verification
from registry.web import answers, headers, schemas
from registry.web.current import the_registry, the_verifier
from registry.web.presented import MAX_CREDENTIAL_BYTES, MAX_PDF_BYTES, PDF, judge
from registry.web.requests import StrictParser, read_body
from registry.web.statistics import CACHE

blueprint = Blueprint("public", __name__, url_prefix="/api/v1", description="For everybody, without a key")
blueprint.ARGUMENTS_PARSER = StrictParser()


@blueprint.after_request
def readable_everywhere(response: Response) -> Response:
    """Scripts of other origins may read refusals as well: that nobody has registered an id is an answer."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get("/verify/<public_id>")
@blueprint.response(200, schemas.VerificationAnswer)
def verify(public_id: str) -> Response:
    """Verify a registered certificate by its public id: every check, and one verdict."""
    return verification_response(the_verifier().by_public_id(public_id))


@blueprint.post("/verify")
@blueprint.response(200, schemas.VerificationAnswer)
@blueprint.doc(
    requestBody={
        "required": True,
        "description": "The credential, as it was handed out, or a certificate as PDF with the credential inside",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/vc": {"schema": {"type": "object"}},
            "application/pdf": {},
        },
    }
)
def verify_document() -> Response:
    """Judge a credential document: genuine, altered (and where), of an unknown key, or not in this registry.

    Of a PDF the credential inside is judged; what its pages show, nobody looks at: compare them with `certificate`.
    """
    largest = min(MAX_CREDENTIAL_BYTES, the_registry().settings.max_body_bytes)
    request.max_content_length = MAX_PDF_BYTES if request.mimetype == PDF else largest
    return verification_response(judge(read_body()).found)


@blueprint.get("/search")
@blueprint.arguments(schemas.SearchSchema, location="query")
@blueprint.response(200, schemas.PageAnswer)
def search(query: dict[str, Any]) -> dict[str, Any]:
    """Find certificates by number, by USCC, or by the holder's name (in Chinese or English)."""
    return answers.page(the_registry().base_url, find.search(the_registry(), **query))


@blueprint.get("/holders/<scheme>/<path:value>")
@blueprint.arguments(schemas.ListedSchema, location="query")
@blueprint.response(200, schemas.PageAnswer)
def holder(query: dict[str, Any], scheme: str, value: str) -> dict[str, Any]:
    """All certificates of an organization by its identifier (`uscc`, `lei` or `other`), the newest first."""
    found = find.certificates_of_holder(the_registry(), HolderId(scheme, value), **query)
    return answers.page(the_registry().base_url, found)


@blueprint.get("/issuers")
@blueprint.response(200, schemas.IssuersAnswer)
def issuers() -> dict[str, Any]:
    """All certification bodies of this registry."""
    registry = the_registry()
    return {"issuers": [answers.issuer(registry.base_url, one) for one in directory(registry)]}


@blueprint.get("/schemes")
@blueprint.response(200, schemas.CatalogueAnswer)
def schemes() -> dict[str, Any]:
    """The schemes that can be certified, and the reasons for each act."""
    return answers.catalogue()


@blueprint.get("/statistics")
@blueprint.response(200, schemas.StatisticsAnswer)
def statistics() -> Response:
    """The whole register in numbers, at most ten minutes old."""
    response = jsonify(answers.statistics(statistics_of_register(the_registry())))
    response.headers["Cache-Control"] = CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def verification_response(found: Verification) -> Response:
    """A verification as JSON, for a request that may be conditional."""
    body, etag = answers.verification_body(the_registry().base_url, found)
    response = Response(body, content_type="application/json")
    response.headers["Cache-Control"] = headers.VERDICT
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["ETag"] = etag
    if request.method == "GET" and "If-None-Match" in request.headers:
        response.make_conditional(request)
    return response
