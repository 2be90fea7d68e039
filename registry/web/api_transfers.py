"""The issuers' API: certifications that come from, and go to, another certification body."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from registry.services import find, transfers
from registry.services.context import Verb
from registry.web import answers, headers
from registry.web import transfer_schemas as schemas
from registry.web.api_certificates import IDEMPOTENCY_KEY
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser, idempotency
from registry.web.schemas import CertificateAnswer

blueprint = Blueprint(
    "transfers", __name__, url_prefix="/api/v1", description="For issuers: certifications transferred between bodies"
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)


@blueprint.post("/transfers")
@allowed_to(Verb.ISSUE)
@blueprint.arguments(schemas.TransferSchema)
@blueprint.response(201, CertificateAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def accept(request: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Issue a certificate for a certification that comes from another body; it names the former one.

    The former certificate is superseded where its issuer has agreed; otherwise only its issuer can end it.
    """
    registry, actor = the_registry(), the_actor()
    row = transfers.accept_transfer(
        registry, actor, request["certificate"], request["transferred_from"], request.get("note"), idempotency()
    )
    issued, document = find.issued_certificate(registry, actor, row.public_id)
    location = f"{registry.base_url}/api/v1/certificates/{row.public_id}"
    return answers.issued(registry.base_url, issued, document), 201, {"Location": location}


@blueprint.get("/handovers")
@allowed_to(Verb.READ)
@blueprint.arguments(schemas.HandoversQuery, location="query")
@blueprint.response(200, schemas.HandoversAnswer)
def list_handovers(query: dict[str, Any]) -> dict[str, Any]:
    """The agreements that are open: of your certificates with others, and of others' with you."""
    found = transfers.list_handovers(the_registry(), the_actor(), query["after"], query["limit"])
    items = [
        {
            "id": one.id,
            "public_id": one.certificate.public_id,
            "number": one.certificate.number,
            "sender": one.certificate.issuer_code,
            "receiver": one.to_issuer,
            "agreed_at": one.agreed_at,
            "expires_at": one.expires_at,
        }
        for one in found
    ]
    return {"items": items, "next_after": found[-1].id if len(found) == query["limit"] else None}


@blueprint.put("/certificates/<public_id>/handover")
@allowed_to(Verb.CANCEL)
@blueprint.arguments(schemas.HandoverSchema)
@blueprint.response(204)
def agree(request: dict[str, Any], public_id: str) -> None:
    """Agree that another issuer takes this certification over: its certificate will supersede yours."""
    transfers.agree_handover(the_registry(), the_actor(), public_id, request["to"], request.get("last_day"))


@blueprint.delete("/certificates/<public_id>/handover")
@allowed_to(Verb.CANCEL)
@blueprint.response(204)
def revoke(public_id: str) -> None:
    """Take the agreement back, as long as nobody has made use of it."""
    transfers.revoke_handover(the_registry(), the_actor(), public_id)
