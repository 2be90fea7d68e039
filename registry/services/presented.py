"""Verifying what somebody hands in: a signed credential, or a certificate as PDF with one inside."""

from __future__ import annotations

from typing import NamedTuple

from registry.domain.errors import InvalidInput, Violation
from registry.formats.pdf_attachment import NoCredentialInside, credential_in_pdf, is_pdf
from registry.services.verify import Verification, Verifier


class Presented(NamedTuple):
    """What came out, and whether it was a PDF: then its pages may say anything, and only the credential is judged."""

    found: Verification
    is_pdf: bool


def verify_presented(verifier: Verifier, body: bytes) -> Presented:
    """Judge the bytes of a file. Raises InvalidInput for what is neither a JSON object nor a PDF with one inside."""
    if not is_pdf(body):
        return Presented(verifier.document(body), is_pdf=False)
    try:
        credential = credential_in_pdf(body)
    except NoCredentialInside as error:
        raise InvalidInput([Violation((), str(error))]) from error
    return Presented(verifier.document(credential), is_pdf=True)
