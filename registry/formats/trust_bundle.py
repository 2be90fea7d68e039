"""The trust bundle: all that a relying party needs to verify certificates in a closed network, in one JSON file.

| member | what |
|---|---|
| `format` | `certification-registry/trust-bundle/v1` |
| `registry` | the registry's address |
| `made_at` | when it was put together |
| `did_documents` | the DID documents of the registry (first) and of all issuers, with all their keys |
| `issuers` | for each issuer its code, name, and the schemes that it may certify from when to when |
| `status_lists` | all status list credentials, each signed |
| `log` | `checkpoint` (a signed note), `keys` (verifier keys), and `compromises`: for each compromised key how many \
entries the log had before |
| `trusted` | added by whoever fetched it: log keys, witness keys and a quorum of their own choosing |

Status lists and checkpoint are signed. All else is believed for the connection that it came through, as did:web has it
for DID documents; so are the log's keys unless `trusted` names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, TypeVar

from registry.domain.certificate import Authorization
from registry.domain.signing_key import PublishedKey
from registry.formats import canonical_json
from registry.formats.bitstring_status_list import StatusListError
from registry.formats.canonical_json import JsonObject, MalformedJson, canonicalize
from registry.formats.data_integrity import timestamp
from registry.formats.did_web import issuer_did, registry_did
from registry.formats.multikey import MalformedMultibase, decode_public_key
from registry.formats.offline_status import CheckedList, check_list
from registry.formats.signed_note import MalformedKey, MalformedNote, UnverifiedNote, VerifierKey, parse_vkey
from registry.formats.tlog_checkpoint import Checkpoint
from registry.formats.tlog_cosignature import Cosignature
from registry.formats.tlog_proof import TrustPolicy, open_cosigned

FORMAT = "certification-registry/trust-bundle/v1"
MAX_BUNDLE_BYTES = 64 * 1024 * 1024
# The registry's keys have a purpose each, which stands in their names; no other may sign status lists.
_STATUS_LIST_KEYS = "#status-list-"
_RECEIPT_KEYS = "#receipt-"
_T = TypeVar("_T")


class MalformedBundle(ValueError):
    """Not a trust bundle, or one whose signatures do not hold."""


@dataclass(frozen=True, slots=True)
class IssuerTrust:
    """What a bundle says of an issuer: keys by DID URL, and what it may certify."""

    keys: Mapping[str, PublishedKey] = field(default_factory=dict)
    authorizations: tuple[Authorization, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustBundle:
    """A bundle whose signatures hold. `issuers` by DID, `lists` by address; `policy` is what log proofs must meet.

    `logged_before`: by compromised key, how many entries the log had before somebody else may have signed with it.
    """

    registry: str
    made_at: datetime
    issuers: Mapping[str, IssuerTrust]
    lists: Mapping[str, CheckedList]
    policy: TrustPolicy
    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    logged_before: Mapping[str, int] = field(default_factory=dict)
    # The registry's own, by DID URL: for the status lists and for receipts.
    list_keys: Mapping[str, PublishedKey] = field(default_factory=dict)
    receipt_keys: Mapping[str, PublishedKey] = field(default_factory=dict)

    def find_key(self, verification_method: str) -> PublishedKey | None:
        """An issuer's key."""
        issuer = self.issuers.get(verification_method.partition("#")[0])
        return issuer.keys.get(verification_method) if issuer else None


def compose(
    registry: str,
    made_at: datetime,
    did_documents: Sequence[JsonObject],
    issuers: Iterable[tuple[str, str, Iterable[Authorization]]],
    status_lists: Iterable[JsonObject],
    checkpoint: bytes,
    log_keys: Iterable[VerifierKey],
    logged_before: Mapping[str, int],
) -> JsonObject:
    """The bundle's document. `issuers`: code, name, authorizations; the others as in TrustBundle."""
    return {
        "format": FORMAT,
        "registry": registry,
        "made_at": timestamp(made_at),
        "did_documents": list(did_documents),
        "issuers": [
            {"code": code, "name": name, "authorizations": [_authorization(one) for one in granted]}
            for code, name, granted in issuers
        ],
        "status_lists": list(status_lists),
        "log": {
            "checkpoint": checkpoint.decode(),
            "keys": [key.vkey for key in log_keys],
            "compromises": dict(logged_before),
        },
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
    """Check every signature in a bundle, and that all of it is about one registry. Raises MalformedBundle."""
    try:
        return _open(document)
    except MalformedBundle:
        raise
    except (MalformedNote, UnverifiedNote) as error:
        raise MalformedBundle(f"the checkpoint: {error}") from error
    except (MalformedKey, StatusListError, MalformedMultibase, MalformedJson) as error:
        raise MalformedBundle(str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedBundle(f"a member is missing or of another kind: {error}") from error


def _open(document: JsonObject) -> TrustBundle:
    registry = str(document["registry"])
    did = registry_did(registry)
    documents = _by_name((one["id"], one) for one in document["did_documents"])
    list_keys, receipt_keys = (
        {method: key for method, key in _keys(documents[did]).items() if method.startswith(did + purpose)}
        for purpose in (_STATUS_LIST_KEYS, _RECEIPT_KEYS)
    )
    lists = [check_list(canonicalize(one), did, list_keys) for one in document["status_lists"]]
    issuers = [(issuer_did(registry, one["code"]), one["authorizations"]) for one in document["issuers"]]
    policy = _policy(document)
    checkpoint, cosigned = open_cosigned(document["log"]["checkpoint"].encode(), policy)
    if checkpoint.origin.partition("/")[0] != registry.partition("://")[2]:
        raise MalformedBundle(f"the checkpoint is of another log: {checkpoint.origin[:200]}")
    return TrustBundle(
        registry,
        _moment(document["made_at"]),
        _by_name(
            (one, IssuerTrust(_keys(documents[one]), tuple(map(_read_authorization, granted))))
            for one, granted in issuers
        ),
        _by_name((one.content.url or "", one) for one in lists),
        # A key is good for the log that is its name, so that of another log proves nothing of this one.
        replace(policy, logs=tuple(key for key in policy.logs if key.name == checkpoint.origin)),
        checkpoint,
        cosigned,
        {str(key): int(size) for key, size in document["log"]["compromises"].items()},
        list_keys,
        receipt_keys,
    )


def _by_name(pairs: Iterable[tuple[str, _T]]) -> dict[str, _T]:
    """Raises MalformedBundle where a name is there twice: of two status lists, one would hide what the other says."""
    found: dict[str, _T] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedBundle(f"{name[:200]} is there twice")
        found[name] = value
    return found


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
    vouching = frozenset(did_document["assertionMethod"])
    keys = []
    for method in did_document["verificationMethod"]:
        identity = str(method["id"])
        if identity not in vouching and "revoked" not in method:
            # Keys of the log vouch for no document.
            continue
        if method.get("type") != "Multikey" or method.get("controller") != did or not identity.startswith(did + "#"):
            raise MalformedBundle(f"{identity[:200]} is not a key of {did}")
        key = PublishedKey(
            identity,
            decode_public_key(method["publicKeyMultibase"]),
            _moment(method["activeFrom"]),
            _moment(method["retiredAt"]) if "retiredAt" in method else None,
            _moment(method["revoked"]) if "revoked" in method else None,
        )
        keys.append((identity, key))
    return _by_name(keys)


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise MalformedBundle(f"a time without a zone: {text[:40]}")
    return moment


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
