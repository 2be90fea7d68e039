"""What the public log says of a credential, for those who can't ask the registry: by a proof that lies beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.formats import log_entry
from registry.formats.merkle import leaf_hash
from registry.formats.tlog_checkpoint import Checkpoint
from registry.formats.tlog_proof import InvalidLogProof, TrustPolicy, parse_proof, verify_proof


@dataclass(frozen=True, slots=True)
class LogEvidence:
    """That entry number `index` of the log is the issuing of a credential, recorded at that time."""

    index: int
    recorded_at: datetime
    detail: str


def proven(credential_digest: str, body: bytes, policy: TrustPolicy, known: Checkpoint) -> LogEvidence:
    """What a tlog-proof shows for a credential, named by its digest (formats/log_entry.py).

    `known` is a checkpoint of the same log that the caller holds. Raises MalformedLogProof, InvalidLogProof; the latter
    also for the proof of another credential or of a later act, and for a proof from a fork of the same size.
    """
    proof = parse_proof(body)
    statement = proof.extra or b""
    recorded_at = log_entry.recorded_at(statement, credential_digest)
    if recorded_at is None:
        raise InvalidLogProof("the proof is about another document, or not about its issuing")
    shown = verify_proof(proof, leaf_hash(statement), policy)
    if shown.checkpoint.size == known.size and shown.checkpoint.root != known.root:
        raise InvalidLogProof(f"the log has been forked: it has signed two histories of {known.size} entries")
    witnesses = len({one.key.public_key for one in shown.cosignatures})
    return LogEvidence(proof.index, recorded_at, f"entry {proof.index}, {witnesses} known witnesses")
