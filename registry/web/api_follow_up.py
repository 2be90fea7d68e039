"""The issuers' API: surveillance audits, the policy for them, and notices."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_smorest import Blueprint

from registry.domain.certificate import day_of
from registry.domain.surveillance import AuditRecord
from registry.services.context import Verb
from registry.services.follow_up import notices, policy, surveillance
from registry.web import follow_up_answers as answers
from registry.web import follow_up_schemas as schemas
from registry.web import headers
from registry.web.api_certificates import IDEMPOTENCY_KEY
from registry.web.authentication import allowed_to, the_actor
from registry.web.current import the_registry
from registry.web.requests import StrictParser, idempotency

blueprint = Blueprint(
    "follow_up", __name__, url_prefix="/api/v1", description="For issuers: surveillance audits, notices and the policy"
)
blueprint.ARGUMENTS_PARSER = StrictParser()
blueprint.after_request(headers.keep_private)


@blueprint.get("/surveillance")
@allowed_to(Verb.READ)
@blueprint.arguments(schemas.DueQuery, location="query")
@blueprint.response(200, schemas.DuePageAnswer)
def list_due(query: dict[str, Any]) -> dict[str, Any]:
    """Your certificates in force whose surveillance audit is due or overdue, the longest overdue first."""
    registry = the_registry()
    today = day_of(registry.now())
    due_by: date = query.get("due_by") or today + timedelta(days=query["within_days"])
    page = surveillance.list_due(registry, the_actor(), due_by, query.get("after"), query["limit"])
    return answers.due_page(registry.base_url, page, today)


@blueprint.get("/certificates/<public_id>/surveillance")
@allowed_to(Verb.READ)
@blueprint.response(200, schemas.SurveillanceAnswer)
def read_surveillance(public_id: str) -> dict[str, Any]:
    """When the next surveillance audit of a certificate is due, and what was recorded. Never public."""
    found = surveillance.read_surveillance(the_registry(), the_actor(), public_id)
    return answers.surveillance(found, day_of(the_registry().now()))


@blueprint.post("/certificates/<public_id>/surveillance")
@allowed_to(Verb.SURVEY)
@blueprint.arguments(schemas.RecordSchema)
@blueprint.response(201, schemas.RecordAnswer)
@blueprint.doc(parameters=[IDEMPOTENCY_KEY])
def record(request: dict[str, Any], public_id: str) -> tuple[dict[str, Any], int]:
    """Record the result of a surveillance audit, or set the date of the next one."""
    wanted = AuditRecord(**request)
    done = surveillance.record_audit(the_registry(), the_actor(), public_id, wanted, idempotency())
    return answers.record(done), 201


@blueprint.get("/follow-up-policy")
@allowed_to(Verb.READ)
@blueprint.response(200, schemas.PolicyAnswer)
def read_policy() -> dict[str, Any]:
    """What you want to happen between certification decisions."""
    return answers.policy(policy.read_policy(the_registry(), the_actor()))


@blueprint.patch("/follow-up-policy")
@allowed_to(Verb.ADMINISTER)
@blueprint.arguments(schemas.PolicySchema)
@blueprint.response(200, schemas.PolicyAnswer)
def change_policy(request: dict[str, Any]) -> dict[str, Any]:
    """Change the policy: the members that are given. Each change is a version of its own."""
    return answers.policy(policy.change_policy(the_registry(), the_actor(), request))


@blueprint.get("/notices")
@allowed_to(Verb.READ)
@blueprint.arguments(schemas.NoticesQuery, location="query")
@blueprint.response(200, schemas.NoticesAnswer)
def list_notices(query: dict[str, Any]) -> dict[str, Any]:
    """What you were told, oldest first: certificates that end, audits that are due, suspensions to come and done.

    Ask again with `after=next_after` for what is new; numbers never come in out of order.
    """
    registry = the_registry()
    found = notices.list_notices(registry, the_actor(), query["after"], query["limit"])
    return answers.notices(registry.base_url, found, query["after"])
