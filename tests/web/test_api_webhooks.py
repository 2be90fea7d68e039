"""The API of webhook endpoints: the secret told once, the challenge, what was delivered, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from registry.domain.reasons import Act
from registry.services.context import Registry, Scope, operator
from registry.services.outgoing import Sender
from registry.services.watching.deliver import Courier
from registry.web.application import build_application
from tests.conftest import party_bearer
from tests.services.watching.feeds import act, issued, work
from tests.services.watching.receivers import Inbox, echo_challenge, receiver
from tests.services.watching.test_outgoing import HERE
from tests.web.test_api import problem

WEBHOOKS = "/api/v1/webhooks"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with receiver() as found:
        found.answer = echo_challenge
        yield found


def test_from_the_registration_to_a_delivery_and_its_repetition(registry: Registry, inbox: Inbox) -> None:
    registry = replace(registry, settings=replace(registry.settings, webhook_http=True, webhook_networks=HERE))
    client, bank = build_application(registry).test_client(), party_bearer(registry)
    made = client.post(WEBHOOKS, json={"url": inbox.url, "types": ["certificate.suspended"]}, headers=bank)
    assert made.status_code == 201
    assert made.json["secret"].startswith("whsec_")
    assert made.json["state"] == "unverified"
    path = f"{WEBHOOKS}/{made.json['endpoint_id']}"
    assert client.post(f"{path}/verify", headers=bank).json["state"] == "active"
    (listed,) = client.get(WEBHOOKS, headers=bank).json["items"]
    assert "secret" not in listed
    rotated = client.post(f"{path}/rotate", json={"overlap_hours": 1}, headers=bank)
    assert rotated.json["secret"] not in {made.json["secret"], None}
    (public_id,) = issued(registry, operator(registry, "cqc"))
    client.post("/api/v1/watches", json={"items": [{"certificate": public_id}]}, headers=bank)
    act(registry, operator(registry, "cqc"), public_id, Act.SUSPEND)
    for _ in range(2):
        work(registry)
        Courier(registry, Sender(True, HERE, seconds=5)).deliver()
    (delivery,) = client.get(f"{path}/deliveries", headers=bank).json["items"]
    assert (delivery["state"], delivery["type"]) == ("delivered", "certificate.suspended")
    assert [one["status"] for one in delivery["attempts"]] == [204]
    assert client.post(f"{path}/repeat", json={"after": 0}, headers=bank).json == {"repeated": 1, "last": 1}
    assert client.delete(path, headers=bank).status_code == 204
    assert client.get(WEBHOOKS, headers=bank).json == {"items": []}


def test_addresses_inside_are_refused_and_said_to_be(registry: Registry) -> None:
    client, bank = build_application(registry).test_client(), party_bearer(registry)
    for url in ("http://bank.example/hook", "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest"):
        refused = client.post(WEBHOOKS, json={"url": url}, headers=bank)
        assert "/url" in {one["pointer"] for one in problem(refused, 422, "invalid-input")["errors"]}


def test_endpoints_of_others_are_not_there_and_a_reader_makes_none(registry: Registry) -> None:
    client, bank = build_application(registry).test_client(), party_bearer(registry)
    insurer, reader = party_bearer(registry, "insurer"), party_bearer(registry, scopes=[Scope.WATCH])
    asked = {"url": "https://bank.example/hook"}
    problem(client.post(WEBHOOKS, json=asked, headers=reader), 403, "not-permitted")
    made = client.post(WEBHOOKS, json=asked, headers=bank).json
    path = f"{WEBHOOKS}/{made['endpoint_id']}"
    for response in (
        client.get(f"{path}/deliveries", headers=insurer),
        client.post(f"{path}/verify", headers=insurer),
        client.post(f"{path}/rotate", json={}, headers=insurer),
        client.post(f"{path}/repeat", json={"after": 0}, headers=insurer),
        client.delete(path, headers=insurer),
    ):
        problem(response, 404, "not-found")
    assert client.get(WEBHOOKS, headers=insurer).json == {"items": []}
