"""A certificate as a W3C Verifiable Credential 2.0, its subject shaped as a UNTP conformity attestation.

The attestation carries what any UNTP verifier understands. Our own terms, which follow ISO/IEC 17021-1 clause 8.2.2
to the letter, stand together in the subject's `certificate` member, in the shape of `registry.domain.certificate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from registry.domain.certificate import Authorization, Certificate, Holder, Replaced, Site
from registry.domain.schemes import SCHEMES, Scheme, Text
from registry.formats.canonical_json import JsonObject
from registry.formats.contexts import CERTIFICATE_CONTEXT_PATH, VC_V2
from registry.formats.data_integrity import timestamp
from registry.formats.did_web import issuer_did
from registry.formats.untp_terms import UNTP_CONTEXT

MEDIA_TYPE = "application/vc"
_STATED = (
    "number",
    "scheme",
    "holder",
    "scope",
    "granted_on",
    "decided_on",
    "valid_from",
    "valid_until",
    "sites",
)


@dataclass(frozen=True, slots=True)
class IssuerProfile:
    """What a certificate states of the certification body (8.2.2 g): name, address, mark."""

    code: str
    name: Text
    address: Text
    mark: str
    website: str | None = None


def credential_id(base_url: str, public_id: str) -> str:
    """Where the signed credential stands."""
    return f"{base_url}/certificates/{public_id}"


def build_credential(
    certificate: Certificate,
    issuer: IssuerProfile,
    authorization: Authorization,
    public_id: str,
    base_url: str,
    status: list[JsonObject] | None = None,
) -> JsonObject:
    """The credential document, without proof; `status`: where its status stands, as `credentialStatus` entries."""
    own = particulars(certificate, public_id, base_url, status)
    return arrange(own, SCHEMES[certificate.scheme], issuer, authorization, base_url)


def particulars(
    certificate: Certificate, public_id: str, base_url: str, status: list[JsonObject] | None = None
) -> JsonObject:
    """What is a credential's own: everything that it need not share with others of its scheme."""
    identity = credential_id(base_url, public_id)
    period = certificate.period
    own = stated_terms(certificate)
    own["identity"] = identity
    own["revision"] = certificate.revision
    own["party"] = _party(certificate.holder, identity, base_url)
    own["description"] = certificate.scope.zh
    own["begins"] = timestamp(period.starts_at)
    if period.ends_at is not None:
        own["ends"] = _last_second(period.ends_at)
    if certificate.replaces is not None:
        own["replaces"] = _replaced(certificate.replaces, base_url)
    if status:
        own["status"] = status
    return own


def arrange(
    own: Mapping[str, Any], scheme: Scheme, issuer: IssuerProfile, authorization: Authorization, base_url: str
) -> JsonObject:
    """The document of `particulars`, each of which goes where it belongs as it is.

    `identity` and `number` become parts of longer texts as well.
    """
    document: JsonObject = {
        "@context": context_of(base_url),
        "type": ["DigitalConformityCredential", "VerifiableCredential"],
        "id": own["identity"],
        "issuer": {
            "type": ["CredentialIssuer"],
            "id": issuer_did(base_url, issuer.code),
            "name": issuer.name.zh,
        },
        "name": f"{scheme.title.zh} {own['number']}",
        "validFrom": own["begins"],
        "credentialSubject": _attestation(own, scheme, issuer, authorization, base_url),
    }
    if "ends" in own:
        document["validUntil"] = own["ends"]
    if "status" in own:
        document["credentialStatus"] = own["status"]
    return document


@lru_cache(maxsize=4096)
def _last_second(end: datetime) -> str:
    return timestamp(end - timedelta(seconds=1))


def context_of(base_url: str) -> list[str]:
    """The `@context` of a registry's credentials."""
    return [VC_V2, UNTP_CONTEXT, base_url + CERTIFICATE_CONTEXT_PATH]


def certificate_terms(document: JsonObject) -> JsonObject:
    """Our own terms in a credential of ours; empty for a document of another make."""
    subject = document.get("credentialSubject")
    terms = subject.get("certificate") if isinstance(subject, dict) else None
    return terms if isinstance(terms, dict) else {}


def stated_terms(certificate: Certificate) -> JsonObject:
    """Those of our own terms that the issuer states of a certificate, in the shape of a request."""
    terms: JsonObject = {
        "number": certificate.number,
        "scheme": certificate.scheme,
        "holder": _holder(certificate.holder),
        "scope": _text(certificate.scope),
        "granted_on": certificate.granted_on.isoformat(),
        "decided_on": certificate.decided_on.isoformat(),
        "valid_from": certificate.valid_from.isoformat(),
    }
    if certificate.valid_until is not None:
        terms["valid_until"] = certificate.valid_until.isoformat()
    if certificate.sites:
        terms["sites"] = [_site(site) for site in certificate.sites]
    return terms


def stated_of(document: JsonObject) -> JsonObject:
    """The same of a credential of ours."""
    terms = certificate_terms(document)
    return {name: terms[name] for name in _STATED if name in terms}


