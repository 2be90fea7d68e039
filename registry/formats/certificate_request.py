"""A certificate as issuers send it, in JSON: its shape. What it means is for the domain to check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load, validate

from registry.domain import certificate as domain
from registry.domain.certificate import EnterpriseSize, HolderType
from registry.domain.errors import InvalidInput, Violation
from registry.domain.reasons import MAX_NOTE_LENGTH, Reason
from registry.domain.schemes import SCHEMES
from registry.domain.schemes import Text as BilingualText
from registry.formats import canonical_json
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.formats.credential import certificate_terms, stated_of

MAX_VIOLATIONS = 50
_DAY: Any = {"invalid": "Not a day that exists, written like 2029-01-04."}


class TextSchema(Schema):
    """A text in Chinese and, if there is one, in English."""

    zh = fields.String(required=True, validate=validate.Length(1, domain.MAX_SCOPE_LENGTH))
    en = fields.String(allow_none=True, validate=validate.Length(1, domain.MAX_SCOPE_LENGTH))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> BilingualText:
        """As the domain has it."""
        return BilingualText(**data)


class NameSchema(TextSchema):
    """A name in Chinese and, if there is one, in English."""

    zh = fields.String(required=True, validate=validate.Length(1, domain.MAX_NAME_LENGTH))
    en = fields.String(allow_none=True, validate=validate.Length(1, domain.MAX_NAME_LENGTH))


class HolderIdSchema(Schema):
    """A registered identifier: USCC (GB 32100-2015), LEI (ISO 17442) or another."""

    scheme = fields.String(required=True, validate=validate.OneOf(["uscc", "lei", "other"]))
    value = fields.String(required=True, validate=validate.Length(1, 64))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> domain.HolderId:
        """As the domain has it."""
        return domain.HolderId(**data)


class HolderSchema(Schema):
    """The certified organization, or the person trained."""

    kind = fields.Enum(HolderType, by_value=True, load_default=HolderType.ORGANIZATION, attribute="type")
    name = fields.Nested(NameSchema, required=True)
    address = fields.Nested(NameSchema, allow_none=True)
    identifier = fields.Nested(HolderIdSchema, allow_none=True)
    region = fields.String(
        allow_none=True,
        validate=validate.Regexp(r"^[0-9]{6}$(?!\n)", error="Must be six digits."),
        metadata={"description": "GB/T 2260 code of the administrative division", "example": "330282"},
    )
    industry = fields.String(
        allow_none=True,
        validate=validate.Regexp(r"^[A-T][0-9]{2}$(?!\n)", error="Must be a letter and two digits."),
        metadata={"description": "GB/T 4754 division", "example": "C34"},
    )
    size = fields.Enum(EnterpriseSize, by_value=True, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> domain.Holder:
        """As the domain has it."""
        return domain.Holder(**data)


class SiteSchema(Schema):
    """A place covered by the certificate, with the scope that applies there."""

    name = fields.Nested(NameSchema, required=True)
    address = fields.Nested(NameSchema, required=True)
    scope = fields.Nested(TextSchema, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> domain.Site:
        """As the domain has it."""
        return domain.Site(**data)


class CertificateSchema(Schema):
    """What a certificate says (ISO/IEC 17021-1, 8.2.2). Dates are days in China."""

    @pre_load
    def refuse_too_many(self, data: Any, **_: Any) -> Any:
        """Count the sites before any is looked at."""
        sites = data.get("sites") if isinstance(data, dict) else None
        if isinstance(sites, list) and len(sites) > domain.MAX_SITES:
            raise ValidationError({"sites": [f"More than {domain.MAX_SITES} sites."]})
        return data

    number = fields.String(
        required=True,
        validate=validate.Length(1, domain.MAX_NUMBER_LENGTH),
        metadata={"description": "unique in the issuer", "example": "00125Q30001R0S"},
    )
    scheme = fields.String(required=True, metadata={"enum": list(SCHEMES), "example": "gbt19001-2016"})
    holder = fields.Nested(HolderSchema, required=True)
    scope = fields.Nested(TextSchema, required=True)
    sites = fields.List(fields.Nested(SiteSchema), validate=validate.Length(max=domain.MAX_SITES))
    granted_on = fields.Date(required=True, error_messages=_DAY, metadata={"description": "first granting"})
    decided_on = fields.Date(required=True, error_messages=_DAY, metadata={"description": "last decision"})
    valid_from = fields.Date(required=True, error_messages=_DAY)
    valid_until = fields.Date(
        allow_none=True, error_messages=_DAY, metadata={"description": "expiry, the last day of validity"}
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> domain.Certificate:
        """As the domain has it."""
        return domain.Certificate(**{**data, "sites": tuple(data.get("sites", ()))})


class IssueSchema(Schema):
    """A certificate to be issued."""

    certificate = fields.Nested(CertificateSchema, required=True)
    reason = fields.Enum(Reason, by_value=True, load_default=Reason.INITIAL)
    note = fields.String(allow_none=True, validate=validate.Length(max=MAX_NOTE_LENGTH))


def read_issue_request(text: bytes) -> dict[str, Any]:
    """A certificate to be issued, from JSON: `certificate`, `reason`, `note`. Raises InvalidInput."""
    try:
        request: dict[str, Any] = IssueSchema().load(canonical_json.parse(text))
    except MalformedJson as error:
        raise InvalidInput([Violation((), str(error))]) from error
    except ValidationError as error:
        raise InvalidInput(violations(error.messages)) from error
    return request


def certificate_of(document: JsonObject) -> domain.Certificate:
    """The certificate behind a credential in the form of registries, by the terms in it.

    Raises InvalidInput, with paths in the terms, where that form has other values than registries write.
    """
    terms = certificate_terms(document)
    try:
        certificate: domain.Certificate = CertificateSchema(unknown=EXCLUDE).load(terms)
    except ValidationError as error:
        raise InvalidInput(violations(error.messages)) from error
    return replace(certificate, revision=terms["revision"], replaces=_replaced(terms.get("replaces")))


def _replaced(terms: JsonObject | None) -> domain.Replaced | None:
    if terms is None:
        return None
    where = terms.get("credential")
    public_id = where.rpartition("/")[2] if where else None
    return domain.Replaced(terms["change"], terms["number"], terms.get("revision"), public_id, terms.get("body"))


def read_changes(text: bytes) -> JsonObject:
    """The members that a new version has otherwise, from JSON. Raises InvalidInput."""
    try:
        changes = canonical_json.parse(text)
    except MalformedJson as error:
        raise InvalidInput([Violation((), str(error))]) from error
    if not isinstance(changes, dict):
        raise InvalidInput([Violation((), "not a JSON object")])
    return changes


def with_changes(document: JsonObject, changes: JsonObject) -> domain.Certificate:
    """The certificate behind a credential with some members otherwise; null takes one away.

    A member that is given is given whole, so that no English stays beside another Chinese; only those of `holder` are
    given one by one. Raises InvalidInput.
    """
    stated = stated_of(document)
    after = {**stated, **changes}
    if isinstance(changes.get("holder"), dict):
        after["holder"] = _without_nulls({**stated["holder"], **changes["holder"]})
    try:
        certificate: domain.Certificate = CertificateSchema().load(_without_nulls(after))
    except ValidationError as error:
        wrong = [Violation(("certificate", *one.path), one.reason) for one in violations(error.messages)]
        raise InvalidInput(wrong) from error
    return certificate


def _without_nulls(members: JsonObject) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


def violations(messages: Any) -> list[Violation]:
    """Marshmallow's nested messages, each with the path of its field; the first MAX_VIOLATIONS of them."""
    return list(islice(_violations(messages, ()), MAX_VIOLATIONS))


def _violations(messages: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            # What concerns the whole object stands under "_schema".
            yield from _violations(inner, path if name == "_schema" else (*path, name))
    elif isinstance(messages, list):
        for inner in messages:
            yield from _violations(inner, path)
    else:
        yield Violation(path, str(messages))
