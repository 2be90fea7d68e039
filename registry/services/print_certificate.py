"""The certificate for the wall: a PDF with the signed credential inside."""

from __future__ import annotations

from typing import NamedTuple

from registry.domain.certificate import day_of
from registry.domain.errors import Conflict
from registry.domain.public_id import parse_public_id
from registry.domain.verdict import Verdict
from registry.formats.certificate_pdf import NotPrintable, certificate_pdf
from registry.formats.certificate_sheet import Standing, certificate_sheet
from registry.services.context import Registry
from registry.services.find import stored_document
from registry.services.verify import Verification, Verifier
from registry.store.looks import look_of

# What has been done to a certificate has a day; expiry stands on the sheet already.
_ACTED_UPON = frozenset({Verdict.SUSPENDED, Verdict.WITHDRAWN, Verdict.CANCELLED, Verdict.SUPERSEDED})


class PrintedCertificate(NamedTuple):
    """A PDF, and the public id of what it is about."""

    public_id: str
    pdf: bytes


def print_certificate(registry: Registry, verifier: Verifier, typed: str) -> PrintedCertificate:
    """The PDF of a certificate as it stands now: what is not in force says so across the page.

    The same bytes each time, until the status or the issuer's look changes. Raises MalformedPublicId, NotFound;
    Conflict where the certificate fails its own check, or has a character that can't be printed.
    """
    public_id = parse_public_id(typed)
    found = verifier.by_public_id(public_id)
    if found.document is None or found.recorded_at is None or found.verdict is Verdict.INVALID:
        raise Conflict("This certificate fails the registry's own check. It is not printed.")
    with registry.database.read() as connection:
        look = look_of(connection, found.terms["certification_body"]["code"])
    _, credential = stored_document(registry, public_id)
    sheet = certificate_sheet(found.document, public_id, f"{registry.base_url}/v/{public_id}", _standing(found), look)
    try:
        return PrintedCertificate(public_id, certificate_pdf(sheet, credential, found.recorded_at))
    except NotPrintable as error:
        raise Conflict(f"This certificate can't be printed. {error}") from error


def _standing(found: Verification) -> Standing:
    acted_upon = found.status is not None and found.verdict in _ACTED_UPON
    return Standing(found.verdict, day_of(found.status.since) if acted_upon and found.status else None)
