"""Signing in: the password, then the second factor; accepting an invitation; signing out."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import RegistryError
from registry.services import second_factor as factors
from registry.services import sessions
from registry.services import sign_in as service
from registry.services.sign_in_throttle import TooManyAttempts
from registry.web.addresses import counted_as
from registry.web.console import forms, guard
from registry.web.console.guard import own_page
from registry.web.current import the_registry

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
def password() -> ResponseReturnValue:
    """Ask for e-mail address and password."""
    person = guard.the_person()
    if person is not None:
        return redirect(own_page(request.args.get("next")) or url_for("console.home.overview"), 303)
    return forms.page("sign_in.html", next=own_page(request.args.get("next")))


@blueprint.post("/sign-in")
def check_password() -> ResponseReturnValue:
    """Begin a session."""
    email = forms.typed("email")["email"]
    wanted = own_page(request.form.get("next"))
    try:
        token = service.sign_in(
            the_registry(),
            email,
            request.form.get("password", ""),
            guard.origin(),
            counted_as(request.remote_addr),
            guard.session_token(),
        )
    except (service.SignInRefused, TooManyAttempts) as error:
        return forms.refused("sign_in.html", error, {"email": email}, next=wanted)
    response = forms.redirected(wanted or url_for("console.home.overview"))
    return guard.keep_session(response, token)


@blueprint.get("/second-factor")
def second_factor() -> ResponseReturnValue:
    """Ask for what is missing: a code, or that a second factor is set up."""
    person = guard.the_person()
    if person is None:
        return guard.to_sign_in()
    if person.complete:
        return redirect(url_for("console.home.overview"), 303)
    if person.user.totp_secret is None:
        return redirect(url_for("console.account.set_up"), 303)
    return forms.page("second_factor.html")


@blueprint.post("/second-factor")
def check_second_factor() -> ResponseReturnValue:
    """Complete the session."""
    person = guard.the_person()
    if person is None:
        return guard.to_sign_in()
    if person.complete or person.user.totp_secret is None:
        return redirect(url_for("console.sign_in.second_factor"), 303)
    try:
        token = factors.show(the_registry(), person, request.form.get("code", "")[:100], guard.origin())
    except RegistryError as error:
        return forms.refused("second_factor.html", error)
    return guard.keep_session(forms.redirected(url_for("console.home.overview")), token)


@blueprint.get("/invitation/<invitation>")
def invitation(invitation: str) -> ResponseReturnValue:
    """Ask for the first password. Nothing is used up by looking."""
    user = service.invited(the_registry(), invitation)
    return forms.page("invitation.html", invitation=invitation, user=user)


@blueprint.post("/invitation/<invitation>")
def accept_invitation(invitation: str) -> ResponseReturnValue:
    """Choose the first password."""
    user = service.invited(the_registry(), invitation)
    chosen, repeated = request.form.get("password", ""), request.form.get("repeated", "")
    try:
        forms.require_same("repeated", chosen, repeated)
        token = service.accept_invitation(the_registry(), invitation, chosen, guard.origin(), guard.session_token())
    except RegistryError as error:
        return forms.refused("invitation.html", error, invitation=invitation, user=user)
    return guard.keep_session(forms.redirected(url_for("console.home.overview")), token)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    token = guard.session_token()
    if token is not None:
        sessions.sign_out(the_registry(), token)
    return guard.drop_session(forms.redirected(url_for("console.sign_in.password", done="signed-out")))
