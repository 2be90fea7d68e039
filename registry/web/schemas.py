"""The shape of what comes in and goes out. Meaning is checked by the domain."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from registry.domain import certificate as domain
from registry.domain.certificate import HolderType
from registry.domain.lifecycle import Status
from registry.domain.reasons import MAX_NOTE_LENGTH, REASONS, Act, Reason
from registry.domain.schemes import SCHEMES, Kind
from registry.domain.verdict import CheckName, Finding, Outcome, Verdict
from registry.domain.versions import VERSION_KINDS
from registry.formats.certificate_request import CertificateSchema, HolderIdSchema, TextSchema
from registry.formats.tlog_checkpoint import MAX_SIZE
from registry.services.find import MAX_PAGE, NameMatch


def _one_of(values: Any) -> validate.OneOf:
    return validate.OneOf([str(value) for value in values])


_NOTE: dict[str, Any] = {"allow_none": True, "validate": validate.Length(max=MAX_NOTE_LENGTH)}


def _reason(act: Act) -> fields.Enum[Reason]:
    """A reason for an act. The list is for the reader; that the reason fits the act is checked by the domain."""
    return fields.Enum(Reason, by_value=True, required=True, metadata={"enum": sorted(REASONS[act])})


class ReissueSchema(Schema):
    """A certificate that replaces another."""

    certificate = fields.Nested(CertificateSchema, required=True)
    reason = _reason(Act.SUPERSEDE)
    note = fields.String(**_NOTE)


class VersionSchema(Schema):
    """What a new version of a certificate has otherwise."""

    kind = fields.Enum(Reason, by_value=True, required=True, metadata={"enum": [kind.value for kind in VERSION_KINDS]})
    certificate = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={
            "description": "only the members that change, each as a whole, those of 'holder' one by one; null takes "
            "one away. What is decided anew is dated today unless 'decided_on' and 'valid_from' say otherwise.",
            "example": {"scope": {"zh": "汽车用注塑件的生产", "en": "Production of injection-moulded parts"}},
        },
    )
    note = fields.String(**_NOTE)


class ActSchema(Schema):
    """An act on a certificate: why, and from when on (default: now)."""

    note = fields.String(**_NOTE, metadata={"description": "needed with the reason 'other'; never made public"})
    effective_at = fields.AwareDateTime(allow_none=True)


class SuspendSchema(ActSchema):
    """A suspension, which may end by itself."""

    reason = _reason(Act.SUSPEND)
    until = fields.AwareDateTime(allow_none=True, metadata={"description": "the suspension ends by itself then"})


class RestoreSchema(ActSchema):
    """The end of a suspension."""

    reason = _reason(Act.RESTORE)


class WithdrawSchema(ActSchema):
    """A withdrawal against the holder."""

    reason = _reason(Act.WITHDRAW)


class CancelSchema(ActSchema):
    """A cancellation at the holder's request."""

    reason = _reason(Act.CANCEL)


class CallOffSchema(Schema):
    """An act that was planned and shall not take effect."""

    calls_off = fields.Integer(
        required=True,
        validate=validate.Range(1, 10_000),
        metadata={"description": "its `sequence` in the history of the certificate"},
    )
    reason = _reason(Act.CALL_OFF)
    note = fields.String(**_NOTE)


class ListSchema(Schema):
    """How the list is narrowed down, and which page of it."""

    status = fields.Enum(Status, by_value=True)
    scheme = fields.String(validate=_one_of(SCHEMES))
    holder = fields.String(
        validate=validate.Length(1, domain.MAX_NAME_LENGTH),
        metadata={"description": "an identifier, or the beginning of a name"},
    )
    valid_from_min = fields.Date(metadata={"description": "validity begins on this day or later"})
    valid_from_max = fields.Date(metadata={"description": "validity begins on this day or earlier"})
    after = fields.String(validate=validate.Length(1, 40), metadata={"description": "next_after of the page before"})
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class PrintSchema(ListSchema):
    """Which certificates are printed."""

    class Meta:
        """Not in pages."""

        exclude = ("after", "limit")


class SearchSchema(Schema):
    """One of number, uscc and name; and which page."""

    number = fields.String(validate=validate.Length(1, domain.MAX_NUMBER_LENGTH))
    uscc = fields.String(validate=validate.Length(1, 64))
    name = fields.String(validate=validate.Length(1, domain.MAX_NAME_LENGTH), metadata={"example": "华丰"})
    match = fields.Enum(NameMatch, by_value=True, load_default=NameMatch.CONTAINS)
    after = fields.String(validate=validate.Length(1, 40))
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class ListedSchema(Schema):
    """Which page of a list, and how long."""

    after = fields.String(validate=validate.Length(1, 40))
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class ProofSchema(Schema):
    """Which act on the certificate is to be proved."""

    event = fields.Integer(
        load_default=1, validate=validate.Range(1, 10_000), metadata={"description": "1: that it was issued"}
    )


