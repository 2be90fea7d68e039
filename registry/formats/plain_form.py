"""One JSON text for one meaning: the form in which registries write their credentials.

A signature over RDF (`eddsa-rdfc-2022`) holds over what a document says, in whatever JSON it says it: a term may stand
under its full address or under a name that an inline context gives it, one value as a list of one, a number as text.
Whoever reads the JSON then reads something else: no `credentialStatus`, a `valid_until` that is no date. So credentials
with a proof over RDF count only in the form in which registries write them (VC Data Integrity 1.0, 4.6).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from registry.formats.contexts import VC_V2, is_certificate_context
from registry.formats.untp_terms import UNTP_CONTEXT

# Terms and lower-case language tags; no addresses, no keywords, no blank nodes.
_NAME = re.compile(r"[a-z]{2,3}|[a-zA-Z][a-zA-Z0-9_]{3,63}")
# Members that are always lists, and those whose values are no texts.
_LISTS = frozenset({"type", "assessment", "authorisation", "credentialStatus", "sites"})
_NOT_TEXTS = {"revision": int, "conformance": bool}
_STATUS = "credentialStatus"
_SHOWN = 80


class NotPlain(ValueError):
    """Not the form in which registries write credentials; the message names the place."""


def check_plain_form(document: Mapping[str, Any]) -> None:
    """Whether a credential (with or without its proof) is written as registries write it. Raises NotPlain."""
    contexts = document.get("@context")
    if not (
        isinstance(contexts, list)
        and len(contexts) == 3
        and contexts[:2] == [VC_V2, UNTP_CONTEXT]
        and is_certificate_context(contexts[2])
    ):
        raise NotPlain("its @context is not that of a certificate of a registry")
    for name, value in document.items():
        if name not in ("@context", "proof"):
            _check_member("", name, value)


def _check_member(parent: str, name: str, value: Any) -> None:
    if not _NAME.fullmatch(name):
        raise NotPlain(f"{name[:_SHOWN]} is not a name that certificates use")
    # Entries of status lists have one type, as that standard asks.
    is_list = name in _LISTS and not (name == "type" and parent == _STATUS)
    if isinstance(value, list) != is_list or value == []:
        raise NotPlain(f"{name} is {'not ' if is_list else ''}a list")
    for item in value if is_list else [value]:
        _check_value(name, item)


def _check_value(name: str, value: Any) -> None:
    if isinstance(value, dict):
        for inner, more in value.items():
            _check_member(name, inner, more)
        if str(value.get("id", "")).startswith("_:"):
            raise NotPlain(f"{name} has no identifier of its own")
    elif type(value) is not _NOT_TEXTS.get(name, str):
        raise NotPlain(f"{name} is not of its type")
