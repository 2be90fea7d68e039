"""An issuer that keeps its key, from its own machine to the registry's and back, as both type it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from registry.domain.certificate import Authorization
from registry.domain.schemes import Text
from registry.formats.certificate_request import read_issue_request
from registry.formats.credential import IssuerProfile, build_credential
from registry.formats.data_integrity import Cryptosuite, proof_configuration
from registry.formats.signing_request import SigningRequest
from tests.conftest import sample_request
from tests.softhsm import SoftToken
from tests.test_cli import ISSUER, good, run

DID = "did:web:registry.example:issuers:cqc"


@pytest.fixture
def registry_side(tmp_path: Path) -> dict[str, str]:
    """The environment of a registry with the issuer `cqc`, for which it keeps no key."""
    environment = {
        "REGISTRY_DATA_DIR": str(tmp_path / "registry"),
        "REGISTRY_BASE_URL": "https://registry.example",
        "REGISTRY_KEY_PASSPHRASE": "a passphrase for tests only",
    }
    good(environment, "init")
    good(environment, f"{ISSUER} --custody issuer")
    return environment


@pytest.fixture
def issuer_side(tmp_path: Path) -> dict[str, str]:
    """The environment on another machine: no database, no network."""
    return {
        "REGISTRY_DATA_DIR": str(tmp_path / "issuer"),
        "REGISTRY_DATABASE_URL": "postgresql://nobody@192.0.2.1/none",
        "REGISTRY_KEY_PASSPHRASE": "the issuer's own passphrase",
    }


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "request.json").write_text(json.dumps(sample_request()), "utf-8")
    return folder


def registered(registry_side: dict[str, str], issuer_side: dict[str, str], files: Path, *options: str) -> str:
    """Register a key of the issuer's; its public half."""
    public_key = good(issuer_side, f"own-key create mine --issuer {DID} {' '.join(options)}").strip()
    good(registry_side, f"keys challenge cqc {public_key} -o {files}/challenge.json")
    good(issuer_side, f"own-key sign mine {files}/challenge.json -o {files}/answer.json")
    told = good(registry_side, f"keys register cqc {files}/answer.json")
    assert told == f"Key cqc-1 is published: {DID}#key-1\n"
    return public_key


def prepared(registry_side: dict[str, str], files: Path) -> dict[str, Any]:
    good(registry_side, f"prepare {files}/request.json --issuer cqc -o {files}/prepared.json")
    found: dict[str, Any] = json.loads((files / "prepared.json").read_text("utf-8"))
    return found


def test_the_whole_way(registry_side: dict[str, str], issuer_side: dict[str, str], files: Path) -> None:
    registered(registry_side, issuer_side, files)
    assert good(registry_side, "keys list cqc").split()[:4] == ["cqc-1", "issuer", "active", "issuer"]
    one = prepared(registry_side, files)
    told = run(
        issuer_side, f"own-key sign mine {files}/prepared.json --request {files}/request.json -o {files}/signed.json"
    )
    assert told.exit_code == 0, told.output
    assert "certificate 00125Q30001R0S, revision 1: GB/T 19001-2016" in told.stderr
    shown = good(registry_side, f"submit {files}/signed.json --issuer cqc")
    assert shown.endswith(f"https://registry.example/v/{one['public_id']}\n")
    assert good(registry_side, f"submit {files}/signed.json --issuer cqc") == shown
    assert "valid" in good(registry_side, f"verify {one['public_id']}")


def test_the_same_with_a_key_on_the_issuers_token(
    registry_side: dict[str, str], issuer_side: dict[str, str], files: Path, soft_token: SoftToken
) -> None:
    with_token = {**issuer_side, **soft_token.environment}
    registered(registry_side, with_token, files, "--custody", "token")
    one = prepared(registry_side, files)
    good(with_token, f"own-key sign mine {files}/prepared.json -o {files}/signed.json")
    good(registry_side, f"submit {files}/signed.json --issuer cqc")
    assert "valid" in good(registry_side, f"verify {one['public_id']}")
    refused = run(issuer_side, f"own-key sign mine {files}/prepared.json")
    assert refused.exit_code == 1
    assert "is on the token" in refused.output


