"""Acts that wait for a second officer, and whether they must."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import RegistryError
from registry.services import approvals, decide_proposal, four_eyes
from registry.services.approvals import AwaitsApproval, ProposalState
from registry.services.context import Verb
from registry.store.proposals import StoredProposal
from registry.web.console import forms, trail_texts
from registry.web.console.guard import allowed_to, the_actor
from registry.web.current import the_registry

blueprint = Blueprint("approvals", __name__, url_prefix="/approvals")
_AT_ONCE = 25


@blueprint.get("/")
@allowed_to(Verb.READ)
def index() -> ResponseReturnValue:
    """What waits, or what became of all that ever did."""
    registry, actor = the_registry(), the_actor()
    asked = request.args.get("state", ProposalState.WAITING)
    state = ProposalState(asked) if asked in set(ProposalState) else None
    page = approvals.list_proposals(registry, actor, state, request.args.get("after"), _AT_ONCE)
    return forms.page(
        "approvals.html",
        items=page.items,
        next_after=page.next_after,
        asked=state.value if state else "all",
        four_eyes=approvals.needs_approval(registry, actor),
        switches=Verb.ADMINISTER in actor.verbs,
        **_words(),
    )


@blueprint.get("/<reference>")
@allowed_to(Verb.READ)
def show(reference: str) -> ResponseReturnValue:
    """One proposal: as it is, as it would become, and the decision."""
    return forms.page("approval.html", **_one(reference))


@blueprint.post("/<reference>/approve")
@allowed_to(Verb.APPROVE)
def approve(reference: str) -> ResponseReturnValue:
    """Approve it: it is done at once."""
    try:
        decide_proposal.approve(the_registry(), the_actor(), reference)
    except RegistryError as error:
        return forms.refused("approval.html", error, **_one(reference))
    return forms.redirected(url_for("console.approvals.show", reference=reference, done="approved"))


@blueprint.post("/<reference>/refuse")
@allowed_to(Verb.APPROVE)
def refuse(reference: str) -> ResponseReturnValue:
    """Refuse it, with a reason."""
    typed = forms.typed("reason")
    try:
        decide_proposal.refuse(the_registry(), the_actor(), reference, typed["reason"])
    except RegistryError as error:
        return forms.refused("approval.html", error, typed, **_one(reference))
    return forms.redirected(url_for("console.approvals.show", reference=reference, done="refused"))


@blueprint.post("/<reference>/take-back")
@allowed_to(Verb.READ)
def take_back(reference: str) -> ResponseReturnValue:
    """Take back what one has proposed."""
    try:
        approvals.take_back(the_registry(), the_actor(), reference)
    except RegistryError as error:
        return forms.refused("approval.html", error, **_one(reference))
    return forms.redirected(url_for("console.approvals.show", reference=reference, done="taken-back"))


@blueprint.post("/four-eyes")
@allowed_to(Verb.ADMINISTER)
def switch() -> ResponseReturnValue:
    """Have withdrawals and bulk acts wait, or no more; the latter waits itself."""
    four_eyes.set_own(the_registry(), the_actor(), request.form.get("on") == "1")
    return forms.redirected(url_for("console.approvals.index", done="changed"))


def waits(error: AwaitsApproval) -> ResponseReturnValue:
    """Lead to the proposal that an act of the console has become."""
    reference = error.proposal.reference
    return forms.redirected(url_for("console.approvals.show", reference=reference, done="proposed"))


def _one(reference: str) -> dict[str, Any]:
    registry, actor = the_registry(), the_actor()
    proposal = approvals.read_proposal(registry, actor, reference)
    waiting = approvals.state_of(registry, proposal) is ProposalState.WAITING
    own = approvals.is_own(registry, actor, proposal)
    return {
        "proposal": proposal,
        "members": _members(proposal),
        "decides": waiting and not own and Verb.APPROVE in actor.verbs,
        "takes_back": waiting and own,
        **_words(),
    }


def _members(proposal: StoredProposal) -> list[tuple[str, str | None, str | None]]:
    """Each member of what it is about, in words: its name, before and after."""
    before, after = proposal.before, {**proposal.before, **proposal.after}
    return [
        (trail_texts.member(name), trail_texts.value(name, before.get(name)), trail_texts.value(name, found))
        for name, found in after.items()
        if found is not None or before.get(name) is not None
    ]


def _words() -> dict[str, Any]:
    registry = the_registry()
    return {
        "states": trail_texts.PROPOSAL_STATES,
        "act_words": trail_texts.proposed,
        "state_of": lambda one: approvals.state_of(registry, one),
    }
