"""What the UNTP context means, as far as this registry's credentials use it.

A credential names the context of the UNTP Digital Conformity Credential, whose file is under the GPL and does not
travel with this program (docs/decisions/0008-proofs-over-rdf.md). To canonicalize such a credential, the
meaning of each term that stands in it has to be known: which address it stands for, and whether its value is one.
Those facts stand here. A UNTP credential with terms beyond these is refused, by name, and never read in part.
"""

from __future__ import annotations

from functools import cache

from registry.formats.canonical_json import JsonObject

UNTP_CONTEXT = "https://test.uncefact.org/vocabulary/untp/dcc/working/"

_DCC = UNTP_CONTEXT
_CORE = "https://test.uncefact.org/vocabulary/untp/core/working/"
_SCHEMA = "https://schema.org/"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_PROTECTED = {"@protected": True}

_NAME = {"name": {"@id": _SCHEMA + "name"}}
_DESCRIPTION = {"description": {"@id": _SCHEMA + "description"}}


def _text(*names: str) -> JsonObject:
    return {name: {"@id": _CORE + name, "@type": _XSD + "string"} for name in names}


def _code(*names: str) -> JsonObject:
    """Terms whose values are words of a list, each list with an address of its own."""
    return {
        name: {
            "@id": _CORE + name,
            "@type": "@vocab",
            "@context": {**_PROTECTED, "@vocab": f"{_CORE}{name}Code#"},
        }
        for name in names
    }


def _link(*names: str, vocabulary: str = _CORE) -> JsonObject:
    return {name: {"@id": vocabulary + name, "@type": "@id"} for name in names}


def _party(name: str) -> JsonObject:
    """A term for an organization; UNTP gives all of them the one address `Party`."""
    terms = {**_PROTECTED, **_NAME, **_text("registeredId")}
    return {name: {"@id": _CORE + "Party", "@type": "@id", "@context": terms}}


def _kind(name: str, *terms: JsonObject, vocabulary: str = _CORE) -> JsonObject:
    """A type, with the terms that have a meaning inside of it."""
    inside: JsonObject = dict(_PROTECTED)
    for some in terms:
        inside.update(some)
    return {name: {**_PROTECTED, "@id": vocabulary + name, **({"@context": inside} if terms else {})}}


@cache
def untp_terms() -> JsonObject:
    """The document `{"@context": …}` of the types and terms in use; not to be changed."""
    levels = _code("assessorLevel", "assessmentLevel", "attestationType")
    attested = (_NAME, _DESCRIPTION, levels, _party("issuedToParty"), _link("authorisation"))
    declared = (_text("assessmentDate"), _code("conformityTopic"), _link("referenceStandard"))
    conformance = {"conformance": {"@id": _DCC + "conformance", "@type": _XSD + "boolean"}}
    return {
        "@context": {
            **_PROTECTED,
            "@version": 1.1,
            **_kind("DigitalConformityCredential", vocabulary=_DCC),
            **_kind("CredentialIssuer", _NAME),
            **_kind("Attestation", *attested),
            **_kind(
                "ConformityAttestation",
                *attested,
                _link("scope"),
                _link("assessment", vocabulary=_DCC),
                vocabulary=_DCC,
            ),
            **_kind("Declaration", *declared),
            **_kind("ConformityAssessment", *declared, conformance, vocabulary=_DCC),
            **_kind("ConformityScheme", _NAME, _DESCRIPTION, _text("version", "validFrom"), _party("owner")),
            **_kind("Standard", _NAME, _party("issuingParty"), _text("issueDate")),
            **_kind("Endorsement", _NAME, _party("issuingAuthority")),
        }
    }
