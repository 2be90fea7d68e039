"""The signed credential inside a certificate's PDF: an embedded file (ISO 32000-2, 7.11.4)."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import PyPdfError

MAX_PDF_BYTES = 20 * 1024 * 1024
MAX_ATTACHMENT_BYTES = 1024 * 1024
_SIGNATURE = b"%PDF-"


class NoCredentialInside(ValueError):
    """Not a PDF that can be read, or one without a credential inside."""


def is_pdf(body: bytes) -> bool:
    """Whether the bytes begin as a PDF does (some programs put up to 1024 bytes in front)."""
    return _SIGNATURE in body[:1024]


def credential_in_pdf(body: bytes) -> bytes:
    """The bytes of the one attached JSON file. Raises NoCredentialInside."""
    if len(body) > MAX_PDF_BYTES:
        raise NoCredentialInside(f"the PDF is larger than {MAX_PDF_BYTES} bytes")
    try:
        found = [one.content for one in PdfReader(BytesIO(body)).attachment_list if one.name.lower().endswith(".json")]
    # What a broken or hostile PDF makes the reader run into is open-ended.
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError) as error:
        raise NoCredentialInside("the PDF can't be read") from error
    if len(found) != 1:
        raise NoCredentialInside(f"the PDF carries {len(found)} JSON files, not one credential")
    if len(found[0]) > MAX_ATTACHMENT_BYTES:
        raise NoCredentialInside(f"the credential in the PDF is larger than {MAX_ATTACHMENT_BYTES} bytes")
    return bytes(found[0])
