"""New versions of a certificate: what a change of its kind may alter, must alter and must leave as it is.

ISO/IEC 17021-1:2015: recertification 9.6.3, changes of the scope 9.6.4 and 9.6.5.5; a version is told from the ones
before by its number and revision (8.2.2 i).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter
from typing import Any

from registry.domain.certificate import Certificate, FieldPath, Site, longest_term, months_after
from registry.domain.errors import IllegalMove, Violation
from registry.domain.lifecycle import Status
from registry.domain.reasons import Reason
from registry.domain.schemes import SCHEMES

_NAME, _ADDRESS, _REGION = ("holder", "name"), ("holder", "address"), ("holder", "region")
_INDUSTRY, _SIZE = ("holder", "industry"), ("holder", "size")
_TYPE, _IDENTIFIER = ("holder", "kind"), ("holder", "identifier")
_NUMBER, _SCHEME, _SCOPE, _SITES = ("number",), ("scheme",), ("scope",), ("sites",)
_GRANTED, _DECIDED, _FROM, _UNTIL = ("granted_on",), ("decided_on",), ("valid_from",), ("valid_until",)
# A certification that has lapsed can be restored within six months (9.6.3.2.5).
_MONTHS_AFTER_EXPIRY = 6


@dataclass(frozen=True, slots=True)
class _Rule:
    """Which members a version may have otherwise, and of which at least one must be otherwise.

    `decision`: it takes a new certification decision. `suspended`: it may replace a certificate that is suspended, and
    so resolve the suspension.
    """

    may: frozenset[FieldPath]
    must: frozenset[FieldPath]
    decision: bool = False
    suspended: bool = False


_MEMBERS: Mapping[FieldPath, attrgetter[Any]] = {
    path: attrgetter("holder.type" if path is _TYPE else ".".join(path))
    for path in (
        *(_NUMBER, _SCHEME, _SCOPE, _SITES, _GRANTED, _DECIDED, _FROM, _UNTIL),
        *(_NAME, _ADDRESS, _REGION, _INDUSTRY, _SIZE, _TYPE, _IDENTIFIER),
    )
}
_RENEWED = frozenset({_NAME, _ADDRESS, _REGION, _INDUSTRY, _SIZE, _SCOPE, _SITES, _DECIDED, _UNTIL})
_ANYTHING = _RENEWED | {_GRANTED}
_SCOPED = frozenset({_SCOPE, _SITES, _INDUSTRY, _DECIDED})
_RULES: Mapping[Reason, _Rule] = {
    Reason.NAME_CHANGE: _Rule(frozenset({_NAME, _ADDRESS, _REGION, _SITES}), frozenset({_NAME})),
    Reason.ADDRESS_CHANGE: _Rule(frozenset({_ADDRESS, _REGION, _SITES}), frozenset({_ADDRESS, _SITES})),
    Reason.SCOPE_EXTENSION: _Rule(_SCOPED, frozenset({_SCOPE, _SITES}), decision=True),
    Reason.SCOPE_REDUCTION: _Rule(_SCOPED, frozenset({_SCOPE, _SITES}), decision=True, suspended=True),
    Reason.RECERTIFICATION: _Rule(_RENEWED | {_SCHEME}, frozenset({_UNTIL, _DECIDED}), decision=True, suspended=True),
    Reason.STANDARD_TRANSITION: _Rule(_RENEWED | {_SCHEME}, frozenset({_SCHEME}), decision=True, suspended=True),
    Reason.CORRECTION: _Rule(_ANYTHING, _ANYTHING | {_NUMBER, _FROM}),
    Reason.OTHER: _Rule(_ANYTHING, _ANYTHING | {_NUMBER, _FROM}),
}
VERSION_KINDS = tuple(_RULES)


def with_dates(certificate: Certificate, kind: Reason, given: frozenset[str], today: date) -> Certificate:
    """`certificate` with the days that were not `given` and that a change of its kind has anew."""
    rule = _RULES.get(kind)
    if rule is None or not rule.decision:
        return certificate
    if "decided_on" not in given:
        certificate = replace(certificate, decided_on=today)
    return certificate if "valid_from" in given else replace(certificate, valid_from=certificate.decided_on)


def check_replaceable(kind: Reason, status: Status) -> None:
    """Whether a certificate of this status can have such a version. Raises IllegalMove."""
    if status is Status.SUSPENDED and not _RULES[kind].suspended:
        what = kind.value.replace("_", " ")
        raise IllegalMove(f"The certificate is suspended; a {what} would lift that. Restore it first.", status)
    if status is Status.EXPIRED and kind is not Reason.RECERTIFICATION:
        raise IllegalMove("The certificate has expired; only recertification leads on from there.", status)


def check_version(old: Certificate, new: Certificate, kind: Reason) -> list[Violation]:
    """Every rule that `new` breaks as a version of `old`; what it must be in itself is checked elsewhere."""
    rule = _RULES.get(kind)
    if rule is None:
        known = ", ".join(VERSION_KINDS)
        return [Violation(("kind",), f"not a kind of new version; use one of: {known}")]
    what = kind.value.replace("_", " ")
    changed = {path for path, read in _MEMBERS.items() if read(old) != read(new)}
    wrong = [
        Violation(path, f"stays as it is in a {what}")
        for path in sorted(changed)
        if path not in rule.may | {_NUMBER, _FROM}
    ]
    if not wrong and changed.isdisjoint(rule.must):
        names = " or ".join(Violation(path, "").pointer for path in sorted(rule.must))
        wrong.append(Violation((), "nothing is changed" if rule.must > _RENEWED else f"a {what} changes {names}"))
    return [*wrong, *_check_days(old, new), *_check_kind(old, new, kind)]


def _check_days(old: Certificate, new: Certificate) -> Iterator[Violation]:
    if new.valid_from < old.valid_from:
        yield Violation(_FROM, f"earlier than that of the version before ({old.valid_from})")
    if new.decided_on < old.decided_on:
        yield Violation(_DECIDED, f"earlier than that of the version before ({old.decided_on})")


def _check_kind(old: Certificate, new: Certificate, kind: Reason) -> Iterator[Violation]:
    yield from (_check_new_term if kind is Reason.RECERTIFICATION else _check_same_term)(old, new)
    if kind is Reason.SCOPE_REDUCTION and (added := _places(new) - _places(old)):
        yield Violation(_SITES, f"a scope reduction adds no site: {min(added)}")
    if kind is Reason.SCOPE_EXTENSION and (gone := _places(old) - _places(new)):
        yield Violation(_SITES, f"a scope extension takes no site away: {min(gone)}")
    if new.scheme in SCHEMES and SCHEMES[new.scheme].kind is not SCHEMES[old.scheme].kind:
        yield Violation(_SCHEME, f"not a {SCHEMES[old.scheme].kind.replace('_', ' ')} as before: certify anew")


def _check_same_term(old: Certificate, new: Certificate) -> Iterator[Violation]:
    """Errors in the days can be corrected, but the term does not begin anew."""
    if old.valid_until is not None and new.valid_from > old.valid_until:
        yield Violation(_FROM, f"the certificate will have expired by then (on {old.valid_until})")
    years = SCHEMES[old.scheme].years
    if years is not None and new.valid_until is not None and new.valid_until - old.valid_from > longest_term(years):
        yield Violation(_UNTIL, f"beyond the term that began on {old.valid_from}: that takes a recertification")


def _check_new_term(old: Certificate, new: Certificate) -> Iterator[Violation]:
    if new.decided_on <= old.decided_on:
        yield Violation(_DECIDED, "recertification takes a decision of its own, later than the one before")
    if old.valid_until is None:
        return
    if new.valid_until is None or new.valid_until <= old.valid_until:
        yield Violation(_UNTIL, f"recertification begins a new term, beyond {old.valid_until}")
        return
    if new.decided_on <= old.valid_until:
        return
    if new.decided_on > months_after(old.valid_until, _MONTHS_AFTER_EXPIRY):
        reason = f"more than {_MONTHS_AFTER_EXPIRY} months after the expiry ({old.valid_until}): certify anew"
        yield Violation(_DECIDED, reason)
    years = SCHEMES[old.scheme].years
    latest = None if years is None else months_after(old.valid_until, 12 * years)
    if latest is not None and new.valid_until > latest:
        yield Violation(_UNTIL, f"decided after the expiry, so the new term goes by the old one, until {latest}")


def _places(certificate: Certificate) -> set[str]:
    return {_place(site) for site in certificate.sites}


def _place(site: Site) -> str:
    return f"{site.name.zh}, {site.address.zh}"
