"""The certificate for the wall: a PDF with the signed credential inside."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import orjson

from registry.domain.certificate import day_of
from registry.domain.errors import Conflict
from registry.domain.look import Look
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


class PrintJob(NamedTuple):
    """All that is needed for one PDF, wherever it is made: the credential to the byte, and what it can't say itself."""

    public_id: str
    credential: bytes
    address: str
    standing: Standing
    recorded_at: datetime
    look: Look

    def run(self) -> bytes:
        """The PDF. Raises Conflict where the certificate has a character that can't be printed."""
        document = orjson.loads(self.credential)
        sheet = certificate_sheet(document, self.public_id, self.address, self.standing, self.look)
        try:
            return certificate_pdf(sheet, self.credential, self.recorded_at)
        except NotPrintable as error:
            raise Conflict(f"This certificate can't be printed. {error}") from error


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
    _, credential = stored_document(registry, public_id)
    with registry.database.read() as connection:
        look = look_of(connection, found.terms["certification_body"]["code"]) if found.terms else Look()
    return PrintedCertificate(public_id, print_job(registry, found, credential, look).run())


def print_job(registry: Registry, found: Verification, credential: bytes, look: Look) -> PrintJob:
    """What is to be printed of a registered certificate. Raises Conflict where it fails its own check."""
    if found.public_id is None or found.recorded_at is None or found.verdict is Verdict.INVALID:
        raise Conflict("This certificate fails the registry's own check. It is not printed.")
    address = f"{registry.base_url}/v/{found.public_id}"
    return PrintJob(found.public_id, credential, address, _standing(found), found.recorded_at, look)


def _standing(found: Verification) -> Standing:
    acted_upon = found.status is not None and found.verdict in _ACTED_UPON
    return Standing(found.verdict, day_of(found.status.since) if acted_upon and found.status else None)
