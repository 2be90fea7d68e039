"""Who may do what: the one table of roles."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from registry.services.context import Verb


class Role(StrEnum):
    """What somebody is in the console. An operator belongs to the registry, everybody else to one issuer."""

    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    OFFICER = "officer"
    REVIEWER = "reviewer"
    READER = "reader"


_ACTS = frozenset({Verb.ISSUE, Verb.SUSPEND, Verb.RESTORE, Verb.WITHDRAW, Verb.CANCEL, Verb.REISSUE, Verb.SURVEY})
VERBS: Mapping[Role, frozenset[Verb]] = {
    # Sets issuers up and looks after them; what they certify is theirs to decide.
    Role.OPERATOR: frozenset({Verb.READ, Verb.AUDIT, Verb.ADMINISTER}),
    Role.ADMINISTRATOR: frozenset(Verb),
    Role.OFFICER: frozenset({Verb.READ}) | _ACTS,
    Role.REVIEWER: frozenset({Verb.READ, Verb.APPROVE, Verb.AUDIT}),
    Role.READER: frozenset({Verb.READ}),
}
# What an issuer can give to its own people.
ISSUER_ROLES = (Role.ADMINISTRATOR, Role.OFFICER, Role.REVIEWER, Role.READER)