class ConsistencySchema(Schema):
    """Two sizes of the log, in entries."""

    old = fields.Integer(data_key="from", load_default=0, validate=validate.Range(0, MAX_SIZE))
    new = fields.Integer(data_key="to", required=True, validate=validate.Range(0, MAX_SIZE))


class ConsistencyAnswer(Schema):
    """The hashes of a consistency proof, in base64."""

    old = fields.Integer(data_key="from", required=True)
    new = fields.Integer(data_key="to", required=True)
    hashes = fields.List(fields.String(), required=True)


class FieldProblem(Schema):
    """What is wrong with one field."""

    pointer = fields.String(required=True, metadata={"description": "JSON Pointer (RFC 6901)"})
    detail = fields.String(required=True)


class ProblemAnswer(Schema):
    """A refusal (RFC 9457)."""

    type = fields.Url(required=True, require_tld=False)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldProblem), metadata={"description": "with 422: each field and the reason"})
    certificate_status = fields.String(metadata={"description": "with 409: the present status"})


class StatusAnswer(Schema):
    """A status, since when, and the reason of the issuer's last act."""

    status = fields.String(required=True, validate=_one_of(Status))
    since = fields.AwareDateTime(required=True)
    reason = fields.String(required=True, validate=_one_of(Reason))


class LinksAnswer(Schema):
    """Where everything about a certificate is."""

    verify = fields.Url(required=True, require_tld=False)
    credential = fields.Url(required=True, require_tld=False)
    pdf = fields.Url(required=True, require_tld=False)
    qr_png = fields.Url(required=True, require_tld=False)
    qr_svg = fields.Url(required=True, require_tld=False)
    qr_offline_png = fields.Url(
        required=True,
        require_tld=False,
        metadata={"description": "with a signed statement of the certificate; while it is in force"},
    )
    qr_offline_svg = fields.Url(required=True, require_tld=False)
    log_proof = fields.Url(
        required=True, require_tld=False, metadata={"description": "that the public log has the certificate"}
    )


class HolderAnswer(Schema):
    """A holder in a list."""

    kind = fields.String(required=True, validate=_one_of(HolderType))
    name = fields.Dict(required=True, metadata={"description": "zh, and en or null"})
    identifier = fields.Nested(HolderIdSchema, required=True, allow_none=True)


class SummaryAnswer(Schema):
    """A certificate in a list."""

    public_id = fields.String(required=True)
    issuer = fields.String(required=True)
    number = fields.String(required=True)
    revision = fields.Integer(required=True)
    kind = fields.String(required=True, validate=_one_of(Kind))
    scheme = fields.String(required=True)
    holder = fields.Nested(HolderAnswer, required=True)
    granted_on = fields.Date(required=True)
    decided_on = fields.Date(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)
    recorded_at = fields.AwareDateTime(required=True)
    status = fields.Nested(StatusAnswer, required=True)
    links = fields.Nested(LinksAnswer, required=True)


class PageAnswer(Schema):
    """A page of a list; `next_after` is null on the last."""

    items = fields.List(fields.Nested(SummaryAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)


class CertificateAnswer(SummaryAnswer):
    """A certificate with its signed credential."""

    public_id_grouped = fields.String(required=True, metadata={"description": "as printed and read aloud"})
    credential = fields.Dict(required=True, metadata={"description": "W3C Verifiable Credential 2.0, signed"})


class VersionAnswer(Schema):
    """A version of a certificate."""

    public_id = fields.String(required=True)
    issuer = fields.String(required=True)
    number = fields.String(required=True)
    revision = fields.Integer(required=True)
    change = fields.String(
        required=True, validate=_one_of(Reason), metadata={"description": "why it was issued, or what it changed"}
    )
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)
    recorded_at = fields.AwareDateTime(required=True)
    status = fields.Nested(StatusAnswer, required=True)
    links = fields.Nested(LinksAnswer, required=True)


class VersionsAnswer(Schema):
    """All versions of a certificate, oldest first, those that are yet to begin as well."""

    versions = fields.List(fields.Nested(VersionAnswer), required=True)


class ChangeAnswer(Schema):
    """What an act has led to."""

    public_id = fields.String(required=True)
    number = fields.String(required=True)
    sequence = fields.Integer(required=True)
    act = fields.String(required=True, validate=_one_of(Act))
    effective_at = fields.AwareDateTime(required=True)
    status = fields.Nested(StatusAnswer, required=True)
    links = fields.Nested(LinksAnswer, required=True)


class EventAnswer(Schema):
    """A status event."""

    sequence = fields.Integer(required=True)
    act = fields.String(required=True, validate=_one_of(Act))
    reason = fields.String(required=True, validate=_one_of(Reason))
    note = fields.String(required=True, allow_none=True)
    effective_at = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True, allow_none=True)
    calls_off = fields.Integer(
        required=True, allow_none=True, metadata={"description": "the sequence of the act that this one calls off"}
    )
    recorded_at = fields.AwareDateTime(required=True)
    actor = fields.String(required=True)


