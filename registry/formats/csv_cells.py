"""Cells of CSV files that people open in a spreadsheet."""

from __future__ import annotations

# What spreadsheets take for the beginning of a formula, also behind blanks and line ends, in full width as well.
_FORMULA_STARTS = "=+-@＝＋－＠|%"


def neutralized(text: str) -> str:
    """A text that no spreadsheet runs: one that may be a formula gets an apostrophe in front."""
    bare = text.lstrip()
    return f"'{text}" if bare.startswith(tuple(_FORMULA_STARTS)) or text[:1] in {"\t", "\r", "\n"} else text
