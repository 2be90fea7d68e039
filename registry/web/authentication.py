"""The one place where a request's API key is checked: who, for which issuer or relying party, allowed to do what."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import g, request

from registry.domain.errors import NotAuthenticated
from registry.services.api_keys import authenticate
from registry.services.context import Actor, RelyingParty, Scope, Verb
from registry.services.party_keys import authenticate_party
from registry.web.current import the_registry

P = ParamSpec("P")
R = TypeVar("R")
_MAX_HEADER = 200


def allowed_to(*verbs: Verb) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view run only for an API key that allows one of `verbs`, and describe that in the API document."""

    def admit() -> None:
        # Behind proxies, ProxyFix has put the asker's address here (REGISTRY_TRUSTED_PROXIES).
        actor = authenticate(the_registry(), _token(), request.remote_addr)
        if actor.verbs.isdisjoint(verbs):
            actor.require(verbs[0])
        g.actor = actor

    return _guarding(admit, "apiKey")


def open_to_parties(*scopes: Scope) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The same for API keys of relying parties: any of them, or where scopes are named those that allow one."""

    def admit() -> None:
        party = authenticate_party(the_registry(), _token(), request.remote_addr)
        if scopes and party.scopes.isdisjoint(scopes):
            party.require(scopes[0])
        g.party = party

    return _guarding(admit, "partyKey")


def the_actor() -> Actor:
    """Who sends the present request."""
    actor: Actor = g.actor
    return actor


def the_party() -> RelyingParty:
    """The relying party that sends the present request."""
    party: RelyingParty = g.party
    return party


def _guarding(admit: Callable[[], None], security: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates views: `admit` comes first, and the API document names the kind of key."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            admit()
            return view(*args, **kwargs)

        documented: dict[str, Any] = getattr(view, "_apidoc", {})
        described: Any = guarded
        described._apidoc = {
            **documented,
            "manual_doc": {**documented.get("manual_doc", {}), "security": [{security: []}]},
        }
        return guarded

    return decorate


def _token() -> str:
    header = request.headers.get("Authorization", "")
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token or len(header) > _MAX_HEADER:
        raise NotAuthenticated("Send your API key in the header 'Authorization: Bearer <key>'.")
    return token.strip()
