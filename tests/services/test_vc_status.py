"""What status lists say against a credential that is handed in, and which lists are asked at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from registry.domain.reasons import Act, Reason
from registry.formats import bitstring_status_list as status_list
from registry.formats import canonical_json
from registry.formats.bitstring_status_list import MINIMUM_LENGTH, Problem, status_list_credential
from registry.formats.proofs import Cryptosuite
from registry.services import conformance, find
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry
from registry.services.fetch_status_list import MAX_BYTES
from registry.services.issue import issue
from registry.services.status_lists import StatusLists
from registry.services.vc_api import Options, VcApi
from registry.services.vc_problem import VcRefused
from tests.conftest import BASE_URL, NOON, Clock, sample_certificate
from tests.services.foreign_signers import HOLDER, ISSUER, JCS, STRANGER, credential, presentation

BOTH = pytest.mark.parametrize("suite", list(Cryptosuite))
ALL = Options()
REVOCATION = status_list.Purpose.REVOCATION


def vc_api(registry: Registry, *origins: str) -> VcApi:
    settings = replace(registry.settings, vc_api=True, vc_api_status_hosts=frozenset(origins))
    registry = replace(registry, settings=settings)
    return VcApi(registry, StatusLists(registry))


def refusal(api: VcApi, document: Any) -> tuple[str, str, str | None]:
    with pytest.raises(VcRefused) as refused:
        api.verify_credential(document, ALL)
    first = refused.value.problems[0]
    return first.type, first.detail, first.pointer


# Lists of this registry


def test_own_certificates_verify_until_the_lists_say_otherwise(registry: Registry, actor: Actor, clock: Clock) -> None:
    api = vc_api(registry)
    public_id = issue(registry, actor, sample_certificate()).public_id
    document = canonical_json.parse(find.stored_document(registry, public_id)[1])
    assert api.verify_credential(document, ALL) == []
    clock.advance(hours=1)
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    clock.advance(seconds=2)
    kind, detail, pointer = refusal(api, document)
    assert (kind, pointer) == (Problem.VERIFICATION.type, "/verifiableCredential/credentialStatus/1")
    assert "suspension" in detail
    change_status(registry, actor, public_id, Act.RESTORE, Reason.SURVEILLANCE_COMPLETED)
    clock.advance(seconds=2)
    assert api.verify_credential(document, ALL) == []
    change_status(registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    clock.advance(seconds=2)
    assert refusal(api, document)[2] == "/verifiableCredential/credentialStatus/0"
    assert api.verify_credential(document, Options(checks=["proof"])) == []
    with pytest.raises(VcRefused):
        api.verify_credential(document, Options(checks=["proof", "credentialStatus"]))


@BOTH
def test_the_list_of_an_instance_is_a_credential_like_others(sqlite_registry: Registry, suite: Cryptosuite) -> None:
    api = vc_api(sqlite_registry)
    published = conformance.status_list_credential(sqlite_registry, suite)
    assert published["id"] == f"{BASE_URL}/vc-api/{suite}/status-lists/revocation"
    assert api.verify_credential(published, ALL) == []
    assert len(status_list.unpack_list(published).bits) * 8 == MINIMUM_LENGTH


@pytest.mark.parametrize(
    "url",
    [
        f"{BASE_URL}/status-lists/77/revocation",
        f"{BASE_URL}/status-lists/1/refresh",
        f"{BASE_URL}/status-lists/1/revocation/..",
        f"{BASE_URL}.elsewhere.example/status-lists/1/revocation",
        "file:///etc/passwd",
        "http://127.0.0.1:1/list",
        "http://169.254.169.254/latest/meta-data/",
        "data:application/vc,{}",
    ],
)
def test_no_other_list_is_asked_unless_the_settings_name_its_server(sqlite_registry: Registry, url: str) -> None:
    entry = status_list.status_entry(url, 7, REVOCATION)
    signed = ISSUER.sign(credential(credentialStatus=entry), JCS)
    kind, _, pointer = refusal(vc_api(sqlite_registry), signed)
    assert (kind, pointer) == (Problem.RETRIEVAL.type, "/verifiableCredential/credentialStatus")


# Lists of other servers

Answer = Callable[[BaseHTTPRequestHandler], None]


class ListServer:
    """A server of somebody else on this machine, which answers what a test tells it to and keeps what it was asked."""

    def __init__(self, server: HTTPServer) -> None:
        self.origin = f"http://127.0.0.1:{server.server_port}"
        self.url = self.origin + "/list"
        self.asked: list[str] = []
        self.answer: Answer = lambda handler: handler.send_error(404)

    def publishes(self, document: Any) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.answer = answer

    def redirects(self, to: str) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", to)
            handler.end_headers()

        self.answer = answer


@contextmanager
def _serving() -> Iterator[ListServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            found.answer(self)

        def log_message(self, *_: Any) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found = ListServer(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture
def lists() -> Iterator[ListServer]:
    with _serving() as server:
        yield server


def list_document(url: str, *, revoked: tuple[int, ...] = (), length: int = MINIMUM_LENGTH, **changes: Any) -> Any:
    """A list of revocations by ISSUER, not signed."""
    bits = status_list.bitstring(length, revoked)
    document = status_list_credential(
        url, ISSUER.did, REVOCATION, bits, NOON, NOON + timedelta(days=1), timedelta(minutes=5)
    )
    subject = {**document["credentialSubject"], **changes.pop("subject", {})}
    return {**document, "credentialSubject": subject, **changes}


def holding(url: str, index: int = 7, **changes: Any) -> dict[str, Any]:
    """A signed credential whose status is in the list."""
    entry = {**status_list.status_entry(url, index, REVOCATION), **changes}
    return ISSUER.sign(credential(credentialStatus=entry), JCS)


@BOTH
def test_a_list_of_a_named_server_is_fetched_and_read(
    sqlite_registry: Registry, lists: ListServer, suite: Cryptosuite
) -> None:
    api = vc_api(sqlite_registry, lists.origin)
    lists.publishes(ISSUER.sign(list_document(lists.url, revoked=(8,)), suite))
    assert api.verify_credential(holding(lists.url, 7), ALL) == []
    kind, detail, _ = refusal(api, holding(lists.url, 8))
    assert (kind, detail) == (Problem.VERIFICATION.type, "the status list says: revocation")
    within = HOLDER.sign(presentation(holding(lists.url, 8)), suite, purpose="authentication")
    with pytest.raises(VcRefused) as refused:
        api.verify_presentation(within, ALL)
    assert refused.value.problems[0].pointer == "/verifiablePresentation/verifiableCredential/0/credentialStatus"


def test_a_server_that_is_not_named_hears_nothing(sqlite_registry: Registry, lists: ListServer) -> None:
    lists.publishes(ISSUER.sign(list_document(lists.url), JCS))
    by_name = lists.url.replace("127.0.0.1", "localhost")
    for api, url in (
        (vc_api(sqlite_registry), lists.url),
        (vc_api(sqlite_registry, "https://lists.example"), lists.url),
        (vc_api(sqlite_registry, lists.origin), by_name),
        (vc_api(sqlite_registry, lists.origin), lists.url.replace("http://", "http://user@")),
    ):
        assert refusal(api, holding(url))[0] == Problem.RETRIEVAL.type
    assert lists.asked == []


def test_a_list_by_another_authority_than_the_credentials_issuer_counts(
    sqlite_registry: Registry, lists: ListServer
) -> None:
    lists.publishes(STRANGER.sign(list_document(lists.url, issuer=STRANGER.did), JCS))
    assert vc_api(sqlite_registry, lists.origin).verify_credential(holding(lists.url), ALL) == []


def test_several_purposes_in_one_list_and_harmless_ones(sqlite_registry: Registry, lists: ListServer) -> None:
    api = vc_api(sqlite_registry, lists.origin)
    subject = {"statusPurpose": ["refresh", "revocation", "message"]}
    lists.publishes(ISSUER.sign(list_document(lists.url, revoked=(8,), subject=subject), JCS))
    assert api.verify_credential(holding(lists.url, 7), ALL) == []
    assert refusal(api, holding(lists.url, 8))[0] == Problem.VERIFICATION.type
    for harmless in ("refresh", "message"):
        assert api.verify_credential(holding(lists.url, 8, statusPurpose=harmless), ALL) == []


def published(**changes: Any) -> Callable[[str], Any]:
    """Makes the signed list for a URL."""
    return lambda url: ISSUER.sign(list_document(url, **changes), JCS)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (published(length=MINIMUM_LENGTH - 8), Problem.LENGTH),
        (published(subject={"statusPurpose": "suspension"}), Problem.VERIFICATION),
        (published(type=["VerifiableCredential"]), Problem.MALFORMED),
        (published(subject={"type": "OtherList"}), Problem.MALFORMED),
        (published(subject={"encodedList": "uAAAA"}), Problem.MALFORMED),
        (published(id="https://lists.example/other"), Problem.VERIFICATION),
        (published(validFrom="2026-03-01T00:00:00Z", validUntil="2026-03-02T03:00:00Z"), Problem.VERIFICATION),
        (lambda url: STRANGER.sign(list_document(url), JCS), Problem.VERIFICATION),
        (lambda url: {**published()(url), "name": "altered"}, Problem.VERIFICATION),
        (list_document, Problem.VERIFICATION),
        (lambda _: [], Problem.RETRIEVAL),
        (lambda _: b"not JSON", Problem.RETRIEVAL),
        (lambda _: b" " * (MAX_BYTES + 1), Problem.RETRIEVAL),
    ],
)
def test_a_list_that_is_not_right_tells_nothing(
    sqlite_registry: Registry, lists: ListServer, make: Callable[[str], Any], problem: Problem
) -> None:
    lists.publishes(make(lists.url))
    kind, _, pointer = refusal(vc_api(sqlite_registry, lists.origin), holding(lists.url))
    assert (kind, pointer) == (problem.type, "/verifiableCredential/credentialStatus")
    assert lists.asked == ["/list"]


def test_redirects_and_errors_are_no_lists(sqlite_registry: Registry, lists: ListServer) -> None:
    api = vc_api(sqlite_registry, lists.origin)
    with _serving() as other:
        other.publishes(ISSUER.sign(list_document(lists.url), JCS))
        lists.redirects(other.url)
        assert refusal(api, holding(lists.url))[0] == Problem.RETRIEVAL.type
        assert other.asked == []
    lists.answer = lambda handler: handler.send_error(500)
    assert refusal(api, holding(lists.url))[0] == Problem.RETRIEVAL.type
    assert (
        refusal(vc_api(sqlite_registry, "http://127.0.0.1:1"), holding("http://127.0.0.1:1/"))[0]
        == Problem.RETRIEVAL.type
    )


@BOTH
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"length": MINIMUM_LENGTH - 8}, Problem.LENGTH),
        ({"subject": {"encodedList": "not a list"}}, Problem.MALFORMED),
        ({"subject": {"statusPurpose": 7}}, Problem.MALFORMED),
    ],
)
def test_a_list_that_is_handed_in_is_judged_as_a_list(
    sqlite_registry: Registry, suite: Cryptosuite, changes: dict[str, Any], problem: Problem
) -> None:
    api = vc_api(sqlite_registry)
    url = "https://lists.example/1"
    assert api.verify_credential(ISSUER.sign(list_document(url), suite), ALL) == []
    issued = api.issue(list_document(url), suite)
    assert issued["credentialSubject"] == list_document(url)["credentialSubject"]
    assert "credentialStatus" not in issued
    assert refusal(api, ISSUER.sign(list_document(url, **changes), suite))[0] == problem.type
    with pytest.raises(VcRefused):
        api.issue(list_document(url, **changes), suite)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"statusListIndex": str(MINIMUM_LENGTH)}, Problem.RANGE),
        ({"statusListIndex": "-1"}, Problem.MALFORMED),
        ({"statusListIndex": 7}, Problem.MALFORMED),
        ({"statusPurpose": "suspension"}, Problem.VERIFICATION),
        ({"statusPurpose": ["revocation"]}, Problem.MALFORMED),
        ({"type": "ExampleStatus"}, Problem.VERIFICATION),
    ],
)
def test_an_entry_that_is_not_right_counts_against_the_credential(
    sqlite_registry: Registry, lists: ListServer, changes: dict[str, Any], problem: Problem
) -> None:
    lists.publishes(ISSUER.sign(list_document(lists.url), JCS))
    assert refusal(vc_api(sqlite_registry, lists.origin), holding(lists.url, **changes))[0] == problem.type


def test_more_entries_than_anybody_needs_are_refused_unread(sqlite_registry: Registry, lists: ListServer) -> None:
    entry = status_list.status_entry(lists.url, 7, REVOCATION)
    signed = ISSUER.sign(credential(credentialStatus=[entry] * 9), JCS)
    assert refusal(vc_api(sqlite_registry, lists.origin), signed)[0] == Problem.VERIFICATION.type
    assert lists.asked == []
