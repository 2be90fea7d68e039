"""Why a status changes: a closed list of codes for each act, with room for a note beside it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Act(StrEnum):
    """What an issuer does to a certificate. Words of ISO/IEC 17021-1, clause 9.6.5."""

    ISSUE = "issue"
    SUSPEND = "suspend"
    RESTORE = "restore"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    SUPERSEDE = "supersede"
    # Of an earlier act that has not taken effect yet (docs/decisions).
    CALL_OFF = "call_off"


class Reason(StrEnum):
    """The closed list of reasons."""

    INITIAL = "initial"
    RECERTIFICATION = "recertification"
    TRANSFER = "transfer"
    SURVEILLANCE_OVERDUE = "surveillance_overdue"
    NONCONFORMITY_OPEN = "nonconformity_open"
    COMPLAINT_UNDER_INVESTIGATION = "complaint_under_investigation"
    HOLDER_ASKED_TO_SUSPEND = "holder_asked_to_suspend"
    MISUSE_OF_MARK = "misuse_of_mark"
    FEE_UNPAID = "fee_unpaid"
    LEGAL_SANCTION = "legal_sanction"
    CORRECTIVE_ACTION_VERIFIED = "corrective_action_verified"
    SURVEILLANCE_COMPLETED = "surveillance_completed"
    FEE_SETTLED = "fee_settled"
    COMPLAINT_UNFOUNDED = "complaint_unfounded"
    SUSPENDED_IN_ERROR = "suspended_in_error"
    SUSPENSION_NOT_RESOLVED = "suspension_not_resolved"
    SERIOUS_NONCONFORMITY = "serious_nonconformity"
    FRAUD_OR_FALSE_STATEMENT = "fraud_or_false_statement"
    REFUSED_SURVEILLANCE = "refused_surveillance"
    HOLDER_REQUEST = "holder_request"
    HOLDER_DISSOLVED = "holder_dissolved"
    BUSINESS_CEASED = "business_ceased"
    NAME_CHANGE = "name_change"
    ADDRESS_CHANGE = "address_change"
    SCOPE_EXTENSION = "scope_extension"
    SCOPE_REDUCTION = "scope_reduction"
    STANDARD_TRANSITION = "standard_transition"
    CORRECTION = "correction"
    PLANNED_IN_ERROR = "planned_in_error"
    NOT_NEEDED_ANY_MORE = "not_needed_any_more"
    SUSPENDED_ANEW = "suspended_anew"
    SUCCESSOR_GIVEN_UP = "successor_given_up"
    OTHER = "other"


REASONS: Mapping[Act, frozenset[Reason]] = {
    Act.ISSUE: frozenset({Reason.INITIAL, Reason.RECERTIFICATION, Reason.TRANSFER}),
    Act.SUSPEND: frozenset(
        {
            Reason.SURVEILLANCE_OVERDUE,
            Reason.NONCONFORMITY_OPEN,
            Reason.COMPLAINT_UNDER_INVESTIGATION,
            Reason.HOLDER_ASKED_TO_SUSPEND,
            Reason.MISUSE_OF_MARK,
            Reason.FEE_UNPAID,
            Reason.LEGAL_SANCTION,
            Reason.OTHER,
        }
    ),
    Act.RESTORE: frozenset(
        {
            Reason.CORRECTIVE_ACTION_VERIFIED,
            Reason.SURVEILLANCE_COMPLETED,
            Reason.FEE_SETTLED,
            Reason.COMPLAINT_UNFOUNDED,
            Reason.SUSPENDED_IN_ERROR,
            Reason.OTHER,
        }
    ),
    Act.WITHDRAW: frozenset(
        {
            Reason.SUSPENSION_NOT_RESOLVED,
            Reason.SERIOUS_NONCONFORMITY,
            Reason.FRAUD_OR_FALSE_STATEMENT,
            Reason.REFUSED_SURVEILLANCE,
            Reason.MISUSE_OF_MARK,
            Reason.LEGAL_SANCTION,
            Reason.OTHER,
        }
    ),
    Act.CANCEL: frozenset(
        {
            Reason.HOLDER_REQUEST,
            Reason.HOLDER_DISSOLVED,
            Reason.BUSINESS_CEASED,
            Reason.TRANSFER,
            Reason.OTHER,
        }
    ),
    Act.SUPERSEDE: frozenset(
        {
            Reason.RECERTIFICATION,
            Reason.NAME_CHANGE,
            Reason.ADDRESS_CHANGE,
            Reason.SCOPE_EXTENSION,
            Reason.SCOPE_REDUCTION,
            Reason.STANDARD_TRANSITION,
            Reason.CORRECTION,
            Reason.TRANSFER,
            Reason.OTHER,
        }
    ),
    Act.CALL_OFF: frozenset(
        {
            Reason.PLANNED_IN_ERROR,
            Reason.NOT_NEEDED_ANY_MORE,
            Reason.SUSPENDED_ANEW,
            Reason.SUCCESSOR_GIVEN_UP,
            Reason.OTHER,
        }
    ),
}

MAX_NOTE_LENGTH = 500
