"""The one place where a request's API key is checked: who, for which issuer, allowed to do what."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import g, request

from registry.domain.errors import NotAuthenticated
from registry.services.api_keys import authenticate
from registry.services.context import Actor, Verb
from registry.web.current import the_registry

P = ParamSpec("P")
R = TypeVar("R")
_MAX_HEADER = 200


def allowed_to(*verbs: Verb) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view run only for an API key that allows one of `verbs`, and describe that in the API document."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            actor = _actor()
            if actor.verbs.isdisjoint(verbs):
                actor.require(verbs[0])
            g.actor = actor
            return view(*args, **kwargs)

        documented: dict[str, Any] = getattr(view, "_apidoc", {})
        described: Any = guarded
        described._apidoc = {
            **documented,
            "manual_doc": {**documented.get("manual_doc", {}), "security": [{"apiKey": []}]},
        }
        return guarded

    return decorate


def the_actor() -> Actor:
    """Who sends the present request."""
    actor: Actor = g.actor
    return actor


def _actor() -> Actor:
    header = request.headers.get("Authorization", "")
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token or len(header) > _MAX_HEADER:
        raise NotAuthenticated("Send your API key in the header 'Authorization: Bearer <key>'.")
    # Behind proxies, ProxyFix has put the asker's address here (REGISTRY_TRUSTED_PROXIES).
    return authenticate(the_registry(), token.strip(), request.remote_addr)
