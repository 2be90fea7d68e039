"""Loading the sample data through the services, as if the registry had been running all along."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from registry.domain.certificate import day_of
from registry.domain.reasons import Reason
from registry.domain.schemes import Text
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.issue import issue
from registry.services.manage_issuers import add_issuer, list_issuers
from registry.services.sample.generator import SampleCertificate, sample_certificates, sample_issuers
from registry.services.versions import reissue

_REISSUED_EVERY = 40


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
        if done % _REISSUED_EVERY == 0 and not sample.acts:
            _reissue(registry, actor, sample, row.public_id)
        progress(done, len(samples))
    return len(samples)


def _reissue(registry: Registry, actor: Actor, sample: SampleCertificate, public_id: str) -> None:
    """Supersede a sample by one with another address, half a year later, if that time has come."""
    moment = sample.issued_at + timedelta(days=182)
    old = sample.certificate
    if moment >= registry.now() or (old.valid_until is not None and old.valid_until <= day_of(moment)):
        return
    address = old.holder.address
    if address is None:
        return
    moved = Text(f"{address.zh}（2楼）", f"2nd floor, {address.en}" if address.en else None)
    new = replace(old, holder=replace(old.holder, address=moved), valid_from=day_of(moment))
    reissue(_at(registry, moment), actor, public_id, new, Reason.ADDRESS_CHANGE)


def _at(registry: Registry, moment: datetime) -> Registry:
    """The same registry at another time."""
    return replace(registry, clock=lambda: moment)
