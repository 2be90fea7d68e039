"""Time-based one-time passwords (RFC 6238), as all authenticator apps know them: SHA-1, 6 digits, 30 seconds."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp

STEP_SECONDS = 30
DIGITS = 6


def new_secret() -> str:
    """160 random bits in base32, as RFC 4226 (section 4) recommends."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, account: str, issuer: str) -> str:
    """What the QR code for an authenticator app says: otpauth://totp/…"""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_at(now: datetime) -> int:
    """The time step T of RFC 6238, section 4.2."""
    return int(now.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of a time step."""
    return pyotp.HOTP(secret, digits=digits).at(step)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that a code belongs to: the present one, or one beside it for clocks that differ (section 5.2)."""
    present = step_at(now)
    matching = None
    for step in (present + 1, present - 1, present):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            matching = step
    return matching
