"""The one place of the console where it is found out who asks, and whether a form was really sent from here."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from registry.services.context import Actor, Verb
from registry.services.sessions import Person, resume
from registry.web.current import the_registry

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
_SESSION, _FORMS = "registry-session", "registry-forms"
_MAX_TOKEN = 100
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_PAGE = re.compile(r"/console/[\w./?&=%+-]*", re.ASCII)


def identify() -> None:
    """Find out whose session the request belongs to."""
    token = session_token()
    g.person = None if token is None else resume(the_registry(), token)


def refuse_forged_forms() -> None:
    """Let no POST through that another site made the browser send (CSRF).

    The form repeats a value that only our pages know: it is derived from the session's cookie, or before there is a
    session from a cookie made for that. Browsers that say where a request comes from are asked as well.
    """
    if request.method in _SAFE_METHODS:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403)
    sent = request.headers.get("X-Form-Token") or request.form.get("form_token", "")
    secret = session_token() or _cookie(_FORMS)
    if secret is None or not hmac.compare_digest(_derived(secret).encode(), sent.encode()):
        abort(400, "This form is out of date. Open the page anew and try again.")


def form_token() -> str:
    """What each form repeats."""
    secret = g.get("session_token") or session_token() or _cookie(_FORMS) or g.get("form_secret")
    if secret is None:
        secret = g.form_secret = secrets.token_urlsafe(32)
    return _derived(secret)


def remember_form_secret(response: Response) -> Response:
    """Set the cookie for forms that are sent before there is a session."""
    if "form_secret" in g:
        _set_cookie(response, _FORMS, g.form_secret)
    return response


def signed_in(view: View[P]) -> View[P]:
    """Let a view run only for somebody who has signed in completely."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        person = the_person()
        if person is None:
            return to_sign_in()
        if not person.complete:
            return redirect(url_for("console.sign_in.second_factor"), 303)
        return view(*args, **kwargs)

    return guarded


def allowed_to(verb: Verb) -> Callable[[View[P]], View[P]]:
    """Let a view run only for somebody who may do `verb`, for the issuer that `the_actor` then names."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            person = the_person()
            assert person is not None  # noqa: S101 - signed_in stands before
            if person.issuer_id is None:
                return redirect(url_for("console.home.issuers"), 303)
            actor = person.actor(origin())
            actor.require(verb)
            g.actor = actor
            return view(*args, **kwargs)

        return signed_in(guarded)

    return decorate


def the_person() -> Person | None:
    """Who sends the present request, as far as known."""
    person: Person | None = g.get("person")
    return person


def the_signed_in() -> Person:
    """The same in a view that only runs for somebody with a session."""
    person: Person = g.person
    return person


def the_actor() -> Actor:
    """For whom a view under `allowed_to` acts."""
    actor: Actor = g.actor
    return actor


def origin() -> str:
    """The address that the request comes from."""
    return request.remote_addr or "unknown"


def session_token() -> str | None:
    """The token of the session, as the browser sent it."""
    return _cookie(_SESSION)


def keep_session(response: Response, token: str) -> Response:
    """Hand the browser the token of its session. It ends with the browser, or when the server says so."""
    _set_cookie(response, _SESSION, token)
    return response


def use_token(token: str) -> None:
    """Let the forms of this answer fit a token that the browser is about to get."""
    g.session_token = token


def drop_session(response: Response) -> Response:
    """Let the browser forget its session."""
    response.delete_cookie(_name(_SESSION), path="/", secure=_is_secure(), httponly=True, samesite="Lax")
    return response


def to_sign_in() -> Response:
    """Lead to the page for signing in, and afterwards back to where somebody wanted to go."""
    wanted = own_page(request.full_path.rstrip("?")) if request.method == "GET" else None
    response: Response = redirect(url_for("console.sign_in.password", next=wanted), 303)  # type: ignore[assignment]
    return response


def own_page(path: str | None) -> str | None:
    """A path of the console; None for anything else, so that nobody is led away from here."""
    return path if path is not None and _OWN_PAGE.fullmatch(path) and ".." not in path else None


def _derived(secret: str) -> str:
    return hmac.digest(secret.encode(), b"console form", hashlib.sha256).hex()


def _cookie(name: str) -> str | None:
    token = request.cookies.get(_name(name))
    return token if token and len(token) <= _MAX_TOKEN else None


def _set_cookie(response: Response, name: str, token: str) -> None:
    response.set_cookie(_name(name), token, path="/", secure=_is_secure(), httponly=True, samesite="Lax")


def _name(name: str) -> str:
    # Browsers take a cookie of that prefix only from this very host, over TLS (RFC 6265bis, section 4.1.3).
    return f"__Host-{name}" if _is_secure() else name


def _is_secure() -> bool:
    return the_registry().base_url.startswith("https://")
