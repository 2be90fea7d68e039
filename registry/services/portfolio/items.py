"""What is asked in a portfolio verification: items of any mix, and the moment they are about."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from registry.domain.certificate import CERTIFICATE_ZONE, FIRST_DAY, LAST_DAY
from registry.domain.errors import InvalidInput, Violation
from registry.services.judge import Moment

MAX_ITEMS = 10_000
_MAX_TEXT = 200
# More than that is told of no request.
_MAX_VIOLATIONS = 50


class By(StrEnum):
    """What an item names a certificate by."""

    NUMBER = "number"
    PUBLIC_ID = "public_id"
    USCC = "uscc"
    CREDENTIAL = "credential"


class Item(NamedTuple):
    """One thing to verify: by what, and its value (a text, or the document of a credential).

    `issuer` is the code of the issuer that a number must be of; `name` the holder's name as the asker has it;
    `reference` whatever the asker knows the item by.
    """

    by: By
    value: Any
    issuer: str | None = None
    name: str | None = None
    reference: str | None = None


_MEMBERS = frozenset({*By, "issuer", "name", "reference"})


def read_items(given: Any) -> list[Item]:
    """The items of a request. Raises InvalidInput with the place of each that is none."""
    if not isinstance(given, list) or not 0 < len(given) <= MAX_ITEMS:
        raise InvalidInput([Violation(("items",), f"must be a list of 1 to {MAX_ITEMS} items")])
    items: list[Item] = []
    wrong: list[Violation] = []
    for position, one in enumerate(given):
        problem = _problem(one)
        if problem is None:
            by = next(by for by in By if by in one)
            items.append(Item(by, one[by], one.get("issuer"), one.get("name"), one.get("reference")))
        elif len(wrong) < _MAX_VIOLATIONS:
            path, reason = problem
            wrong.append(Violation(("items", position, *path), reason))
    if wrong:
        raise InvalidInput(wrong)
    return items


def _problem(one: Any) -> tuple[tuple[str, ...], str] | None:
    if not isinstance(one, dict):
        return (), f"must be an object with one of: {', '.join(By)}"
    unknown = one.keys() - _MEMBERS
    if unknown:
        return (min(unknown),), "unknown field"
    if sum(by in one for by in By) != 1:
        return (), f"needs exactly one of: {', '.join(By)}"
    for name, value in one.items():
        if name == By.CREDENTIAL:
            if not isinstance(value, dict):
                return (name,), "must be the document, a JSON object"
        elif not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT or not value.isprintable():
            return (name,), f"must be a text of 1 to {_MAX_TEXT} printable characters"
    if "issuer" in one and By.NUMBER not in one:
        return ("issuer",), "goes with a number only"
    return None


def read_moment(as_of: str | None, known_at: str | None, now: datetime) -> Moment:
    """The moment that is asked about: now, unless told. A day alone means its end, in China. Raises InvalidInput."""
    wrong: list[Violation] = []
    when = now if as_of is None else _past("as_of", as_of, now, wrong)
    known = now if known_at is None else _past("known_at", known_at, now, wrong)
    if wrong:
        raise InvalidInput(wrong)
    return Moment(when, known, now)


def _past(name: str, text: str, now: datetime, wrong: list[Violation]) -> datetime:
    moment: datetime | None = None
    try:
        if len(text) == len("2026-03-02"):
            day = date.fromisoformat(text)
            if FIRST_DAY <= day <= LAST_DAY:
                begin = datetime.combine(day, time.min, CERTIFICATE_ZONE)
                end = begin + timedelta(days=1)
                # Today is not over.
                moment = now if begin <= now < end else end - timedelta(microseconds=1)
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not FIRST_DAY.year < moment.year < LAST_DAY.year:
        wrong.append(Violation((name,), "must be a day (2026-03-02) or a moment with its zone (2026-03-02T12:00:00Z)"))
        return now
    if moment > now:
        wrong.append(Violation((name,), "must not lie in the future"))
    return moment
