"""How often one may try to sign in. Counted in the database, so that all processes agree."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from registry.domain.errors import RegistryError
from registry.services.context import Registry
from registry.store import user_sessions as store

WINDOW = timedelta(minutes=15)
# Passwords tried on one account, codes of the second factor tried by one person, and passwords tried from one address.
_LIMITS = {"account": 10, "code": 5, "address": 50}


class TooManyAttempts(RegistryError):
    """Somebody tried to sign in too often; `minutes` is how long to wait at most."""

    def __init__(self) -> None:
        self.minutes = int(WINDOW.total_seconds() // 60)
        super().__init__(f"Too many attempts to sign in. Wait {self.minutes} minutes, then try again.")


def count_attempt(registry: Registry, **subjects: str) -> bool:
    """Count an attempt before it is made, by `account`, `code` or `address`.

    Raises TooManyAttempts; returns whether it is the last one that any of the subjects has.
    """
    now = registry.now()
    last = refused = False
    with registry.database.transaction() as connection:
        store.forget_old_attempts(connection, now - WINDOW)
        for kind, subject in sorted(subjects.items()):
            attempts = store.count_attempt(connection, _digest(kind, subject), now, now - WINDOW)
            last = last or attempts == _LIMITS[kind]
            refused = refused or attempts > _LIMITS[kind]
    if refused:
        raise TooManyAttempts
    return last


def forgive(registry: Registry, kind: str, subject: str) -> None:
    """Begin to count anew after a success."""
    with registry.database.transaction() as connection:
        store.forget_attempts(connection, _digest(kind, subject))


def _digest(kind: str, subject: str) -> bytes:
    return hashlib.sha256(f"{kind}:{subject}".encode()).digest()
