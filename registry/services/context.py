"""What every service works with, and on whose behalf."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection

from keys import FileKeyStore, Pkcs11Token
from registry.domain.errors import Misconfigured, NotFound, NotPermitted
from registry.domain.public_id import parse_public_id
from registry.settings import Settings
from registry.store import access
from registry.store.certificates import find_stored
from registry.store.database import Database
from registry.store.issuers import StoredIssuer, find_issuer


class Verb(StrEnum):
    """What an API key or a person can be allowed to do."""

    READ = "read"
    ISSUE = "issue"
    SUSPEND = "suspend"
    RESTORE = "restore"
    WITHDRAW = "withdraw"
    CANCEL = "cancel"
    REISSUE = "reissue"
    # Record surveillance audits and set their dates.
    SURVEY = "survey"
    # Decide about acts that wait for a second officer.
    APPROVE = "approve"
    # Read and export the audit trail.
    AUDIT = "audit"
    # Change who and what belongs to the issuer: people, API keys, branches, keys, settings.
    ADMINISTER = "administer"


CERTIFICATE_VERBS = (
    Verb.READ,
    Verb.ISSUE,
    Verb.SUSPEND,
    Verb.RESTORE,
    Verb.WITHDRAW,
    Verb.CANCEL,
    Verb.REISSUE,
    Verb.SURVEY,
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts for one issuer.

    `name` goes into the audit trail, and `origin`, the network address that the request came from. At the terminal
    there is no address, and neither an API key nor a user of the console. `branch_id` is the branch of the issuer that
    certificates are issued by.
    """

    name: str
    issuer_id: int
    verbs: frozenset[Verb]
    api_key_id: int | None = None
    user_id: int | None = None
    origin: str | None = None
    branch_id: int | None = None

    def require(self, verb: Verb) -> None:
        """Raises NotPermitted unless the actor may do this."""
        if verb not in self.verbs:
            allowed = ", ".join(sorted(self.verbs)) or "nothing"
            who = "This API key" if self.user_id is None else "Your role"
            raise NotPermitted(f"{who} does not allow '{verb}'; it allows: {allowed}.")


class Scope(StrEnum):
    """What an API key of a relying party can be allowed to do."""

    # Verify certificates, one or a portfolio.
    VERIFY = "verify"
    # Watch certificates, and read what happened to them.
    WATCH = "watch"
    # Have receipts made, read and export them.
    RECEIPTS = "receipts"
    # Change what belongs to the party: API keys, webhooks, settings.
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Somebody who acts for one relying party: a tenant of its own, which sees nothing of any other.

    `name` goes into the audit trail, and `origin`, the network address that the request came from.
    """

    name: str
    party_id: int
    code: str
    scopes: frozenset[Scope]
    key_id: str | None = None
    origin: str | None = None

    def require(self, scope: Scope) -> None:
        """Raises NotPermitted unless the party may do this."""
        if scope not in self.scopes:
            allowed = ", ".join(sorted(self.scopes)) or "nothing"
            raise NotPermitted(f"This API key does not allow '{scope}'; it allows: {allowed}.")


@dataclass(frozen=True, slots=True)
class Registry:
    """One registry at work: its settings, database, keys and clock."""

    settings: Settings
    database: Database
    keys: FileKeyStore
    clock: Callable[[], datetime]

    @property
    def base_url(self) -> str:
        """The address that the world sees."""
        return self.settings.base_url

    def now(self) -> datetime:
        """The time in UTC, in whole microseconds as the databases keep it."""
        return self.clock().astimezone(UTC)


def open_registry(
    settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC), *, signing: bool = True
) -> Registry:
    """A registry by its settings; one that signs nothing needs no passphrase.

    Raises Misconfigured, keys.KeyStoreError.
    """
    keys = open_keys(settings) if signing else FileKeyStore(settings.keys_dir, None)
    return Registry(settings, Database(settings.database_url, settings.database_pool), keys, clock)


def open_keys(settings: Settings) -> FileKeyStore:
    """The key store by its settings, with the token where there is one. Raises Misconfigured, keys.KeyStoreError."""
    return FileKeyStore(settings.keys_dir, settings.require_passphrase(), configured_token(settings))


def configured_token(settings: Settings) -> Pkcs11Token | None:
    """The token that the settings name. Raises Misconfigured where they are not complete."""
    if settings.pkcs11_module is None and settings.pkcs11_token is None:
        return None
    if settings.pkcs11_module is None or settings.pkcs11_token is None:
        raise Misconfigured("A token needs both REGISTRY_PKCS11_MODULE and REGISTRY_PKCS11_TOKEN.")
    return Pkcs11Token(settings.pkcs11_module, settings.pkcs11_token, settings.require_token_pin())


def operator(registry: Registry, issuer_code: str, name: str = "terminal") -> Actor:
    """The operator at the terminal, acting for an issuer. Raises NotFound."""
    with registry.database.read() as connection:
        issuer = require_issuer(connection, issuer_code)
    return Actor(name, issuer.id, frozenset(Verb))


def operator_for(registry: Registry, public_id: str, name: str = "terminal") -> Actor:
    """The operator at the terminal, acting for the issuer of a certificate. Raises MalformedPublicId, NotFound."""
    with registry.database.read() as connection:
        row = find_stored(connection, parse_public_id(public_id))
    if row is None:
        raise NotFound("No certificate with this id is in the registry.")
    return Actor(name, row.issuer_id, frozenset(Verb))


def require_issuer(connection: Connection, code: str) -> StoredIssuer:
    """The issuer of a code. Raises NotFound."""
    issuer = find_issuer(connection, code)
    if issuer is None:
        raise NotFound(f"No issuer has the code {code!r}.")
    return issuer


def audit(
    connection: Connection,
    at: datetime,
    actor: Actor,
    act: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **details: str | int | None,
) -> None:
    """Add to the audit trail an act on behalf of an issuer, with what it changed, as it was and as it became."""
    audit_for(connection, at, actor, actor.issuer_id, act, subject, before=before, after=after, **details)


def audit_for(
    connection: Connection,
    at: datetime,
    who: Actor | RelyingParty | str,
    issuer_id: int | None,
    act: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **details: str | int | None,
) -> None:
    """The same for an act that concerns an issuer, or the registry itself (None), whoever does it.

    Those who act for no issuer have a name only.
    """
    name, more = _who(who)
    access.insert_audit(connection, at, name, act, issuer_id, subject, details, before=before, after=after, **more)


class AuditedAct(NamedTuple):
    """One of many acts for the audit trail: when, which, on what, details, and the thing before and after."""

    at: datetime
    act: str
    subject: str
    details: Mapping[str, str | int | None]
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def audit_many(connection: Connection, actor: Actor, acts: Sequence[AuditedAct]) -> None:
    """The same as `audit` for many acts."""
    name, more = _who(actor)
    same = {"actor": name, "issuer_id": actor.issuer_id, **more}
    access.insert_audits(connection, [{**act._asdict(), **same} for act in acts])


def _who(who: Actor | RelyingParty | str) -> tuple[str, dict[str, Any]]:
    if isinstance(who, str):
        return who, {}
    if isinstance(who, RelyingParty):
        return who.name, {"origin": who.origin}
    return who.name, {"api_key_id": who.api_key_id, "user_id": who.user_id, "origin": who.origin}
