"""What the console says of files: their states, and what can be wrong with a row."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from registry.services.bulk.imports import ImportKind, ImportState
from registry.web.console import texts

KINDS: Mapping[ImportKind, LazyString] = {
    ImportKind.CERTIFICATES: _("Certificates to issue"),
    ImportKind.ACTS: _("Acts on certificates"),
}
STATES: Mapping[ImportState, LazyString] = {
    ImportState.WAITING: _("Waits to be checked"),
    ImportState.CHECKING: _("Being checked"),
    ImportState.CHECKED: _("Checked"),
    ImportState.ACCEPTED: _("Waits to be recorded"),
    ImportState.RECORDING: _("Being recorded"),
    ImportState.DONE: _("Done"),
    ImportState.REFUSED: _("Refused"),
}

# Of rows and of whole files, by the English text that the layers below write.
_REASONS: tuple[tuple[re.Pattern[str], LazyString], ...] = tuple(
    (re.compile(pattern), text)
    for pattern, text in (
        (r"^Missing data|^missing$", _("Missing.")),
        (r"^Not a day that exists", _("Not a day that exists; write it like 2029-01-04.")),
        (
            r"check digit of this (?P<what>\w+) is wrong",
            _("The check digit is wrong: at least one character is mistyped."),
        ),
        (r"^not a (?P<what>USCC|LEI):", _("Wrong length, or a character that never occurs in a %(what)s.")),
        (r"^unknown scheme", _("This scheme is not known.")),
        (r"was not authorized for it", _("Your body was not authorized for this scheme on the day of the decision.")),
        (
            r"occurs more than once in this file, first on line (?P<line>\d+)",
            _("It is in this file more than once, first on line %(line)s."),
        ),
        (r"^taken by another certificate", _("Another certificate has this number and says something else.")),
        (r"^kept for a certificate", _("This number is kept for a certificate that waits for its signature.")),
        (
            r"dropped digits|drops leading zeros|drops digits",
            _("Excel takes this for a number and has dropped digits. Format the column as text and fill it in anew."),
        ),
        (
            r"is a bare number; format the cell as a date",
            _("A bare number. Format the cell as a date, or write 2025-01-06 as text."),
        ),
        (r"^Must be one of|^Must be a valid enum", _("Not one of the words that are allowed here.")),
        (r"^Must be six digits", _("Six digits are needed.")),
        (r"^Must be a letter and two digits", _("A letter and two digits are needed.")),
        (r"[Ll]onger than|^Shorter than|^Length must be", _("Too long, or empty.")),
        (r"has blanks at an end", _("It has blanks at an end, or characters that can't be printed.")),
        (r"decision is earlier than the first granting", _("The decision is earlier than the first granting.")),
        (r"decision is in the future", _("The decision is in the future.")),
        (r"validity begins before the decision", _("Validity begins before the decision.")),
        (r"certificates need an expiry date", _("Certificates of this scheme need an expiry date.")),
        (r"end is before the beginning", _("The end is before the beginning.")),
        (r"certificates run (?P<years>\d+) years", _("Certificates of this scheme run %(years)s years at most.")),
        (r"organization needs its registered identifier", _("An organization needs its identifier.")),
        (r"organization needs its address", _("An organization needs its address.")),
        (r"^not a reason to", _("This reason does not fit.")),
        (r"no certificate of yours has it", _("No certificate of yours has it.")),
        (r"is suspended already", _("It is suspended already.")),
        (r"which is final", _("It is over for good: nothing changes it any more.")),
        (r"Only a suspended certificate can be restored", _("Only a suspended certificate can be restored.")),
        (r"certificate has expired", _("It has expired.")),
        (r"no act that can be done by file", _("Use suspend, restore, withdraw or cancel (暂停, 恢复, 撤销, 注销).")),
        (r"more cells than the heading", _("More cells than the heading has columns.")),
        (
            r"no time with its offset",
            _("Write 2026-03-02T12:30:00+08:00, or 2026-03-02 for the beginning of that day."),
        ),
        (
            r"the column '(?P<name>[^']*)' is unknown",
            _("The column “%(name)s” is not known. The templates have all columns."),
        ),
        (r"the column '(?P<name>[^']*)' is there twice", _("The column “%(name)s” is there twice.")),
        (r"heading has no column '(?P<name>[^']*)'", _("The heading has no column “%(name)s”.")),
        (r"cells are merged \((?P<cells>[^)]*)\)", _("Cells are merged (%(cells)s). Each row needs its own.")),
        (r"old kind \(\.xls\)", _("This is a workbook of the old kind, or one with a password. Save it as .xlsx.")),
        (r"not a workbook", _("This is no workbook that can be read.")),
        (r"the file is empty|has no rows", _("The file has no rows.")),
        (r"more than (?P<rows>[\d,]+) rows", _("More than %(rows)s rows. Send them in several files.")),
        (r"more than (?P<bytes>[\d,]+) bytes", _("The file is larger than %(bytes)s bytes. Send it in several files.")),
        (
            r"line (?P<line>\d+) has bytes that are no",
            _("Line %(line)s has broken characters. Save the file as UTF-8."),
        ),
        (r"line (?P<line>\d+) has a NUL", _("Line %(line)s has a character that no text has.")),
        (
            r"row that begins on line (?P<line>\d+) can't be read",
            _("The row that begins on line %(line)s can't be read: is a quotation mark missing?"),
        ),
        (
            r"takes more memory or time",
            _("Reading this file takes more memory or time than any table of certificates."),
        ),
        (r"no file was sent", _("Choose a file.")),
        (r"wait to be checked or accepted", _("Too many files wait. Record or discard one of them first.")),
        (r"Nobody has accepted it within (?P<days>\d+) days", _("Nobody has recorded it within %(days)s days.")),
        (r"rows are wrong\. Mend them", _("Some rows are wrong.")),
        (r"No import of yours", _("No file of yours is here.")),
    )
)


def reason(text: str) -> str:
    """What is wrong, in the reader's language; in English where that is not foreseen."""
    for pattern, words in _REASONS:
        found = pattern.search(text)
        if found:
            return str(words) % found.groupdict()
    return texts.in_words(text)
