"""The directory of certification bodies: what each may certify today, and what stands behind it."""

from __future__ import annotations

from dataclasses import dataclass

from registry.domain.accreditation import Accreditation
from registry.domain.certificate import day_of
from registry.services.context import Registry
from registry.services.statistics import statistics_of_register
from registry.store import accreditations, issuers
from registry.store.issuers import StoredIssuer


@dataclass(frozen=True, slots=True)
class Listed:
    """A certification body, the schemes that it may certify today, its accreditations of today.

    `valid`: its valid certificates, as counted for the statistics.
    """

    issuer: StoredIssuer
    schemes: tuple[str, ...]
    accreditations: tuple[Accreditation, ...]
    valid: int


def directory(registry: Registry) -> list[Listed]:
    """All certification bodies by code. As many queries for a hundred of them as for one."""
    today = day_of(registry.now())
    counts = statistics_of_register(registry).issuers
    with registry.database.read() as connection:
        bodies = issuers.all_issuers(connection)
        allowed = issuers.schemes_on(connection, today)
        granted = accreditations.accreditations_on(connection, today)
    return [
        Listed(body, tuple(allowed.get(body.id, ())), tuple(granted.get(body.id, ())), counts.get(body.code, 0))
        for body in bodies
    ]
