"""What a verifiable credential or presentation must look like: W3C Verifiable Credentials Data Model 2.0 and 1.1.

Only the form is judged here. Whether terms are defined is found out by processing the JSON-LD contexts, and whether
proofs hold by `registry.formats.proofs`. Section numbers are those of version 2.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from registry.domain.errors import Violation
from registry.formats import vc_values as values
from registry.formats.canonical_json import JsonObject
from registry.formats.date_time_stamp import MalformedDateTime, parse_date_time, parse_date_time_stamp
from registry.formats.vc_values import Path

MAX_VIOLATIONS = 20
MAX_CREDENTIALS = 8
ENVELOPED_CREDENTIAL = "EnvelopedVerifiableCredential"
ENVELOPED_PRESENTATION = "EnvelopedVerifiablePresentation"


class Version(StrEnum):
    """The versions of the data model, by the context that must come first."""

    V1 = "https://www.w3.org/2018/credentials/v1"
    V2 = "https://www.w3.org/ns/credentials/v2"


class Period(NamedTuple):
    """When a credential is valid, in seconds since 1970 (`date_time_stamp`); None: no limit. Both ends included."""

    starts: Fraction | None
    ends: Fraction | None


# Members whose values are objects with a type of their own (the table in section 4.5), and whether they need an id.
_OBJECTS = {
    "credentialStatus": False,
    "credentialSchema": True,
    "termsOfUse": False,
    "evidence": False,
    "refreshService": False,
    # Section 5.9: reserved for extensions, with a type.
    "confidenceMethod": False,
    "renderMethod": False,
}
# 1.1, sections 4.9, 5.4, 5.5 and 5.6.
_OBJECTS_V1 = {
    "credentialStatus": True,
    "credentialSchema": True,
    "termsOfUse": False,
    "evidence": False,
    "refreshService": True,
}
_PRESENTATION_OBJECTS = ("termsOfUse", "refreshService")


def version_of(document: JsonObject) -> Version | None:
    """The version of the data model by the first context, or None."""
    contexts = document.get("@context")
    first = contexts[0] if isinstance(contexts, list) and contexts else contexts
    return Version(first) if isinstance(first, str) and first in set(Version) else None


def credential_violations(document: object) -> list[Violation]:
    """What is wrong with a credential, secured or not, member by member; at most MAX_VIOLATIONS."""
    if not isinstance(document, dict):
        return [Violation((), "a credential is a JSON object")]
    return _first(_credential(document, ()))


def presentation_violations(document: object) -> list[Violation]:
    """What is wrong with a presentation and with the form of all that it contains; at most MAX_VIOLATIONS."""
    if not isinstance(document, dict):
        return [Violation((), "a presentation is a JSON object")]
    return _first(_presentation(document))


def is_enveloped(document: JsonObject, kind: str = ENVELOPED_CREDENTIAL) -> bool:
    """Whether an object only wraps a credential (4.13.1) or presentation (4.13.2) secured by JOSE or COSE."""
    return values.has_type(document.get("type"), kind)


def credentials_in(presentation: JsonObject) -> list[JsonObject]:
    """The credentials of a presentation whose form is right."""
    found = presentation.get("verifiableCredential", [])
    return found if isinstance(found, list) else [found]


def identity_of(value: object) -> str | None:
    """Who `issuer` or `holder` names: the URL, or the id of the object."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def validity_period(document: JsonObject) -> Period:
    """The validity of a credential whose form is right."""
    names = ("issuanceDate", "expirationDate") if version_of(document) is Version.V1 else ("validFrom", "validUntil")
    starts, ends = (parse_date_time(document[name]) if name in document else None for name in names)
    return Period(starts, ends)


def _first(found: Iterator[Violation]) -> list[Violation]:
    return [one for one, _ in zip(found, range(MAX_VIOLATIONS), strict=False)]


def _credential(document: JsonObject, path: Path) -> Iterator[Violation]:
    yield from _contexts(document, path)
    yield from values.optional_id(document, path)
    yield from _types(document, path, "VerifiableCredential")
    yield from _party(document, "issuer", path, required=True)
    yield from _subjects(document, path)
    if version_of(document) is Version.V1:
        yield from _dates_v1(document, path)
        rules = _OBJECTS_V1
    else:
        yield from _dates(document, path)
        yield from _names(document, path)
        yield from _related_resources(document, path)
        rules = _OBJECTS
    for name, id_required in rules.items():
        yield from _typed_objects(document, name, path, id_required=id_required)


def _presentation(document: JsonObject) -> Iterator[Violation]:
    yield from _contexts(document, ())
    yield from values.optional_id(document, ())
    yield from _types(document, (), "VerifiablePresentation")
    yield from _party(document, "holder", (), required=False)
    rules = _OBJECTS_V1 if version_of(document) is Version.V1 else _OBJECTS
    for name in _PRESENTATION_OBJECTS:
        yield from _typed_objects(document, name, (), id_required=rules[name])
    if "verifiableCredential" not in document:
        return
    for place, one in _each(document["verifiableCredential"], ("verifiableCredential",)):
        if not isinstance(one, dict):
            yield Violation(place, "must be a credential object, not a text, number or URL")
        elif is_enveloped(one):
            yield from _envelope(one, place)
        else:
            yield from _credential(one, place)
    if isinstance(document["verifiableCredential"], list) and len(document["verifiableCredential"]) > MAX_CREDENTIALS:
        yield Violation(("verifiableCredential",), f"at most {MAX_CREDENTIALS} credentials are read")


