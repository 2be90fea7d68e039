"""What was typed, pasted or scanned: an id, the address in a QR code, a number, a credit code, a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from flask import url_for

from registry.domain.certificate import HolderId
from registry.domain.public_id import MalformedPublicId, parse_public_id
from registry.formats.identifiers import why_wrong
from registry.services.find import Page, has_number, is_of_holder
from registry.web import texts

# The signed part behind the '#' of a code: docs/offline-qr.md.
_SIGNED_PART = re.compile(r"[0-9A-Za-z$*+./:_-]{1,4000}")
# Addresses of what belongs to a certificate begin with that of the certificate, or of its credential.
_OF_CERTIFICATE = re.compile(r".*/(?:v|certificates)/([^/?#]*)")
_OF_HOLDER = re.compile(r"https?://[^/?#]+/holders/([a-z]+)/([^/?#]+)")
# An id with about as many characters as it should have, in one piece or in its groups. A name has no digits.
_LIKE_PUBLIC_ID = re.compile(
    r"(?=.*\d)(?:[0-9A-Z]{13,16}|[0-9A-Z]{4,6}([- ])[0-9A-Z]{4,6}\1[0-9A-Z]{4,6})", re.IGNORECASE
)
_LIKE_USCC = re.compile(r"[0-9A-Z]{18}", re.IGNORECASE)


def as_public_id(typed: str) -> str | None:
    """The public id in what was typed: the id itself, or the address of its certificate."""
    try:
        return parse_public_id(_without_address(typed))
    except MalformedPublicId:
        return None


def page_of(typed: str) -> str | None:
    """The page of what was typed, where that alone says which: of an id, or of the address of a thing of ours.

    The signed part of a code, which the page of its certificate checks, goes along.
    """
    public_id = as_public_id(typed)
    if public_id is not None:
        signed = typed.strip().partition("#")[2]
        address = url_for("pages.verify", public_id=public_id)
        return f"{address}#{signed}" if _SIGNED_PART.fullmatch(signed) else address
    holder = _OF_HOLDER.match(typed.strip())
    if holder is not None and holder[1] in texts.IDENTIFIERS:
        return url_for("holders.page", scheme=holder[1], value=unquote(holder[2]))
    return None


def page_meant(typed: str, found: Page) -> str | None:
    """The page of the one thing that was named: a certificate, or a holder with several. None where one must choose.

    A part of a name names nobody, though only one has it.
    """
    rows = [item.certificate for item in found.items]
    of_holder = all(is_of_holder(row, typed) for row in rows)
    if len(rows) == 1 and (of_holder or has_number(rows[0], typed)):
        return url_for("pages.verify", public_id=rows[0].public_id)
    holders = {(row.holder_id_scheme, row.holder_id) for row in rows}
    if not of_holder or len(holders) != 1:
        return None
    scheme, value = holders.pop()
    return url_for("holders.page", scheme=scheme, value=value) if value is not None else None


def mistyped(criteria: Mapping[str, str]) -> dict[str, str] | None:
    """What is wrong with an id or a credit code that nothing was found for; None where it looks like neither."""
    scanned = criteria.get("q", "")
    typed = _without_address(scanned)
    if "/v/" in scanned or _LIKE_PUBLIC_ID.fullmatch(typed):
        try:
            parse_public_id(typed)
        except MalformedPublicId as error:
            return {"kind": str(texts.READ_AS_PUBLIC_ID), "reason": texts.in_words(str(error)) or str(error)}
    code = (criteria.get("uscc") or scanned).strip()
    if _LIKE_USCC.fullmatch(code):
        wrong = why_wrong(HolderId("uscc", code.upper()))
        if wrong is not None:
            return {"kind": str(texts.READ_AS_USCC), "reason": texts.in_words(wrong) or wrong}
    return None


def _without_address(typed: str) -> str:
    found = _OF_CERTIFICATE.match(typed.strip())
    return found[1] if found else typed.strip().partition("#")[0].partition("?")[0]
