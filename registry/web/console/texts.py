"""What the console says of its closed lists, and of the refusals that its forms meet.

English is written here; Chinese is in translations/zh.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from keys import Custody
from registry.domain.reasons import Act
from registry.domain.schemes import Scheme
from registry.services.reports import ReportState
from registry.services.roles import Role
from registry.web import texts as public

ROLES: Mapping[Role, LazyString] = {
    Role.OPERATOR: _("Registry operator"),
    Role.ADMINISTRATOR: _("Administrator"),
    Role.OFFICER: _("Issuing officer"),
    Role.REVIEWER: _("Reviewer"),
    Role.READER: _("Read only"),
}
ROLE_MEANINGS: Mapping[Role, LazyString] = {
    Role.OPERATOR: _("Looks after all issuers and sets them up."),
    Role.ADMINISTRATOR: _("May do everything, and decides who belongs to the issuer."),
    Role.OFFICER: _("Issues certificates and changes their status."),
    Role.REVIEWER: _("Decides about what waits for a second officer, and reads the audit trail."),
    Role.READER: _("Sees certificates and changes nothing."),
}
CUSTODIES: Mapping[str, LazyString] = {
    Custody.FILE: _("The registry, in a file"),
    Custody.TOKEN: _("The registry, on a hardware token"),
    Custody.ISSUER: _("You yourselves"),
}
TEMPLATES: Mapping[str, LazyString] = {
    "classic": _("Classic: an engraved border"),
    "modern": _("Modern: a band of colour"),
}
# What somebody can do, as on a button; and what was done, as in a history.
ACTS: Mapping[Act, LazyString] = {
    Act.ISSUE: _("Issue"),
    Act.SUSPEND: _("Suspend"),
    Act.RESTORE: _("Restore"),
    Act.WITHDRAW: _("Withdraw"),
    Act.CANCEL: _("Cancel the certificate"),
    Act.SUPERSEDE: _("Reissue"),
    Act.CALL_OFF: _("Call off"),
}
DEEDS: Mapping[Act, LazyString] = {
    Act.ISSUE: _("Issued"),
    Act.SUSPEND: _("Suspended"),
    Act.RESTORE: _("Restored"),
    Act.WITHDRAW: _("Withdrawn"),
    Act.CANCEL: _("Cancelled"),
    Act.SUPERSEDE: _("Superseded"),
    Act.CALL_OFF: _("A planned act called off"),
}
ACT_MEANINGS: Mapping[Act, LazyString] = {
    Act.ISSUE: _("The certificate is signed, registered and public."),
    Act.SUSPEND: _("The certificate is not valid until it is restored, or until the suspension ends by itself."),
    Act.RESTORE: _("The suspension ends: the certificate is valid again."),
    Act.WITHDRAW: _("An act against the holder, and for good: a withdrawn certificate is never valid again."),
    Act.CANCEL: _("At the holder's wish, and for good: a cancelled certificate is never valid again."),
    Act.SUPERSEDE: _("A new certificate takes the place of this one from its first day of validity on."),
    Act.CALL_OFF: _("The planned act does not take effect. Both stay in the history."),
}
# What has just been done, by the word in the address.
REPORT_STATES: Mapping[ReportState, LazyString] = {
    ReportState.NEW: _("New"),
    ReportState.SEEN: _("Seen"),
    ReportState.CLOSED: _("Closed"),
}
REPORT_MARKS: Mapping[ReportState, LazyString] = {
    ReportState.SEEN: _("Mark as seen"),
    ReportState.CLOSED: _("Close it"),
}
DONE: Mapping[str, LazyString] = {
    "suspend": _("The suspension is recorded."),
    "restore": _("The restoration is recorded."),
    "withdraw": _("The withdrawal is recorded."),
    "cancel": _("The cancellation is recorded."),
    "call_off": _("The act is called off."),
    "issue": _("The certificate is issued."),
    "reissue": _("The certificate is issued. It takes the place of the older one."),
    "signed-out": _("You are signed out."),
    "password-changed": _("Your password is changed. You are signed out everywhere else."),
    "second-factor-off": _("You sign in without a second factor from now on."),
    "changed": _("Changed."),
    "disabled": _("This person can't sign in any more."),
    "added": _("Added."),
    "closed": _("Closed."),
    "given-up": _("Given up: its number is free again."),
    "key-made": _("The new key signs from now on."),
    "key-registered": _("Your key is registered. Certificates are prepared here and signed by you from now on."),
    "key-retired": _("The key is out of use."),
    "key-compromised": _("The key is declared compromised."),
    "revoked": _("Ended: nothing is accepted with it any more."),
    "proposed": _("Not done yet: it waits for a second person."),
    "approved": _("Approved, and done."),
    "refused": _("Refused: nothing is done."),
    "taken-back": _("Taken back: nothing is done."),
    "discarded": _("The file is forgotten."),
}

# What can be wrong with a certificate that is to be issued.
_OF_CERTIFICATES = (
    (r"^must not be empty|Missing data for required field|Field may not be null", _("This has to be filled in.")),
    (r"(?:Longer than maximum length|Length must be between 1 and) (?P<limit>\d+)", _("At most %(limit)s characters.")),
    (r"blanks at an end, or characters", _("There is a character that can't be printed.")),
    (r"more than (?P<limit>\d+) sites|More than (?P<most>\d+) sites", _("There are too many sites.")),
    (r"certificates are held by a person", _("Certificates against this standard are held by persons.")),
    (r"certificates are held by an organization", _("Certificates against this standard are held by organizations.")),
    (r"must not be given for a person", _("Leave this empty for a person: the register is public.")),
    (r"an organization needs its registered identifier", _("An organization needs its registered identifier.")),
    (r"an organization needs its address", _("An organization needs its address.")),
    (r"not between (?P<first>\S+) and (?P<last>\S+)", _("Choose a day between %(first)s and %(last)s.")),
    (r"not a day that exists|Not a day that exists|Not a valid date", _("This is not a day that exists.")),
    (r"decision is earlier than the first", _("The last decision can't be earlier than the first granting.")),
    (r"the decision is in the future", _("The decision can't be in the future.")),
    (r"validity begins before the decision", _("Validity can't begin before the decision.")),
    (r"certificates need an expiry date", _("Certificates against this standard need a last day.")),
    (r"the end is before the beginning", _("The end is before the beginning.")),
    (
        r"certificates run (?P<years>\d+) years",
        _("Certificates against this standard run %(years)s years; half a year more where recertified early."),
    ),
    (r"not authorized for it on the decision date", _("Your body was not authorized for it on that day.")),
    (r"check digit of this LEI is wrong", _("The check digits of this LEI are wrong: a character is mistyped.")),
    (r"not a LEI", _("This is not an LEI: it has 20 letters and digits.")),
    (r"write it without blanks, in capitals: (?P<right>\S+)", _("Write it without blanks, in capitals: %(right)s")),
    (r"The number is taken by another", _("This number is taken by another certificate of yours.")),
    (r"The number is kept for a certificate", _("This number is kept for a certificate that waits for its signature.")),
    (r"Must be six digits", _("Type six digits.")),
    (r"Must be a letter and two digits", _("Type a letter and two digits.")),
    (r"has no active key", _("There is no key to sign with. Ask the operator of the registry.")),
    (r"has been reissued already, as (?P<successor>.+)\.", _("It has been reissued already, as %(successor)s.")),
)
# What can be wrong with a certificate as a new version of another.
_OF_VERSIONS = (
    (r"stays as it is in a", _("This stays as it is in a change of that kind.")),
    (r"^nothing is changed", _("Nothing is changed.")),
    (r"^an? [\w ]+ changes /", _("What a change of that kind changes is still the same.")),
    (r"earlier than that of the version before \((?P<day>\S+)\)", _("Earlier than in the version before: %(day)s")),
    (r"not a kind of new version", _("Choose one of the list.")),
    (r"certificate is suspended; a", _("The certificate is suspended, and this would lift that. Restore it first.")),
    (r"only recertification leads on", _("The certificate has expired: only recertification leads on from there.")),
    (r"beyond the term that began on (?P<day>[\d-]+)", _("Beyond the term that began on %(day)s.")),
    (r"scope reduction adds no site", _("A scope reduction adds no site.")),
    (r"scope extension takes no site away", _("A scope extension takes no site away.")),
    (r"as before: certify anew", _("Another kind of certification: issue a new certificate instead.")),
    (r"recertification takes a decision of its own", _("Recertification takes a later decision of its own.")),
    (r"begins a new term, beyond (?P<day>[\d-]+)", _("Recertification begins a new term, beyond %(day)s.")),
    (r"months after the expiry", _("This is too long after the expiry: issue a new certificate instead.")),
    (r"goes by the old one, until (?P<day>[\d-]+)", _("Decided after the expiry, the new term ends on %(day)s.")),
    (r"Somebody has just acted on", _("Somebody has just acted on this certificate. Look at it again.")),
    (r"holds its key itself", _("You hold your key yourselves: certificates are prepared and signed by API.")),
)
# What can stand against an act on a certificate.
_OF_ACTS = (
    (r"reason 'other' needs a note", _("The reason “Other” needs a note that says which.")),
    (r"not a reason to|Must be one of|unknown scheme|unknown identifier scheme", _("Choose one of the list.")),
    (r"must be in the years (?P<first>\d+) to (?P<last>\d+)", _("Choose a year from %(first)s to %(last)s.")),
    (r"suspension would end before it begins", _("The suspension would end before it begins.")),
    (r"earlier than what is already in force", _("This is earlier than the last act. The past is not changed.")),
    (r"certificate will have expired by then", _("The certificate will have expired by then.")),
    (r"already, which is final", _("This certificate's status is final: nothing changes it any more.")),
    (r"certificate is suspended already", _("The certificate is suspended already.")),
    (r"Only a suspended certificate can be restored", _("Only a suspended certificate can be restored.")),
    (r"The certificate has expired; to", _("The certificate has expired: reissue it after recertification.")),
    (r"To .+ a certificate that is .+ is not possible", _("The certificate's status does not allow this.")),
    (r"is none that could be called off", _("This act can't be called off.")),
    (r"has taken effect, on", _("This act has taken effect already.")),
    (r"has been called off already", _("This act has been called off already.")),
    (
        r"Another certificate is to replace this one",
        _("Withdraw or cancel the certificate that is to replace this one."),
    ),
)

# Refusals by the English text that the layers below write.
_REFUSALS: tuple[tuple[re.Pattern[str], LazyString], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (
            r"e-mail address or the password is not right",
            _("The e-mail address or the password is not right."),
        ),
        (
            r"Too many attempts to sign in\. Wait (?P<minutes>\d+)",
            _("Too many attempts. Wait %(minutes)s minutes, then try again."),
        ),
        (
            r"invitation has been used already",
            _("This invitation has been used already, or it is too old. Ask for a new one."),
        ),
        (r"a password needs at least (?P<count>\d+)", _("A password needs at least %(count)s characters.")),
        (
            r"too easily guessed",
            _("That is guessed too easily: choose several words that have nothing to do with you."),
        ),
        (r"not your present password", _("This is not your present password.")),
        (r"this is your present password", _("This is your present password; choose another.")),
        (r"not the same as above", _("Not the same as above.")),
        (
            r"this code is not right",
            _("This code is not right, or it has been used already. Wait for the next one."),
        ),
        (r"second factor is set up already", _("A second factor is set up already.")),
        (r"No second factor is set up", _("No second factor is set up.")),
        (r"requires a second factor", _("This registry requires a second factor.")),
        (r"not an e-mail address", _("This is not an e-mail address.")),
        (r"Somebody has this e-mail address", _("Somebody has this e-mail address already.")),
        (r"must have 1 to (?P<limit>\d+) printable", _("Type 1 to %(limit)s characters.")),
        (r"must have 2 to 32 small letters", _("Use 2 to 32 small letters, digits and hyphens.")),
        (r"no open branch has this code", _("No open branch has this code.")),
        (r"must be one of:", _("Choose one of the list.")),
        (
            r"(?P<email>\S+) is the last \w+ who can sign in",
            _("%(email)s is the last administrator who can sign in. Make another one first."),
        ),
        (r"branch with the code '(?P<code>.*)' exists", _("A branch with the code %(code)s exists already.")),
        (r"No branch of yours", _("No branch of yours has this code.")),
        (r"Nobody of yours", _("Nobody of yours has this number.")),
        (r"Your role does not allow", _("Your role does not allow this.")),
        (r"No certificate of yours", _("No certificate of yours has this id.")),
        (r"not an Ed25519 Multikey", _("This is not an Ed25519 public key as a Multikey.")),
        (r"This key is registered already", _("This key is registered already, here or for somebody else.")),
        (r"challenges wait for their answers", _("Too many challenges wait for their answers. Answer those first.")),
        (
            r"not a challenge that waits|the challenge ended",
            _("This challenge was answered already, or is too old. Ask for a new one."),
        ),
        (r"preparation ended at", _("The time for this signature is over. Prepare the certificate again.")),
        (r"signature does not hold over this document", _("The signature does not fit this document and key.")),
        (r"^(?P<where>/\S+): .*as it was handed out", _("At %(where)s this is not what was handed out.")),
        (r"^(?P<where>/proof/\S+): ", _("The proof is not right at %(where)s.")),
        (r"another proof", _("This certificate has been issued already, with another signature.")),
        (r"No prepared certificate", _("No prepared certificate of yours has this id; it may have ended.")),
        (
            r"signature does not fit the document",
            _("The signature does not fit: it was made with another key, or over something else."),
        ),
        (r"as it was handed out", _("This is not the document of the challenge: something in it was changed.")),
        (r"^must be '", _("The proof is not the one that the challenge asks for.")),
        (r"one proof is needed", _("There is no proof in it: sign the document first.")),
        (r"^not JSON|^not UTF-8|^a JSON object is wanted", _("This is not a JSON document.")),
        (r"lies in the future", _("This lies in the future.")),
        (r"^not a time", _("This is not a time.")),
        (r"so this must be ticked", _("Tick this: there is no way back.")),
        (r"name at least one", _("Choose at least one.")),
        (r"at most (?P<limit>\d+) printable", _("Type at most %(limit)s characters.")),
        (r"must lie in the future", _("This must lie in the future.")),
        (r"must be nothing to (?P<days>\d+) days", _("Type 0 to %(days)s days.")),
        (r"more than you may yourself", _("A key can't allow more than you may yourself.")),
        (r"The API key \w+ has ended", _("This key has ended. Make a new one.")),
        (r"No API key has this public part", _("No API key of yours has this public part.")),
        (r"the end is before the beginning", _("The end is before the beginning.")),
        (r"no accreditation number", _("There is no such accreditation.")),
        (r"operators of the registry enter", _("Only operators of the registry enter accreditations.")),
        (r"No proposal of yours", _("No proposal of yours has this reference.")),
        (r"a second person must", _("You have proposed it: a second person must decide.")),
        (r"can't refuse it, but", _("You have proposed it: take it back.")),
        (r"others refuse it", _("Only who has proposed it can take it back.")),
        (r"The proposal expired", _("The proposal has expired. Propose it anew.")),
        (r"The proposal was .* already, by (?P<who>.*) on ", _("It was decided already, by %(who)s.")),
        (r"may not do this any more", _("Who has proposed it may not do this any more. Refuse it.")),
        (r"waits for approval already, as proposal (?P<reference>\w+)", _("The same waits already: %(reference)s.")),
        (r"must have 1 to (?P<limit>\d+) characters", _("Type 1 to %(limit)s characters.")),
        (r"No key of yours", _("No key of yours has this name.")),
        (r"too light to be read", _("This colour is too light to be read on white paper.")),
        (r"must be like #0f4c81", _("A colour is written like #0f4c81.")),
        (r"no file was chosen", _("Choose a file first.")),
        (r"turn it into outlines", _("The picture has text; turn it into outlines.")),
        (r"neither PNG, JPEG|no PNG or JPEG that can", _("This is no PNG, JPEG or SVG that can be read.")),
        (
            r"has too many dots|too much detail|nested deeper|more than \d+ elements",
            _("The picture has too much detail."),
        ),
        (r"has <(?P<name>[^>]+)>", _("The SVG has an element that a logo must not have: %(name)s.")),
        (r"outside of it", _("The SVG refers to something outside of it.")),
        (r"has a DOCTYPE|has no viewBox", _("Save the SVG anew as plain SVG, without DOCTYPE and with a viewBox.")),
        (
            r"(?P<count>\d+) certificates; at most",
            _("These are %(count)s certificates; at most 500 fit into one archive."),
        ),
        (r"There is no logo", _("There is no logo.")),
        *_OF_CERTIFICATES,
        *_OF_VERSIONS,
        *_OF_ACTS,
        (r"Only operators of the registry", _("Only operators of the registry choose an issuer.")),
    )
)


def places(custodies: Iterable[str]) -> list[tuple[str, LazyString]]:
    """Where a key may be, as choices of a form."""
    return [(one, CUSTODIES[one]) for one in custodies]


def scheme_choices(schemes: Mapping[str, Scheme]) -> list[tuple[str, str]]:
    """Schemes to choose from: code and standard."""
    return [(code, scheme.standard) for code, scheme in schemes.items()]


def in_words(refusal: str) -> str:
    """A refusal in the reader's language; as it is where no reader is expected to meet it."""
    for pattern, text in _REFUSALS:
        found = pattern.search(refusal)
        if found:
            return str(text) % found.groupdict()
    return public.in_words(refusal) or refusal
