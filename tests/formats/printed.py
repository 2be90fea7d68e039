"""What a PDF shows, read by programs that had no part in making it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pypdfium2
import zxingcpp
from pypdf import PdfReader


def without_blanks(text: str) -> str:
    """Where lines break is for the typesetter to say."""
    return "".join(text.split())


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page as pypdf reads it, without blanks."""
    return [without_blanks(page.extract_text()) for page in PdfReader(BytesIO(pdf)).pages]


def drawn_pages_of(pdf: bytes) -> list[str]:
    """The same by PDFium, the PDF reader of Chromium."""
    document = pypdfium2.PdfDocument(pdf)
    return [without_blanks(page.get_textpage().get_text_bounded()) for page in document]


def codes_on(pdf: bytes, page: int = 0, dots_per_inch: int = 150) -> list[str]:
    """The texts of the QR codes on a page, as a camera would see it."""
    picture = pypdfium2.PdfDocument(pdf)[page].render(scale=dots_per_inch / 72).to_pil()
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def fonts_in(pdf: bytes) -> dict[str, Any]:
    """The fonts of all pages: name, and the program that draws it, None where that is not inside the file."""
    found = {}
    for page in PdfReader(BytesIO(pdf)).pages:
        for font in page["/Resources"].get("/Font", {}).values():  # type: ignore[attr-defined]
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"]
            found[descendant["/BaseFont"]] = descriptor.get("/FontFile3") or descriptor.get("/FontFile2")
    return found
