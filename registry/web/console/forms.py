"""Forms: what was typed, and what is wrong with it, field by field."""

from __future__ import annotations

from datetime import date, datetime, time

from flask import Response, make_response, redirect, render_template, request

from registry.domain.certificate import CERTIFICATE_ZONE
from registry.domain.errors import InvalidInput, NotAuthenticated, RegistryError, Violation
from registry.services.sign_in_throttle import TooManyAttempts
from registry.web.console import texts
from registry.web.errors import PROBLEMS

# Longer than anything that has a place in a form of one field.
MAX_FIELD = 5000


def typed(*names: str) -> dict[str, str]:
    """What was typed into fields, without blanks at the ends; cut where it is far too long."""
    return {name: request.form.get(name, "")[:MAX_FIELD].strip() for name in names}


def wrong(error: RegistryError) -> dict[str, str]:
    """What is wrong by field, in the reader's language; under '' what concerns the whole form."""
    if not isinstance(error, InvalidInput):
        return {"": texts.in_words(str(error))}
    told: dict[str, str] = {}
    for violation in error.violations:
        told.setdefault(".".join(map(str, violation.path)), texts.in_words(violation.reason))
    return told


def page(template: str, status: int = 200, **context: object) -> Response:
    """A page of the console."""
    return make_response(render_template(f"console/{template}", **{"errors": {}, "typed": {}, **context}), status)


def refused(template: str, error: RegistryError, typed: dict[str, str] | None = None, **context: object) -> Response:
    """The page again, with what was typed and what is wrong with it."""
    return page(template, status_of(error), errors=wrong(error), typed=typed or {}, **context)


def redirected(address: str) -> Response:
    """On to another page after a form was dealt with."""
    return make_response(redirect(address, 303))


def require_same(field: str, chosen: str, repeated: str) -> None:
    """Raises InvalidInput where a password was typed twice and not the same."""
    if chosen != repeated:
        raise InvalidInput([Violation((field,), "not the same as above")])


def status_of(error: RegistryError) -> int:
    """The HTTP status of a refusal. A person's password that is wrong is wrong input, not a missing API key."""
    if isinstance(error, TooManyAttempts):
        return 429
    if isinstance(error, NotAuthenticated):
        return 422
    return next((status for kind, (status, _, _) in PROBLEMS.items() if isinstance(error, kind)), 400)


def day(field: str, typed: str, wrong: list[Violation]) -> date | None:
    """A day, if one was typed; what is wrong with it is added to `wrong`."""
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        wrong.append(Violation((field,), "not a day that exists"))
        return None


def beginning(field: str, typed: str, wrong: list[Violation]) -> datetime | None:
    """The beginning of a day in China, if one was typed; what is wrong with it is added to `wrong`."""
    found = day(field, typed, wrong)
    return None if found is None else datetime.combine(found, time.min, CERTIFICATE_ZONE)
