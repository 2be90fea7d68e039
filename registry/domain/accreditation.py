"""Accreditations: what stands behind an issuer's authorizations, for some of its schemes and for some time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from registry.domain.certificate import Authorization


@dataclass(frozen=True, slots=True)
class Accreditation:
    """An accreditation body vouches for an issuer's work in `schemes`, under a number, from day to day (both included).

    `id` is its row id; 0 for one that is not stored yet.
    """

    body: str
    number: str
    schemes: tuple[str, ...]
    valid_from: date
    valid_until: date | None = None
    id: int = 0

    def covers(self, scheme: str, day: date) -> bool:
        """Whether a decision about `scheme` on `day` is accredited."""
        begun = self.valid_from <= day
        return scheme in self.schemes and begun and (self.valid_until is None or day <= self.valid_until)


def with_accreditations(
    authorizations: Iterable[Authorization], accreditations: Sequence[Accreditation]
) -> list[Authorization]:
    """Each authorization, and again for the days on which an accreditation stands behind it, with that.

    Whoever looks for the authorization of a decision prefers an accredited one; of several, the first.
    """
    found = []
    for authorization in authorizations:
        found.append(authorization)
        found += _accredited(authorization, accreditations)
    return found


def _accredited(authorization: Authorization, accreditations: Sequence[Accreditation]) -> Iterator[Authorization]:
    for one in sorted(accreditations, key=lambda one: (one.valid_from, one.id)):
        first = max(authorization.valid_from, one.valid_from)
        ends = [end for end in (authorization.valid_until, one.valid_until) if end is not None]
        last = min(ends, default=None)
        if authorization.scheme in one.schemes and (last is None or first <= last):
            yield replace(
                authorization,
                valid_from=first,
                valid_until=last,
                accreditation_body=one.body,
                accreditation_number=one.number,
            )
