"""RFC 6238: the published vectors, and which codes are taken at a time."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from registry.formats import totp

# Appendix B, the rows of SHA-1: seconds since 1970, and the code of eight digits.
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]
SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_vectors_of_the_rfc(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_at(SECRET, totp.step_at(now), digits=8) == code
    # Six digits are the last six of them (RFC 4226, section 5.3).
    assert totp.code_at(SECRET, totp.step_at(now)) == code[2:]
    assert totp.matching_step(SECRET, code[2:], now) == seconds // 30


def test_a_code_is_taken_one_step_early_or_late_and_no_further() -> None:
    now = datetime(2026, 3, 2, 4, 0, 15, tzinfo=UTC)
    step = totp.step_at(now)
    for apart in (-1, 0, 1):
        assert totp.matching_step(SECRET, totp.code_at(SECRET, step + apart), now) == step + apart
    for apart in (-2, 2):
        assert totp.matching_step(SECRET, totp.code_at(SECRET, step + apart), now) is None
    assert totp.step_at(now + timedelta(seconds=15)) == step + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "\ud800"[:0], "é" * 6])
def test_what_is_no_code_matches_nothing(code: str) -> None:
    assert totp.matching_step(SECRET, code, datetime(2026, 3, 2, tzinfo=UTC)) is None


def test_secrets_are_160_random_bits() -> None:
    first, second = totp.new_secret(), totp.new_secret()
    assert first != second
    assert len(base64.b32decode(first)) == 20


def test_the_address_for_the_app_names_account_and_issuer() -> None:
    uri = urlsplit(totp.provisioning_uri(SECRET, "li@cqc.example", "registry.example"))
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/registry.example:li%40cqc.example")
    assert parse_qs(uri.query) == {"secret": [SECRET], "issuer": ["registry.example"]}
