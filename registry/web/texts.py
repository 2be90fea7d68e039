"""What the pages say of each word of the registry's closed lists, and of its refusals.

English is written here; Chinese is in translations/zh. The tables can be asked with a plain string as well as with
the member of the list, because documents carry strings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from registry.domain.certificate import EnterpriseSize, HolderType
from registry.domain.lifecycle import Status
from registry.domain.reasons import Reason
from registry.domain.schemes import Kind
from registry.domain.verdict import CheckName, Finding, Outcome, Verdict

VERDICTS: Mapping[Verdict, LazyString] = {
    Verdict.VALID: _("Valid"),
    Verdict.SUSPENDED: _("Suspended"),
    Verdict.WITHDRAWN: _("Withdrawn"),
    Verdict.CANCELLED: _("Cancelled"),
    Verdict.SUPERSEDED: _("Superseded"),
    Verdict.EXPIRED: _("Expired"),
    Verdict.NOT_YET_VALID: _("Not yet valid"),
    Verdict.INVALID: _("Invalid – do not rely on it"),
    Verdict.UNKNOWN: _("Unknown"),
}
STATUSES: Mapping[Status, LazyString] = {status: VERDICTS[Verdict(status.value)] for status in Status}

MEANINGS: Mapping[Verdict, LazyString] = {
    Verdict.VALID: _("This certificate is in force. Compare what follows with the paper: it must be the same."),
    Verdict.SUSPENDED: _("Not valid at present. The issuer has suspended it; until it is restored, do not accept it."),
    Verdict.WITHDRAWN: _("No longer valid. The issuer has withdrawn it; do not accept it."),
    Verdict.CANCELLED: _("No longer valid. It was cancelled at the holder's request; do not accept it."),
    Verdict.SUPERSEDED: _("No longer valid. A newer certificate has taken its place; ask for that one."),
    Verdict.EXPIRED: _("No longer valid. Its period of validity is over; do not accept it."),
    Verdict.NOT_YET_VALID: _("Genuine, but not in force yet. Its period of validity has not begun."),
    Verdict.INVALID: _("The check failed. Nothing that this certificate says can be relied upon."),
    Verdict.UNKNOWN: _("This registry does not know the certificate and can't vouch for it."),
}
STATUS_MEANINGS: Mapping[Status, LazyString] = {status: MEANINGS[Verdict(status.value)] for status in Status}

# `day` is when the status began; for `expired` the last day of validity, for `not_yet_valid` the first.
SINCE: Mapping[Verdict, LazyString] = {
    Verdict.VALID: _("Valid since %(day)s"),
    Verdict.SUSPENDED: _("Suspended since %(day)s"),
    Verdict.WITHDRAWN: _("Withdrawn on %(day)s"),
    Verdict.CANCELLED: _("Cancelled on %(day)s"),
    Verdict.SUPERSEDED: _("Superseded on %(day)s"),
    Verdict.EXPIRED: _("It was valid until %(day)s"),
    Verdict.NOT_YET_VALID: _("It will be valid from %(day)s"),
}

CHECKS: Mapping[CheckName, LazyString] = {
    CheckName.SIGNATURE: _("Signature"),
    CheckName.KEY: _("Signing key"),
    CheckName.ISSUER: _("Issuer"),
    CheckName.PERIOD: _("Period of validity"),
    CheckName.STATUS: _("Status"),
    CheckName.LOG: _("Public log"),
}
OUTCOMES: Mapping[Outcome, LazyString] = {
    Outcome.PASS: _("Passed"),
    Outcome.FAIL: _("Failed"),
    Outcome.NOT_CHECKED: _("Not checked"),
}
FINDINGS: Mapping[Finding, LazyString] = {
    Finding.SIGNATURE_HOLDS: _("The content is exactly what the issuer signed; nothing has been altered."),
    Finding.SIGNATURE_BROKEN: _("The signature does not fit: the content was altered, or this key never signed it."),
    Finding.PROOF_MISSING: _("The document carries no signature."),
    Finding.PROOF_UNSUPPORTED: _("The document carries a signature of a kind that can't be checked here."),
    Finding.NOT_CHECKED_WITHOUT_KEY: _("Without the signer's key nothing can be said of the signature."),
    Finding.DIFFERS_FROM_REGISTER: _("The document is not the one that the register holds under this id."),
    Finding.KEY_ACTIVE: _("The key is the issuer's, and it was in use when the certificate was registered."),
    Finding.KEY_RETIRED_LATER: _(
        "The key is the issuer's. It has been replaced since then, which does not touch what it had signed before."
    ),
    Finding.KEY_COMPROMISED_LATER: _(
        "The key is the issuer's. It fell into the wrong hands later, after the public log had seen the certificate."
    ),
    Finding.KEY_RETIRED_BEFORE: _("The key was already out of use when the certificate was registered."),
    Finding.KEY_COMPROMISED: _(
        "The key fell into the wrong hands before the public log saw the certificate: "
        "who signed it need not be the issuer."
    ),
    Finding.KEY_NOT_YET_ACTIVE: _("The key was not in use yet when the certificate was registered."),
    Finding.KEY_UNKNOWN: _("No issuer of this registry has this key."),
    Finding.KEY_OF_ANOTHER: _("The key belongs to someone other than the issuer named."),
    Finding.ISSUER_AUTHORIZED: _("The issuer was entitled to certify against this standard when it decided."),
    Finding.ISSUER_NOT_AUTHORIZED: _("The issuer was not entitled to certify against this standard when it decided."),
    Finding.ISSUER_UNKNOWN: _("The issuer is not known to this registry."),
    Finding.PERIOD_RUNNING: _("Today lies within the period of validity."),
    Finding.PERIOD_WITHOUT_END: _("The period of validity has begun; it has no end."),
    Finding.PERIOD_ENDED: _("The period of validity is over."),
    Finding.PERIOD_NOT_BEGUN: _("The period of validity has not begun yet."),
    Finding.STATUS_IN_FORCE: _("The issuer has not suspended, withdrawn, cancelled or replaced it."),
    Finding.STATUS_SUSPENDED: _("The issuer has suspended it."),
    Finding.STATUS_WITHDRAWN: _("The issuer has withdrawn it."),
    Finding.STATUS_CANCELLED: _("The issuer has cancelled it at the holder's request."),
    Finding.STATUS_SUPERSEDED: _("The issuer has replaced it by a newer certificate."),
    Finding.STATUS_NOT_KNOWN: _("The lists at hand do not tell whether the issuer has acted against it."),
    Finding.NOT_REGISTERED: _("It is not in this registry."),
    Finding.LOGGED: _("The registry's public log, which nobody can change in secret, has this certificate."),
    Finding.LOG_PENDING: _("Just recorded: it will be in the public log within a second."),
    Finding.LOG_MISSING: _("The public log has never seen this certificate."),
    Finding.LOG_NOT_AT_HAND: _("Nothing of the public log was at hand to compare with."),
    Finding.LOG_DIFFERS: _("The public log says something else about this certificate."),
}

REASONS: Mapping[Reason, LazyString] = {
    Reason.INITIAL: _("Initial certification"),
    Reason.RECERTIFICATION: _("Recertification"),
    Reason.TRANSFER: _("Transfer between certification bodies"),
    Reason.SURVEILLANCE_OVERDUE: _("Surveillance audit overdue"),
    Reason.NONCONFORMITY_OPEN: _("Nonconformity not corrected"),
    Reason.COMPLAINT_UNDER_INVESTIGATION: _("Complaint under investigation"),
    Reason.HOLDER_ASKED_TO_SUSPEND: _("The holder asked for it"),
    Reason.MISUSE_OF_MARK: _("Misuse of the certificate or the mark"),
    Reason.FEE_UNPAID: _("Fee not paid"),
    Reason.LEGAL_SANCTION: _("Penalty by an authority"),
    Reason.CORRECTIVE_ACTION_VERIFIED: _("Corrective action verified"),
    Reason.SURVEILLANCE_COMPLETED: _("Surveillance audit completed"),
    Reason.FEE_SETTLED: _("Fee settled"),
    Reason.COMPLAINT_UNFOUNDED: _("Complaint found to be unfounded"),
    Reason.SUSPENDED_IN_ERROR: _("Suspended in error"),
    Reason.SUSPENSION_NOT_RESOLVED: _("The cause of the suspension was not removed in time"),
    Reason.SERIOUS_NONCONFORMITY: _("Serious nonconformity"),
    Reason.FRAUD_OR_FALSE_STATEMENT: _("Fraud or false statement"),
    Reason.REFUSED_SURVEILLANCE: _("Surveillance refused"),
    Reason.HOLDER_REQUEST: _("At the holder's request"),
    Reason.HOLDER_DISSOLVED: _("The holder was dissolved"),
    Reason.BUSINESS_CEASED: _("The certified business has ceased"),
    Reason.NAME_CHANGE: _("Change of name"),
    Reason.ADDRESS_CHANGE: _("Change of address"),
    Reason.SCOPE_EXTENSION: _("Scope extended"),
    Reason.SCOPE_REDUCTION: _("Scope reduced"),
    Reason.STANDARD_TRANSITION: _("Transition to a new version of the standard"),
    Reason.CORRECTION: _("Correction of an error"),
    Reason.PLANNED_IN_ERROR: _("Planned in error"),
    Reason.NOT_NEEDED_ANY_MORE: _("Not needed any more"),
    Reason.SUSPENDED_ANEW: _("Suspended anew meanwhile"),
    Reason.SUCCESSOR_GIVEN_UP: _("The certificate that was to replace it was given up"),
    Reason.OTHER: _("Other"),
}

KINDS: Mapping[Kind, LazyString] = {
    Kind.MANAGEMENT_SYSTEM: _("Management system"),
    Kind.PRODUCT: _("Product"),
    Kind.SERVICE: _("Service"),
    Kind.TRAINING: _("Training of persons"),
    Kind.RECOGNITION: _("Recognition"),
}
HOLDERS: Mapping[HolderType, LazyString] = {
    HolderType.ORGANIZATION: _("Certified organization"),
    HolderType.PERSON: _("Certified person"),
}
SIZES: Mapping[EnterpriseSize, LazyString] = {
    EnterpriseSize.MICRO: _("Micro enterprise"),
    EnterpriseSize.SMALL: _("Small enterprise"),
    EnterpriseSize.MEDIUM: _("Medium enterprise"),
    EnterpriseSize.LARGE: _("Large enterprise"),
}
# What a chart counts.
CERTIFICATES = _("Certificates")
IDENTIFIERS: Mapping[str, LazyString] = {
    "uscc": _("Unified social credit code"),
    "lei": _("Legal entity identifier (LEI)"),
    "other": _("Registration number"),
}
READ_AS_PUBLIC_ID = _("Read as a certificate id")
NOT_A_CERTIFICATE = _("This is neither a certificate as PDF nor a signed credential (JSON).")
READ_AS_USCC = _("Read as a unified social credit code")
KEY_STATES: Mapping[str, LazyString] = {
    "active": _("In use"),
    "retired": _("Out of use"),
    "compromised": _("Compromised"),
}

# Titles and advice by slug: those of errors.PROBLEMS, and what the machinery of HTTP adds.
PROBLEMS: Mapping[str, tuple[LazyString, LazyString]] = {
    "malformed-id": (
        _("Not a valid certificate id"),
        _("Compare it with the paper, character by character, or scan the QR code."),
    ),
    "not-found": (
        _("Nothing here under that name"),
        _("Check the address, or search for the certificate by number, credit code or name."),
    ),
    "invalid-input": (
        _("The request breaks rules of the registry"),
        _("Correct the fields that are named in 'errors' and send the request again. Nothing was stored."),
    ),
    "conflict": (
        _("The request contradicts what is registered"),
        _("Read the present state first: the certificate number may be taken, or the key out of use."),
    ),
    "illegal-move": (
        _("The status does not allow it"),
        _("'certificate_status' tells the present status; a final status is never left again."),
    ),
    "idempotency-key-reused": (
        _("The Idempotency-Key belongs to another request"),
        _("Use a new key for each new request, and the same key only to repeat the same request."),
    ),
    "not-authenticated": (
        _("The API key is missing or not accepted"),
        _("Send the key in the header 'Authorization: Bearer …'. It may have expired or been revoked."),
    ),
    "not-permitted": (
        _("The API key does not allow it"),
        _("Ask the operator of the registry for a key that allows this act."),
    ),
    "storage-unavailable": (
        _("The registry can't reach its database"),
        _("Nothing was stored. Try again in a few seconds; 'Retry-After' tells how many."),
    ),
    "keys-unavailable": (
        _("The registry can't sign at present"),
        _("Nothing was stored. Try again later; checking certificates goes on."),
    ),
    "too-many-requests": (
        _("Too many requests"),
        _("Wait a minute, then go on more slowly."),
    ),
    "bad-request": (
        _("The request can't be understood"),
        _("Send well-formed JSON with the right Content-Type."),
    ),
    "method-not-allowed": (
        _("Not possible at this address"),
        _("The header 'Allow' lists the methods that the address knows."),
    ),
    "request-entity-too-large": (
        _("The request is too large"),
        _("Send fewer certificates in one request."),
    ),
    "unsupported-media-type": (
        _("The content type is not supported"),
        _("Send the body as 'application/json'."),
    ),
    "refused": (
        _("The request was refused"),
        _("The text of the answer says why."),
    ),
    "internal-error": (
        _("The registry made a mistake"),
        _("It has been logged. Try again; if it comes back, tell the operator of the registry when it happened."),
    ),
}

# Refusals that a reader of the pages can meet, by the English text that the layers below write.
_REFUSALS: tuple[tuple[re.Pattern[str], LazyString], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"That is too long for a certificate id", _("That is too long: a certificate id has 15 letters and digits.")),
        (
            r"A certificate id never contains (?P<characters>.+?)\. Compare",
            _("A certificate id never contains %(characters)s. Compare it with the paper once more."),
        ),
        (
            r"this one has (?P<count>\d+)\. Is a part missing",
            _("A certificate id has 15 letters and digits; this one has %(count)s. Is a part missing, or too much?"),
        ),
        (
            r"The last character does not fit the others",
            _("At least one character is mistyped: the last one does not fit the others."),
        ),
        (r"No certificate with this id is in the registry", _("No certificate with this id is in the registry.")),
        (
            r"No certificate of a holder with this identifier is in the registry",
            _("No certificate of a holder with this identifier is in the registry."),
        ),
        (r"No issuer has the code '(?P<code>.*)'", _("No issuer has the code %(code)s.")),
        (r"too short: type at least", _("That is too short: type at least two Chinese characters, or three letters.")),
        (
            r"check digit of this USCC is wrong",
            _("The check digit does not fit the others, so at least one character is mistyped."),
        ),
        (
            r"not a USCC",
            _("It contains a character that never occurs at that place in a unified social credit code."),
        ),
        (r"must not be empty", _("Type what you are looking for.")),
        (r"give exactly one of", _("Search by one thing at a time: number, credit code or name.")),
        (r"longer than (?P<limit>\d+) characters", _("That is too long: at most %(limit)s characters.")),
        (r"not a cursor of this list", _("This page of the list is out of date. Begin again with the first one.")),
        (r"^match\b|prefix or contains", _("A name is compared by its beginning (prefix) or by a part (contains).")),
        (r"say what was seen", _("Tell what you saw.")),
        (r"has too many dots", _("This picture has too many dots. Send a smaller one.")),
        (r"is no JPEG, PNG or WebP", _("This is no JPEG, PNG or WebP that can be read.")),
        (r"larger than 8388608 bytes", _("This picture is larger than 8 MB.")),
        (r"Too many reports have come today", _("Too many reports have come today. Try again tomorrow.")),
        (r"a character that can't be stored", _("It contains a character that can't be stored.")),
        (r"nothing to check", _("Choose a file, or paste a text.")),
        (r"(PDF|here|credential) is larger than|^larger than", _("That is larger than any certificate.")),
        (r"the PDF can't be read", _("This PDF can't be read: it is damaged, or encrypted.")),
        (
            r"the PDF carries \d+ JSON files",
            _(
                "This PDF proves nothing: it has no signed credential inside. "
                "If it is a scan, check the certificate by its QR code or its number."
            ),
        ),
        (r"The requested URL was not found", _("There is no page at this address.")),
    )
)


def in_words(refusal: str) -> str:
    """A refusal in the reader's language; empty for one that no reader of a page is expected to meet."""
    for pattern, text in _REFUSALS:
        found = pattern.search(refusal)
        if found:
            return str(text) % found.groupdict()
    return ""
