"""Issuers choose how their certificates look; each change is in the audit trail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from registry.domain.errors import InvalidInput, NotPermitted
from registry.domain.look import Look
from registry.services.context import CERTIFICATE_VERBS, Actor, Registry
from registry.services.issue import issue
from registry.services.issuer_look import look, set_logo, set_look
from registry.services.print_certificate import print_certificate
from registry.services.verify import Verifier
from registry.store.models import AuditEvent
from tests.conftest import sample_certificate
from tests.formats.test_logo import svg

LOGO = svg('<rect width="9" height="9"/>')


def trail(registry: Registry) -> list[tuple[Any, ...]]:
    columns = (AuditEvent.act, AuditEvent.subject, AuditEvent.issuer_id, AuditEvent.before, AuditEvent.after)
    with registry.database.read() as connection:
        statement = select(*columns).where(AuditEvent.act.in_(("issuer.look", "issuer.logo"))).order_by(AuditEvent.id)
        return [tuple(row) for row in connection.execute(statement)]


def test_what_is_chosen_is_printed_and_audited(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    verifier = Verifier(registry, 0)
    plain = print_certificate(registry, verifier, public_id).pdf
    set_look(registry, actor, "modern", None)
    set_look(registry, actor, None, "#7a1f1f")
    set_logo(registry, actor, LOGO)
    chosen = look(registry, "cqc")
    assert (chosen.template, chosen.colour) == ("modern", "#7a1f1f")
    assert chosen.logo is not None
    assert print_certificate(registry, verifier, public_id).pdf != plain
    told = trail(registry)
    assert [act for act, *_ in told] == ["issuer.look", "issuer.look", "issuer.logo"]
    assert {(subject, issuer) for _, subject, issuer, *_ in told} == {("cqc", actor.issuer_id)}
    assert (told[1][3]["colour"], told[1][4]["colour"]) == ("#0f4c81", "#7a1f1f")
    assert told[2][3]["logo"] is None
    assert len(str(told[2][4]["logo"])) == 64
    set_logo(registry, actor, None)
    set_look(registry, actor, "classic", "#0f4c81")
    assert print_certificate(registry, verifier, public_id).pdf == plain


def test_other_issuers_keep_theirs(registry: Registry, actor: Actor) -> None:
    set_look(registry, actor, "modern", "#7a1f1f")
    assert look(registry, "other") == Look()


def test_what_can_not_be_printed_changes_nothing(registry: Registry, actor: Actor) -> None:
    for template, colour in (("rococo", None), (None, "#ffffff")):
        with pytest.raises(InvalidInput):
            set_look(registry, actor, template, colour)
    with pytest.raises(InvalidInput, match="has <script>"):
        set_logo(registry, actor, svg("<script/>"))
    assert look(registry, "cqc") == Look()
    assert trail(registry) == []


def test_who_issues_may_not_change_the_look(sqlite_registry: Registry) -> None:
    clerk = Actor("clerk", 1, frozenset(CERTIFICATE_VERBS))
    with pytest.raises(NotPermitted):
        set_logo(sqlite_registry, clerk, LOGO)
    with pytest.raises(NotPermitted):
        set_look(sqlite_registry, replace(clerk, verbs=frozenset()), "modern", None)
