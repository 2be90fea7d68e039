"""What the console says of the audit trail, of verbs, and of acts that wait for a second officer.

English is written here; Chinese is in translations/zh.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from registry.domain.lifecycle import State, Status
from registry.services.api_keys import KeyState
from registry.services.approvals import ProposalState
from registry.services.context import Verb
from registry.web import texts as public
from registry.web.console.texts import CUSTODIES, ROLES
from registry.web.present import moment

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+\d\d:\d\d")

VERBS: Mapping[Verb, LazyString] = {
    Verb.READ: _("Read certificates"),
    Verb.ISSUE: _("Issue"),
    Verb.SUSPEND: _("Suspend"),
    Verb.RESTORE: _("Restore"),
    Verb.WITHDRAW: _("Withdraw"),
    Verb.CANCEL: _("Cancel"),
    Verb.REISSUE: _("Reissue"),
    Verb.SURVEY: _("Record surveillance audits"),
    Verb.APPROVE: _("Decide about what waits for a second officer"),
    Verb.AUDIT: _("Read the audit trail"),
    Verb.ADMINISTER: _("Administer: people, API keys, keys, settings"),
}
KEY_STATES: Mapping[KeyState, LazyString] = {
    KeyState.ACTIVE: _("In use"),
    KeyState.EXPIRED: _("Ended"),
    KeyState.REVOKED: _("Revoked"),
}
PROPOSAL_STATES: Mapping[ProposalState, LazyString] = {
    ProposalState.WAITING: _("Waits"),
    ProposalState.APPROVED: _("Approved and done"),
    ProposalState.REFUSED: _("Refused"),
    ProposalState.TAKEN_BACK: _("Taken back"),
    ProposalState.EXPIRED: _("Expired"),
}
# Acts by the names that they have in the trail; what is not here is shown by its name.
ACTS: Mapping[str, LazyString] = {
    "certificate.issue": _("Certificate issued"),
    "certificate.suspend": _("Certificate suspended"),
    "certificate.restore": _("Certificate restored"),
    "certificate.withdraw": _("Certificate withdrawn"),
    "certificate.cancel": _("Certificate cancelled"),
    "certificate.supersede": _("Certificate superseded"),
    "certificate.call_off": _("Planned act called off"),
    "certificate.hand_over": _("Handover to another body agreed"),
    "certificate.keep": _("Agreed handover taken back"),
    "certificate.taken_over": _("Certification taken over by another body"),
    "certificate.surveillance": _("Surveillance audit recorded"),
    "certificate.prepare": _("Certificate prepared for signing"),
    "certificate.give_up": _("Prepared certificate given up"),
    "certificate.import": _("File of certificates imported"),
    "certificate.acts": _("File of acts done"),
    "apikey.create": _("API key made"),
    "apikey.rotate": _("API key rotated"),
    "apikey.revoke": _("API key ended"),
    "approval.propose": _("Proposed to a second officer"),
    "approval.approve": _("Proposal approved"),
    "approval.refuse": _("Proposal refused"),
    "approval.take_back": _("Proposal taken back"),
    "accreditation.add": _("Accreditation entered"),
    "accreditation.end": _("End of an accreditation changed"),
    "issuer.add": _("Issuer registered"),
    "issuer.authorize": _("Scheme allowed"),
    "issuer.cryptosuite": _("Signature method changed"),
    "issuer.four_eyes": _("Four eyes switched"),
    "issuer.follow_up": _("Rules for surveillance changed"),
    "issuer.look": _("Look of printed certificates changed"),
    "issuer.logo": _("Logo changed"),
    "import.send": _("File sent"),
    "import.accept": _("File accepted"),
    "import.discard": _("File forgotten"),
    "key.create": _("Signing key made"),
    "key.register": _("Own signing key registered"),
    "key.retire": _("Signing key out of use"),
    "key.compromise": _("Signing key declared compromised"),
    "branch.add": _("Branch added"),
    "branch.close": _("Branch closed"),
    "report.receive": _("Suspected forgery reported"),
    "report.seen": _("Report of a forgery seen"),
    "report.closed": _("Report of a forgery closed"),
    "user.invite": _("Person invited"),
    "user.accept_invitation": _("Invitation accepted"),
    "user.change": _("Person changed"),
    "user.disable": _("Person let go"),
    "user.reset": _("Person invited anew"),
    "user.change_password": _("Password changed"),
    "user.second_factor_on": _("Second factor set up"),
    "user.second_factor_off": _("Second factor taken away"),
    "user.recovery_codes_renewed": _("Recovery codes renewed"),
    "user.recovery_code_used": _("Recovery code used"),
    "user.sign_in": _("Signed in"),
    "user.sign_out_everywhere": _("Signed out everywhere"),
    "user.sign_in_closed": _("Sign-in closed after many attempts"),
    "user.choose_issuer": _("Operator looked at the issuer"),
}


# Acts that wait, as what is to be done.
PROPOSED: Mapping[str, LazyString] = {
    "certificate.withdraw": _("Withdraw a certificate"),
    "file.record": _("Record a file"),
    "issuer.four_eyes_off": _("Switch four eyes off"),
}
# What is told of a thing before and after an act; what is not here is shown by its name.
MEMBERS: Mapping[str, LazyString] = {
    "accreditation_body": _("Accreditation body"),
    "act": _("Act"),
    "address_en": _("Address in English"),
    "address_zh": _("Address in Chinese"),
    "authorizations": _("What it may certify"),
    "body": _("Accreditation body"),
    "branch": _("Branch"),
    "calls_off": _("Calls off act number"),
    "colour": _("Colour"),
    "compromised_since": _("Compromised since"),
    "cryptosuite": _("Signature method"),
    "custody": _("Who holds it"),
    "effective_at": _("Takes effect"),
    "expires_at": _("Ends"),
    "four_eyes": _("Four eyes"),
    "holder": _("Holder"),
    "label": _("What it is for"),
    "logo": _("Logo (SHA-256)"),
    "mark": _("Certification mark"),
    "name": _("Name"),
    "name_en": _("Name in English"),
    "name_zh": _("Name in Chinese"),
    "number": _("Number"),
    "proposed_by": _("Proposed by"),
    "purpose": _("Purpose"),
    "reason": _("Reason"),
    "retired_at": _("Out of use from"),
    "revoked_at": _("Revoked at"),
    "role": _("Role"),
    "schemes": _("Schemes"),
    "sequence": _("Act number"),
    "sha256": _("File (SHA-256)"),
    "since": _("Since"),
    "state": _("State"),
    "subject": _("About"),
    "successor": _("Successor"),
    "template": _("Template"),
    "until": _("Until"),
    "valid_from": _("First day"),
    "valid_until": _("Last day"),
    "verbs": _("What it allows"),
    "verification_method": _("Address of the key (DID URL)"),
    "website": _("Website"),
}
_STATES: Mapping[str, LazyString] = {
    State.ACTIVE: _("Valid"),
    **{state.value: public.STATUSES[Status(state.value)] for state in State if state is not State.ACTIVE},
}


def member(name: str) -> str:
    """A member of what was changed, in words."""
    return str(MEMBERS.get(name, name))


def value(name: str, found: Any) -> str | None:
    """The value of such a member, in words; None where there is none."""
    if found is None:
        return None
    if isinstance(found, bool):
        return str(_("yes") if found else _("no"))
    if isinstance(found, list):
        return ", ".join(told for one in found if (told := value(name, one)))
    if isinstance(found, dict):
        return " ".join(told for key, one in found.items() if (told := value(key, one)))
    return _word(name, str(found))


def _word(name: str, text: str) -> str:
    lists: dict[str, Mapping[Any, LazyString]] = {
        "state": _STATES,
        "reason": public.REASONS,
        "verbs": VERBS,
        "role": ROLES,
        "act": {**ACTS, **PROPOSED},
        "custody": CUSTODIES,
    }
    if text in lists.get(name, {}):
        return str(lists[name][text])
    if _INSTANT.fullmatch(text):
        return moment(datetime.fromisoformat(text))
    return text


def act(name: str) -> str:
    """An act in words."""
    return str(ACTS.get(name, name))


def proposed(name: str) -> str:
    """An act that waits, in words."""
    return str(PROPOSED.get(name) or ACTS.get(name, name))
