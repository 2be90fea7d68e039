"""Keeping the plan of surveillance audits with what becomes of a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from registry.domain.reasons import Reason
from registry.domain.surveillance import Plan, Stage, Term, first_plan
from registry.store import surveillance as store
from registry.store import versions
from registry.store.certificates import NewCertificate, StoredCertificate
from registry.store.surveillance import StoredPlan


def term_of(certificate: StoredCertificate) -> Term:
    """What of a certificate its plan depends upon."""
    return Term(certificate.scheme, certificate.decided_on, certificate.valid_until)


def plan_issued(connection: Connection, issuer_id: int, keys: Sequence[int], issued: Sequence[NewCertificate]) -> None:
    """Plan the first audits of certificates that are stored in this transaction, whose row ids are `keys`."""
    first = []
    for key, new in zip(keys, issued, strict=True):
        if new.first_version_id is not None:
            _take_over(connection, issuer_id, key, new, new.first_version_id)
            continue
        plan = first_plan(_term(new))
        if plan.due_on is not None:
            first.append(StoredPlan(key, issuer_id, key, plan.due_on, 0, Stage.PLANNED, None))
    if first:
        store.insert_plans(connection, first)


def plan_without(connection: Connection, certificate: StoredCertificate, first_version_id: int) -> None:
    """Plan anew, by all that is recorded, for a certification one version of which was given up."""
    rows = [
        row
        for row in versions.versions_of(connection, first_version_id, _ALL)
        if row.id != certificate.id and (row.id == first_version_id or row.replaces_id is not None)
    ]
    begin_terms = [row for row in rows if row.id == first_version_id or row.change == Reason.RECERTIFICATION]
    last = begin_terms[-1]
    plan = first_plan(term_of(last))
    for record in store.records_of(connection, first_version_id):
        if record.recorded_at >= last.recorded_at:
            plan = record.plan
    store.remove_plans(connection, [first_version_id])
    if plan.due_on is not None:
        newest = rows[-1]
        made = StoredPlan(first_version_id, newest.issuer_id, newest.id, plan.due_on, plan.passed, Stage.PLANNED, None)
        store.insert_plans(connection, [made])


# More versions than any certificate has.
_ALL = 1000


def _take_over(connection: Connection, issuer_id: int, key: int, new: NewCertificate, first_version_id: int) -> None:
    """A version goes on with the plan of the one before; a recertification begins a new one."""
    before = store.find_plan(connection, first_version_id, for_update=True)
    if new.terms.replaces is not None and new.terms.replaces.change == Reason.RECERTIFICATION:
        plan: Plan = first_plan(_term(new))
        store.remove_plans(connection, [first_version_id])
        if plan.due_on is not None:
            made = StoredPlan(first_version_id, issuer_id, key, plan.due_on, 0, Stage.PLANNED, None)
            store.insert_plans(connection, [made])
    elif before is not None:
        store.replace_plan(connection, replace(before, certificate_id=key))


def _term(new: NewCertificate) -> Term:
    return Term(new.terms.scheme, new.terms.decided_on, new.terms.valid_until)
