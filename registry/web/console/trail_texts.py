"""What the console says of the audit trail, of verbs, and of acts that wait for a second officer.

English is written here; Chinese is in translations/zh.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from registry.services.api_keys import KeyState
from registry.services.approvals import ProposalState
from registry.services.context import Verb

VERBS: Mapping[Verb, LazyString] = {
    Verb.READ: _("Read certificates"),
    Verb.ISSUE: _("Issue"),
    Verb.SUSPEND: _("Suspend"),
    Verb.RESTORE: _("Restore"),
    Verb.WITHDRAW: _("Withdraw"),
    Verb.CANCEL: _("Cancel"),
    Verb.REISSUE: _("Reissue"),
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
    "issuer.four_eyes_off": _("Four eyes switched off"),
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


def act(name: str) -> str:
    """An act in words."""
    return str(ACTS.get(name, name))
