"""Passwords: which are accepted, and how they are kept (argon2id with the second choice of RFC 9106, section 4)."""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH, MAX_LENGTH = 12, 200
_MIN_DISTINCT = 5
_HASHER = PasswordHasher()
# Verified in place of a hash that is not there, so that this takes the same time: as `_HASHER` makes them.
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$YHpAJ3IbkjKC0oruGY6zng$n72905/8vGP7RZ1PLB+B7juF0pxAeVNhFokniXMu3ZY"


def why_unfit(password: str, email: str, name: str) -> str | None:
    """What is wrong with a password that somebody chose; None where it is accepted.

    Length is what counts (NIST SP 800-63B, 5.1.1.2): no rules of composition, but nothing that is guessed first.
    """
    typed = _normalized(password)
    if len(typed) < MIN_LENGTH:
        return f"a password needs at least {MIN_LENGTH} characters"
    if len(typed) > MAX_LENGTH:
        return f"longer than {MAX_LENGTH} characters"
    folded = typed.casefold()
    if len(set(folded)) < _MIN_DISTINCT or folded in {email.casefold(), name.casefold()}:
        return "too easily guessed: choose several words that have nothing to do with you"
    return None


def hash_password(password: str) -> str:
    """As it is kept."""
    return _HASHER.hash(_normalized(password))


def is_right(password: str, kept: str | None) -> bool:
    """Whether a password is the one that is kept; takes the same time where none is kept."""
    try:
        _HASHER.verify(kept or NOBODYS, _normalized(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def _normalized(password: str) -> str:
    # The same characters typed on another keyboard (SP 800-63B, 5.1.1.2).
    return unicodedata.normalize("NFKC", password)