def _contexts(document: JsonObject, path: Path) -> Iterator[Violation]:
    """4.3: an ordered set that begins with the base context, then URLs and context objects."""
    path = (*path, "@context")
    contexts = document.get("@context")
    if not isinstance(contexts, list) or not contexts:
        yield Violation(path, f"must be a list that begins with {Version.V2}")
        return
    if version_of(document) is None:
        yield Violation((*path, 0), f"must be {Version.V2} (or {Version.V1})")
    for position, one in enumerate(contexts[1:], 1):
        if isinstance(one, str):
            yield from values.url(one, (*path, position))
        elif not isinstance(one, dict):
            yield Violation((*path, position), "must be a URL or a context object")
    urls = [one for one in contexts if isinstance(one, str)]
    if len(set(urls)) != len(urls):
        yield Violation(path, "must not name a context twice")


def _types(document: JsonObject, path: Path, required: str) -> Iterator[Violation]:
    if "type" not in document:
        yield Violation((*path, "type"), f"is missing; it must include {required}")
    else:
        yield from values.types(document["type"], (*path, "type"), required)


def _party(document: JsonObject, name: str, path: Path, *, required: bool) -> Iterator[Violation]:
    """`issuer` (4.7) and `holder` (4.13): a URL, or an object with one as its id."""
    path = (*path, name)
    if name not in document:
        if required:
            yield Violation(path, "is missing")
        return
    party = document[name]
    if not isinstance(party, dict):
        if not values.is_url(party):
            yield Violation(path, "must be a URL, or an object with a URL as its id")
        return
    if not values.is_url(party.get("id")):
        yield Violation((*path, "id"), "must be a single URL")
    yield from _names(party, path)


def _subjects(document: JsonObject, path: Path) -> Iterator[Violation]:
    """4.8: one or more objects, none of them empty."""
    path = (*path, "credentialSubject")
    if "credentialSubject" not in document:
        yield Violation(path, "is missing")
        return
    for place, subject in _each(document["credentialSubject"], path):
        if not isinstance(subject, dict) or not subject:
            yield Violation(place, "must be an object with at least one claim")
        else:
            yield from values.optional_id(subject, place)


def _names(document: JsonObject, path: Path) -> Iterator[Violation]:
    for name in ("name", "description"):
        if name in document:
            yield from values.text(document[name], (*path, name))


def _dates(document: JsonObject, path: Path) -> Iterator[Violation]:
    """4.9: dateTimeStamps, the start not after the end."""
    instants = []
    for name in ("validFrom", "validUntil"):
        if name in document:
            try:
                instants.append(parse_date_time_stamp(document[name]))
            except MalformedDateTime as error:
                yield Violation((*path, name), str(error))
    if len(instants) == 2 and instants[0] > instants[1]:
        yield Violation((*path, "validUntil"), "must not be before validFrom")


def _dates_v1(document: JsonObject, path: Path) -> Iterator[Violation]:
    """1.1, sections 4.6 and 4.8: `issuanceDate` is required, and a zone is not."""
    instants = []
    for name in ("issuanceDate", "expirationDate"):
        if name in document:
            try:
                instants.append(parse_date_time(document[name]))
            except MalformedDateTime as error:
                yield Violation((*path, name), str(error))
        elif name == "issuanceDate":
            yield Violation((*path, name), "is missing")
    if len(instants) == 2 and instants[0] > instants[1]:
        yield Violation((*path, "expirationDate"), "must not be before issuanceDate")


def _typed_objects(document: JsonObject, name: str, path: Path, *, id_required: bool) -> Iterator[Violation]:
    if name not in document:
        return
    for place, one in _each(document[name], (*path, name)):
        if not isinstance(one, dict):
            yield Violation(place, "must be an object")
            continue
        if "type" not in one:
            yield Violation((*place, "type"), "is missing")
        else:
            yield from values.types(one["type"], (*place, "type"))
        if id_required and "id" not in one:
            yield Violation((*place, "id"), "is missing")
        yield from values.optional_id(one, place)


def _related_resources(document: JsonObject, path: Path) -> Iterator[Violation]:
    """5.3: objects with an id of their own and at least one digest."""
    if "relatedResource" not in document:
        return
    seen: set[str] = set()
    for place, one in _each(document["relatedResource"], (*path, "relatedResource")):
        if not isinstance(one, dict):
            yield Violation(place, "must be an object")
            continue
        identity = one.get("id")
        if not isinstance(identity, str) or not values.is_url(identity):
            yield Violation((*place, "id"), "must be a single URL")
        elif identity in seen:
            yield Violation((*place, "id"), "must not occur twice")
        else:
            seen.add(identity)
        if not ("digestSRI" in one or "digestMultibase" in one):
            yield Violation(place, "must have digestSRI or digestMultibase")


def _envelope(document: JsonObject, path: Path) -> Iterator[Violation]:
    """4.13.1, 4.13.2: the base context, a `data:` URL, and no other type."""
    contexts = document.get("@context")
    if Version.V2 not in (contexts if isinstance(contexts, list) else [contexts]):
        yield Violation((*path, "@context"), f"must include {Version.V2}")
    if not values.is_data_url(document.get("id")):
        yield Violation((*path, "id"), "must be a data: URL")


def _each(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The members of a set, one or many, each with its path; an empty set counts as one empty value."""
    if not isinstance(value, list) or not value:
        yield path, value
        return
    for position, one in enumerate(value):
        yield (*path, position), one
