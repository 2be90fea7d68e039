"""Sending to addresses that strangers name: real sockets, and names that change their address."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.errors import InvalidInput, Misconfigured
from registry.services.outgoing import NotAllowed, NotSent, Sender, is_public, sender_of
from registry.settings import Settings, read_settings
from tests.services.watching.receivers import certificate_for, receiver, server_tls

HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
INSIDE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.0.9",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_reaches_the_inside(address: str) -> None:
    assert not is_public(ip_address(address))
    with pytest.raises(NotAllowed, match="nothing is sent"):
        Sender(resolver=lambda *_: [address]).post("https://bank.example/", b"", {})


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "::ffff:8.8.8.8", "2001:4860:4860::8888", "223.5.5.5"])
def test_public_addresses_are_reached(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_no_address_passes_that_the_standard_library_knows_as_inside(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        plain = mapped or address
        assert not any((plain.is_private, plain.is_loopback, plain.is_link_local, plain.is_multicast))


def test_one_address_inside_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(NotAllowed):
        Sender(resolver=lambda *_: ["8.8.8.8", "127.0.0.1"]).post("https://bank.example/", b"", {})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
def test_every_way_to_write_this_machine_is_refused_by_the_real_resolver(host: str) -> None:
    with receiver() as inbox, pytest.raises(NotSent):
        Sender(allow_http=True).post(f"http://{host}:{urlsplit(inbox.url).port}/", b"{}", {})
    assert inbox.requests == []


class Rebinding:
    """A name that is public at the first look, and the registry's own machine from then on."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return [self.answers[min(self.asked, len(self.answers)) - 1]]


def test_a_name_that_changes_its_address_gains_nothing() -> None:
    """Looked up once, and the connection goes to what was looked at: here, to the receiver that was allowed."""
    with receiver() as inbox, receiver(host="127.0.0.2") as other:
        port = urlsplit(inbox.url).port
        name = Rebinding("127.0.0.1", "127.0.0.2")
        sender = Sender(True, [ip_network("127.0.0.1/32")], resolver=name)
        answer = sender.post(f"http://bank.example:{port}/hooks?x=1", b"{}", {"webhook-id": "evt_1"})
        assert (answer.status, name.asked) == (204, 1)
        with pytest.raises(NotAllowed):
            sender.post(f"http://bank.example:{urlsplit(other.url).port}/", b"{}", {})
    (got,) = inbox.requests
    assert got.path == "/hooks?x=1"
    assert got.headers["host"] == f"bank.example:{port}"
    assert got.headers["webhook-id"] == "evt_1"
    assert other.requests == []


def test_a_redirect_is_an_answer_and_nothing_else() -> None:
    with receiver() as inbox, receiver() as inner:
        inbox.answer = lambda _: (307, {"Location": inner.url}, b"")
        assert Sender(True, HERE).post(inbox.url, b"{}", {}).status == 307
    assert len(inbox.requests) == 1
    assert inner.requests == []


