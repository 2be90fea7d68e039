"""The sections of the console, in the order of the menu."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from registry.services.context import Verb
from registry.services.issuer_keys import has_own_key
from registry.services.roles import VERBS
from registry.web.console.guard import the_person
from registry.web.current import the_registry


@dataclass(frozen=True, slots=True)
class Section:
    """An entry of the menu: whoever may do `verb` sees it; with `own_keys` only where the issuer signs itself."""

    endpoint: str
    title: LazyString
    verb: Verb
    own_keys: bool = False

    @property
    def is_here(self) -> bool:
        """Whether the present page belongs to it."""
        return (request.endpoint or "").rpartition(".")[0] == self.endpoint.rpartition(".")[0]


_SECTIONS = (
    Section("console.home.overview", _("Overview"), Verb.READ),
    Section("console.certificates.index", _("Our certificates"), Verb.READ),
    Section("console.issue.new", _("Issue a certificate"), Verb.ISSUE),
    Section("console.printing.index", _("Printing"), Verb.READ),
    Section("console.imports.index", _("Import and export"), Verb.READ),
    Section("console.preparations.index", _("To be signed"), Verb.ISSUE, own_keys=True),
    Section("console.approvals.index", _("Approvals"), Verb.READ),
    Section("console.people.index", _("People"), Verb.ADMINISTER),
    Section("console.branches.index", _("Branches"), Verb.ADMINISTER),
    Section("console.keys.index", _("Keys"), Verb.ADMINISTER),
    Section("console.api_keys.index", _("API keys"), Verb.ADMINISTER),
    Section("console.accreditations.index", _("Accreditations"), Verb.READ),
    Section("console.reports.index", _("Suspected forgeries"), Verb.ADMINISTER),
    Section("console.audit.index", _("Audit trail"), Verb.AUDIT),
)


def sections() -> list[Section]:
    """What the person may open."""
    person = the_person()
    if person is None or not person.complete or person.issuer_id is None:
        return []
    allowed = [section for section in _SECTIONS if section.verb in VERBS[person.role]]
    if any(section.own_keys for section in allowed) and not has_own_key(the_registry(), person.issuer_id):
        return [section for section in allowed if not section.own_keys]
    return allowed
