"""A certificate as PDF/A-3 (ISO 19005-3), with the signed credential inside as an associated file.

Set by Typst, with fonts that come as packages, so that it looks the same everywhere; nothing is fetched. The same sheet
gives the same bytes.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from typing import Any

import pylopdf_fonts_zh_cn as chinese_fonts
import typst

from registry.packaged import packaged_folder

# Level A: the text can be searched, copied and read aloud in its order.
_STANDARD: Any = "a-3a"
_MISSING = re.compile(r'the text `"(?P<text>.*?)"` could not be displayed|the codepoint `"(?P<code>.*?)"`', re.DOTALL)
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


class NotPrintable(ValueError):
    """The certificate holds a character that no font at hand can draw."""

    def __init__(self, characters: str) -> None:
        codes = " ".join(f"U+{ord(one):04X}" for one in characters)
        super().__init__(f"No font can draw the character {characters!r} ({codes}).")


def certificate_pdf(sheet: dict[str, Any], credential: bytes, made_at: datetime) -> bytes:
    """The PDF of a sheet (see formats/certificate_sheet.py); the credential is inside to the byte.

    `made_at` is when the file says that it was made. Raises NotPrintable.
    """
    folder = packaged_folder("templates") / "print"
    # Each has its own: a compiler does one thing at a time, and keeps what it was given.
    compiler = typst.Compiler(folder / "certificate.typ", root=folder, font_paths=_fonts(), ignore_system_fonts=True)
    inputs = {"sheet": json.dumps(sheet, ensure_ascii=False), "credential": credential.decode("utf-8")}
    try:
        written = compiler.compile(
            format="pdf", sys_inputs=inputs, pdf_standards=_STANDARD, timestamp=int(made_at.timestamp())
        )
    except typst.TypstError as error:
        found = _MISSING.search(error.message)
        if found is None:
            raise
        raise NotPrintable(_ESCAPED.sub(lambda code: chr(int(code[1], 16)), found["text"] or found["code"])) from error
    assert isinstance(written, bytes)  # noqa: S101 - a PDF is one piece
    return written


@cache
def _fonts() -> typst.Fonts:
    """Those that Typst brings along, for Latin, and those of the package, for Chinese."""
    folder = str(chinese_fonts.serif_path().parent)
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[folder])