def test_tls_checks_the_name_and_not_the_address(tmp_path: Path) -> None:
    certificate = certificate_for("bank.example", tmp_path)
    trusting = ssl.create_default_context(cafile=certificate)
    with receiver(server_tls(certificate)) as inbox:
        port = urlsplit(inbox.url).port
        sender = Sender(networks=HERE, tls=trusting, resolver=lambda *_: ["127.0.0.1"])
        assert sender.post(f"https://bank.example:{port}/", b"{}", {}).status == 204
        for other in (f"https://evil.example:{port}/", f"https://127.0.0.1:{port}/"):
            with pytest.raises(NotSent, match="certificate is not accepted"):
                sender.post(other, b"{}", {})
        with pytest.raises(NotSent, match="certificate is not accepted: self-signed"):
            Sender(networks=HERE, resolver=lambda *_: ["127.0.0.1"]).post(f"https://bank.example:{port}/", b"{}", {})
    assert len(inbox.requests) == 1


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://bank.example/", "must be like https"),
        ("ftp://bank.example/", "must be like https"),
        ("file:///etc/passwd", "must be like https"),
        ("https://", "must be like https"),
        ("bank.example", "must be like https"),
        ("https://user@bank.example/", "user name"),
        ("https://:secret@bank.example/", "user name"),
        ("https://bank.example/#", "fragment"),
        ("https://bank.example:22/", "port"),
        ("https://bank.example:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://银行.example/", "ASCII"),
        ("https://bank.example/\r\nHost: x", "ASCII"),
        ("https://bank.example/ x", "ASCII"),
        ("https://bank.example/" + "x" * 1000, "at most 1000"),
    ],
)
def test_what_is_no_address_of_a_receiver_is_refused_at_once(url: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        Sender().check(url)
    assert refused.value.violations[0].path == ("url",)
    with pytest.raises(NotAllowed, match=reason):
        Sender().post(url, b"", {})


@contextmanager
def raw_server(parts: Sequence[bytes], pause: float = 0.0) -> Iterator[str]:
    """Sends these bytes, whatever is asked, with a pause between."""
    stop = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                for part in parts:
                    try:
                        connection.sendall(part)
                    except OSError:
                        return
                    if stop.wait(pause):
                        return

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        stop.set()
        thread.join()


def test_who_answers_byte_by_byte_is_not_waited_for() -> None:
    endless = [b"HTTP/1.1 200 OK\r\n", *(f"X-{number}: a\r\n".encode() for number in range(90))]
    with raw_server(endless, pause=0.05) as url, pytest.raises(NotSent, match=r"no answer within 0\.3 seconds"):
        Sender(True, HERE, seconds=0.3).post(url, b"{}", {})


def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    with raw_server([b"HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n" + b"x" * 5000]) as url:
        assert len(Sender(True, HERE).post(url, b"{}", {}).body) == 4096


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "closed connection|response|reset"),
        (b"SMTP ready\r\n", "SMTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, "headers|response|closed"),
        (b"HTTP/1.1 200 " + b"x" * 70_000, "line"),
    ],
)
def test_what_is_not_http_is_a_problem_of_one_line(answer: bytes, problem: str) -> None:
    with raw_server([answer]) as url, pytest.raises(NotSent, match=problem) as failed:
        Sender(True, HERE).post(url, b"{}", {})
    assert len(str(failed.value)) <= 200
    assert "\n" not in str(failed.value)


def test_nobody_there_and_no_such_name_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotSent, match="refused"):
        Sender(True, HERE).post(f"http://127.0.0.1:{port}/", b"{}", {})
    with pytest.raises(NotSent, match="has no address"):
        Sender().post("https://no-such-host.invalid/", b"{}", {})
    with pytest.raises(NotSent, match="has no address"):
        Sender(resolver=lambda *_: []).post("https://bank.example/", b"{}", {})


def test_retry_after_is_read_where_it_is_a_number_of_seconds() -> None:
    with receiver() as inbox:
        for value, read in (("120", 120), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-5", None), ("9" * 20, None)):
            inbox.answer = lambda _, value=value: (503, {"Retry-After": value}, b"")  # type: ignore[misc]
            answer = Sender(True, HERE).post(inbox.url, b"{}", {})
            assert (answer.status, answer.retry_after) == (503, read)


def test_settings_open_what_they_name(tmp_path: Path) -> None:
    given = {"REGISTRY_WEBHOOK_HTTP": "on", "REGISTRY_WEBHOOK_NETWORKS": "127.0.0.1/32, ::1/128"}
    settings = read_settings(given)
    with receiver() as inbox:
        assert sender_of(settings).post(inbox.url, b"{}", {}).status == 204
    with pytest.raises(Misconfigured, match=r"REGISTRY_WEBHOOK_NETWORKS must be networks like"):
        read_settings({"REGISTRY_WEBHOOK_NETWORKS": "10.0.0.1/8"})
    missing = Settings("sqlite://", "https://x", tmp_path, webhook_ca_file=tmp_path / "none.pem")
    with pytest.raises(Misconfigured, match="REGISTRY_WEBHOOK_CA_FILE"):
        sender_of(missing)
