"""Verifying what somebody hands in: a signed credential, a certificate as PDF with one inside, or a receipt."""

from __future__ import annotations

from typing import NamedTuple

from registry.domain.errors import InvalidInput, Violation
from registry.formats.pdf_attachment import NoCredentialInside, credential_in_pdf, is_pdf
from registry.formats.receipt import RECEIPT_TYPE, is_receipt
from registry.formats.trust_bundle import open_bundle
from registry.services.trust_bundle import build_bundle
from registry.services.verify import Verification, Verifier, parse_credential
from registry.services.verify_receipt import verify_receipt


class Presented(NamedTuple):
    """What came out, and whether it was a PDF: then its pages may say anything, and only the credential is judged.

    Of a receipt the verdict is that of its day (`found.checked_at`), not of today.
    """

    found: Verification
    is_pdf: bool
    is_receipt: bool = False


def verify_presented(verifier: Verifier, body: bytes) -> Presented:
    """Judge the bytes of a file. Raises InvalidInput for what is neither a JSON object nor a PDF with one inside."""
    if RECEIPT_TYPE.encode() in body and not is_pdf(body):
        document, _ = parse_credential(body)
        if is_receipt(document):
            # It brings the status lists of its day along.
            bundle = open_bundle(build_bundle(verifier.registry, None))
            return Presented(verify_receipt(bundle, document), is_pdf=False, is_receipt=True)
    if not is_pdf(body):
        return Presented(verifier.document(body), is_pdf=False)
    try:
        credential = credential_in_pdf(body)
    except NoCredentialInside as error:
        raise InvalidInput([Violation((), str(error))]) from error
    return Presented(verifier.document(credential), is_pdf=True)
