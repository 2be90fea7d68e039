"""The issuers' API: certificates and what becomes of them."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from registry.domain.certificate import Certificate
from registry.domain.reasons import Act, Reason
from registry.formats.certificate_request import IssueSchema
from registry.services import change_status as acts
from registry.services import find
from registry.services.context import Verb
from registry.services.find import Filters
from registry.services.issue import issue
from registry.services.versions import issue_version, reissue
from registry.web import answers, headers, schemas
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser, idempotency

blueprint = Blueprint(
    "certificates", __name__, url_prefix="/api/v1/certificates", description="For issuers, with an API key"
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)
# `allowed_to` stands outermost: who may not ask is refused before the request is read.
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "A request repeated with the same key is done once, and answered the same.",
    "schema": {"type": "string", "maxLength": 255},
}


@blueprint.post("")
@allowed_to(Verb.ISSUE)
@blueprint.arguments(IssueSchema)
@blueprint.response(201, schemas.CertificateAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def create(request: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Issue a certificate: signed, registered, with its QR links."""
    row = issue(the_registry(), the_actor(), **request, idempotency=idempotency())
    return _issued(row.public_id)


@blueprint.get("")
@allowed_to(Verb.READ)
@blueprint.arguments(schemas.ListSchema, location="query")
@blueprint.response(200, schemas.PageAnswer)
def list_certificates(query: dict[str, Any]) -> dict[str, Any]:
    """List your certificates, newest first."""
    filters = Filters(
        query.get("status"),
        query.get("scheme"),
        query.get("holder"),
        query.get("valid_from_min"),
        query.get("valid_from_max"),
    )
    page = find.list_certificates(the_registry(), the_actor(), filters, query.get("after"), query["limit"])
    return answers.page(the_registry().base_url, page)


@blueprint.get("/<public_id>")
@allowed_to(Verb.READ)
@blueprint.response(200, schemas.CertificateAnswer)
def read(public_id: str) -> dict[str, Any]:
    """Read one of your certificates, with its credential and status."""
    found, document = find.read_certificate(the_registry(), the_actor(), public_id)
    return answers.certificate(the_registry().base_url, found, document)


@blueprint.get("/<public_id>/history")
@allowed_to(Verb.READ)
@blueprint.response(200, schemas.HistoryAnswer)
def history(public_id: str) -> dict[str, Any]:
    """All status events of one of your certificates, in the order of recording."""
    return {"events": [answers.event(one) for one in find.history(the_registry(), the_actor(), public_id)]}


@blueprint.get("/<public_id>/versions")
@allowed_to(Verb.READ)
@blueprint.response(200, schemas.VersionsAnswer)
def list_versions(public_id: str) -> dict[str, Any]:
    """All versions of one of your certificates, oldest first."""
    registry = the_registry()
    return {"versions": answers.versions(registry.base_url, find.versions(registry, the_actor(), public_id))}


@blueprint.post("/<public_id>/versions")
@allowed_to(Verb.REISSUE)
@blueprint.arguments(schemas.VersionSchema)
@blueprint.response(201, schemas.CertificateAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def create_version(request: dict[str, Any], public_id: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Issue a new version: another scope, name or address, a recertification, a correction (换发)."""
    kind, changes, note = request["kind"], request["certificate"], request.get("note")
    row = issue_version(the_registry(), the_actor(), public_id, kind, changes, note, idempotency())
    return _issued(row.public_id)


@blueprint.post("/<public_id>/suspend")
@allowed_to(Verb.SUSPEND)
@blueprint.arguments(schemas.SuspendSchema)
@blueprint.response(200, schemas.ChangeAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def suspend(request: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Suspend a certificate, with an end or without (暂停)."""
    return _act(public_id, Act.SUSPEND, request)


@blueprint.post("/<public_id>/restore")
@allowed_to(Verb.RESTORE)
@blueprint.arguments(schemas.RestoreSchema)
@blueprint.response(200, schemas.ChangeAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def restore(request: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Restore a suspended certificate (恢复)."""
    return _act(public_id, Act.RESTORE, request)


@blueprint.post("/<public_id>/withdraw")
@allowed_to(Verb.WITHDRAW)
@blueprint.arguments(schemas.WithdrawSchema)
@blueprint.response(200, schemas.ChangeAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def withdraw(request: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Withdraw a certificate against its holder, for good (撤销)."""
    return _act(public_id, Act.WITHDRAW, request)


@blueprint.post("/<public_id>/cancel")
@allowed_to(Verb.CANCEL)
@blueprint.arguments(schemas.CancelSchema)
@blueprint.response(200, schemas.ChangeAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def cancel(request: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Cancel a certificate at the holder's request, for good (注销)."""
    return _act(public_id, Act.CANCEL, request)


@blueprint.post("/<public_id>/call-off")
@allowed_to(Verb.SUSPEND, Verb.RESTORE, Verb.WITHDRAW, Verb.CANCEL)
@blueprint.arguments(schemas.CallOffSchema)
@blueprint.response(200, schemas.ChangeAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def call_off(request: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Call off an act on a certificate that was planned and has not taken effect."""
    registry, actor = the_registry(), the_actor()
    done = acts.call_off(
        registry, actor, public_id, request["calls_off"], request["reason"], request.get("note"), idempotency()
    )
    return answers.change(registry.base_url, done)


@blueprint.post("/<public_id>/reissue")
@allowed_to(Verb.REISSUE)
@blueprint.arguments(schemas.ReissueSchema)
@blueprint.response(201, schemas.CertificateAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def replace(request: dict[str, Any], public_id: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Issue a certificate that supersedes this one from its first day of validity on."""
    certificate: Certificate = request["certificate"]
    reason: Reason = request["reason"]
    row = reissue(the_registry(), the_actor(), public_id, certificate, reason, request.get("note"), idempotency())
    return _issued(row.public_id)


def _act(public_id: str, act: Act, request: dict[str, Any]) -> dict[str, Any]:
    done = acts.change_status(the_registry(), the_actor(), public_id, act, **request, idempotency=idempotency())
    return answers.change(the_registry().base_url, done)


def _issued(public_id: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    registry = the_registry()
    row, document = find.issued_certificate(registry, the_actor(), public_id)
    location = f"{registry.base_url}/api/v1/certificates/{public_id}"
    return answers.issued(registry.base_url, row, document), 201, {"Location": location}
