"""Branch offices of an issuer."""

from __future__ import annotations

import re

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.errors import Conflict, InvalidInput, NotFound, Violation
from registry.domain.schemes import Text
from registry.services.context import Actor, Registry, Verb, audit
from registry.store import people as store
from registry.store.people import StoredBranch

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,31}")
_MAX_NAME = 200


def list_branches(registry: Registry, actor: Actor) -> list[StoredBranch]:
    """The branches of the issuer by code, closed ones too. Raises NotPermitted."""
    actor.require(Verb.READ)
    with registry.database.read() as connection:
        return store.branches_of(connection, actor.issuer_id)


def add_branch(registry: Registry, actor: Actor, code: str, name: Text) -> None:
    """Add a branch. Raises InvalidInput, Conflict, NotPermitted."""
    actor.require(Verb.ADMINISTER)
    wrong = []
    if not _CODE.fullmatch(code):
        wrong.append(Violation(("code",), "must have 2 to 32 small letters, digits and hyphens"))
    for field, text in (("name_zh", name.zh), ("name_en", name.en)):
        if text is not None and not (text.strip() and len(text) <= _MAX_NAME and text.isprintable()):
            wrong.append(Violation((field,), f"must have 1 to {_MAX_NAME} printable characters"))
    if wrong:
        raise InvalidInput(wrong)
    now = registry.now()
    try:
        with registry.database.transaction() as connection:
            store.insert_branch(connection, actor.issuer_id, code, name, now)
            audit(connection, now, actor, "branch.add", code, name=name.zh)
    except IntegrityError:
        raise Conflict(f"A branch with the code {code!r} exists already.") from None


def close_branch(registry: Registry, actor: Actor, code: str) -> None:
    """Let a branch take no more people. Raises NotFound, NotPermitted."""
    actor.require(Verb.ADMINISTER)
    now = registry.now()
    with registry.database.transaction() as connection:
        branch = _branch(connection, actor, code)
        if branch.closed_at is None:
            store.update_branch(connection, branch.id, closed_at=now)
            audit(connection, now, actor, "branch.close", code)


def _branch(connection: Connection, actor: Actor, code: str) -> StoredBranch:
    for branch in store.branches_of(connection, actor.issuer_id):
        if branch.code == code:
            return branch
    raise NotFound("No branch of yours has this code.")
