"""A bank for the demo: a relying party to try things as."""

from __future__ import annotations

from registry.domain.errors import NotFound
from registry.domain.schemes import Text
from registry.services import party_keys, relying_parties
from registry.services.context import Registry, Scope
from registry.services.relying_parties import PartyKind

_CODE = "sample-bank"
_NAME = Text("江南样例银行（样例）", "Jiangnan Sample Bank (Sample)")


def sample_bank(registry: Registry) -> tuple[str, str]:
    """See that the sample bank is there; returns its code, and the token of a new API key for everything."""
    try:
        bank = relying_parties.party_operator(registry, _CODE)
    except NotFound:
        relying_parties.add_party(registry, _CODE, _NAME, PartyKind.BANK)
        bank = relying_parties.party_operator(registry, _CODE)
    return _CODE, party_keys.create_key(registry, bank, list(Scope), "demo").token
