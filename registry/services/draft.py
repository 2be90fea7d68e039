"""Certificates on their way to being issued: checked, drafted, signed."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection

from keys import Signer
from registry.domain.accreditation import with_accreditations
from registry.domain.certificate import Authorization, Certificate, check_certificate
from registry.domain.errors import Conflict, InvalidInput, Violation
from registry.domain.lifecycle import StatusEvent, check_event
from registry.domain.public_id import ENTROPY_BYTES, new_public_id
from registry.domain.reasons import Act, Reason
from registry.formats.bitstring_status_list import status_entries
from registry.formats.credential import IssuerProfile
from registry.formats.credential_form import CredentialForms
from registry.formats.data_integrity import Cryptosuite, UnsignedDocument
from registry.formats.identifiers import why_wrong
from registry.services.context import Actor, Registry
from registry.services.issuer_keys import newest_of_its_own, open_newest
from registry.services.status_places import reserve_places
from registry.store import certificates as store
from registry.store import issuers
from registry.store.accreditations import accreditations_of
from registry.store.certificates import NewCertificate, StoredCertificate
from registry.store.issuers import StoredKey
from registry.store.packed_document import pack
from registry.store.preparations import kept_numbers
from registry.store.status_lists import StatusPlace

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Paper:
    """What certificates are drafted on: who issues them, by which authorizations, for which key and cryptosuite.

    `accredited_only`: the registry registers no others.
    """

    issuer_id: int
    profile: IssuerProfile
    authorizations: list[Authorization]
    key: StoredKey
    cryptosuite: Cryptosuite
    accredited_only: bool


@dataclass(frozen=True, slots=True)
class Pen(Paper):
    """The same together with what a batch is signed with."""

    signer: Signer


class Order(NamedTuple):
    """A certificate that has passed all checks, with the authorization behind it."""

    certificate: Certificate
    authorization: Authorization


class Draft(NamedTuple):
    """A certificate whose credential is ready to be signed, with its first status event and its place in the lists."""

    public_id: str
    certificate: Certificate
    event: StatusEvent
    place: StatusPlace
    replaces_id: int | None
    first_version_id: int | None
    unsigned: UnsignedDocument

    def signed(self, signature: bytes) -> NewCertificate:
        """The certificate as it is stored, by the signature over `unsigned.data`."""
        document = self.unsigned.signed(signature)
        return NewCertificate(
            self.public_id,
            self.certificate,
            document,
            self.event,
            self.replaces_id,
            self.place,
            self.first_version_id,
            pack(document),
        )


def open_pen(registry: Registry, actor: Actor) -> Pen:
    """What the actor's issuer signs with now. Raises Conflict, keys.KeyStoreError."""
    with registry.database.read() as connection:
        issuer = issuers.get_issuer(connection, actor.issuer_id)
        authorizations = _authorizations(connection, issuer.id)
        published = issuers.keys_of(connection, issuer.id)
    key = open_newest(registry, issuer.code, published, registry.now())
    profile = IssuerProfile(issuer.code, issuer.name, issuer.address, issuer.mark, issuer.website)
    accredited_only = registry.settings.accredited_only
    suite = Cryptosuite(issuer.cryptosuite)
    return Pen(issuer.id, profile, authorizations, key.stored, suite, accredited_only, key.signer)


def lay_paper(registry: Registry, actor: Actor, key_name: str | None = None) -> Paper:
    """What the actor's issuer will sign itself: with its own newest key, or the one named.

    Raises Conflict where it has none, InvalidInput for a name that is not that of an active key of its own.
    """
    with registry.database.read() as connection:
        issuer = issuers.get_issuer(connection, actor.issuer_id)
        authorizations = _authorizations(connection, issuer.id)
        published = issuers.keys_of(connection, issuer.id)
    key = newest_of_its_own(issuer.code, published, registry.now(), key_name)
    profile = IssuerProfile(issuer.code, issuer.name, issuer.address, issuer.mark, issuer.website)
    accredited_only = registry.settings.accredited_only
    return Paper(issuer.id, profile, authorizations, key, Cryptosuite(issuer.cryptosuite), accredited_only)


def check_orders(
    registry: Registry,
    pen: Paper,
    certificates: Sequence[Certificate],
    reason: Reason,
    note: str | None,
    now: datetime,
    *,
    batch: bool = False,
    keeps_number: bool = False,
) -> list[Order]:
    """Every rule for all certificates, before anything is signed. Raises InvalidInput, Conflict.

    In a batch the paths begin with the position, otherwise with 'certificate', as in the request. `keeps_number`: it is
    a version of the certificate that has its number.
    """
    check_event(StatusEvent(1, Act.ISSUE, reason, now, now, note=note))
    orders = check_all(certificates, pen, now, batch=batch)
    with registry.database.read() as connection:
        numbers = [one.number for one in certificates]
        taken = [] if keeps_number else store.taken_numbers(connection, pen.issuer_id, numbers)
        kept = kept_numbers(connection, pen.issuer_id, numbers, now)
    if taken:
        raise number_taken(taken)
    if kept:
        raise Conflict(f"The number is kept for a certificate that is prepared and waits for its signature: {kept[0]}")
    return orders


