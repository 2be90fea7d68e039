"""Fetching a status list from another server, for conformance runs: only from origins that a setting names.

By default there are none, so no document that is handed in can make this program connect anywhere.
"""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Collection
from urllib.parse import urlsplit

from registry.formats.bitstring_status_list import Problem, StatusListError
from registry.formats.canonical_json import JsonObject, MalformedJson, parse

MAX_BYTES = 1_048_576
_TIMEOUT_SECONDS = 5
_ACCEPT = "application/vc, application/ld+json;q=0.9, application/json;q=0.8"
_SHOWN = 200


def fetch_status_list(url: str, origins: Collection[str]) -> JsonObject:
    """The document behind a URL of one of the origins (`https://host:port`). Redirects are not followed.

    Raises StatusListError with Problem.RETRIEVAL.
    """
    if _origin(url) not in origins:
        raise _failed(url, "status lists are not fetched from there")
    opener = urllib.request.OpenerDirector()
    # Nothing else: no redirects, proxies, files or FTP.
    opener.add_handler(urllib.request.HTTPHandler())
    opener.add_handler(urllib.request.HTTPSHandler())
    asked = urllib.request.Request(url, headers={"Accept": _ACCEPT})  # noqa: S310 - http(s), by the origin
    try:
        with opener.open(asked, timeout=_TIMEOUT_SECONDS) as response:
            status, body = response.status, response.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed(url, f"no answer ({type(error).__name__})") from error
    if status != 200 or len(body) > MAX_BYTES:
        raise _failed(url, f"answer {status}, {len(body)} bytes")
    try:
        document = parse(body)
    except MalformedJson as error:
        raise _failed(url, str(error)) from error
    if not isinstance(document, dict):
        raise _failed(url, "not a JSON object")
    return document


def _origin(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}"


def _failed(url: str, reason: str) -> StatusListError:
    return StatusListError(Problem.RETRIEVAL, f"the status list {url[:_SHOWN]} can't be had: {reason}")
