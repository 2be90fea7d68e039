"""Telling where a document that was handed in departs from the registered one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from registry.domain.errors import Violation

MAX_DIFFERENCES = 20
_MAX_SHOWN = 200
_ABSENT = object()
_Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place, as a JSON Pointer, with what is registered and what was presented there (None: nothing)."""

    pointer: str
    registered: Any
    presented: Any


def differences(registered: Any, presented: Any) -> Iterator[Difference]:
    """The first MAX_DIFFERENCES places in which two documents differ."""
    for path, *values in islice(_walk((), registered, presented), MAX_DIFFERENCES):
        shown = [None if value is _ABSENT else value for value in values]
        yield Difference(Violation(path, "").pointer or "/", *map(_shortened, shown))


def departures(wanted: Any, given: Any) -> list[Violation]:
    """The first MAX_DIFFERENCES places in which `given` is not what it has to be, byte for byte, as violations."""
    return [
        Violation(path, f"must be {_told(left)}, as it was handed out, and not {_told(right)}")
        for path, left, right in islice(_walk((), wanted, given), MAX_DIFFERENCES)
    ]


def _told(value: Any) -> str:
    return "absent" if value is _ABSENT else json.dumps(_shortened(value), ensure_ascii=False, default=str)


def _walk(path: _Path, registered: Any, presented: Any) -> Iterator[tuple[_Path, Any, Any]]:
    if isinstance(registered, dict) and isinstance(presented, dict):
        for name in sorted(registered.keys() | presented.keys()):
            yield from _walk((*path, name), registered.get(name, _ABSENT), presented.get(name, _ABSENT))
    elif isinstance(registered, list) and isinstance(presented, list):
        for position in range(max(len(registered), len(presented))):
            left = registered[position] if position < len(registered) else _ABSENT
            right = presented[position] if position < len(presented) else _ABSENT
            yield from _walk((*path, position), left, right)
    elif type(registered) is not type(presented) or registered != presented:
        yield path, registered, presented


def _shortened(value: Any) -> Any:
    """A value fit to be shown: what is large is cut, so that an answer does not grow with what was handed in."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return value if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