def test_the_registry_signs_nothing_for_it(registry_side: dict[str, str], files: Path) -> None:
    refused = run(registry_side, f"issue {files}/request.json --issuer cqc")
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
    assert "has no active key" in refused.output


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d["document"]["issuer"].update(id=DID + "x"), "/document/issuer/id: must be"),
        (lambda d: d["document"].update(type=["VerifiableCredential"]), "no certificate of a registry"),
        (lambda d: d["document"].update(more="words"), "no certificate of a registry"),
        (lambda d: d.update(document={"@context": []}), "no certificate of a registry"),
        (
            lambda d: d["document"]["credentialSubject"]["certificate"].update(valid_from="soon"),
            "/valid_from: Not a day",
        ),
        (lambda d: d["proof"].update(proofPurpose="authentication"), "a challenge and a domain are needed"),
        (lambda d: d["proof"].update(proofPurpose="keyAgreement"), "/proof/proofPurpose"),
        (lambda d: d["proof"].update(challenge="x"), "/proof/challenge"),
        (lambda d: d["proof"].update(verificationMethod="did:web:x.example#key-1"), "/proof/verificationMethod"),
        (lambda d: d["proof"].update(cryptosuite="bbs-2023"), "/proof/cryptosuite"),
        (lambda d: d["proof"].update(created="2036-01-01T00:00:00Z"), "/proof/created: is too far"),
        (lambda d: d["proof"].update(created="2020-01-01T00:00:00Z"), "/proof/created: is too far"),
        (lambda d: d["proof"].update(created=5), "'created' is not a date"),
        (lambda d: d["proof"].pop("type"), "no 'type'"),
        (lambda d: d.update(hash_data="AAAA"), "/hash_data"),
        (lambda d: d["key"].update(public_key_multibase="z6Mk"), "another key than mine"),
        (lambda d: d.pop("proof"), "not what a registry hands out"),
        (
            lambda d: d["document"]["credentialSubject"]["certificate"].update(number="9"),
            "number: is not what you asked",
        ),
        (
            lambda d: d["document"]["credentialSubject"]["certificate"]["holder"]["name"].update(zh="别人"),
            "holder: is not what you asked",
        ),
    ],
)
def test_nothing_else_is_signed(
    issuer_side: dict[str, str], files: Path, change: Callable[[dict[str, Any]], Any], told: str
) -> None:
    public_key = good(issuer_side, f"own-key create mine --issuer {DID}").strip()
    handed_out = hand_out(public_key)
    change(handed_out)
    (files / "changed.json").write_text(json.dumps(handed_out), "utf-8")
    refused = run(issuer_side, f"own-key sign mine {files}/changed.json --request {files}/request.json")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert told in refused.stderr


def hand_out(public_key: str) -> dict[str, Any]:
    """A prepared certificate, as a registry hands it out now."""
    certificate = read_issue_request(json.dumps(sample_request()).encode())["certificate"]
    profile = IssuerProfile("cqc", Text("中心"), Text("北京"), "CQC")
    authorization = Authorization("gbt19001-2016", date(2020, 1, 1))
    document = build_credential(
        certificate,
        profile,
        authorization,
        "1" * 15,
        "https://registry.example",
        [
            {
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": "1",
                "statusListCredential": "https://registry.example/status-lists/1/revocation",
            }
        ],
    )
    proof = proof_configuration(document["@context"], f"{DID}#key-1", datetime.now(UTC), Cryptosuite.JCS)
    return {"key": {"public_key_multibase": public_key}, **SigningRequest(document, proof).as_json()}


def test_what_was_handed_out_unchanged_is_signed(issuer_side: dict[str, str], files: Path) -> None:
    public_key = good(issuer_side, f"own-key create mine --issuer {DID}").strip()
    (files / "prepared.json").write_text(json.dumps(hand_out(public_key)), "utf-8")
    signed = run(issuer_side, f"own-key sign mine {files}/prepared.json --request {files}/request.json")
    assert json.loads(signed.stdout)["proof"]["proofValue"].startswith("z")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["proof"].update(domain="https://elsewhere.example"),
        lambda d: d["document"].update(id="did:web:registry.example:issuers:other"),
        lambda d: d["document"].update(type="VerifiableCredential"),
        lambda d: d["proof"].update(proofPurpose="assertionMethod"),
    ],
)
def test_a_challenge_of_somebody_else_is_not_answered(
    registry_side: dict[str, str], issuer_side: dict[str, str], files: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    public_key = good(issuer_side, f"own-key create mine --issuer {DID}").strip()
    challenge = json.loads(good(registry_side, f"keys challenge cqc {public_key}"))
    change(challenge)
    (files / "challenge.json").write_text(json.dumps(challenge))
    refused = run(issuer_side, f"own-key sign mine {files}/challenge.json")
    assert (refused.exit_code, refused.stdout) == (1, "")


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b"\xff", b'{"document": [], "proof": {}}', b'{"a": 1, "a": 1}'])
def test_files_that_are_none_are_refused_in_one_line(
    registry_side: dict[str, str], issuer_side: dict[str, str], files: Path, text: bytes
) -> None:
    (files / "junk.json").write_bytes(text)
    good(issuer_side, f"own-key create mine --issuer {DID}")
    for environment, command in (
        (issuer_side, f"own-key sign mine {files}/junk.json"),
        (registry_side, f"keys register cqc {files}/junk.json"),
        (registry_side, f"submit {files}/junk.json --issuer cqc"),
    ):
        refused = run(environment, command)
        assert (refused.exit_code, refused.output.count("\n")) == (1, 1), refused.output


def test_a_key_is_made_for_an_issuer_that_can_be(issuer_side: dict[str, str]) -> None:
    for did in ("cqc", "did:key:z6Mk", "did:web:registry.example"):
        refused = run(issuer_side, f"own-key create mine --issuer {did}")
        assert "did:web:registry.example.org:issuers:cqc" in refused.output
        assert refused.exit_code == 1


def test_keys_of_a_registry_are_not_for_this(registry_side: dict[str, str], files: Path) -> None:
    (files / "any.json").write_text("{}")
    refused = run(registry_side, f"own-key sign log-1 {files}/any.json")
    assert "not a key that was made for signing here" in refused.output