class HistoryAnswer(Schema):
    """All status events of a certificate, in the order of recording."""

    events = fields.List(fields.Nested(EventAnswer), required=True)


class CheckAnswer(Schema):
    """One check of a verification."""

    check = fields.String(required=True, validate=_one_of(CheckName))
    result = fields.String(required=True, validate=_one_of(Outcome))
    finding = fields.String(required=True, validate=_one_of(Finding))
    detail = fields.String(required=True)


class DifferenceAnswer(Schema):
    """A place in which a document departs from the registered one."""

    pointer = fields.String(required=True, metadata={"description": "JSON Pointer (RFC 6901)"})
    registered = fields.Raw(required=True, allow_none=True)
    presented = fields.Raw(required=True, allow_none=True)


class VerificationAnswer(Schema):
    """A verdict with its checks; `certificate` is what the registered credential says."""

    verdict = fields.String(required=True, validate=_one_of(Verdict))
    public_id = fields.String(required=True, allow_none=True)
    checks = fields.List(fields.Nested(CheckAnswer), required=True)
    status = fields.Nested(StatusAnswer, required=True, allow_none=True)
    recorded_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "when the registry learned of it"}
    )
    replaced_by = fields.String(required=True, allow_none=True, metadata={"description": "public id of the successor"})
    versions = fields.List(
        fields.Nested(VersionAnswer),
        required=True,
        metadata={"description": "all versions of the certificate, oldest first; empty where there is only this one"},
    )
    certificate = fields.Dict(required=True, allow_none=True)
    links = fields.Nested(LinksAnswer, required=True, allow_none=True)
    differences = fields.List(fields.Nested(DifferenceAnswer))
    checked_at = fields.AwareDateTime(required=True)


class SchemeAnswer(Schema):
    """A scheme that the registry knows."""

    code = fields.String(required=True)
    kind = fields.String(required=True, validate=_one_of(Kind))
    standard = fields.String(required=True)
    title = fields.Nested(TextSchema, required=True)


class CatalogueAnswer(Schema):
    """The schemes, and the reasons for each act."""

    schemes = fields.List(fields.Nested(SchemeAnswer), required=True)
    reasons = fields.Dict(required=True, metadata={"description": "act: list of reasons"})


class GrantedAccreditation(Schema):
    """An accreditation that is in force today."""

    body = fields.String(required=True)
    number = fields.String(required=True)
    schemes = fields.List(fields.String(), required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)


class IssuerAnswer(Schema):
    """A certification body."""

    code = fields.String(required=True)
    name = fields.Dict(required=True)
    address = fields.Dict(required=True)
    mark = fields.String(required=True)
    website = fields.String(required=True, allow_none=True)
    schemes = fields.List(fields.String(), required=True, metadata={"description": "that it may certify today"})
    accreditations = fields.List(fields.Nested(GrantedAccreditation), required=True)
    valid_certificates = fields.Integer(required=True, metadata={"description": "at most ten minutes old"})
    links = fields.Dict(required=True)


class IssuersAnswer(Schema):
    """All certification bodies."""

    issuers = fields.List(fields.Nested(IssuerAnswer), required=True)


_COUNTS: dict[str, Any] = {"keys": fields.String(), "values": fields.Integer(), "required": True}


class StatisticsAnswer(Schema):
    """Counts of certificates. Months are like 2026-03."""

    counted_at = fields.AwareDateTime(required=True)
    statuses = fields.Dict(**_COUNTS, metadata={"description": "all certificates, by status"})
    schemes = fields.Dict(**_COUNTS, metadata={"description": "the valid ones, by code of the scheme"})
    sections = fields.Dict(**_COUNTS, metadata={"description": "the valid ones, by section of GB/T 4754-2017"})
    regions = fields.Dict(
        **_COUNTS,
        metadata={"description": "the valid ones, by GB/T 2260: prefectures of Zhejiang (3302), other provinces (31)"},
    )
    sizes = fields.Dict(**_COUNTS, metadata={"description": "the valid ones, by size of the enterprise"})
    issuers = fields.Dict(**_COUNTS, metadata={"description": "the valid ones, by code of the issuer"})
    issued = fields.Dict(**_COUNTS, metadata={"description": "by month of the decision, two years back"})
    acts = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
        metadata={"description": "by act, and by the month in which it took effect, two years back"},
    )
    expiring = fields.Dict(**_COUNTS, metadata={"description": "by month of the last day, a year ahead"})
    holders = fields.Integer(required=True, metadata={"description": "organizations with a valid certificate"})
    persons = fields.Integer(required=True, metadata={"description": "valid training certificates"})
    cases = fields.Integer(required=True, metadata={"description": "valid recognitions of improvement cases"})
