"""A certificate in a request, read at a tenth of the time of its schema, where nothing is wrong with it.

Whatever looks the least bit different from an ordinary certificate is left to the schema, which says what is wrong. So
no rule is decided here; a property test holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from registry.domain.certificate import (
    MAX_NAME_LENGTH,
    MAX_NUMBER_LENGTH,
    MAX_SCOPE_LENGTH,
    MAX_SITES,
    Certificate,
    EnterpriseSize,
    Holder,
    HolderId,
    HolderType,
    Site,
)
from registry.domain.schemes import Text

_TYPES = {one.value: one for one in HolderType}
_SIZES: Mapping[str | None, EnterpriseSize | None] = {None: None, **{one.value: one for one in EnterpriseSize}}
_ID_SCHEMES = frozenset({"uscc", "lei", "other"})
_REGION = re.compile(r"[0-9]{6}")
_INDUSTRY = re.compile(r"[A-T][0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAMES = frozenset(
    {"number", "scheme", "holder", "scope", "sites", "granted_on", "decided_on", "valid_from", "valid_until"}
)
_HOLDER_NAMES = frozenset({"kind", "name", "address", "identifier", "region", "industry", "size"})


class _NotPlain(Exception):
    """Something that the schema had better look at."""


def quick_certificate(terms: Mapping[str, Any]) -> Certificate | None:
    """What the schema would make of a certificate in a request; None where it should be asked."""
    try:
        if not terms.keys() <= _NAMES:
            return None
        until = terms.get("valid_until")
        return Certificate(
            _string(terms["number"], MAX_NUMBER_LENGTH),
            _any_string(terms["scheme"]),
            _holder(terms["holder"]),
            _text(terms["scope"], MAX_SCOPE_LENGTH),
            _day(terms["granted_on"]),
            _day(terms["decided_on"]),
            _day(terms["valid_from"]),
            None if until is None else _day(until),
            _sites(terms["sites"]) if "sites" in terms else (),
        )
    except (KeyError, TypeError, ValueError, AttributeError, _NotPlain):
        return None


def _holder(given: Any) -> Holder:
    if not given.keys() <= _HOLDER_NAMES:
        raise _NotPlain
    get = given.get
    address, identifier, region, industry = get("address"), get("identifier"), get("region"), get("industry")
    if not (region is None or _REGION.fullmatch(region)) or not (industry is None or _INDUSTRY.fullmatch(industry)):
        raise _NotPlain
    return Holder(
        _TYPES[get("kind", "organization")],
        _text(given["name"], MAX_NAME_LENGTH),
        None if address is None else _text(address, MAX_NAME_LENGTH),
        None if identifier is None else _identifier(identifier),
        region,
        industry,
        _SIZES[get("size")],
    )


def _identifier(given: Any) -> HolderId:
    scheme, value = given["scheme"], given["value"]
    if len(given) != 2 or scheme not in _ID_SCHEMES:
        raise _NotPlain
    return HolderId(scheme, _string(value, 64))


def _sites(given: Any) -> tuple[Site, ...]:
    if type(given) is not list or len(given) > MAX_SITES:
        raise _NotPlain
    return tuple(map(_site, given))


def _site(given: Any) -> Site:
    if len(given) != 3:
        raise _NotPlain
    return Site(
        _text(given["name"], MAX_NAME_LENGTH),
        _text(given["address"], MAX_NAME_LENGTH),
        _text(given["scope"], MAX_SCOPE_LENGTH),
    )


def _text(given: Any, longest: int) -> Text:
    zh, en = given["zh"], given.get("en")
    if len(given) != (1 if en is None else 2):
        raise _NotPlain
    return Text(_string(zh, longest), None if en is None else _string(en, longest))


def _string(given: Any, longest: int) -> str:
    if type(given) is not str or not 0 < len(given) <= longest:
        raise _NotPlain
    return given


def _any_string(given: Any) -> str:
    if type(given) is not str:
        raise _NotPlain
    return given


def _day(given: Any) -> date:
    if type(given) is not str:
        raise _NotPlain
    return _date(given)


@lru_cache(8192)
def _date(text: str) -> date:
    if not _DAY.fullmatch(text):
        raise _NotPlain
    return date.fromisoformat(text)
