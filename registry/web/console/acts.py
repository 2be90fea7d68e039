"""What is done to a certificate: suspended, restored, withdrawn, cancelled; and plans called off."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import InvalidInput, RegistryError, Violation
from registry.domain.reasons import MAX_NOTE_LENGTH, REASONS, Act, Reason
from registry.services import find
from registry.services.change_status import ACT_VERBS, call_off, change_status
from registry.services.context import Verb
from registry.web import texts as public_texts
from registry.web.console import forms
from registry.web.console.guard import allowed_to, the_actor
from registry.web.current import the_registry

blueprint = Blueprint("acts", __name__, url_prefix="/certificates/<public_id>")

_ACTS = "<any(suspend, restore, withdraw, cancel):word>"
# Set by the registry itself, with what brings them about.
_NOT_CHOSEN = frozenset({Reason.SUSPENDED_ANEW, Reason.SUCCESSOR_GIVEN_UP})


@blueprint.get(f"/{_ACTS}")
@allowed_to(Verb.READ)
def ask(public_id: str, word: str) -> ResponseReturnValue:
    """Ask for the reason, and from when on."""
    the_actor().require(ACT_VERBS[Act(word)])
    return forms.page("act.html", **_shown(public_id, Act(word)))


@blueprint.post(f"/{_ACTS}")
@allowed_to(Verb.READ)
def act(public_id: str, word: str) -> ResponseReturnValue:
    """Do it. The service says who may."""
    typed, act = forms.typed("reason", "note", "effective_at", "until"), Act(word)
    wrong: list[Violation] = []
    effective = forms.beginning("effective_at", typed["effective_at"], wrong)
    until = forms.beginning("until", typed["until"], wrong)
    try:
        reason = _reason(typed["reason"], act, wrong)
        change_status(the_registry(), the_actor(), public_id, act, reason, effective, until, typed["note"] or None)
    except RegistryError as error:
        return forms.refused("act.html", error, typed, **_shown(public_id, act))
    return forms.redirected(url_for("console.certificates.certificate", public_id=public_id, done=word))


@blueprint.get("/acts/<int(max=100000):sequence>/call-off")
@allowed_to(Verb.READ)
def ask_call_off(public_id: str, sequence: int) -> ResponseReturnValue:
    """Ask why a planned act is not to take effect."""
    return forms.page("act.html", **_shown(public_id, Act.CALL_OFF, sequence))


@blueprint.post("/acts/<int(max=100000):sequence>/call-off")
@allowed_to(Verb.READ)
def do_call_off(public_id: str, sequence: int) -> ResponseReturnValue:
    """Call it off. The service says who may."""
    typed = forms.typed("reason", "note")
    try:
        reason = _reason(typed["reason"], Act.CALL_OFF, [])
        call_off(the_registry(), the_actor(), public_id, sequence, reason, typed["note"] or None)
    except RegistryError as error:
        return forms.refused("act.html", error, typed, **_shown(public_id, Act.CALL_OFF, sequence))
    return forms.redirected(url_for("console.certificates.certificate", public_id=public_id, done="call_off"))


def reasons_for(act: Act) -> list[Reason]:
    """The reasons that a person can give for an act, in the order of the closed list."""
    return [reason for reason in Reason if reason in REASONS[act] - _NOT_CHOSEN]


def _reason(typed: str, act: Act, wrong: list[Violation]) -> Reason:
    """Raises InvalidInput, with what was found wrong before."""
    if typed not in reasons_for(act):
        wrong.append(Violation(("reason",), "must be one of: those in the list"))
    if wrong:
        raise InvalidInput(wrong)
    return Reason(typed)


def _shown(public_id: str, act: Act, sequence: int | None = None) -> dict[str, Any]:
    """What the page needs. Raises NotFound for a certificate that is not the issuer's."""
    found, _ = find.read_certificate(the_registry(), the_actor(), public_id)
    return {
        "found": found,
        "act": act,
        "sequence": sequence,
        "reason_choices": [(reason, public_texts.REASONS[reason]) for reason in reasons_for(act)],
        "max_note": MAX_NOTE_LENGTH,
    }
