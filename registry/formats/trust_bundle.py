"""The trust bundle: all that a relying party needs to verify certificates in a closed network, in one JSON file.

| member | what |
|---|---|
| `format` | `certification-registry/trust-bundle/v1` |
| `registry` | the registry's address |
| `made_at` | when it was put together |
| `did_documents` | the DID documents of the registry (first) and of all issuers, with all their keys |
| `issuers` | for each issuer its DID, code, name, and the schemes that it may certify from when to when |
| `status_lists` | all status list credentials, each signed |
| `log` | `checkpoint` (a signed note) and `keys` (verifier keys) |
| `trusted` | added by whoever fetched it: log keys, witness keys and a quorum of their own choosing |

Status lists and checkpoint are signed. The DID documents are believed for the connection that they came through, as
did:web has it; so are the log's keys unless `trusted` names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from registry.domain.certificate import Authorization
from registry.domain.signing_key import PublishedKey
from registry.formats import canonical_json
from registry.formats.bitstring_status_list import StatusListError
from registry.formats.canonical_json import JsonObject, MalformedJson, canonicalize
from registry.formats.data_integrity import timestamp
from registry.formats.did_web import registry_did
from registry.formats.multikey import MalformedMultibase, decode_public_key
from registry.formats.offline_status import CheckedList, check_list
from registry.formats.signed_note import MalformedKey, MalformedNote, UnverifiedNote, VerifierKey, parse_vkey
from registry.formats.tlog_checkpoint import Checkpoint, open_checkpoint
from registry.formats.tlog_cosignature import Cosignature, cosignatures
from registry.formats.tlog_proof import TrustPolicy

FORMAT = "certification-registry/trust-bundle/v1"
MAX_BUNDLE_BYTES = 64 * 1024 * 1024
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class MalformedBundle(ValueError):
    """Not a trust bundle, or one whose signatures do not hold."""


@dataclass(frozen=True, slots=True)
class IssuerTrust:
    """What a bundle says of an issuer: name, keys by DID URL, and what it may certify."""

    name: str
    keys: Mapping[str, PublishedKey] = field(default_factory=dict)
    authorizations: tuple[Authorization, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """A bundle whose signatures hold. `issuers` by DID, `lists` by address; `policy` is what log proofs must meet."""

    registry: str
    made_at: datetime
    issuers: Mapping[str, IssuerTrust]
    lists: Mapping[str, CheckedList]
    policy: TrustPolicy
    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]

    def find_key(self, verification_method: str) -> PublishedKey | None:
        """An issuer's key."""
        issuer = self.issuers.get(verification_method.partition("#")[0])
        return issuer.keys.get(verification_method) if issuer else None


def compose(
    registry: str,
    made_at: datetime,
    did_documents: Sequence[JsonObject],
    issuers: Iterable[tuple[str, str, str, Iterable[Authorization]]],
    status_lists: Iterable[JsonObject],
    checkpoint: bytes,
    log_keys: Iterable[VerifierKey],
) -> JsonObject:
    """The bundle's document. `issuers`: DID, code, name, authorizations."""
    return {
        "format": FORMAT,
        "registry": registry,
        "made_at": timestamp(made_at),
        "did_documents": list(did_documents),
        "issuers": [
            {"did": did, "code": code, "name": name, "authorizations": [_authorization(one) for one in granted]}
            for did, code, name, granted in issuers
        ],
        "status_lists": list(status_lists),
        "log": {"checkpoint": checkpoint.decode(), "keys": [key.vkey for key in log_keys]},
    }


def with_trusted(document: JsonObject, policy: TrustPolicy) -> JsonObject:
    """The same bundle with the log and witness keys that its owner chose to believe."""
    trusted = {
        "log_keys": [key.vkey for key in policy.logs],
        "witnesses": [key.vkey for key in policy.witnesses],
        "quorum": policy.quorum,
    }
    return {**document, "trusted": trusted}


def read_bundle(body: bytes) -> JsonObject:
    """The document of a bundle, for `open_bundle`. Raises MalformedBundle."""
    if len(body) > MAX_BUNDLE_BYTES:
        raise MalformedBundle(f"larger than {MAX_BUNDLE_BYTES} bytes")
    try:
        document = canonical_json.parse(body)
    except MalformedJson as error:
        raise MalformedBundle(str(error)) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise MalformedBundle(f"the format is not {FORMAT}")
    return document


def open_bundle(document: JsonObject) -> TrustBundle:
    """Check every signature in a bundle. Raises MalformedBundle."""
    try:
        registry = str(document["registry"])
        documents = {one["id"]: one for one in document["did_documents"]}
        own = _keys(documents[registry_did(registry)])
        policy = _policy(document)
        checkpoint, note = open_checkpoint(document["log"]["checkpoint"].encode(), policy.logs)
        cosigned = tuple(cosignatures(note, policy.witnesses))
        lists = [check_list(canonicalize(one), registry_did(registry), own) for one in document["status_lists"]]
        issuers = {
            one["did"]: IssuerTrust(
                one["name"],
                _keys(documents[one["did"]]),
                tuple(_read_authorization(granted) for granted in one["authorizations"]),
            )
            for one in document["issuers"]
        }
        made_at = datetime.fromisoformat(document["made_at"])
    except (MalformedKey, MalformedNote, UnverifiedNote, StatusListError, MalformedMultibase, MalformedJson) as error:
        raise MalformedBundle(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedBundle(f"a member is missing or of another kind: {error}") from error
    if len({one.key.public_key for one in cosigned}) < policy.quorum:
        raise MalformedBundle(f"fewer than {policy.quorum} of the trusted witnesses cosigned the checkpoint")
    by_address = {one.content.url or "": one for one in lists}
    return TrustBundle(registry, made_at, issuers, by_address, policy, checkpoint, cosigned)


def _policy(document: JsonObject) -> TrustPolicy:
    trusted = document.get("trusted", {})
    logs = trusted.get("log_keys") or document["log"]["keys"]
    return TrustPolicy(
        tuple(parse_vkey(one) for one in logs),
        tuple(parse_vkey(one) for one in trusted.get("witnesses", ())),
        int(trusted.get("quorum", 0)),
    )


def _keys(did_document: JsonObject) -> dict[str, PublishedKey]:
    """The Ed25519 keys of a DID document, with their lives as formats/did_web.py writes them."""
    did = did_document["id"]
    keys = {}
    for method in did_document["verificationMethod"]:
        identity = str(method["id"])
        if identity not in did_document["assertionMethod"] and "revoked" not in method:
            # Keys of the log vouch for no document.
            continue
        if method.get("type") != "Multikey" or method.get("controller") != did or not identity.startswith(did + "#"):
            raise MalformedBundle(f"{identity[:200]} is not a key of {did}")
        keys[identity] = PublishedKey(
            identity,
            decode_public_key(method["publicKeyMultibase"]),
            _moment(method.get("activeFrom")) or _EARLIEST,
            _moment(method.get("retiredAt")),
            _moment(method.get("revoked")),
        )
    return keys


def _moment(text: Any) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _authorization(granted: Authorization) -> JsonObject:
    return {
        "scheme": granted.scheme,
        "valid_from": granted.valid_from.isoformat(),
        "valid_until": granted.valid_until and granted.valid_until.isoformat(),
    }


def _read_authorization(document: JsonObject) -> Authorization:
    until = document["valid_until"]
    return Authorization(
        document["scheme"], date.fromisoformat(document["valid_from"]), until and date.fromisoformat(until)
    )
