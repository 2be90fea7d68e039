"""Whoever holds the key, a file, a token or the issuer itself: to a verifier all look the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keys import Custody, FileKeyStore, KeyStoreError, Purpose
from registry.domain.errors import Conflict
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import Verdict
from registry.formats.canonical_json import canonicalize, parse
from registry.services import did_documents, manage_keys, set_up
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.find import stored_document
from registry.services.issue import issue, issue_many
from registry.services.prepare import prepare
from registry.services.submit import submit
from registry.services.verify import Verification, Verifier
from tests.conftest import PASSPHRASE, Clock, sample_certificate
from tests.services.offline import offline, proof_of, save_log
from tests.services.own_key_holders import KeyHolder
from tests.softhsm import SoftToken

HOLDER = KeyHolder()
CUSTODIES = (Custody.FILE, Custody.TOKEN, Custody.ISSUER)


@pytest.fixture
def with_token(registry: Registry, soft_token: SoftToken) -> Registry:
    return replace(registry, keys=FileKeyStore(registry.settings.keys_dir, PASSPHRASE, soft_token.token()))


def issue_by(registry: Registry, actor: Actor, custody: Custody) -> str:
    """The public id of a certificate that is signed with a key in this custody alone."""
    certificate = sample_certificate(f"N-{custody}")
    if custody is Custody.ISSUER:
        HOLDER.register(registry, actor, retire_others=True)
        prepared = prepare(registry, actor, certificate)
        return submit(registry, actor, prepared.public_id, HOLDER.signed(prepared)).public_id
    manage_keys.rotate_key(registry, "cqc", custody=custody)
    return issue(registry, actor, certificate).public_id


def shape(value: Any) -> Any:
    """Everything but the values: names, types, and how many of each."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value).__name__


def checks(found: Verification) -> list[tuple[str, str, str]]:
    return [(one.name, one.outcome, one.finding) for one in found.checks]


def same(things: list[Any]) -> Any:
    assert all(thing == things[0] for thing in things), things
    return things[0]


def test_verdicts_documents_and_bundles_do_not_tell_who_held_the_key(
    with_token: Registry, clock: Clock, tmp_path: Path
) -> None:
    registry, actor = with_token, operator(with_token, "cqc")
    public_ids = []
    for custody in CUSTODIES:
        clock.advance(seconds=1)
        public_ids.append(issue_by(registry, actor, custody))
    custodies = [key.custody for key in manage_keys.published_keys(registry, "cqc")]
    assert custodies == ["file", "file", "token", "issuer"]
    verifier = Verifier(registry, 0)
    online = [verifier.by_public_id(public_id) for public_id in public_ids]
    assert same([found.verdict for found in online]) is Verdict.VALID
    # The last key is active still, which is no matter of custody.
    clock.advance(seconds=1)
    manage_keys.retire_key(registry, "cqc-4")
    same([checks(verifier.by_public_id(public_id)) for public_id in public_ids])
    documents = [stored_document(registry, public_id)[1] for public_id in public_ids]
    same([shape(parse(document)) for document in documents])
    assert all(canonicalize(parse(document)) == document for document in documents)
    methods = did_documents.of_issuer(registry, "cqc")["verificationMethod"]
    same([shape(method) for method in methods])
    for log in (None, save_log(registry, tmp_path)):
        away = offline(registry, log)
        proofs = [None if log else proof_of(registry, public_id) for public_id in public_ids]
        judged = [away.document(one, proof) for one, proof in zip(documents, proofs, strict=True)]
        assert same([found.verdict for found in judged]) is Verdict.VALID
        same([checks(found) for found in judged])


def test_a_suspension_reaches_all_of_them_the_same(with_token: Registry) -> None:
    registry, actor = with_token, operator(with_token, "cqc")
    for custody in CUSTODIES:
        public_id = issue_by(registry, actor, custody)
        change_status(registry, actor, public_id, Act.SUSPEND, Reason.FEE_UNPAID)
        assert Verifier(registry, 0).by_public_id(public_id).verdict is Verdict.SUSPENDED


def test_a_batch_is_signed_on_the_token(with_token: Registry) -> None:
    manage_keys.rotate_key(with_token, "cqc", custody=Custody.TOKEN)
    batch = [sample_certificate(f"N{number}") for number in range(50)]
    public_ids = issue_many(with_token, operator(with_token, "cqc"), batch)
    verifier = Verifier(with_token, 0)
    assert {verifier.by_public_id(public_id).verdict for public_id in public_ids} == {Verdict.VALID}


def test_a_successor_comes_to_where_its_predecessor_was(with_token: Registry) -> None:
    assert manage_keys.rotate_key(with_token, "cqc").custody == "file"
    assert manage_keys.rotate_key(with_token, "cqc", custody=Custody.TOKEN).custody == "token"
    assert manage_keys.rotate_key(with_token, "cqc").custody == "token"
    HOLDER.register(with_token, operator(with_token, "cqc"))
    with pytest.raises(Conflict, match="holds its newest key itself"):
        manage_keys.rotate_key(with_token, "cqc")
    assert manage_keys.rotate_key(with_token, "cqc", custody=Custody.FILE).custody == "file"


@pytest.mark.parametrize("purpose", ["log", "status_list", "receipt", "registry"])
def test_the_registrys_own_keys_may_be_on_the_token(with_token: Registry, purpose: str) -> None:
    key = manage_keys.rotate_key(with_token, "registry", Purpose(purpose), custody=Custody.TOKEN)
    assert key.custody == "token"
    public_id = issue(with_token, operator(with_token, "cqc"), sample_certificate()).public_id
    assert Verifier(with_token, 0).by_public_id(public_id).verdict is Verdict.VALID
    set_up.require_ready(with_token)
    with_token.keys.check()


def test_without_the_token_nothing_is_signed_and_nothing_is_stored(with_token: Registry, registry: Registry) -> None:
    manage_keys.rotate_key(with_token, "cqc", custody=Custody.TOKEN)
    with pytest.raises(KeyStoreError, match="is on the token"):
        issue(registry, operator(registry, "cqc"), sample_certificate())
    issue(with_token, operator(with_token, "cqc"), sample_certificate())


def test_a_registry_whose_issuer_holds_the_only_active_key_starts(registry: Registry, actor: Actor) -> None:
    HOLDER.register(registry, actor, retire_others=True)
    set_up.require_ready(registry)


def test_the_shapes_are_compared_at_all() -> None:
    """The helper above would be of no use if it called everything the same."""
    with pytest.raises(AssertionError):
        same([shape({"a": 1}), shape({"a": "1"})])
