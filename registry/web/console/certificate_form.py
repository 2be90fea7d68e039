"""A certificate as a form: fields with dotted names, in the shape in which issuers send it as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from registry.domain.certificate import MAX_SITES, HolderId
from registry.domain.errors import Conflict, InvalidInput, RegistryError
from registry.domain.schemes import SCHEMES
from registry.formats.canonical_json import JsonObject
from registry.formats.certificate_request import IssueSchema, violations
from registry.formats.identifiers import why_wrong
from registry.web import texts as public
from registry.web.console import forms, texts

_PLAIN = (
    "number",
    "scheme",
    "holder.name.zh",
    "holder.name.en",
    "holder.address.zh",
    "holder.address.en",
    "holder.identifier.scheme",
    "holder.identifier.value",
    "holder.region",
    "holder.industry",
    "holder.size",
    "scope.zh",
    "scope.en",
    "granted_on",
    "decided_on",
    "valid_from",
    "valid_until",
)
_OF_SITE = ("name.zh", "name.en", "address.zh", "address.en", "scope.zh", "scope.en")
_OF_ACT = ("reason", "note")
# What always stands in the request, so that each field that is missing is named.
_FRAMES = (("holder", "name"), ("scope",))
_SITE_FIELD = re.compile(r"sites\.([0-9]{1,3})\.")
_TAKEN = re.compile("number is (taken|kept)")


def typed(form: Mapping[str, str]) -> dict[str, str]:
    """What was typed; sites that were left empty are not among it."""
    values = {name: form.get(name, "")[: forms.MAX_FIELD].strip() for name in (*_PLAIN, *_OF_ACT)}
    numbers = sorted({int(found[1]) for name in form if (found := _SITE_FIELD.match(name))})
    sites = [
        [form.get(f"sites.{number}.{name}", "")[: forms.MAX_FIELD].strip() for name in _OF_SITE] for number in numbers
    ]
    for position, site in enumerate([site for site in sites if any(site)][: MAX_SITES + 1]):
        values.update({f"sites.{position}.{name}": value for name, value in zip(_OF_SITE, site, strict=True)})
    return values


def count_sites(values: Mapping[str, str]) -> int:
    """How many sites there are."""
    return sum(name.endswith(".name.zh") and name.startswith("sites.") for name in values)


def read(values: Mapping[str, str]) -> dict[str, Any]:
    """The request that a form stands for: `certificate`, `reason`, `note`. Raises InvalidInput."""
    certificate: dict[str, Any] = {}
    for path in _FRAMES:
        _put(certificate, path, {})
    for name, value in values.items():
        if (
            value
            and name not in _OF_ACT
            and not (name == "holder.identifier.scheme" and not values["holder.identifier.value"])
        ):
            _put(certificate, name.split("."), value)
    sites = certificate.pop("sites", {})
    if sites:
        frames: dict[str, Any] = {"name": {}, "address": {}, "scope": {}}
        certificate["sites"] = [{**frames, **sites[key]} for key in sorted(sites, key=int)]
    scheme = SCHEMES.get(values["scheme"])
    if scheme is not None and scheme.person:
        certificate["holder"]["kind"] = "person"
    request = {"certificate": certificate, **{name: values[name] for name in _OF_ACT if values[name]}}
    try:
        loaded: dict[str, Any] = IssueSchema().load(request)
    except ValidationError as error:
        raise InvalidInput(violations(error.messages)) from error
    return loaded


def from_terms(terms: JsonObject) -> dict[str, str]:
    """What a form shows that begins with what a certificate says, as for its successor."""
    values = {name: _get(terms, name) for name in _PLAIN}
    for position, site in enumerate(terms.get("sites", [])):
        values.update({f"sites.{position}.{name}": _get(site, name) for name in _OF_SITE})
    return values


def wrong(error: RegistryError, values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong by field, in the reader's language; under '' what has no field of its own."""
    if isinstance(error, Conflict) and _TAKEN.search(str(error)):
        return {"number": texts.in_words(str(error))}
    told: dict[str, str] = {}
    for name, reason in forms.wrong(error).items():
        told.setdefault(_field(name.removeprefix("certificate."), values), reason)
    return told


def wrong_identifier(values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the holder's identifier, if one was typed."""
    identifier = HolderId(values["holder.identifier.scheme"] or "uscc", values["holder.identifier.value"])
    reason = why_wrong(identifier) if identifier.value and identifier.scheme in public.IDENTIFIERS else None
    return {} if reason is None else {"holder.identifier.value": texts.in_words(reason)}


def _field(name: str, values: Mapping[str, str]) -> str:
    """The field in which something wrong is marked; a text without any is marked in its Chinese field."""
    name = "reason" if name == "kind" else name
    return next((one for one in (name, f"{name}.zh", f"{name}.value") if one in values), "")


def _put(certificate: dict[str, Any], path: Any, value: Any) -> None:
    *outer, last = path
    for part in outer:
        certificate = certificate.setdefault(part, {})
    certificate[last] = value


def _get(terms: JsonObject, name: str) -> str:
    found: Any = terms
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""
