"""What the offline QR of a certificate says. The issuer's key signs it when it is asked for: docs/decisions/0009."""

from __future__ import annotations

from keys import Custody
from registry.domain.errors import Conflict, IllegalMove
from registry.domain.public_id import parse_public_id
from registry.domain.verdict import Verdict
from registry.formats.cose_statement import address_of, claims_of, compose
from registry.services.context import Registry, require_issuer
from registry.services.issuer_keys import IssuerKey, open_newest
from registry.services.verify import Verifier
from registry.store.issuers import StoredKey, keys_of

# What the registry would vouch for now, or on the first day. Who prints a code for anything else means no good by it.
WORTH_PRINTING = frozenset({Verdict.VALID, Verdict.NOT_YET_VALID})


def offline_address(registry: Registry, verifier: Verifier, public_id: str) -> str:
    """The text of a certificate's offline QR: its verification address, with a signed statement behind the '#'.

    The statement says what the stored credential says, which is verified first, and nothing that the asker chose.
    Asked again, it is the same text, until the issuer has another key.

    Raises MalformedPublicId, NotFound; IllegalMove where the certificate is not in force; Conflict where it fails its
    own check, or the issuer has no active key; keys.KeyStoreError.
    """
    found = verifier.by_public_id(public_id)
    if found.document is None or found.verdict is Verdict.INVALID:
        raise Conflict("This certificate fails the registry's own check. No code is made for it.")
    if found.verdict not in WORTH_PRINTING:
        raise IllegalMove(f"The certificate is {found.verdict}. No code for printing is made for it.", found.verdict)
    code = found.terms["certification_body"]["code"]
    if not makes_codes(registry, code):
        raise Conflict(f"The issuer {code} has no active key in the registry's custody. No code can be signed for it.")
    key = _signing_key(registry, code)
    key_id = key.stored.published.verification_method.partition("#")[2]
    statement = compose(claims_of(found.document), key_id, key.signer.sign)
    return address_of(registry.base_url, parse_public_id(public_id), statement)


def makes_codes(registry: Registry, code: str) -> bool:
    """Whether codes can be made for an issuer's certificates: not where it holds its keys itself. Raises NotFound."""
    now = registry.now()
    return any(key.custody != Custody.ISSUER and key.published.may_sign(now) for key in _keys(registry, code))


def _signing_key(registry: Registry, code: str) -> IssuerKey:
    return open_newest(registry, code, _keys(registry, code), registry.now())


def _keys(registry: Registry, code: str) -> list[StoredKey]:
    with registry.database.read() as connection:
        return keys_of(connection, require_issuer(connection, code).id)
