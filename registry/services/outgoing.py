"""Sending to addresses that strangers name, without letting them reach into the registry's own network.

The name is resolved once; every address that it has must be a public one, and the connection goes to that very
address, so that a name which answers otherwise a moment later gains nothing (DNS rebinding). TLS still checks the name.
No redirect is followed. The whole exchange has an end, however slowly somebody answers, and of the answer only a
little is read.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from registry.domain.errors import InvalidInput, Misconfigured, RegistryError, Violation
from registry.settings import Settings

MAX_URL_LENGTH = 1000
_MOST_READ = 4096
_SECONDS = 15.0
_WEB_PORTS = frozenset({80, 443})
_FIRST_FREE_PORT = 1024
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a host name. Raises OSError."""

# What ipaddress takes for public, or not in all versions of Python, and is not: the IANA registries of special-purpose
# addresses, the address of Azure's metadata service, and IPv4 in the clothes of IPv6 (NAT64, 6to4, Teredo).
_CLOSED: Sequence[Network] = [
    ip_network(one)
    for one in (
        *("0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/3"),
        *("::/8", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "5f00::/16"),
        *("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
]


class NotSent(RegistryError):
    """Nothing was delivered, or no answer came; the message says why, in words for who named the address."""


class NotAllowed(NotSent):
    """The address is none to which anything is sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, how long to wait by its Retry-After in seconds, and the beginning of the body."""

    status: int
    retry_after: int | None
    body: bytes


def resolve(host: str, port: int) -> Sequence[str]:
    """By the system's own resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(one[4][0]) for one in found]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who may be sent to, and how: `allow_http` without TLS as well, `networks` that are reached though not public."""

    allow_http: bool = False
    networks: Sequence[Network] = ()
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    resolver: Resolver = resolve
    seconds: float = _SECONDS

    def check(self, url: str) -> None:
        """Whether anything could be sent to such a URL, before its name is resolved. Raises InvalidInput."""
        try:
            host = self._parts(url).hostname or ""
            if not self._may_be(host):
                raise NotAllowed(f"{host[:100]} is in a network to which nothing is sent")
        except NotAllowed as error:
            raise InvalidInput([Violation(("url",), str(error))]) from error

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send, and wait for the beginning of the answer. Raises NotSent, and NotAllowed before anything is sent."""
        parts = self._parts(url)
        host, port = parts.hostname or "", _port(parts)
        deadline = time.monotonic() + self.seconds
        address = self._address(host, port)
        try:
            with socket.create_connection((address, port), timeout=_left(deadline)) as plain:
                if parts.scheme == "http":
                    return _exchange(plain, parts, body, headers, deadline)
                plain.settimeout(_left(deadline))
                with self.tls.wrap_socket(plain, server_hostname=host) as secured:
                    return _exchange(secured, parts, body, headers, deadline)
        except ssl.SSLCertVerificationError as error:
            raise NotSent(f"its certificate is not accepted: {error.verify_message}") from error
        except TimeoutError as error:
            raise NotSent(f"no answer within {self.seconds:g} seconds") from error
        except ConnectionRefusedError as error:
            raise NotSent("the connection was refused") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotSent(_one_line(error)) from error

    def _parts(self, url: str) -> SplitResult:
        """Raises NotAllowed."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise NotAllowed("is not a URL") from None
        if not url.isascii() or not url.isprintable() or " " in url or len(url) > MAX_URL_LENGTH:
            raise NotAllowed(f"must have printable ASCII characters only, at most {MAX_URL_LENGTH}")
        if parts.scheme not in ({"https", "http"} if self.allow_http else {"https"}) or not parts.hostname:
            raise NotAllowed("must be like https://bank.example.com/hooks")
        if parts.username is not None or parts.password is not None or "#" in url:
            raise NotAllowed("must have neither a user name nor a fragment")
        if port is not None and port not in _WEB_PORTS and port < _FIRST_FREE_PORT:
            raise NotAllowed(f"must have the port 80, 443, or one from {_FIRST_FREE_PORT} on")
        return parts

    def _address(self, host: str, port: int) -> str:
        """The address to connect to. All that the name has must be allowed: which comes first is anybody's choice."""
        try:
            found = self.resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise NotSent(f"the name {host[:100]} has no address") from error
        if not found:
            raise NotSent(f"the name {host[:100]} has no address")
        if not all(self._may_reach(ip_address(one)) for one in found):
            raise NotAllowed(f"{host[:100]} is in a network to which nothing is sent")
        return found[0]

    def _may_be(self, host: str) -> bool:
        """Whether it is a name, whose addresses are looked at when something is sent, or an address within reach."""
        try:
            return self._may_reach(ip_address(host))
        except ValueError:
            return True

    def _may_reach(self, address: Address) -> bool:
        plain = _without_clothes(address)
        return is_public(address) or any(one.version == plain.version and plain in one for one in self.networks)


def sender_of(settings: Settings) -> Sender:
    """By the settings. Raises Misconfigured."""
    try:
        tls = ssl.create_default_context(cafile=settings.webhook_ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"REGISTRY_WEBHOOK_CA_FILE {settings.webhook_ca_file} can't be used: {error}") from error
    return Sender(settings.webhook_http, settings.webhook_networks, tls)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the Internet at large."""
    plain = _without_clothes(address)
    closed = any(one.version == plain.version and plain in one for one in _CLOSED)
    return plain.is_global and not plain.is_multicast and not plain.is_reserved and not closed


def _without_clothes(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped one stands for; the operating system connects to that."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _left(deadline: float) -> float:
    """Raises TimeoutError."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Receiving(io.RawIOBase):
    """Reads from a socket until a moment: a single byte now and then does not keep a delivery busy for ever."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Raises TimeoutError, OSError."""
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)


class _Answering:
    """What http.client.HTTPResponse wants of a socket."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._file = io.BufferedReader(_Receiving(connection, deadline))

    def makefile(self, _mode: str) -> io.BufferedIOBase:
        """To read the answer from."""
        return self._file


def _exchange(
    connection: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str], deadline: float
) -> Answer:
    """One request and the beginning of its answer. Raises OSError, http.client.HTTPException."""
    host = parts.netloc.rpartition("@")[2]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    told = {"Host": host, "Content-Length": str(len(body)), "Connection": "close", **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    if any(not line.isprintable() for line in lines):
        raise ValueError("a header that can't be sent")
    connection.settimeout(_left(deadline))
    connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
    answer = http.client.HTTPResponse(_Answering(connection, deadline), method="POST")  # type: ignore[arg-type]
    answer.begin()
    retry = answer.headers.get("Retry-After", "").strip()
    return Answer(answer.status, int(retry) if retry.isdecimal() and len(retry) < 8 else None, answer.read(_MOST_READ))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
