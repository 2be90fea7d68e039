"""What a certificate says (ISO/IEC 17021-1:2015, clause 8.2.2) and which certificates make sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import lru_cache

from registry.domain.errors import Violation
from registry.domain.lifecycle import Period
from registry.domain.schemes import SCHEMES, Scheme, Text

# Dates on a certificate are days in China, which has one zone and no summer time.
CERTIFICATE_ZONE = timezone(timedelta(hours=8))
# Beyond these, days can't be turned into instants any more; who has no end to state leaves it out.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
MAX_SITES = 200
MAX_NUMBER_LENGTH = 64
MAX_NAME_LENGTH = 200
MAX_SCOPE_LENGTH = 4000
# What the codes of certification bodies end in that issue samples.
SAMPLE_ENDING = "-sample"
_Path = tuple[str | int, ...]
FieldPath = tuple[str | int, ...]


class HolderType(StrEnum):
    """Who can hold a certificate."""

    ORGANIZATION = "organization"
    PERSON = "person"


class EnterpriseSize(StrEnum):
    """Classes of the Chinese statistical rules for enterprise sizes."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class HolderId:
    """A registered identifier: `scheme` is 'uscc' (GB 32100-2015), 'lei' (ISO 17442) or 'other'."""

    scheme: str
    value: str


