"""One's own account: password, second factor, sessions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from registry.domain.errors import RegistryError
from registry.formats import qr_code
from registry.services import second_factor as factors
from registry.services import sessions
from registry.services import sign_in as service
from registry.web.console import forms, guard
from registry.web.console.guard import signed_in
from registry.web.current import the_registry

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("/")
@signed_in
def index() -> ResponseReturnValue:
    """The account, and where one is signed in."""
    return forms.page("account.html", **_shown())


@blueprint.post("/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Choose another password; other sessions end."""
    new = request.form.get("new", "")
    try:
        forms.require_same("repeated", new, request.form.get("repeated", ""))
        service.change_password(
            the_registry(), guard.the_signed_in(), request.form.get("present", ""), new, guard.origin()
        )
    except RegistryError as error:
        return forms.refused("account.html", error, **_shown())
    return forms.redirected(url_for("console.account.index", done="password-changed"))


@blueprint.post("/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> ResponseReturnValue:
    """End all sessions, this one too."""
    sessions.sign_out_everywhere(the_registry(), guard.the_signed_in(), guard.origin())
    return guard.drop_session(forms.redirected(url_for("console.sign_in.password", done="signed-out")))


@blueprint.get("/second-factor")
def set_up() -> ResponseReturnValue:
    """Show what an authenticator app is to scan. Also for those who have to do this before anything else."""
    person = guard.the_person()
    if person is None:
        return guard.to_sign_in()
    if person.user.totp_secret is not None:
        return redirect(url_for("console.account.index"), 303)
    return forms.page("set_up_second_factor.html", secret=factors.setting_up(the_registry(), person))


@blueprint.get("/second-factor/qr.svg")
def qr_svg() -> ResponseReturnValue:
    """The same as a QR code: a picture of its own, since the policy for content allows no other."""
    person = guard.the_person()
    if person is None or person.user.totp_secret is not None:
        return guard.to_sign_in()
    secret = factors.setting_up(the_registry(), person)
    return Response(qr_code.svg(factors.provisioning_uri(the_registry(), person, secret)), content_type="image/svg+xml")


@blueprint.post("/second-factor")
def confirm() -> ResponseReturnValue:
    """Begin to use the second factor; the answer shows the recovery codes, once."""
    person = guard.the_person()
    if person is None:
        return guard.to_sign_in()
    try:
        token, codes = factors.confirm(the_registry(), person, request.form.get("code", "")[:100], guard.origin())
    except RegistryError as error:
        if person.user.totp_secret is not None:
            raise
        secret = factors.setting_up(the_registry(), person)
        return forms.refused("set_up_second_factor.html", error, secret=secret)
    # Known before the page is drawn: its forms repeat what is derived from the new token.
    guard.use_token(token)
    return guard.keep_session(forms.page("recovery_codes.html", codes=codes), token)


@blueprint.post("/recovery-codes")
@signed_in
def renew_recovery_codes() -> ResponseReturnValue:
    """New recovery codes, shown once."""
    try:
        codes = factors.renew_recovery_codes(
            the_registry(), guard.the_signed_in(), request.form.get("code", "")[:100], guard.origin()
        )
    except RegistryError as error:
        return forms.refused("account.html", error, **_shown())
    return forms.page("recovery_codes.html", codes=codes)


@blueprint.post("/second-factor/remove")
@signed_in
def remove_second_factor() -> ResponseReturnValue:
    """Do without one, where the registry allows that."""
    try:
        factors.remove(the_registry(), guard.the_signed_in(), request.form.get("code", "")[:100], guard.origin())
    except RegistryError as error:
        return forms.refused("account.html", error, **_shown())
    return forms.redirected(url_for("console.account.index", done="second-factor-off"))


def _shown() -> dict[str, Any]:
    registry, person = the_registry(), guard.the_signed_in()
    return {
        "sessions": sessions.open_sessions(registry, person),
        "codes_left": factors.recovery_codes_left(registry, person),
        "must_have_second_factor": registry.settings.second_factor_required,
    }
