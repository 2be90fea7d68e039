"""Standard Webhooks, against the specification's published vector and the independent package `standardwebhooks`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from registry.formats.standard_webhooks import MalformedSecret, new_secret, secret_bytes, sign, signed_headers

# In the tests of all the specification's libraries.
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_TIMESTAMP = 1614265330
VECTOR_BODY = b'{"test": 2432232314}'


def test_the_published_signature_is_made() -> None:
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign(VECTOR_SECRET, VECTOR_ID, VECTOR_TIMESTAMP, VECTOR_BODY) == expected
    assert sign(VECTOR_SECRET.removeprefix("whsec_"), VECTOR_ID, VECTOR_TIMESTAMP, VECTOR_BODY) == expected


@given(st.dictionaries(st.text(), st.text()), st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_another_implementation_accepts_what_was_signed_and_nothing_else(
    content: dict[str, str], message_id: str
) -> None:
    secret, body = new_secret(), json.dumps(content).encode()
    headers = signed_headers([secret], message_id, datetime.now(UTC), body)
    assert Webhook(secret).verify(body, headers) == content
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers | {"webhook-id": message_id + "x"})
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)


def test_while_a_secret_is_replaced_both_accept() -> None:
    old, new, body = new_secret(), new_secret(), b"{}"
    headers = signed_headers([new, old], "evt_1", datetime.now(UTC), body)
    assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers) == {}
    assert headers["webhook-signature"].count("v1,") == 2
    assert headers["webhook-signature"].count(" ") == 1


def test_an_old_attempt_can_not_be_sent_again() -> None:
    secret = new_secret()
    headers = signed_headers([secret], "evt_1", datetime(2026, 3, 2, tzinfo=UTC), b"{}")
    with pytest.raises(WebhookVerificationError, match="old"):
        Webhook(secret).verify(b"{}", headers)


def test_a_new_secret_is_of_the_specified_form_and_new() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(one.startswith("whsec_") and 24 <= len(secret_bytes(one)) <= 64 for one in made)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [("whsec_####", "base64"), ("whsec_", "0"), ("whsec_c2hvcnQ=", "5"), ("whsec_" + "QUFB" * 22, "66"), ("ä", "64")],
)
def test_a_secret_of_another_form_is_refused_without_being_told(secret: str, reason: str) -> None:
    with pytest.raises(MalformedSecret, match=reason) as refused:
        sign(secret, "evt_1", 1, b"")
    assert secret.removeprefix("whsec_") == "" or secret not in str(refused.value)


@pytest.mark.parametrize("message_id", ["evt.1", "", "evt 1", "evt_1\n", "x" * 65])
def test_an_id_that_could_pass_for_another_message_is_refused(message_id: str) -> None:
    with pytest.raises(ValueError, match="id of a message"):
        sign(VECTOR_SECRET, message_id, 1, b"")