def draft(
    registry: Registry,
    pen: Paper,
    orders: Sequence[Order],
    reason: Reason,
    note: str | None,
    now: datetime,
    replaces: StoredCertificate | None = None,
    places: Iterable[StatusPlace] | None = None,
) -> Iterator[Draft]:
    """The credentials of checked certificates, drafted when they are asked for; `replaces` is the version before.

    Their places in the status lists are taken at once, in a transaction of its own, unless the caller has them.
    """
    if places is None:
        places = reserve_places(registry, len(orders))
    replaces_id = replaces.id if replaces else None
    first_version_id = (replaces.first_version_id or replaces.id) if replaces else None
    method = pen.key.published.verification_method
    forms = CredentialForms(pen.profile, registry.base_url, method, now, pen.cryptosuite)

    @cache  # as many as there are days on which the certificates begin
    def first_event(begins: datetime) -> StatusEvent:
        # What begins in the past was in force then; what begins later is known from now on.
        return StatusEvent(1, Act.ISSUE, reason, min(now, begins), now, note=note)

    def drafted(order: Order, place: StatusPlace) -> Draft:
        certificate = order.certificate
        public_id = new_public_id(secrets.token_bytes(ENTROPY_BYTES))
        status = status_entries(registry.base_url, place.list_id, place.index)
        unsigned = forms.draft(certificate, order.authorization, public_id, status)
        event = first_event(certificate.period.starts_at)
        return Draft(public_id, certificate, event, place, replaces_id, first_version_id, unsigned)

    return map(drafted, orders, places)


def sign(pen: Pen, drafts: Iterable[Draft]) -> list[NewCertificate]:
    """Sign drafts."""
    return [one.signed(pen.signer.sign(one.unsigned.data)) for one in drafts]


def sign_ahead(pen: Pen, drafts: Iterator[Draft]) -> Iterator[list[NewCertificate]]:
    """Draft and sign in chunks; while the caller stores one, a thread signs the next.

    Signing, packing, and what the databases do need no lock of Python's, so these go on at the same time. Drafting
    needs it all the time: it is left to the caller's thread, which would only get in the way of it.
    """
    with ThreadPoolExecutor(1, "signing") as thread:
        signing = thread.submit(sign, pen, list(islice(drafts, _CHUNK)))
        drafted = list(islice(drafts, _CHUNK))
        while ready := signing.result():
            signing = thread.submit(sign, pen, drafted)
            yield ready
            drafted = list(islice(drafts, _CHUNK))


def number_taken(numbers: Sequence[str]) -> Conflict:
    """The refusal of numbers that the issuer has used already."""
    shown = ", ".join(numbers[:5]) + (" …" if len(numbers) > 5 else "")
    return Conflict(f"The number is taken by another certificate of this issuer: {shown}")


def check_order(
    certificate: Certificate,
    issuer_code: str,
    authorizations: Sequence[Authorization],
    now: datetime,
    *,
    accredited_only: bool,
) -> tuple[list[Violation], Authorization | None]:
    """All that is wrong with one certificate, looked at for itself, and the authorization that covers it."""
    found = check_certificate(certificate, now)
    identifier = certificate.holder.identifier
    reason = identifier and why_wrong(identifier)
    if reason:
        found.append(Violation(("holder", "identifier", "value"), reason))
    authorization = authorization_for(authorizations, certificate)
    if not any(violation.path == ("scheme",) for violation in found):
        if authorization is None:
            found.append(Violation(("scheme",), f"{issuer_code} was not authorized for it on the decision date"))
        elif accredited_only and authorization.accreditation_number is None:
            told = f"{issuer_code} was not accredited for it on the decision date"
            found.append(Violation(("scheme",), f"{told}, and this registry takes accredited certificates only"))
    return found, authorization


def check_all(certificates: Sequence[Certificate], pen: Paper, now: datetime, *, batch: bool) -> list[Order]:
    """Raises InvalidInput with all that is wrong."""
    wrong: list[Violation] = []
    orders = []
    for position, certificate in enumerate(certificates):
        prefix: tuple[str | int, ...] = (position,) if batch else ("certificate",)
        found, authorization = check_order(
            certificate, pen.profile.code, pen.authorizations, now, accredited_only=pen.accredited_only
        )
        if authorization is not None:
            orders.append(Order(certificate, authorization))
        wrong.extend(Violation(prefix + violation.path, violation.reason) for violation in found)
    counted = Counter(certificate.number for certificate in certificates)
    wrong.extend(
        Violation((position, "number"), "occurs more than once in this batch")
        for position, certificate in enumerate(certificates)
        if counted[certificate.number] > 1
    )
    if wrong:
        raise InvalidInput(wrong)
    return orders


def authorization_for(authorizations: Sequence[Authorization], certificate: Certificate) -> Authorization | None:
    """The authorization that covers the decision; an accredited one is preferred."""
    covering = [one for one in authorizations if one.covers(certificate.scheme, certificate.decided_on)]
    return max(covering, key=lambda one: one.accreditation_number is not None, default=None)


def _authorizations(connection: Connection, issuer_id: int) -> list[Authorization]:
    """What an issuer may certify, with the accreditations behind it."""
    granted = issuers.authorizations_of(connection, issuer_id)
    return with_accreditations(granted, accreditations_of(connection, issuer_id))
