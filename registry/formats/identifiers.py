"""Registered identifiers of holders, with their check digits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import stdnum.cn.uscc
import stdnum.lei
from stdnum.exceptions import InvalidChecksum, InvalidFormat, ValidationError

from registry.domain.certificate import HolderId

_MAX_OTHER_LENGTH = 64
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
