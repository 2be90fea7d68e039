"""A document that waits for somebody else's signature: what is to be signed, and with which proof.

The proof is a Data Integrity proof but for its `proofValue` (W3C Data Integrity EdDSA Cryptosuites 1.0, 3.2.5 and
3.3.5). Any implementation of these suites can sign the document by those options; whoever has an Ed25519 signer and
nothing else signs the 64 bytes of `data`.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from registry.formats.canonical_json import JsonObject, canonicalize
from registry.formats.data_integrity import Cryptosuite, hash_data
from registry.formats.json_ld import canonical_n_quads
from registry.formats.multikey import encode_base58btc


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """`document` without a proof, and the `proof` that it is to have, without its `proofValue`."""

    document: JsonObject
    proof: JsonObject

    @property
    def data(self) -> bytes:
        """The 64 bytes to be signed. Raises MalformedJson, CannotCanonicalize."""
        if self.proof["cryptosuite"] == Cryptosuite.RDFC:
            configuration = {**self.proof, "@context": self.document["@context"]}
            return hash_data(canonical_n_quads(configuration), canonical_n_quads(self.document))
        return hash_data(canonicalize(self.proof), canonicalize(self.document))

    def signed(self, signature: bytes) -> JsonObject:
        """The document with its proof, by the 64 bytes of a signature over `data`."""
        return {**self.document, "proof": {**self.proof, "proofValue": encode_base58btc(signature)}}

    def as_json(self) -> JsonObject:
        """What the signer is handed."""
        return {"document": self.document, "proof": self.proof, "hash_data": b64encode(self.data).decode()}
