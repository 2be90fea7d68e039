"""Webhooks against real receivers: signed, tried again, never lost, and not for ever."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from registry.domain.errors import Conflict, InvalidInput, NotFound, NotPermitted
from registry.domain.reasons import Act
from registry.formats.standard_webhooks import sign
from registry.services.context import Actor, Registry, RelyingParty, Scope
from registry.services.outgoing import Sender
from registry.services.watching import endpoints
from registry.services.watching.deliver import Courier
from registry.services.watching.endpoints import NewSecret, add_endpoint, rotate_secret, verify
from registry.store.watch_models import WebhookEndpoint
from tests.conftest import Clock, sample_party
from tests.services.log.logs import end_of, fork
from tests.services.log.test_kill import _until
from tests.services.watching.feeds import act, feed, watched, work
from tests.services.watching.receivers import Inbox, Received, echo_challenge, receiver
from tests.services.watching.test_outgoing import HERE

# Of the schedule, with no jitter.
MIDDLE = 0.5
SENDER = Sender(True, HERE, seconds=5)


@pytest.fixture
def bank(registry: Registry) -> RelyingParty:
    return sample_party(registry)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with receiver() as found:
        found.answer = echo_challenge
        yield found


@pytest.fixture
def registry(registry: Registry) -> Registry:
    """With the machine itself within reach."""
    return replace(registry, settings=replace(registry.settings, webhook_http=True, webhook_networks=HERE))


def connected(registry: Registry, bank: RelyingParty, inbox: Inbox) -> NewSecret:
    """A verified endpoint; the challenge is forgotten."""
    made = add_endpoint(registry, bank, inbox.url, [], None)
    verify(registry, bank, made.endpoint.endpoint_id, SENDER)
    inbox.requests.clear()
    return made


def deliver(registry: Registry) -> None:
    work(registry)
    Courier(registry, SENDER, lambda: MIDDLE).deliver()


def got(inbox: Inbox) -> list[int]:
    """The numbers of the events that came, in the order in which they came."""
    return [one.content["data"]["number"] for one in inbox.requests]


def state_of(registry: Registry, bank: RelyingParty) -> str:
    (only,) = endpoints.list_endpoints(registry, bank)
    return only.state


def away(_: Received) -> tuple[int, dict[str, str], bytes]:
    return 503, {}, b"maintenance"


def test_a_delivery_is_the_event_signed_so_that_another_implementation_accepts_it(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox, clock: Clock
) -> None:
    clock.now = datetime.now(UTC)
    secret = connected(registry, bank, inbox).secret
    (public_id,) = watched(registry, actor, bank)
    act(registry, actor, public_id, Act.SUSPEND)
    deliver(registry)
    (only,) = inbox.requests
    assert Webhook(secret).verify(only.body, dict(only.headers)) == feed(registry, bank)[0]
    assert only.headers["webhook-id"] == "evt_bank_1"
    assert only.headers["content-type"] == "application/json"
    deliver(registry)
    assert len(inbox.requests) == 1


def test_nothing_is_sent_to_who_did_not_pass_the_challenge(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox
) -> None:
    made = add_endpoint(registry, bank, inbox.url, [], None).endpoint.endpoint_id
    for answer in ((200, b"{}"), (200, b'{"challenge": "x"}'), (200, b"["), (404, b"")):
        inbox.answer = lambda _, answer=answer: (answer[0], {}, answer[1])  # type: ignore[misc]
        with pytest.raises(Conflict, match="could not be verified"):
            verify(registry, bank, made, SENDER)
    with pytest.raises(Conflict, match="nothing is sent"):
        verify(registry, bank, made, Sender(True))
    inbox.requests.clear()
    (public_id,) = watched(registry, actor, bank)
    act(registry, actor, public_id, Act.SUSPEND)
    deliver(registry)
    assert inbox.requests == []
    assert state_of(registry, bank) == "unverified"


def test_the_secret_is_sealed_and_told_to_nobody(registry: Registry, bank: RelyingParty, inbox: Inbox) -> None:
    made = add_endpoint(registry, bank, inbox.url, [], None)
    with registry.database.read() as connection:
        (sealed,) = connection.scalars(select(WebhookEndpoint.secret))
    assert made.secret.encode() not in sealed
    assert made.secret.removeprefix("whsec_").encode() not in sealed
    assert "whsec_" not in repr(made) + repr(made.endpoint)
    assert "secret=" not in repr(made.endpoint)


def test_while_a_secret_is_replaced_both_sign(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox, clock: Clock
) -> None:
    made = connected(registry, bank, inbox)
    new = rotate_secret(registry, bank, made.endpoint.endpoint_id, timedelta(hours=2)).secret
    for public_id, hours in zip(watched(registry, actor, bank, 2), (1, 2), strict=True):
        clock.advance(hours=hours)
        act(registry, actor, public_id, Act.WITHDRAW)
        deliver(registry)
    both, one = (request.headers["webhook-signature"].split() for request in inbox.requests)
    (first, second) = inbox.requests
    at = (int(first.headers["webhook-timestamp"]), int(second.headers["webhook-timestamp"]))
    assert both == [sign(secret, "evt_bank_1", at[0], first.body) for secret in (new, made.secret)]
    assert one == [sign(new, "evt_bank_2", at[1], second.body)]


def test_a_receiver_that_is_away_for_a_day_misses_nothing(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox, clock: Clock
) -> None:
    connected(registry, bank, inbox)
    public_ids = watched(registry, actor, bank, 30)
    inbox.answer = away
    for public_id in public_ids:
        act(registry, actor, public_id, Act.SUSPEND)
    for _ in range(24 * 4):
        deliver(registry)
        clock.advance(minutes=15)
    # It was left alone: not all thirty were tried each time.
    assert len(inbox.requests) < 200
    assert state_of(registry, bank) == "active"
    inbox.requests.clear()
    inbox.answer = echo_challenge
    for _ in range(3):
        deliver(registry)
        clock.advance(minutes=15)
    assert sorted(got(inbox)) == list(range(1, 31))


def test_after_three_days_it_is_given_up_with_a_notice_and_can_begin_anew(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox, clock: Clock
) -> None:
    made = connected(registry, bank, inbox)
    (public_id,) = watched(registry, actor, bank)
    inbox.answer = away
    act(registry, actor, public_id, Act.SUSPEND)
    begun = clock.now
    while state_of(registry, bank) == "active":
        deliver(registry)
        clock.advance(hours=1)
        assert clock.now - begun < timedelta(days=4)
    assert clock.now - begun >= timedelta(days=3)
    (failed,) = endpoints.list_deliveries(registry, bank, made.endpoint.endpoint_id, None, 10, None)
    assert failed.state == "failed"
    assert len(failed.attempts) >= 8
    assert {(one.status, one.problem) for one in failed.attempts} == {(503, "it answered 503")}
    gaps = [b.at - a.at for a, b in zip(failed.attempts, failed.attempts[1:], strict=False)]
    assert gaps[0] <= gaps[-2]
    notice = feed(registry, bank)[-1]
    assert (notice["type"], notice["data"]["webhook"]) == ("webhook.disabled", made.endpoint.endpoint_id)
    act(registry, actor, public_id, Act.RESTORE)
    deliver(registry)
    inbox.requests.clear()
    inbox.answer = echo_challenge
    with pytest.raises(Conflict, match="disabled"):
        endpoints.repeat(registry, bank, made.endpoint.endpoint_id, 0)
    verify(registry, bank, made.endpoint.endpoint_id, SENDER)
    inbox.requests.clear()
    assert endpoints.repeat(registry, bank, made.endpoint.endpoint_id, 0) == [1, 2, 3]
    deliver(registry)
    assert got(inbox) == [1, 2, 3]
    assert endpoints.repeat(registry, bank, made.endpoint.endpoint_id, 1, 2) == [2]
    deliver(registry)
    assert got(inbox) == [1, 2, 3, 2]


def test_an_endpoint_that_says_it_is_gone_is_disabled_at_once(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox
) -> None:
    connected(registry, bank, inbox)
    (public_id,) = watched(registry, actor, bank)
    inbox.answer = lambda _: (410, {}, b"")
    act(registry, actor, public_id, Act.SUSPEND)
    deliver(registry)
    assert state_of(registry, bank) == "disabled"


def test_retry_after_is_heeded(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox, clock: Clock
) -> None:
    connected(registry, bank, inbox)
    (public_id,) = watched(registry, actor, bank)
    inbox.answer = lambda _: (429, {"Retry-After": "600"}, b"")
    act(registry, actor, public_id, Act.SUSPEND)
    deliver(registry)
    inbox.answer = echo_challenge
    clock.advance(seconds=599)
    deliver(registry)
    assert len(inbox.requests) == 1
    clock.advance(seconds=1)
    deliver(registry)
    assert got(inbox) == [1, 1]


def test_only_the_types_that_were_asked_for_are_sent(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox
) -> None:
    made = add_endpoint(registry, bank, inbox.url, ["certificate.withdrawn"], None)
    verify(registry, bank, made.endpoint.endpoint_id, SENDER)
    inbox.requests.clear()
    (public_id,) = watched(registry, actor, bank)
    for what in (Act.SUSPEND, Act.WITHDRAW):
        act(registry, actor, public_id, what)
    deliver(registry)
    assert [one.content["type"] for one in inbox.requests] == ["certificate.withdrawn"]
    assert endpoints.repeat(registry, bank, made.endpoint.endpoint_id, 0) == [2]


def test_several_workers_send_each_event_once(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox
) -> None:
    connected(registry, bank, inbox)
    for public_id in watched(registry, actor, bank, 60):
        act(registry, actor, public_id, Act.SUSPEND)
    work(registry)
    workers = [Thread(target=Courier(registry, SENDER).deliver) for _ in range(3)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sorted(got(inbox)) == list(range(1, 61))


def test_a_worker_that_is_killed_at_any_step_loses_nothing(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox, clock: Clock
) -> None:
    """From the change to the answer; the receiver may get an event twice, under the same id."""
    connected(registry, bank, inbox)
    public_ids = iter(watched(registry, actor, bank, 100))
    for step in range(1, 50):
        for _ in range(2):
            act(registry, actor, next(public_ids), Act.SUSPEND)
        ended = end_of(fork(registry, _until(step, deliver)))
        clock.advance(minutes=3)
        deliver(registry)
        assert set(got(inbox)) == set(range(1, 2 * step + 1)), f"killed at step {step}"
        if ended == 0:
            assert step > 15
            break
        assert ended == -signal.SIGKILL
    else:
        pytest.fail("it never came to its end")
    ids = {one.headers["webhook-id"]: one.content["data"]["number"] for one in inbox.requests}
    assert len(ids) == len(set(got(inbox)))


def test_another_partys_endpoint_is_not_there(registry: Registry, bank: RelyingParty, inbox: Inbox) -> None:
    insurer = sample_party(registry, "insurer")
    its = connected(registry, insurer, inbox).endpoint.endpoint_id
    assert endpoints.list_endpoints(registry, bank) == []
    for do in (
        lambda: verify(registry, bank, its, SENDER),
        lambda: rotate_secret(registry, bank, its),
        lambda: endpoints.remove_endpoint(registry, bank, its),
        lambda: endpoints.repeat(registry, bank, its, 0),
        lambda: endpoints.list_deliveries(registry, bank, its, None, 1, None),
    ):
        with pytest.raises(NotFound):
            do()
    assert inbox.requests == []


def test_what_is_no_endpoint_and_who_may_not_make_one(registry: Registry, bank: RelyingParty) -> None:
    for url, types, label in (
        ("ftp://bank.example/", [], None),
        ("https://bank.example/", ["certificate.born"], None),
        ("https://bank.example/", [], "\n"),
    ):
        with pytest.raises(InvalidInput):
            add_endpoint(registry, bank, url, types, label)
    with pytest.raises(NotPermitted):
        add_endpoint(registry, replace(bank, scopes=frozenset({Scope.WATCH})), "https://bank.example/", [], None)
    for _ in range(endpoints.MAX_ENDPOINTS):
        add_endpoint(registry, bank, "https://bank.example/", [], None)
    with pytest.raises(Conflict, match="Remove one"):
        add_endpoint(registry, bank, "https://bank.example/", [], None)


def test_an_endpoint_goes_with_its_deliveries(
    registry: Registry, actor: Actor, bank: RelyingParty, inbox: Inbox
) -> None:
    made = connected(registry, bank, inbox).endpoint.endpoint_id
    (public_id,) = watched(registry, actor, bank)
    act(registry, actor, public_id, Act.SUSPEND)
    deliver(registry)
    endpoints.remove_endpoint(registry, bank, made)
    act(registry, actor, public_id, Act.RESTORE)
    deliver(registry)
    assert got(inbox) == [1]
    assert endpoints.list_endpoints(registry, bank) == []
