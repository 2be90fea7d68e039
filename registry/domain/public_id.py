"""Public ids: what stands in the QR code and is read over the telephone.

Fourteen random symbols and a check symbol from an alphabet of 23: digits and capitals, of look-alikes (0 O Q, 1 I L,
2 Z, 5 S, 6 G, 8 B, U V) at most one, and without vowels, so that no words arise. 23 is prime, so a check sum with
distinct weights modulo 23 finds every single wrong symbol and every swap of two. 23**14 is about 2**63: nobody meets
an id by trying.
"""

from __future__ import annotations

from operator import mul

from registry.domain.errors import NotFound

ALPHABET = "23456789CDFHJKMNPRTVWXY"
LENGTH = 15
ENTROPY_BYTES = 16
MAX_TYPED_LENGTH = 40
_BASE = len(ALPHABET)
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_VALUE = {symbol: value for value, symbol in enumerate(ALPHABET)}
_WEIGHTS = range(1, LENGTH + 1)
# The check symbol by the weighted sum of all others: 15 * check = -sum (mod 23).
_CHECK_SYMBOLS = [ALPHABET[-total * pow(LENGTH, -1, _BASE) % _BASE] for total in range(_BASE)]
# Letters that are not in the alphabet but look like a digit that is.
_READ_AS = str.maketrans({"Z": "2", "S": "5", "G": "6", "B": "8", "-": None, " ": None})


class MalformedPublicId(NotFound):
    """Text that can't be a public id; the message says what to check."""


def new_public_id(entropy: bytes) -> str:
    """Make a public id of `ENTROPY_BYTES` random bytes."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a public id is made of {ENTROPY_BYTES} random bytes")
    number = int.from_bytes(entropy, "big")
    pairs = []
    for _ in range((LENGTH - 1) // 2):
        number, value = divmod(number, _BASE * _BASE)
        pairs.append(_PAIRS[value])
    body = "".join(pairs)
    return body + str(_check_symbol(body))


def parse_public_id(typed: str) -> str:
    """Read a public id as people type it: any case, with or without hyphens and blanks.

    Raises MalformedPublicId for a wrong length, a symbol that is never used, or a check symbol that does not fit.
    """
    if len(typed) == LENGTH and typed[-1] == _check_symbol(typed[:-1]):
        return typed
    if len(typed) > MAX_TYPED_LENGTH:
        raise MalformedPublicId("That is too long for a certificate id: it has 15 letters and digits.")
    plain = typed.upper().translate(_READ_AS)
    strange = sorted({symbol for symbol in plain if symbol not in _VALUE})
    if strange:
        raise MalformedPublicId(
            "A certificate id never contains " + " ".join(strange[:5]) + ". Compare it with the paper once more."
        )
    if len(plain) != LENGTH:
        raise MalformedPublicId(
            f"A certificate id has 15 letters and digits; this one has {len(plain)}. Is a part missing?"
        )
    if plain[-1] != _check_symbol(plain[:-1]):
        raise MalformedPublicId(
            "The last character does not fit the others, so at least one is mistyped. Compare it with the paper."
        )
    return plain


def grouped(public_id: str) -> str:
    """The id in three groups of five, as it is printed and read aloud."""
    return "-".join(public_id[start : start + 5] for start in range(0, LENGTH, 5))


def _check_symbol(body: str) -> str | None:
    """The symbol that makes the weighted sum (weights 1 to 15) divisible by 23; None for foreign symbols."""
    try:
        total: int = sum(map(mul, map(_VALUE.__getitem__, body), _WEIGHTS))
    except KeyError:
        return None
    return _CHECK_SYMBOLS[total % _BASE]