def issuer_id(document: JsonObject) -> str | None:
    """The DID of the issuer that the document names."""
    issuer = document.get("issuer")
    identity = issuer.get("id") if isinstance(issuer, dict) else issuer
    return identity if isinstance(identity, str) else None


def _attestation(
    own: Mapping[str, Any], scheme: Scheme, issuer: IssuerProfile, authorization: Authorization, base_url: str
) -> JsonObject:
    accredited = authorization.accreditation_number is not None
    attestation: JsonObject = {
        "type": ["ConformityAttestation", "Attestation"],
        "id": own["identity"] + "#attestation",
        "name": f"{scheme.standard} {own['number']}",
        "assessorLevel": "3rdParty",
        "assessmentLevel": "Accredited" if accredited else "Unspecified",
        "attestationType": "certification",
        "description": own["description"],
        "issuedToParty": own["party"],
        "scope": _scheme(scheme, base_url),
        "assessment": [
            {
                "type": ["ConformityAssessment", "Declaration"],
                "id": own["identity"] + "#assessment",
                "assessmentDate": own["decided_on"],
                "conformityTopic": scheme.topic,
                "conformance": True,
                "referenceStandard": _standard(scheme, base_url),
            }
        ],
        "certificate": _terms(own, scheme, issuer, authorization),
    }
    if accredited:
        body = {
            "id": f"{base_url}/issuers/{issuer.code}#accreditation",
            "name": authorization.accreditation_body,
        }
        attestation["authorisation"] = [
            {
                "type": ["Endorsement"],
                "id": f"{base_url}/issuers/{issuer.code}#{authorization.scheme}",
                "name": authorization.accreditation_number,
                "issuingAuthority": body,
            }
        ]
    return attestation


def _terms(own: Mapping[str, Any], scheme: Scheme, issuer: IssuerProfile, authorization: Authorization) -> JsonObject:
    terms: JsonObject = {name: own[name] for name in _STATED if name in own}
    terms |= {
        "revision": own["revision"],
        "kind": scheme.kind.value,
        "scheme_name": _text(scheme.title),
        "standard": scheme.standard,
        "certification_body": {
            "code": issuer.code,
            "name": _text(issuer.name),
            "address": _text(issuer.address),
            "mark": issuer.mark,
        },
    }
    if authorization.accreditation_number is not None:
        terms["accreditation"] = {
            "body": authorization.accreditation_body,
            "number": authorization.accreditation_number,
        }
    else:
        terms["accredited"] = False
    if "replaces" in own:
        terms["replaces"] = own["replaces"]
    return terms


def _replaced(replaced: Replaced, base_url: str) -> JsonObject:
    terms: JsonObject = {"change": replaced.change, "number": replaced.number}
    if replaced.revision is not None:
        terms["revision"] = replaced.revision
    if replaced.public_id is not None:
        terms["credential"] = credential_id(base_url, replaced.public_id)
    if replaced.body is not None:
        terms["body"] = replaced.body
    return terms


def _holder(holder: Holder) -> JsonObject:
    terms: JsonObject = {"kind": holder.type.value, "name": _text(holder.name)}
    if holder.address is not None:
        terms["address"] = _text(holder.address)
    if holder.identifier is not None:
        terms["identifier"] = {"scheme": holder.identifier.scheme, "value": holder.identifier.value}
    for name in ("region", "industry", "size"):
        value = getattr(holder, name)
        if value is not None:
            terms[name] = str(value)
    return terms


def _site(site: Site) -> JsonObject:
    return {"name": _text(site.name), "address": _text(site.address), "scope": _text(site.scope)}


def _party(holder: Holder, identity: str, base_url: str) -> JsonObject:
    if holder.identifier is None:
        return {"id": identity + "#holder", "name": holder.name.zh}
    return {
        "id": f"{base_url}/holders/{holder.identifier.scheme}/{quote(holder.identifier.value, safe='')}",
        "name": holder.name.zh,
        "registeredId": holder.identifier.value,
    }


def _scheme(scheme: Scheme, base_url: str) -> JsonObject:
    # Each thing has an id of its own: what is said of one id in two places is one heap of statements in RDF, so that a
    # signature over RDF would not tell which of the two has which name.
    identity = f"{base_url}/schemes#{scheme.code}"
    return {
        "type": ["ConformityScheme"],
        "id": identity,
        "name": scheme.title.zh,
        "description": scheme.title.en or scheme.title.zh,
        "version": scheme.standard,
        "validFrom": scheme.published_on.isoformat(),
        "owner": {"id": identity + "-owner", "name": scheme.publisher},
    }


def _standard(scheme: Scheme, base_url: str) -> JsonObject:
    identity = f"{base_url}/schemes#{scheme.code}"
    return {
        "type": ["Standard"],
        "id": identity + "-standard",
        "name": scheme.standard,
        "issuingParty": {"id": identity + "-publisher", "name": scheme.publisher},
        "issueDate": scheme.published_on.isoformat(),
    }


def _text(text: Text) -> dict[str, Any]:
    return {"zh": text.zh} if text.en is None else {"zh": text.zh, "en": text.en}
