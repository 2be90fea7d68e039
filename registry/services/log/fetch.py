"""Fetching a public log's files by HTTP, with a bound on everything: size, time, and how often to try again."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from registry.domain.errors import NotFound, RegistryError

_TIMEOUT_SECONDS = 20
_LONGEST_ANSWER_SECONDS = 120
_PORTION = 65_536
# A server may ask for patience: these are the pauses between tries, in seconds.
_PAUSES = (1, 2, 4, 8, 16, 32)
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_GUNZIP = 16 + zlib.MAX_WBITS


class LogUnavailable(RegistryError):
    """A file of the log can't be had, which says nothing about what is in it."""


class LogSource(Protocol):
    """Where a log's files come from."""

    def fetch(self, path: str, at_most: int) -> bytes:
        """The file at `path`, relative to the log's prefix: at most so many bytes.

        Raises NotFound where there is none, LogUnavailable where it can't be had.
        """


class _PassingTrouble(Exception):
    """May be gone at the next try."""


class _Refused(_PassingTrouble):
    """Nobody listens there, or not at this moment."""


class HttpLog:
    """A log behind an HTTP prefix, like https://registry.example.org/log."""

    def __init__(self, url: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """Raises LogUnavailable for what is no such prefix."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise LogUnavailable(f"{url} is not the address of a log, which is like https://registry.example.org/log")
        self.prefix = url.rstrip("/")
        self._sleep = sleep
        self._has_answered = False

    def fetch(self, path: str, at_most: int) -> bytes:
        """As LogSource.fetch; what may be a passing trouble is tried again for a minute.

        Where nobody has ever answered and the connection is refused, it is not.
        """
        url = f"{self.prefix}/{path}"
        for pause in (*_PAUSES, None):
            try:
                body = _fetch_once(url, at_most)
            except _PassingTrouble as error:
                # A server that has answered before is perhaps just being restarted.
                hopeless = isinstance(error, _Refused) and not self._has_answered
                if pause is None or hopeless:
                    raise LogUnavailable(f"{url} can't be had: {error}.") from error
                self._sleep(pause)
            else:
                self._has_answered = True
                return body
        raise AssertionError("the last try has returned or raised")


def _fetch_once(url: str, at_most: int) -> bytes:
    headers = {"Accept-Encoding": "gzip, identity", "User-Agent": "certification-registry-mirror"}
    asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - http(s), checked in HttpLog
    try:
        with urllib.request.urlopen(asked, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return _body(answer, url, at_most)
    except urllib.error.HTTPError as error:
        if error.code in {404, 410}:
            raise NotFound(f"The log has no file {url}.") from error
        if error.code not in _TRY_AGAIN:
            raise LogUnavailable(f"{url} answers {error.code}.") from error
        raise _PassingTrouble(f"it answers {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        if isinstance(getattr(error, "reason", None), ConnectionRefusedError):
            raise _Refused("the connection was refused") from error
        raise _PassingTrouble(str(getattr(error, "reason", None) or error or type(error).__name__)) from error


def _body(answer: http.client.HTTPResponse, url: str, at_most: int) -> bytes:
    """The body, taken out of gzip where the server put it in. Raises LogUnavailable, _PassingTrouble."""
    packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in {"identity", "gzip"}:
        raise LogUnavailable(f"{url} comes in an encoding that was not asked for: {packed[:40]!r}.")
    unpack = zlib.decompressobj(_GUNZIP) if packed == "gzip" else None
    deadline = time.monotonic() + _LONGEST_ANSWER_SECONDS
    received, body = 0, bytearray()
    while portion := answer.read1(_PORTION):
        received += len(portion)
        try:
            body += unpack.decompress(portion, at_most + 1 - len(body)) if unpack else portion
        except zlib.error as error:
            raise LogUnavailable(f"{url} is not gzip, though it says so.") from error
        if len(body) > at_most:
            raise LogUnavailable(f"{url} has more than {at_most} bytes.")
        if time.monotonic() > deadline:
            raise _PassingTrouble(f"no end after {_LONGEST_ANSWER_SECONDS} seconds")
    if answer.headers.get("Content-Length", str(received)) != str(received) or (unpack and not unpack.eof):
        raise _PassingTrouble("the answer broke off")
    return bytes(body)
