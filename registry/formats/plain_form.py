"""One JSON text for one meaning: the form in which registries write their credentials.

A signature over RDF (`eddsa-rdfc-2022`) holds over what a document says, in whatever JSON it says it: a term may stand
under its full address or under a name that an inline context gives it, one value as a list of one, a number as text,
and what is said of one `id` in two places may be shared out between them in another way, or left out in one of them.
Whoever reads the JSON then reads something else: no `credentialStatus`, a `valid_until` that is no date. So credentials
with a proof over RDF count only in the form in which registries write them (VC Data Integrity 1.0, 4.6): here stands
which members there are in each place, and of which kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.formats.contexts import VC_V2, is_certificate_context
from registry.formats.untp_terms import UNTP_CONTEXT

_SHOWN = 80
# Where a word is wanted that stands for an address, the address itself would mean the same.
_WORD = re.compile(r"[A-Za-z0-9.]{1,80}")
# Absolute addresses. A name before the colon that a context defines would make a short form of it.
_ADDRESS = re.compile(r"(https?://|did:)[^\s]{1,2000}")


class NotPlain(ValueError):
    """Not the form in which registries write credentials; the message names the place."""


@dataclass(frozen=True, slots=True)
class _Object:
    """An object with these members and no others; `types` as they stand under `type`."""

    members: Mapping[str, _Kind]
    optional: Mapping[str, _Kind]
    types: list[str] | str | None = None


@dataclass(frozen=True, slots=True)
class _List:
    """One or more of the same kind, at most `most`. What has an `id` stands alone: twice the same is once in RDF."""

    of: _Object
    most: int | None = None


_Kind = _Object | _List | re.Pattern[str] | type[str] | type[int] | type[bool]


def _object(
    types: list[str] | str | None = None, optional: Mapping[str, _Kind] | None = None, /, **members: _Kind
) -> _Object:
    return _Object(members, optional or {}, types)


_PARTY = _object(id=_ADDRESS, name=str)
_BILINGUAL = _object(None, {"en": str}, zh=str)
_HOLDER = _object(
    None,
    {
        "address": _BILINGUAL,
        "identifier": _object(scheme=str, value=str),
        "region": str,
        "industry": str,
        "size": str,
    },
    kind=str,
    name=_BILINGUAL,
)
_TERMS = _object(
    None,
    {
        "valid_until": str,
        "sites": _List(_object(name=_BILINGUAL, address=_BILINGUAL, scope=_BILINGUAL)),
        "accreditation": _object(body=str, number=str),
        "accredited": bool,
        "replaces": _object(None, {"revision": int, "credential": _ADDRESS, "body": str}, change=str, number=str),
    },
    number=str,
    revision=int,
    kind=str,
    scheme=str,
    scheme_name=_BILINGUAL,
    standard=str,
    holder=_HOLDER,
    scope=_BILINGUAL,
    granted_on=str,
    decided_on=str,
    valid_from=str,
    certification_body=_object(code=str, name=_BILINGUAL, address=_BILINGUAL, mark=str),
)
_SCHEME = _object(
    ["ConformityScheme"], id=_ADDRESS, name=str, description=str, version=str, validFrom=str, owner=_PARTY
)
_STANDARD = _object(["Standard"], id=_ADDRESS, name=str, issuingParty=_PARTY, issueDate=str)
_ASSESSMENT = _object(
    ["ConformityAssessment", "Declaration"],
    id=_ADDRESS,
    assessmentDate=str,
    conformityTopic=_WORD,
    conformance=bool,
    referenceStandard=_STANDARD,
)
_SUBJECT = _object(
    ["ConformityAttestation", "Attestation"],
    {"authorisation": _List(_object(["Endorsement"], id=_ADDRESS, name=str, issuingAuthority=_PARTY), 1)},
    id=_ADDRESS,
    name=str,
    assessorLevel=_WORD,
    assessmentLevel=_WORD,
    attestationType=_WORD,
    description=str,
    issuedToParty=_object(None, {"registeredId": str}, id=_ADDRESS, name=str),
    scope=_SCHEME,
    assessment=_List(_ASSESSMENT, 1),
    certificate=_TERMS,
)
_STATUS = _object("BitstringStatusListEntry", statusPurpose=_WORD, statusListIndex=str, statusListCredential=_ADDRESS)
_CREDENTIAL = _object(
    ["DigitalConformityCredential", "VerifiableCredential"],
    {"validUntil": str, "credentialStatus": _List(_STATUS)},
    id=_ADDRESS,
    issuer=_object(["CredentialIssuer"], id=_ADDRESS, name=str),
    name=str,
    validFrom=str,
    credentialSubject=_SUBJECT,
)


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
    if "@context" in document.get("proof", {}):
        raise NotPlain("its proof has an @context, which proofs over RDF on certificates have not")
    _check("the credential", {name: document[name] for name in document.keys() - {"@context", "proof"}}, _CREDENTIAL)
    _check_shared(document["credentialSubject"])


def _check(name: str, value: Any, kind: _Kind) -> None:
    if isinstance(kind, _List):
        if not isinstance(value, list) or not value:
            raise NotPlain(f"{name} is not a list")
        if kind.most is not None and len(value) > kind.most:
            raise NotPlain(f"{name} has more than {kind.most}")
        for item in value:
            _check(name, item, kind.of)
    elif isinstance(kind, _Object):
        _check_object(name, value, kind)
    elif isinstance(kind, re.Pattern):
        if not isinstance(value, str) or not kind.fullmatch(value):
            raise NotPlain(f"{name} is not written as registries write it")
    elif type(value) is not kind:
        raise NotPlain(f"{name} is not of its type")


def _check_object(name: str, value: Any, kind: _Object) -> None:
    if not isinstance(value, dict):
        raise NotPlain(f"{name} is not an object")
    if value.get("type") != kind.types:
        raise NotPlain(f"the type of {name} is not written as registries write it")
    missing = kind.members.keys() - value.keys()
    if missing:
        raise NotPlain(f"{name} has no {min(missing)}")
    for member, inner in value.items():
        if member == "type" and kind.types is not None:
            continue
        known = kind.members.get(member) or kind.optional.get(member)
        if known is None:
            raise NotPlain(f"{member[:_SHOWN]} is not a name that certificates use in {name}")
        _check(member, inner, known)


def _check_shared(subject: Mapping[str, Any]) -> None:
    """Scheme and standard had one `id` once, and so both names are names of that one: which is whose must be clear."""
    scheme, standard = subject["scope"], subject["assessment"][0]["referenceStandard"]
    if scheme["id"] == standard["id"] and standard["name"] != scheme["version"]:
        raise NotPlain("referenceStandard has another name than the scheme's version")
