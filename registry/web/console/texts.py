"""What the console says of its closed lists, and of the refusals that its forms meet.

English is written here; Chinese is in translations/zh.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from keys import Custody
from registry.domain.schemes import Scheme
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
# What has just been done, by the word in the address.
DONE: Mapping[str, LazyString] = {
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
    "discarded": _("The file is forgotten."),
    "awaits-approval": _("Not done yet: it waits for a second officer."),
}

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