@dataclass(frozen=True, slots=True)
class Holder:
    """The certified organization, or the person trained.

    `region` is a GB/T 2260 code of six digits, `industry` a GB/T 4754 division (a letter and two digits).
    """

    type: HolderType
    name: Text
    address: Text | None = None
    identifier: HolderId | None = None
    region: str | None = None
    industry: str | None = None
    size: EnterpriseSize | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A place covered by the certificate, with the scope that applies there (8.2.2 a and f)."""

    name: Text
    address: Text
    scope: Text


@dataclass(frozen=True, slots=True)
class Authorization:
    """An issuer may certify `scheme` from `valid_from` to `valid_until` (both included; no end when None).

    Where an accreditation stands behind it, its body and number (8.2.2 g).
    """

    scheme: str
    valid_from: date
    valid_until: date | None = None
    accreditation_body: str | None = None
    accreditation_number: str | None = None

    def covers(self, scheme: str, day: date) -> bool:
        """Whether a decision about `scheme` on `day` is covered."""
        return (
            self.scheme == scheme and self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)
        )


@dataclass(frozen=True, slots=True)
class Replaced:
    """The certificate that another takes the place of, and why (`change`: a reason to supersede).

    `revision` and `public_id` where it is one of this registry, `body` where another certification body issued it.
    """

    change: str
    number: str
    revision: int | None = None
    public_id: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """Everything that the issuer states.

    `granted_on`: first granting; `decided_on`: the last decision; `valid_from`/`valid_until`: the days of this
    certificate's validity, both included. `revision` counts the documents under one number, so that it tells a reissued
    one from an obsolete one (8.2.2 i). `replaces` is what this certificate takes the place of.
    """

    number: str
    scheme: str
    holder: Holder
    scope: Text
    granted_on: date
    decided_on: date
    valid_from: date
    valid_until: date | None = None
    sites: tuple[Site, ...] = ()
    revision: int = 1
    replaces: Replaced | None = None

    @property
    def period(self) -> Period:
        """The days of validity as instants."""
        return period_of(self.valid_from, self.valid_until)


@lru_cache(maxsize=4096)
def period_of(valid_from: date, valid_until: date | None) -> Period:
    """From the beginning of the first day to the end of the last, in China."""
    end = None if valid_until is None else _midnight(valid_until) + timedelta(days=1)
    return Period(_midnight(valid_from), end)


def day_of(instant: datetime) -> date:
    """The day in China at an instant."""
    return instant.astimezone(CERTIFICATE_ZONE).date()


def check_certificate(certificate: Certificate, now: datetime) -> list[Violation]:
    """Every rule that `certificate` breaks, decided at `now`; an empty list when it can be issued."""
    scheme = SCHEMES.get(certificate.scheme)
    if scheme is None:
        known = ", ".join(SCHEMES)
        return [Violation(("scheme",), f"unknown scheme; known ones: {known}")]
    return [
        *_check_texts(certificate),
        *_check_holder(certificate.holder, scheme),
        *_check_dates(certificate, scheme, now),
    ]


def _check_texts(certificate: Certificate) -> list[Violation]:
    wrong = []
    if not _fits(certificate.number, MAX_NUMBER_LENGTH):
        wrong.append(_misfit(("number",), certificate.number, MAX_NUMBER_LENGTH))
    for path, text, limit in _texts(certificate):
        if not _fits(text.zh, limit):
            wrong.append(_misfit((*path, "zh"), text.zh, limit))
        if text.en is not None and not _fits(text.en, limit):
            wrong.append(_misfit((*path, "en"), text.en, limit))
    if len(certificate.sites) > MAX_SITES:
        wrong.append(Violation(("sites",), f"more than {MAX_SITES} sites"))
    return wrong


def _fits(text: str, limit: int) -> bool:
    return text.isprintable() and 0 < len(text) <= limit and text == text.strip()


def _misfit(path: _Path, text: str, limit: int) -> Violation:
    if not text.strip():
        return Violation(path, "must not be empty")
    if len(text) > limit:
        return Violation(path, f"longer than {limit} characters")
    return Violation(path, "has blanks at an end, or characters that can't be printed")


def _texts(certificate: Certificate) -> Iterator[tuple[_Path, Text, int]]:
    """All texts in two languages that people read, with their paths and greatest lengths."""
    holder = certificate.holder
    yield ("holder", "name"), holder.name, MAX_NAME_LENGTH
    if holder.address is not None:
        yield ("holder", "address"), holder.address, MAX_NAME_LENGTH
    yield ("scope",), certificate.scope, MAX_SCOPE_LENGTH
    for position, site in enumerate(certificate.sites):
        yield ("sites", position, "name"), site.name, MAX_NAME_LENGTH
        yield ("sites", position, "address"), site.address, MAX_NAME_LENGTH
        yield ("sites", position, "scope"), site.scope, MAX_SCOPE_LENGTH


def _check_holder(holder: Holder, scheme: Scheme) -> list[Violation]:
    if scheme.person != (holder.type is HolderType.PERSON):
        wanted = "a person" if scheme.person else "an organization"
        return [Violation(("holder", "kind"), f"{scheme.code} certificates are held by {wanted}")]
    if holder.type is HolderType.PERSON:
        # A public register is no place for identity numbers and private addresses.
        given = (("identifier", holder.identifier), ("address", holder.address))
        return [
            Violation(("holder", name), "must not be given for a person: the register is public")
            for name, value in given
            if value is not None
        ]
    wrong = []
    if holder.identifier is None:
        wrong.append(Violation(("holder", "identifier"), "an organization needs its registered identifier"))
    if holder.address is None:
        wrong.append(Violation(("holder", "address"), "an organization needs its address"))
    return wrong


def _check_dates(certificate: Certificate, scheme: Scheme, now: datetime) -> list[Violation]:
    wrong = []
    for name in ("granted_on", "decided_on", "valid_from", "valid_until"):
        day = getattr(certificate, name)
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            wrong.append(Violation((name,), f"not between {FIRST_DAY} and {LAST_DAY}"))
    if certificate.granted_on > certificate.decided_on:
        wrong.append(Violation(("decided_on",), "the last decision is earlier than the first granting"))
    if certificate.decided_on > day_of(now):
        wrong.append(Violation(("decided_on",), "the decision is in the future"))
    # ISO/IEC 17021-1, 8.2.2 b: the effective date is not before the decision.
    if certificate.valid_from < certificate.decided_on:
        wrong.append(Violation(("valid_from",), "validity begins before the decision"))
    if certificate.valid_until is None:
        if scheme.years is not None:
            wrong.append(Violation(("valid_until",), f"{scheme.code} certificates need an expiry date"))
    elif certificate.valid_until < certificate.valid_from:
        wrong.append(Violation(("valid_until",), "the end is before the beginning"))
    elif scheme.years is not None and certificate.valid_until - certificate.valid_from > longest_term(scheme.years):
        reason = f"{scheme.code} certificates run {scheme.years} years (half a year more where recertified early)"
        wrong.append(Violation(("valid_until",), reason))
    return wrong


def months_after(day: date, months: int) -> date:
    """The same day some months later; the last of the month where that has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + years, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise ValueError(day)


def longest_term(years: int) -> timedelta:
    """A recertification may be decided some months before the old term ends, and then runs until the new one's end."""
    return timedelta(days=366 * years + 183)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, CERTIFICATE_ZONE)
