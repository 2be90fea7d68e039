"""Challenges for keys that issuers want to register: the queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from registry.store.own_key_models import KeyChallenge


@dataclass(frozen=True, slots=True)
class StoredChallenge:
    """A challenge that nobody has answered yet, and for which key it was given."""

    public_key: bytes
    challenge: str
    expires_at: datetime


def insert_challenge(connection: Connection, issuer_id: int, new: StoredChallenge) -> None:
    """Store a challenge in the place of an earlier one for the same key. Raises IntegrityError for its twin."""
    connection.execute(
        delete(KeyChallenge).where(KeyChallenge.issuer_id == issuer_id, KeyChallenge.public_key == new.public_key)
    )
    connection.execute(
        insert(KeyChallenge).values(
            issuer_id=issuer_id, public_key=new.public_key, challenge=new.challenge, expires_at=new.expires_at
        )
    )


def find_challenge(connection: Connection, issuer_id: int, challenge: str) -> StoredChallenge | None:
    """A challenge that was given to an issuer."""
    statement = select(KeyChallenge.public_key, KeyChallenge.challenge, KeyChallenge.expires_at).where(
        KeyChallenge.issuer_id == issuer_id, KeyChallenge.challenge == challenge
    )
    row = connection.execute(statement).first()
    return None if row is None else StoredChallenge(*row)


def use_challenge(connection: Connection, issuer_id: int, challenge: str) -> bool:
    """Take a challenge away; False where somebody else did so before."""
    gone = delete(KeyChallenge).where(KeyChallenge.issuer_id == issuer_id, KeyChallenge.challenge == challenge)
    return connection.execute(gone).rowcount == 1


def count_challenges(connection: Connection, issuer_id: int) -> int:
    """How many challenges of an issuer wait for their answers."""
    statement = select(func.count()).where(KeyChallenge.issuer_id == issuer_id)
    return connection.scalar(statement) or 0


def forget_challenges(connection: Connection, issuer_id: int, before: datetime) -> None:
    """Drop an issuer's challenges that ended before a moment."""
    connection.execute(
        delete(KeyChallenge).where(KeyChallenge.issuer_id == issuer_id, KeyChallenge.expires_at < before)
    )
