"""Checking a tlog-proof of this kind of log with no help from anybody: what it proves, and of which document."""

from __future__ import annotations

from dataclasses import dataclass

from registry.formats.canonical_json import JsonObject, MalformedJson, canonicalize, parse
from registry.formats.log_entry import digest
from registry.formats.merkle import leaf_hash
from registry.formats.tlog_proof import (
    InvalidLogProof,
    MalformedLogProof,
    ProvenInclusion,
    TrustPolicy,
    parse_proof,
    verify_proof,
)


@dataclass(frozen=True, slots=True)
class CheckedProof:
    """What a proof shows: the entry, its place, and the checkpoint with whoever cosigned it."""

    index: int
    entry: JsonObject
    inclusion: ProvenInclusion


def check_proof(proof: bytes, policy: TrustPolicy, credential: bytes | None = None) -> CheckedProof:
    """Check a proof whose extra data is the entry; with `credential` (JSON), also that it is about that document.

    Raises MalformedLogProof for what is no such proof, MalformedJson for what is no document, InvalidLogProof where
    the proof does not hold or is about another document.
    """
    taken_apart = parse_proof(proof)
    if taken_apart.extra is None:
        raise MalformedLogProof("the proof does not have the entry as its extra data")
    named = None if credential is None else digest(canonicalize(parse(credential)))
    inclusion = verify_proof(taken_apart, leaf_hash(taken_apart.extra), policy)
    try:
        entry = parse(taken_apart.extra)
    except MalformedJson as error:
        raise MalformedLogProof(f"the entry is not JSON: {error}") from error
    if not isinstance(entry, dict):
        raise MalformedLogProof("the entry is not a JSON object")
    if named is not None and entry.get("credential") != named:
        raise InvalidLogProof("the entry is about another document than this one, or this one was altered")
    return CheckedProof(taken_apart.index, entry, inclusion)
