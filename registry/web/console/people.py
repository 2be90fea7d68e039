"""The people of an issuer, for its administrators."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import RegistryError
from registry.services import branches, people
from registry.services.context import Verb
from registry.services.people import Administrator, administrator
from registry.services.roles import ISSUER_ROLES
from registry.store.people import StoredUser
from registry.web.console import forms
from registry.web.console.guard import allowed_to, the_actor
from registry.web.current import the_registry

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.get("/")
@allowed_to(Verb.ADMINISTER)
def index() -> ResponseReturnValue:
    """Everybody, oldest first."""
    return forms.page("people.html", **_shown())


@blueprint.post("/")
@allowed_to(Verb.ADMINISTER)
def invite() -> ResponseReturnValue:
    """Add somebody; the answer shows the invitation, once."""
    typed = forms.typed("email", "name", "role", "branch")
    try:
        address = people.invite(
            the_registry(), _by(), typed["email"], typed["name"], typed["role"], typed["branch"] or None
        )
    except RegistryError as error:
        return forms.refused("people.html", error, typed, **_shown())
    return forms.page("invitation_made.html", address=address, email=typed["email"], days=people.INVITATION_DAYS)


@blueprint.get("/<int(max=9007199254740991):user_id>")
@allowed_to(Verb.ADMINISTER)
def person(user_id: int) -> ResponseReturnValue:
    """One of them."""
    return forms.page("person.html", **_one(people.one_of(the_registry(), _by(), user_id)))


@blueprint.post("/<int(max=9007199254740991):user_id>")
@allowed_to(Verb.ADMINISTER)
def change(user_id: int) -> ResponseReturnValue:
    """Another role or branch."""
    typed = forms.typed("role", "branch")
    try:
        people.change(the_registry(), _by(), user_id, typed["role"], typed["branch"] or None)
    except RegistryError as error:
        user = people.one_of(the_registry(), _by(), user_id)
        return forms.refused("person.html", error, typed, **_one(user))
    return forms.redirected(url_for("console.people.person", user_id=user_id, done="changed"))


@blueprint.post("/<int(max=9007199254740991):user_id>/disable")
@allowed_to(Verb.ADMINISTER)
def disable(user_id: int) -> ResponseReturnValue:
    """Let somebody sign in no more."""
    try:
        people.disable(the_registry(), _by(), user_id)
    except RegistryError as error:
        user = people.one_of(the_registry(), _by(), user_id)
        return forms.refused("person.html", error, **_one(user))
    return forms.redirected(url_for("console.people.person", user_id=user_id, done="disabled"))


@blueprint.post("/<int(max=9007199254740991):user_id>/reset")
@allowed_to(Verb.ADMINISTER)
def reset(user_id: int) -> ResponseReturnValue:
    """A new invitation; the answer shows it, once."""
    user = people.one_of(the_registry(), _by(), user_id)
    try:
        address = people.reset(the_registry(), _by(), user_id)
    except RegistryError as error:
        return forms.refused("person.html", error, **_one(user))
    return forms.page("invitation_made.html", address=address, email=user.email, days=people.INVITATION_DAYS)


def _by() -> Administrator:
    return administrator(the_actor())


def _shown() -> dict[str, Any]:
    after = request.args.get("after", "")
    start = int(after) if after.isascii() and after.isdecimal() and len(after) < 18 else 0
    listed = people.list_people(the_registry(), _by(), start, people.MAX_PAGE + 1)
    more = listed[people.MAX_PAGE - 1].id if len(listed) > people.MAX_PAGE else None
    return {"people": listed[: people.MAX_PAGE], "next_after": more, **_choices()}


def _one(user: StoredUser) -> dict[str, Any]:
    return {"user": user, **_choices()}


def _choices() -> dict[str, Any]:
    open_branches = [one for one in branches.list_branches(the_registry(), the_actor()) if one.closed_at is None]
    return {"roles": ISSUER_ROLES, "branches": open_branches}
