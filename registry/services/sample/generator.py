"""Sample issuers and certificates: the same for the same day, number and seed, on every machine.

What is drawn looks like life in its shares and habits: most firms hold one certificate, integrated systems are
audited and suspended together, trouble comes after the first surveillance. And it is marked: every name of an issuer
or a holder says so, and every credit code has a middle that no register gives out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from registry.domain.certificate import Certificate, EnterpriseSize, Holder, HolderType, Site
from registry.domain.schemes import SCHEMES, Kind, Text
from registry.services.sample.acts import SampleAct
from registry.services.sample.enterprises import Enterprise, sample_enterprises
from registry.services.sample.issuers import (
    Numbering,
    SampleIssuer,
    authorized_since,
    draw_issuer,
    sample_issuers,
)
from registry.services.sample.names import person_name
from registry.services.sample.scopes import appliance_of, scope_of, sites_of, training_scope
from registry.services.sample.timeline import Case, Fates, Plan, draw_plan

__all__ = ["SampleAct", "SampleCertificate", "SampleIssuer", "sample_certificates", "sample_issuers"]

# Before this day, expired certificates would be older than the standards they name.
EARLIEST_TODAY = date(2025, 1, 1)

_QUALITY = "gbt19001-2016"
_SERVICE = "gbt27922-2011"
_PRODUCT = "gb4706.1-2005"
_RECOGNITION = "gbt19580-2012-case"
_TRAINING = "gbt19011-2021-training"
_QUALITY_SHARE = 0.9
_FURTHER_SHARES = {"gbt24001-2016": 0.2, "gbt45001-2020": 0.15, _SERVICE: 0.07, _RECOGNITION: 0.025}
# Small firms collect more certificates than micro firms.
_APPETITE = {EnterpriseSize.SMALL: 1.3, EnterpriseSize.MICRO: 0.6}
_PRODUCT_SHARE = 0.5
_INTEGRATED_SHARE = 0.65
# Sections of the classification whose firms sell something that an after-sales service is for.
_SECTIONS_WITH_AFTER_SALES = "CFI"
# So many persons for so many enterprises.
_PERSONS, _ENTERPRISES = 120, 2000


@dataclass(frozen=True, slots=True)
class SampleCertificate:
    """A certificate, the code of its issuer, when it was issued (UTC), and what the issuer did to it since.

    It is a recertification where it was granted before it was decided on.
    """

    issuer: str
    certificate: Certificate
    issued_at: datetime
    acts: tuple[SampleAct, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A certificate that has no number yet: those are given in the order of the decisions."""

    issuer: str
    scheme: str
    holder: Holder
    scope: Text
    sites: tuple[Site, ...]
    plan: Plan


def sample_certificates(today: date, enterprises: int = 2000, seed: int = 20260101) -> Iterator[SampleCertificate]:
    """Certificates of `enterprises` firms, and of some persons, as they stand at the beginning of `today`.

    They come in the order of `issued_at`. Raises ValueError for a day before EARLIEST_TODAY.
    """
    if today < EARLIEST_TODAY:
        raise ValueError(f"samples begin on {EARLIEST_TODAY.isoformat()}")
    return iter(_Generator(today, seed).generate(enterprises))


class _Generator:
    """Draws everything, in one order, from one source of chance."""

    def __init__(self, today: date, seed: int) -> None:
        self._today = today
        self._rng = Random(seed)  # noqa: S311 - samples are to be the same everywhere, not secret
        self._fates = Fates(self._rng)

    def generate(self, count: int) -> list[SampleCertificate]:
        """All certificates of `count` firms, and of some persons."""
        drafts: list[_Draft] = []
        # All firms first: so they do not depend on the day.
        for enterprise in tuple(sample_enterprises(count, self._rng)):
            drafts.extend(self._certify(enterprise))
        drafts.extend(self._train(index) for index in range(_PERSONS * count // _ENTERPRISES))
        return sorted(_numbered(drafts), key=lambda sample: (sample.issued_at, sample.certificate.number))

    def _certify(self, enterprise: Enterprise) -> Iterator[_Draft]:
        """All certificates of a firm."""
        rng = self._rng
        schemes = _schemes_of(enterprise, rng)
        usual = draw_issuer(_QUALITY, rng)
        issuers = {scheme: draw_issuer(scheme, rng, usual) for scheme in schemes}
        sites = sites_of(enterprise, rng)
        together = [scheme for scheme in schemes if issuers[scheme] == usual and _is_system(scheme)]
        if rng.random() >= _INTEGRATED_SHARE:
            together = []
        alone = len(schemes) == 1
        shared = self._plan(usual, together, alone) if together else None
        for scheme, issuer in issuers.items():
            plan = shared if shared and scheme in together else self._plan(issuer, [scheme], alone)
            scope = scope_of(enterprise, scheme, rng)
            yield _Draft(issuer, scheme, enterprise.holder, scope, sites if _is_system(scheme) else (), plan)

    def _train(self, index: int) -> _Draft:
        """A training certificate of a person."""
        issuer = draw_issuer(_TRAINING, self._rng)
        plan = self._plan(issuer, [_TRAINING], alone=True)
        holder = Holder(HolderType.PERSON, person_name(index))
        return _Draft(issuer, _TRAINING, holder, training_scope(self._rng), (), plan)

    def _plan(self, issuer: str, schemes: Sequence[str], alone: bool) -> Plan:
        """One plan for all `schemes`, which are of one kind."""
        not_before = max(authorized_since(issuer, scheme) for scheme in schemes)
        case = Case(SCHEMES[schemes[0]].kind, not_before, alone)
        return draw_plan(case, self._fates.deal(case), self._today, self._rng)


def _is_system(scheme: str) -> bool:
    return SCHEMES[scheme].kind is Kind.MANAGEMENT_SYSTEM


def _schemes_of(enterprise: Enterprise, rng: Random) -> list[str]:
    """What the firm is certified for; at least one scheme."""
    appetite = _APPETITE.get(enterprise.holder.size or EnterpriseSize.SMALL, 1.0)
    schemes = [_QUALITY] if rng.random() < _QUALITY_SHARE else []
    for scheme, share in _FURTHER_SHARES.items():
        fits = scheme != _SERVICE or enterprise.industry.code[0] in _SECTIONS_WITH_AFTER_SALES
        if fits and rng.random() < share * appetite:
            schemes.append(scheme)
    if appliance_of(enterprise) is not None and rng.random() < _PRODUCT_SHARE:
        schemes.append(_PRODUCT)
    return schemes or [_QUALITY]


def _numbered(drafts: list[_Draft]) -> Iterator[SampleCertificate]:
    numbering = Numbering()
    for draft in sorted(drafts, key=lambda draft: draft.plan.decided_on):
        plan = draft.plan
        certificate = Certificate(
            number=numbering.next_number(
                draft.issuer, draft.scheme, plan.decided_on.year, plan.cycle, draft.holder.size
            ),
            scheme=draft.scheme,
            holder=draft.holder,
            scope=draft.scope,
            granted_on=plan.granted_on,
            decided_on=plan.decided_on,
            valid_from=plan.valid_from,
            valid_until=plan.valid_until,
            sites=draft.sites,
        )
        yield SampleCertificate(draft.issuer, certificate, plan.issued_at, plan.acts)
