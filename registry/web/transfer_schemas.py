"""The shape of what the API of transfers takes and gives."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from registry.domain.certificate import MAX_NAME_LENGTH, MAX_NUMBER_LENGTH
from registry.domain.reasons import MAX_NOTE_LENGTH
from registry.domain.transfer import Origin
from registry.formats.certificate_request import CertificateSchema
from registry.services.transfers import MAX_PAGE


class OriginSchema(Schema):
    """Where a certification comes from: a certificate of this registry, or one from elsewhere."""

    public_id = fields.String(
        validate=validate.Length(1, 40), metadata={"description": "of a certificate of this registry"}
    )
    body = fields.String(
        validate=validate.Length(1, MAX_NAME_LENGTH), metadata={"description": "the name of the body, elsewhere"}
    )
    number = fields.String(
        validate=validate.Length(1, MAX_NUMBER_LENGTH), metadata={"description": "the number of its certificate"}
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Origin:
        """As the domain has it."""
        return Origin(**data)


class TransferSchema(Schema):
    """A certificate for a certification that comes from another body."""

    certificate = fields.Nested(CertificateSchema, required=True)
    transferred_from = fields.Nested(OriginSchema, required=True)
    note = fields.String(allow_none=True, validate=validate.Length(max=MAX_NOTE_LENGTH))


class HandoverSchema(Schema):
    """With whom it is agreed."""

    to = fields.String(required=True, validate=validate.Length(1, 32), metadata={"description": "an issuer's code"})
    last_day = fields.Date(metadata={"description": "on which it can be made use of; in 90 days unless told"})


class HandoversQuery(Schema):
    """Which page."""

    after = fields.Integer(load_default=0, metadata={"description": "next_after of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class HandoverAnswer(Schema):
    """An agreement that is open."""

    id = fields.Integer(required=True)
    public_id = fields.String(required=True)
    number = fields.String(required=True)
    sender = fields.String(required=True, data_key="from")
    receiver = fields.String(required=True, data_key="to")
    agreed_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)


class HandoversAnswer(Schema):
    """A page of agreements; `next_after` is null on the last."""

    items = fields.List(fields.Nested(HandoverAnswer), required=True)
    next_after = fields.Integer(required=True, allow_none=True)
