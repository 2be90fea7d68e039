"""The shape of what the API of surveillance, policies and notices takes and gives."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from registry.domain.follow_up_policy import MAX_RECIPIENTS
from registry.domain.notices import NoticeKind
from registry.domain.reasons import MAX_NOTE_LENGTH
from registry.domain.surveillance import AuditResult
from registry.services.follow_up import notices, surveillance
from registry.web.schemas import SummaryAnswer

_MOST_REMINDERS = 6
_DAYS = validate.Range(0, 365)


class DueQuery(Schema):
    """Until when, and which page."""

    within_days = fields.Integer(
        load_default=0, validate=_DAYS, metadata={"description": "also what is due so many days from today; 0: overdue"}
    )
    due_by = fields.Date(metadata={"description": "instead of within_days: due on this day or before"})
    after = fields.String(validate=validate.Length(1, 60), metadata={"description": "next_after of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, surveillance.MAX_PAGE))


class NoticesQuery(Schema):
    """From where on."""

    after = fields.Integer(load_default=0, metadata={"description": "the number of the last notice that you have"})
    limit = fields.Integer(load_default=100, validate=validate.Range(1, notices.MAX_PAGE))


class RecordSchema(Schema):
    """A surveillance audit that was held, or a date that is set."""

    result = fields.Enum(AuditResult, by_value=True, required=True)
    held_on = fields.Date(allow_none=True, metadata={"description": "the day of the audit, passed or failed"})
    due_on = fields.Date(
        allow_none=True,
        metadata={"description": "when the next one is due: needed for postponed and scheduled, by rule otherwise"},
    )
    note = fields.String(
        allow_none=True,
        validate=validate.Length(max=MAX_NOTE_LENGTH),
        metadata={"description": "needed for a postponement; never made public"},
    )


class PolicySchema(Schema):
    """The members of the policy that shall be otherwise."""

    expiry_notice_days = fields.List(
        fields.Integer(),
        validate=validate.Length(max=_MOST_REMINDERS),
        metadata={"description": "how many days before its end a certificate is reminded of, once each"},
    )
    surveillance_notice_days = fields.Integer(
        metadata={"description": "how many days before a surveillance audit is due you are told"}
    )
    longest_interval_months = fields.Integer(metadata={"description": "between two surveillance audits"})
    suspends = fields.Boolean(metadata={"description": "suspend a certificate when its surveillance audit is missed"})
    grace_days = fields.Integer(metadata={"description": "so many days after the due date"})
    warning_days = fields.Integer(metadata={"description": "and never without having told you so many days before"})
    mail_to = fields.List(
        fields.String(),
        validate=validate.Length(max=MAX_RECIPIENTS),
        metadata={"description": "addresses that notices are sent to, where the registry sends mail"},
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """As the domain has it."""
        return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


class PolicyAnswer(Schema):
    """The policy as it counts; version 0 is the default, which nobody has set."""

    version = fields.Integer(required=True)
    expiry_notice_days = fields.List(fields.Integer(), required=True)
    surveillance_notice_days = fields.Integer(required=True)
    longest_interval_months = fields.Integer(required=True)
    suspends = fields.Boolean(required=True)
    grace_days = fields.Integer(required=True)
    warning_days = fields.Integer(required=True)
    mail_to = fields.List(fields.String(), required=True)


class RecordAnswer(Schema):
    """What was recorded, and what is planned from then on."""

    sequence = fields.Integer(required=True)
    result = fields.String(required=True, validate=validate.OneOf([one.value for one in AuditResult]))
    held_on = fields.Date(required=True, allow_none=True)
    next_due_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "null: none before recertification"}
    )
    note = fields.String(required=True, allow_none=True)
    recorded_at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)


class SurveillanceAnswer(Schema):
    """The plan of a certificate, and all that was recorded."""

    next_due_on = fields.Date(required=True, allow_none=True)
    overdue = fields.Boolean(required=True)
    missed = fields.Boolean(required=True, metadata={"description": "suspended for it, until an audit is passed"})
    passed = fields.Integer(required=True, metadata={"description": "audits passed in the present term"})
    records = fields.List(fields.Nested(RecordAnswer), required=True)


class DueAnswer(SummaryAnswer):
    """A certificate whose audit is due."""

    next_due_on = fields.Date(required=True)
    overdue = fields.Boolean(required=True)
    missed = fields.Boolean(required=True)


class DuePageAnswer(Schema):
    """A page of the list; `next_after` is null on the last."""

    items = fields.List(fields.Nested(DueAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)


class NoticeAnswer(Schema):
    """Something that you were told."""

    number = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([one.value for one in NoticeKind]))
    about = fields.Date(required=True, metadata={"description": "the day of the end, the audit or the suspension"})
    threshold = fields.Integer(
        required=True, allow_none=True, metadata={"description": "days before the end, for expiry"}
    )
    recorded_at = fields.AwareDateTime(required=True)
    public_id = fields.String(required=True)
    certificate_number = fields.String(required=True)
    holder = fields.Dict(required=True, metadata={"description": "zh, and en or null"})
    links = fields.Dict(required=True)


class NoticesAnswer(Schema):
    """A page of notices; `next_after` is to be sent as `after` next time, also where nothing was new."""

    items = fields.List(fields.Nested(NoticeAnswer), required=True)
    next_after = fields.Integer(required=True)
