"""How an issuer proves that it has the private half of a key: the answer to the registry's challenge.

A part of the issuer's future DID document, which says that the key is the issuer's, with a Data Integrity proof for the
purpose `authentication` that names the registry (`domain`) and its `challenge` (W3C VC Data Integrity 1.0, 2.1). No
proof on a credential has that purpose, a challenge or a domain; all three are under the signature, so that neither can
pass for the other.
"""

from __future__ import annotations

from registry.formats.canonical_json import JsonObject
from registry.formats.contexts import DATA_INTEGRITY_V2
from registry.formats.data_integrity import PROOF_TYPE, Cryptosuite
from registry.formats.did_key import did_key_method
from registry.formats.did_web import DID_CONTEXT
from registry.formats.multikey import encode_public_key
from registry.formats.signing_request import SigningRequest
from registry.formats.verification_methods import AUTHENTICATION

_CONTEXT = [*DID_CONTEXT[:2], DATA_INTEGRITY_V2]


def key_registration(issuer: str, public_key: bytes, challenge: str, domain: str) -> SigningRequest:
    """What the holder of `public_key` signs to have it registered for the DID `issuer`.

    The key goes by its did:key, which any verifier can resolve: its name at the issuer is given when it is registered.
    """
    method = did_key_method(public_key)
    document: JsonObject = {
        "@context": _CONTEXT,
        "id": issuer,
        "verificationMethod": [
            {
                "id": method,
                "type": "Multikey",
                "controller": issuer,
                "publicKeyMultibase": encode_public_key(public_key),
            }
        ],
    }
    proof: JsonObject = {
        "@context": _CONTEXT,
        "type": PROOF_TYPE,
        "cryptosuite": str(Cryptosuite.JCS),
        "verificationMethod": method,
        "proofPurpose": AUTHENTICATION,
        "challenge": challenge,
        "domain": domain,
    }
    return SigningRequest(document, proof)
