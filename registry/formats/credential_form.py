"""Credentials by the thousand: what those of one scheme share is written once, and the rest filled in.

A form is the canonical bytes of a credential with blanks for its particulars. Building the whole document and
serializing it takes three times as long; the bytes are the same.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from registry.domain.certificate import Authorization, Certificate
from registry.domain.schemes import SCHEMES
from registry.formats.canonical_json import JsonObject, canonicalize_own
from registry.formats.credential import IssuerProfile, arrange, context_of, particulars
from registry.formats.data_integrity import (
    Cryptosuite,
    UnsignedDocument,
    canonical_halves,
    prepare_proof,
    unsigned_proof,
)

# A blank is a text that no other can contain: none with a NUL in it is ever stated (domain/certificate.py).
_WHOLE = re.compile(rb'"\\u0000([a-z_]+)\\u0000"')
# These stand within longer texts as well.
_TEXTS = ("identity", "number")


class CredentialForms:
    """What one issuer's credentials are drafted on that are signed with one key at one time."""

    def __init__(
        self, issuer: IssuerProfile, base_url: str, verification_method: str, created: datetime, suite: Cryptosuite
    ) -> None:
        self._issuer = issuer
        self._base_url = base_url
        self._signing = (verification_method, created, suite)
        self._as_rdf = suite is Cryptosuite.RDFC
        self._proof = unsigned_proof(context_of(base_url), *self._signing)
        self._forms: dict[tuple[object, ...], _Form] = {}

    def draft(
        self,
        certificate: Certificate,
        authorization: Authorization,
        public_id: str,
        status: list[JsonObject] | None = None,
    ) -> UnsignedDocument:
        """The credential that `build_credential` builds, ready to be signed."""
        own = particulars(certificate, public_id, self._base_url, status)
        if self._as_rdf:
            scheme = SCHEMES[certificate.scheme]
            document = arrange(own, scheme, self._issuer, authorization, self._base_url)
            return prepare_proof(document, *self._signing)
        kind = (certificate.scheme, authorization, *own)
        form = self._forms.get(kind)
        if form is None:
            form = _form(certificate.scheme, self._issuer, authorization, self._base_url, tuple(own))
            self._forms[kind] = form
        return self._proof.on(*form.filled(own))


class _Form:
    """The canonical bytes before and after the proof, as templates."""

    def __init__(self, document: JsonObject) -> None:
        self._before, self._after = map(_template, canonical_halves(document))

    def filled(self, own: JsonObject) -> tuple[bytes, bytes]:
        """The bytes with the particulars in their places."""
        values = {name.encode(): canonicalize_own(value) for name, value in own.items()}
        for name in _TEXTS:
            values[name.encode()] = values[name.encode()][1:-1]
        return self._before % values, self._after % values


@lru_cache(maxsize=256)
def _form(
    scheme: str, issuer: IssuerProfile, authorization: Authorization, base_url: str, names: tuple[str, ...]
) -> _Form:
    """The form for credentials with these particulars."""
    blanks = {name: f"\0{name}\0" for name in names}
    return _Form(arrange(blanks, SCHEMES[scheme], issuer, authorization, base_url))


def _template(canonical: bytes) -> bytes:
    """Bytes with %(name)b for each blank."""
    escaped = canonical.replace(b"%", b"%%")
    for name in map(str.encode, _TEXTS):
        escaped = escaped.replace(rb"\u0000%b\u0000" % name, b"%%(%b)b" % name)
    return _WHOLE.sub(rb"%(\1)b", escaped)
