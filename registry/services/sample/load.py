"""Loading the sample data through the services, as if the registry had been running all along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from registry.domain.certificate import day_of
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue
from registry.services.manage_issuers import add_issuer, list_issuers
from registry.services.sample.generator import sample_certificates, sample_issuers


def load_samples(registry: Registry, enterprises: int, progress: Callable[[int, int], None]) -> int:
    """Register the sample issuers and certificates, each act at its own time; returns how many certificates.

    Does nothing where issuers exist already. `progress` is told how many certificates are done, of how many.
    """
    if list_issuers(registry):
        return 0
    samples = list(sample_certificates(day_of(registry.now()), enterprises))
    beginning = min(sample.issued_at for sample in samples) - timedelta(days=1)
    for issuer in sample_issuers():
        add_issuer(
            _at(registry, beginning),
            issuer.code,
            issuer.name,
            issuer.address,
            issuer.mark,
            issuer.authorizations,
            issuer.website,
        )
    actors = {issuer.code: operator(registry, issuer.code, "sample") for issuer in sample_issuers()}
    for done, sample in enumerate(samples, start=1):
        actor = actors[sample.issuer]
        row = issue(_at(registry, sample.issued_at), actor, sample.certificate)
        for act in sample.acts:
            change_status(
                _at(registry, act.at), actor, row.public_id, act.act, act.reason, until=act.until, note=act.note
            )
        progress(done, len(samples))
    return len(samples)


def _at(registry: Registry, moment: datetime) -> Registry:
    """The same registry at another time."""
    return replace(registry, clock=lambda: moment)
