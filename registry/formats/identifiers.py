"""Registered identifiers of holders, with their check digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import stdnum.cn.uscc
import stdnum.lei
from stdnum.exceptions import InvalidChecksum, ValidationError

from registry.domain.certificate import HolderId

_MAX_OTHER_LENGTH = 64
# GB 32100-2015 and ISO 17442.
_VALIDATORS: Mapping[str, Callable[[str], Any]] = {
    "uscc": stdnum.cn.uscc.validate,
    "lei": stdnum.lei.validate,
}


def why_wrong(identifier: HolderId) -> str | None:
    """What is wrong with an identifier, for the person who typed it; None when it is well-formed."""
    if identifier.scheme == "other":
        fits = 0 < len(identifier.value) <= _MAX_OTHER_LENGTH and identifier.value.isprintable()
        return None if fits else f"must have 1 to {_MAX_OTHER_LENGTH} printable characters"
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
