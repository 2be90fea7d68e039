"""The registry's own keys: one for each purpose, made with the registry, found when something is to be signed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from keys import KeyStoreError, Purpose
from registry.domain.errors import InvalidInput, Misconfigured
from registry.services import manage_keys, set_up
from registry.services.context import Registry
from registry.services.own_keys import OWN_PURPOSES, own_signer, own_signers
from tests.conftest import Clock, add_test_issuer


def forget_all_but_the_first(registry: Registry) -> None:
    """The state that a registry of an earlier version is in: one key of its own, for all."""
    with registry.database.transaction() as connection:
        connection.execute(text("DELETE FROM signing_keys WHERE issuer_id IS NULL AND purpose <> 'registry'"))
        method = "did:web:registry.example#key-1"
        connection.execute(text(f"UPDATE signing_keys SET verification_method = '{method}' WHERE name = 'registry-1'"))
    for purpose in ("log", "status-list", "receipt"):
        (registry.settings.keys_dir / f"{purpose}-1.json").unlink()


@pytest.mark.parametrize("purpose", OWN_PURPOSES)
def test_each_purpose_has_a_key_of_its_own_that_signs(registry: Registry, purpose: Purpose) -> None:
    own = own_signer(registry, purpose)
    name = f"{purpose.value.replace('_', '-')}-1"
    assert own.published.verification_method == f"did:web:registry.example#{name}"
    assert (own.signer.record.name, own.signer.record.purpose) == (name, purpose)
    Ed25519PublicKey.from_public_bytes(own.published.public_key).verify(own.signer.sign(b"words"), b"words")


def test_no_two_purposes_share_a_key(registry: Registry) -> None:
    assert len({own_signer(registry, purpose).published.public_key for purpose in OWN_PURPOSES}) == len(OWN_PURPOSES)


def test_a_registry_of_an_earlier_version_does_not_start_until_init_gave_it_its_keys(registry: Registry) -> None:
    forget_all_but_the_first(registry)
    with pytest.raises(Misconfigured, match=r"no key yet for: log, status_list, receipt\. Run: registry init"):
        set_up.require_ready(registry)
    assert set_up.initialize(registry)
    set_up.require_ready(registry)
    assert own_signer(registry, Purpose.LOG).signer.record.name == "log-1"
    # The key that it had keeps the name under which the world knows it.
    assert own_signer(registry, Purpose.REGISTRY).published.verification_method == "did:web:registry.example#key-1"
    assert not set_up.initialize(registry)


def test_a_purpose_without_an_active_key_says_what_to_do(registry: Registry) -> None:
    manage_keys.retire_key(registry, "status-list-1")
    with pytest.raises(Misconfigured, match="registry keys create registry --purpose status_list"):
        own_signer(registry, Purpose.STATUS_LIST)
    with pytest.raises(Misconfigured, match="registry keys create registry --purpose status_list"):
        own_signers(registry, Purpose.STATUS_LIST)


def test_a_rotated_key_signs_from_now_on(registry: Registry, clock: Clock) -> None:
    clock.advance(days=1)
    manage_keys.rotate_key(registry, "registry", Purpose.LOG)
    assert own_signer(registry, Purpose.LOG).signer.record.name == "log-2"
    assert own_signer(registry, Purpose.RECEIPT).signer.record.name == "receipt-1"


def test_a_key_file_that_is_not_the_published_key_signs_nothing(registry: Registry) -> None:
    folder = registry.settings.keys_dir
    receipt = (folder / "receipt-1.json").read_text()
    (folder / "log-1.json").write_text(receipt.replace('"receipt-1"', '"log-1"'))
    with pytest.raises(KeyStoreError, match="not the published key"):
        own_signer(registry, Purpose.LOG)


@pytest.mark.parametrize("purpose", OWN_PURPOSES)
def test_an_issuer_gets_no_key_for_what_the_registry_alone_signs(registry: Registry, purpose: Purpose) -> None:
    with pytest.raises(InvalidInput, match="can't be for"):
        manage_keys.create_key(registry, "cqc", purpose)


def test_the_registry_signs_no_certificates(registry: Registry) -> None:
    with pytest.raises(InvalidInput, match="can't be for issuer"):
        manage_keys.create_key(registry, "registry", Purpose.ISSUER)


@pytest.mark.parametrize("code", ["registry", "log", "status-list", "receipt"])
def test_no_issuer_takes_the_name_of_one_of_the_registrys_keys(registry: Registry, code: str) -> None:
    with pytest.raises(InvalidInput, match="none of: log, receipt, registry, status-list"):
        add_test_issuer(registry, code)


def test_an_issuer_that_has_such_a_name_already_keeps_its_key(registry: Registry) -> None:
    """An earlier version let it in."""
    forget_all_but_the_first(registry)
    with registry.database.transaction() as connection:
        connection.execute(text("UPDATE signing_keys SET name = 'log-1' WHERE name = 'other-1'"))
    folder = registry.settings.keys_dir
    stored = (folder / "other-1.json").read_text().replace('"other-1"', '"log-1"')
    (folder / "other-1.json").rename(folder / "log-1.json").write_text(stored)
    set_up.initialize(registry)
    assert own_signer(registry, Purpose.LOG).published.verification_method == "did:web:registry.example#log-2"


def test_another_address_is_refused(registry: Registry) -> None:
    moved = replace(registry, settings=replace(registry.settings, base_url="https://elsewhere.example"))
    for work in (set_up.initialize, set_up.require_ready):
        with pytest.raises(Misconfigured, match="Set it back"):
            work(moved)
