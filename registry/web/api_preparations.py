"""The issuers' API: certificates that the issuer signs itself, in two steps."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from registry.services import find
from registry.services import prepare as preparing
from registry.services.context import Verb
from registry.services.submit import submit
from registry.web import headers
from registry.web import own_key_answers as answers
from registry.web import own_key_schemas as schemas
from registry.web.answers import issued
from registry.web.api_certificates import IDEMPOTENCY_KEY
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser, idempotency
from registry.web.schemas import CertificateAnswer

blueprint = Blueprint(
    "preparations",
    __name__,
    url_prefix="/api/v1/preparations",
    description="For issuers that keep their keys: certificates prepared here and signed there",
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)


@blueprint.post("")
@allowed_to(Verb.ISSUE, Verb.REISSUE)
@blueprint.arguments(schemas.PrepareSchema)
@blueprint.response(201, schemas.PreparationAnswer)
def create(request: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Have a certificate checked, and get the document to sign. The same request again is answered the same."""
    registry = the_registry()
    one = preparing.prepare(registry, the_actor(), **request)
    location = f"{registry.base_url}/api/v1/preparations/{one.public_id}"
    return answers.preparation(one, registry.now()), 201, {"Location": location}


@blueprint.get("")
@allowed_to(Verb.READ)
@blueprint.arguments(schemas.PreparationsSchema, location="query")
@blueprint.response(200, schemas.PreparationsAnswer)
def list_open(query: dict[str, Any]) -> dict[str, Any]:
    """List what waits for your signature, by number."""
    found, after = preparing.list_preparations(the_registry(), the_actor(), query.get("after"), query["limit"])
    return {"items": [answers.waiting(one) for one in found], "next_after": after}


@blueprint.get("/<public_id>")
@allowed_to(Verb.READ)
@blueprint.response(200, schemas.PreparationAnswer)
def read(public_id: str) -> dict[str, Any]:
    """Get a prepared document once more."""
    one = preparing.open_preparation(the_registry(), the_actor(), public_id)
    return answers.preparation(one, the_registry().now())


@blueprint.delete("/<public_id>")
@allowed_to(Verb.ISSUE, Verb.REISSUE)
@blueprint.response(204)
def give_up(public_id: str) -> None:
    """Give a preparation up: its number is free again."""
    preparing.give_up(the_registry(), the_actor(), public_id)


@blueprint.post("/<public_id>/credential")
@allowed_to(Verb.ISSUE, Verb.REISSUE)
@blueprint.arguments(schemas.SubmitSchema)
@blueprint.response(201, CertificateAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def issue(request: dict[str, Any], public_id: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Issue a prepared certificate by the credential that you signed. Repeated, it is answered the same."""
    registry = the_registry()
    done = submit(registry, the_actor(), public_id, request["credential"], idempotency())
    row, document = find.issued_certificate(registry, the_actor(), done.public_id)
    location = f"{registry.base_url}/api/v1/certificates/{done.public_id}"
    return issued(registry.base_url, row, document), 201, {"Location": location}
