"""Relying parties: who they are, their keys, and that none comes near another's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from registry.domain.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, NotPermitted
from registry.domain.schemes import Text
from registry.services import party_keys, relying_parties
from registry.services.api_keys import authenticate
from registry.services.context import Registry, RelyingParty, Scope
from registry.services.key_tokens import TokenKind
from registry.services.party_keys import authenticate_party, create_key, list_keys, revoke_key, rotate_key
from registry.services.relying_parties import PartyKind
from registry.store import parties
from registry.store.models import AuditEvent
from registry.store.party_models import PartyKey
from tests.conftest import Clock, sample_party


def works(registry: Registry, token: str) -> bool:
    try:
        authenticate_party(registry, token)
    except NotAuthenticated:
        return False
    return True


def test_a_party_is_added_once_under_a_code(registry: Registry) -> None:
    relying_parties.add_party(registry, "bank", Text("样例银行"), PartyKind.BANK)
    with pytest.raises(Conflict, match="exists already"):
        relying_parties.add_party(registry, "bank", Text("另一家"), PartyKind.INSURER)
    (only,) = relying_parties.list_parties(registry)
    assert (only.code, only.name_zh, only.name_en, only.kind) == ("bank", "样例银行", None, "bank")
    with pytest.raises(NotFound, match="'nobody'"):
        relying_parties.party_operator(registry, "nobody")


def test_codes_and_names_that_are_none(sqlite_registry: Registry) -> None:
    with pytest.raises(InvalidInput) as refused:
        relying_parties.add_party(sqlite_registry, "Bank!", Text(" ", "a\nb"), PartyKind.BANK)
    assert [one.path for one in refused.value.violations] == [("code",), ("name_zh",), ("name_en",)]
    assert relying_parties.list_parties(sqlite_registry) == []


def test_a_key_tells_whose_it_is_and_what_it_allows(registry: Registry, clock: Clock) -> None:
    bank = sample_party(registry)
    made = create_key(registry, bank, [Scope.VERIFY], "core system")
    party = authenticate_party(registry, made.token, "192.0.2.1")
    assert (party.party_id, party.code, party.scopes) == (bank.party_id, "bank", frozenset({Scope.VERIFY}))
    assert (party.name, party.origin) == (f"partykey:{made.key.key_id}", "192.0.2.1")
    party.require(Scope.VERIFY)
    with pytest.raises(NotPermitted, match="'receipts'; it allows: verify"):
        party.require(Scope.RECEIPTS)
    ((used,), _) = list_keys(registry, bank)
    assert used.last_used_at == clock.now


def test_only_a_hash_of_the_secret_is_kept_and_none_is_shown(registry: Registry) -> None:
    made = create_key(registry, sample_party(registry), [Scope.VERIFY])
    secret = made.token.split("_", 2)[2]
    assert secret not in repr(made)
    with registry.database.read() as connection:
        rows = [*connection.execute(select(PartyKey.__table__)), *connection.execute(select(AuditEvent.__table__))]
    assert secret not in repr(rows)


def test_damaged_foreign_and_ended_tokens_are_refused(registry: Registry, clock: Clock) -> None:
    bank = sample_party(registry)
    end = clock.now + timedelta(days=1)
    token = create_key(registry, bank, [Scope.VERIFY], expires_at=end).token
    assert works(registry, token)
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    for other in (wrong, token.replace("crp_", "crk_"), token + "x", "", "crp_" + "0" * 12 + "_" + "A" * 43):
        assert not works(registry, other)
    with pytest.raises(NotAuthenticated):
        authenticate(registry, token.replace("crp_", "crk_"))
    clock.advance(days=1)
    assert not works(registry, token)


def test_a_rotated_key_and_its_successor_both_work_during_the_overlap(registry: Registry, clock: Clock) -> None:
    bank = sample_party(registry)
    old = create_key(registry, bank, [Scope.VERIFY, Scope.WATCH], "ERP")
    new = rotate_key(registry, bank, old.key.key_id, timedelta(hours=1))
    assert (new.key.scopes, new.key.label) == (old.key.scopes, "ERP")
    assert works(registry, old.token)
    assert works(registry, new.token)
    clock.advance(hours=1)
    assert not works(registry, old.token)
    assert works(registry, new.token)
    with pytest.raises(Conflict, match="has ended"):
        rotate_key(registry, bank, old.key.key_id)


def test_a_revoked_key_ends_at_once_and_stays_so(registry: Registry, clock: Clock) -> None:
    bank = sample_party(registry)
    made = create_key(registry, bank, [Scope.VERIFY])
    revoke_key(registry, bank, made.token)
    assert not works(registry, made.token)
    ended = clock.now
    clock.advance(hours=1)
    assert revoke_key(registry, bank, made.key.key_id).revoked_at == ended


def test_no_party_comes_near_the_keys_of_another(registry: Registry) -> None:
    bank, insurer = sample_party(registry), sample_party(registry, "insurer")
    made = create_key(registry, bank, [Scope.VERIFY])
    for act in (rotate_key, revoke_key):
        with pytest.raises(NotFound):
            act(registry, insurer, made.key.key_id)
    assert list_keys(registry, insurer) == ([], None)
    with pytest.raises(InvalidInput, match="not a cursor"):
        list_keys(registry, insurer, made.key.key_id)
    assert works(registry, made.token)


def test_nobody_comes_by_more_through_a_key_that_they_make(registry: Registry) -> None:
    bank = sample_party(registry)
    everything = create_key(registry, bank, list(Scope))
    limited = RelyingParty("limited", bank.party_id, bank.code, frozenset({Scope.ADMINISTER, Scope.VERIFY}))
    with pytest.raises(NotPermitted, match="receipts, watch"):
        create_key(registry, limited, list(Scope))
    with pytest.raises(NotPermitted):
        rotate_key(registry, limited, everything.key.key_id)
    reader = RelyingParty("reader", bank.party_id, bank.code, frozenset({Scope.VERIFY}))
    for refused in (
        lambda: create_key(registry, reader, [Scope.VERIFY]),
        lambda: revoke_key(registry, reader, everything.key.key_id),
        lambda: list_keys(registry, reader),
    ):
        with pytest.raises(NotPermitted):
            refused()


def test_keys_are_listed_in_pages_newest_first(registry: Registry) -> None:
    bank = sample_party(registry)
    made = [create_key(registry, bank, [Scope.VERIFY]).key.key_id for _ in range(5)]
    first, after = list_keys(registry, bank, limit=3)
    second, last = list_keys(registry, bank, after, 3)
    assert [one.key_id for one in (*first, *second)] == made[::-1]
    assert last is None


def test_every_change_is_in_the_audit_trail(registry: Registry) -> None:
    bank = sample_party(registry)
    old = create_key(registry, bank, [Scope.VERIFY])
    new = rotate_key(registry, bank, old.key.key_id)
    revoke_key(registry, bank, new.key.key_id)
    with registry.database.read() as connection:
        statement = select(AuditEvent.act, AuditEvent.subject).where(AuditEvent.act.like("party%"))
        trail = connection.execute(statement.order_by(AuditEvent.id)).all()
    assert [tuple(one) for one in trail] == [
        ("party.add", "bank"),
        ("partykey.create", old.key.key_id),
        ("partykey.create", new.key.key_id),
        ("partykey.rotate", old.key.key_id),
        ("partykey.revoke", new.key.key_id),
    ]


def test_wrong_keys_are_refused_by_field(registry: Registry, clock: Clock) -> None:
    bank = sample_party(registry)
    with pytest.raises(InvalidInput) as refused:
        create_key(registry, bank, [], "x" * 101, clock.now)
    assert [one.path for one in refused.value.violations] == [("scopes",), ("label",), ("expires_at",)]
    with registry.database.read() as connection:
        assert parties.keys_of_party(connection, bank.party_id, None, None) == []


@given(st.text(max_size=80) | st.from_regex(r"crp_[0-9a-f]{10,14}_[A-Za-z0-9_-]{40,46}", fullmatch=True))
def test_only_a_whole_token_has_a_public_part(text: str) -> None:
    found = party_keys.TOKENS.public_part(text)
    if found is not None:
        assert text.startswith(f"crp_{found}_")
        assert len(text) == 4 + 12 + 1 + 43
    assert not party_keys.TOKENS.is_genuine(text, None)


def test_a_token_is_genuine_for_its_own_hash_alone() -> None:
    kind = TokenKind("crx")
    one, other = kind.make(), kind.make()
    assert kind.is_genuine(one.token, one.secret_hash)
    assert not kind.is_genuine(one.token, other.secret_hash)
    assert not TokenKind("cry").is_genuine(one.token, one.secret_hash)
    assert one.token not in repr(one)
