"""The forms of single values in verifiable credentials (W3C Verifiable Credentials Data Model 2.0).

Each check takes a value and the path to it, and yields what is wrong: nothing for a value of the right form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from registry.domain.errors import Violation

Path = tuple[str | int, ...]

_MAX_URL = 4096
_MAX_TYPES = 64
# URL Standard: a scheme, then no blanks, controls or characters that no URL has. Letters beyond ASCII are allowed.
_ABSOLUTE_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f\s<>\"{}|\\^`]+")
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._%-]([/?#].*)?")
# A term of JSON-LD 1.1, section 9.2, that is no keyword and no URL.
_TERM = re.compile(r"[^@:\s\x00-\x20\x7f][^:\s\x00-\x20\x7f]*")
# BCP 47, section 2.1: the well-formed shape.
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_LANGUAGE_VALUE = frozenset({"@value", "@language", "@direction"})


def is_url(value: object) -> bool:
    """Whether a value is one absolute URL: https, urn, did, data or of any other scheme."""
    if not isinstance(value, str) or len(value) > _MAX_URL or not _ABSOLUTE_URL.fullmatch(value):
        return False
    scheme = value.partition(":")[0].lower()
    if scheme == "did":
        return _DID.fullmatch(value) is not None
    if scheme not in {"http", "https"}:
        return True
    try:
        parts = urlsplit(value)
        # Reading the port checks it.
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def is_data_url(value: object) -> bool:
    """Whether a value is a `data:` URL (RFC 2397) with a media type. It may be long: it carries a document."""
    return isinstance(value, str) and re.match(r"data:[\w.+-]+/[\w.+-]+(;[\w=.+-]+)*,\S", value) is not None


def url(value: object, path: Path) -> Iterator[Violation]:
    """A single URL (section 4.4)."""
    if not is_url(value):
        yield Violation(path, "must be a single URL")


def optional_id(members: dict[str, object], path: Path) -> Iterator[Violation]:
    """`id`: optional, and a single URL where it stands (section 4.4). Null is not absence."""
    if "id" in members:
        yield from url(members["id"], (*path, "id"))


def types(value: object, path: Path, required: str | None = None) -> Iterator[Violation]:
    """`type`: one or more terms and absolute URLs, in any order (section 4.5), `required` among them."""
    found = value if isinstance(value, list) else [value]
    if not found or len(found) > _MAX_TYPES:
        yield Violation(path, f"must be one or more types, at most {_MAX_TYPES}")
        return
    for one in found:
        if not isinstance(one, str) or not (_TERM.fullmatch(one) or is_url(one)):
            yield Violation(path, "must be one or more terms or absolute URLs")
            return
    if required is not None and required not in found:
        yield Violation(path, f"must include {required}")


def has_type(value: object, wanted: str) -> bool:
    """Whether `type` says `wanted`."""
    return wanted in value if isinstance(value, list) else value == wanted


def text(value: object, path: Path) -> Iterator[Violation]:
    """`name`, `description`: a text, or the same in one or more languages (sections 4.6 and 11.1)."""
    found = value if isinstance(value, list) else [value]
    if not found:
        yield Violation(path, "must be a text or language value objects")
    for position, one in enumerate(found):
        place = (*path, position) if isinstance(value, list) else path
        if isinstance(one, dict):
            yield from _language_value(one, place)
        elif not isinstance(one, str) or isinstance(value, list):
            yield Violation(place, "must be a text or a language value object")


def _language_value(value: dict[str, object], path: Path) -> Iterator[Violation]:
    extra = sorted(value.keys() - _LANGUAGE_VALUE)
    if extra:
        yield Violation(path, f"a language value object has only @value, @language and @direction, not {extra[0]}")
    if not isinstance(value.get("@value"), str):
        yield Violation((*path, "@value"), "must be a text")
    language = value.get("@language", "und")
    if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
        yield Violation((*path, "@language"), "must be a language tag like 'en' or 'zh-CN'")
    if value.get("@direction", "ltr") not in ("ltr", "rtl"):
        yield Violation((*path, "@direction"), "must be 'ltr' or 'rtl'")
