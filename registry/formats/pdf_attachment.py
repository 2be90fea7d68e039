"""The signed credential inside a certificate's PDF: an embedded file (ISO 32000-2, 7.11.4)."""

from __future__ import annotations

import logging
from io import BytesIO

from pypdf import PdfReader

MAX_PDF_BYTES = 20 * 1024 * 1024
# The largest certificate that the API takes in, twice over.
MAX_CREDENTIAL_BYTES = 4 * 1024 * 1024
_SIGNATURE = b"%PDF-"
# What the reader finds strange about a stranger's file is of no use in the registry's own log.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


class NoCredentialInside(ValueError):
    """Not a PDF that can be read, or one without a credential inside."""


def is_pdf(body: bytes) -> bool:
    """Whether the bytes begin as a PDF does (some programs put up to 1024 bytes in front), and not as JSON does."""
    return body.find(_SIGNATURE, 0, 1024) >= 0 and not body[:1024].lstrip().startswith(b"{")


def credential_in_pdf(body: bytes) -> bytes:
    """The bytes of the one attached JSON file. Raises NoCredentialInside.

    What the pages of the PDF show is looked at by nobody: only what the credential says is proved.
    """
    if len(body) > MAX_PDF_BYTES:
        raise NoCredentialInside(f"the PDF is larger than {MAX_PDF_BYTES} bytes")
    try:
        attached = [one for one in PdfReader(BytesIO(body)).attachment_list if one.name.lower().endswith(".json")]
        found = [bytes(one.content) for one in attached[:1]]
    except Exception as error:
        # What a broken or hostile PDF makes the reader run into is open-ended.
        raise NoCredentialInside("the PDF can't be read") from error
    if len(attached) != 1:
        raise NoCredentialInside(f"the PDF carries {len(attached)} JSON files, not one credential")
    if len(found[0]) > MAX_CREDENTIAL_BYTES:
        raise NoCredentialInside(f"the credential in the PDF is larger than {MAX_CREDENTIAL_BYTES} bytes")
    return found[0]
