"""Registered identifiers of holders, with their check digits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import mul
from typing import Any

import stdnum.cn.uscc
import stdnum.lei
from stdnum.exceptions import InvalidChecksum, InvalidFormat, ValidationError

from registry.domain.certificate import HolderId

_MAX_OTHER_LENGTH = 64
# GB 32100-2015: 31 symbols; the weighted sum of all eighteen is divisible by 31.
_USCC = re.compile(r"[0-9]{8}[0-9A-HJ-NPQRTUWXY]{10}")
_USCC_VALUES = {symbol: value for value, symbol in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_USCC_WEIGHTS = (*(pow(3, position, 31) for position in range(17)), 1)
_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}")


def _validate_lei(number: str) -> str:
    # `stdnum` looks at the check digits alone.
    canonical = str(stdnum.lei.compact(number))
    if not _LEI.fullmatch(canonical):
        raise InvalidFormat
    return str(stdnum.lei.validate(canonical))


# GB 32100-2015 and ISO 17442.
_VALIDATORS: Mapping[str, Callable[[str], Any]] = {
    "uscc": stdnum.cn.uscc.validate,
    "lei": _validate_lei,
}


def why_wrong(identifier: HolderId) -> str | None:
    """What is wrong with an identifier, for the person who typed it; None when it is well-formed."""
    if identifier.scheme == "other":
        value = identifier.value
        fits = 0 < len(value) <= _MAX_OTHER_LENGTH and value.isprintable() and value == value.strip()
        return None if fits else f"must have 1 to {_MAX_OTHER_LENGTH} printable characters, no blanks at an end"
    if identifier.scheme == "uscc" and _is_uscc(identifier.value):
        return None
    validate = _VALIDATORS.get(identifier.scheme)
    if validate is None:
        return f"unknown identifier scheme {identifier.scheme!r}; use one of: {', '.join(_VALIDATORS)}, other"
    try:
        canonical = validate(identifier.value)
    except InvalidChecksum:
        return f"the check digit of this {identifier.scheme.upper()} is wrong; at least one character is mistyped"
    except ValidationError:
        return f"not a {identifier.scheme.upper()}: wrong length, or a character that never occurs in one"
    return None if canonical == identifier.value else f"write it without blanks, in capitals: {canonical}"


def _is_uscc(value: str) -> bool:
    """Whether nothing is wrong with a USCC, at a tenth of the time in which `stdnum` says what is."""
    return (
        _USCC.fullmatch(value) is not None
        and sum(map(mul, map(_USCC_VALUES.__getitem__, value), _USCC_WEIGHTS)) % 31 == 0
    )
