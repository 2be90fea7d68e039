"""How an issuer wants its printed certificates to look."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from registry.domain.errors import InvalidInput, Violation
from registry.domain.look import Look, check_look
from registry.formats.logo import UnusableLogo, clean_logo
from registry.services.context import Actor, Registry, Verb, audit, require_issuer
from registry.store.looks import look_of, look_to_change, replace_look


def look(registry: Registry, code: str) -> Look:
    """What an issuer has chosen, or the default. Raises NotFound."""
    with registry.database.read() as connection:
        require_issuer(connection, code)
        return look_of(connection, code)


def set_look(registry: Registry, actor: Actor, template: str | None, colour: str | None) -> Look:
    """Choose template and colour; what is not given stays. Raises NotPermitted, InvalidInput."""
    return _change(
        registry,
        actor,
        "issuer.look",
        lambda before: replace(before, template=template or before.template, colour=colour or before.colour),
    )


def set_logo(registry: Registry, actor: Actor, content: bytes | None) -> Look:
    """Keep a PNG, JPEG or SVG as the issuer's logo; None takes it away. Raises NotPermitted, InvalidInput."""
    try:
        logo = None if content is None else clean_logo(content)
    except UnusableLogo as error:
        raise InvalidInput([Violation(("logo",), str(error))]) from error
    return _change(registry, actor, "issuer.logo", lambda before: replace(before, logo=logo))


def _change(registry: Registry, actor: Actor, act: str, change: Callable[[Look], Look]) -> Look:
    actor.require(Verb.ADMINISTER)
    with registry.database.transaction() as connection:
        code, before = look_to_change(connection, actor.issuer_id)
        after = change(before)
        wrong = check_look(after)
        if wrong:
            raise InvalidInput(wrong)
        replace_look(connection, actor.issuer_id, after)
        audit(connection, registry.now(), actor, act, code, before=_told(before), after=_told(after))
    return after


def _told(look: Look) -> dict[str, str | None]:
    """A look for the audit trail: the logo by its digest."""
    logo = look.logo and hashlib.sha256(look.logo.encode()).hexdigest()
    return {"template": look.template, "colour": look.colour, "logo": logo}
