"""Transfers between certification bodies: the new certificate names the former one, which nobody else touches."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from threading import Barrier, Thread
from typing import Any

import pytest

from registry.domain.certificate import Certificate, HolderId
from registry.domain.errors import Conflict, IllegalMove, InvalidInput, NotFound, NotPermitted, RegistryError
from registry.domain.notices import NoticeKind
from registry.domain.reasons import Act, Reason
from registry.domain.transfer import Origin
from registry.domain.verdict import Verdict
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, Verb, operator
from registry.services.find import history
from registry.services.follow_up.notices import list_notices
from registry.services.follow_up.surveillance import read_surveillance
from registry.services.idempotency import Idempotency
from registry.services.issue import issue
from registry.services.log.audit import audit_log
from registry.services.transfers import accept_transfer, agree_handover, list_handovers, revoke_handover
from registry.services.verify import Verifier
from registry.services.versions import issue_version
from tests.conftest import Clock, sample_certificate
from tests.services.test_issue import keyed_actor, rows_everywhere

TODAY = date(2026, 3, 2)


def accepted(**changes: Any) -> Certificate:
    return sample_certificate("T-1", **{"decided_on": TODAY, "valid_from": TODAY, **changes})


@pytest.fixture
def former(registry: Registry, actor: Actor) -> str:
    """A certificate of `cqc`."""
    return issue(registry, actor, sample_certificate()).public_id


@pytest.fixture
def other(registry: Registry) -> Actor:
    """Somebody who may do everything for the issuer `other`."""
    return operator(registry, "other")


def verdict(registry: Registry, public_id: str) -> Verdict:
    return Verifier(registry, 0).by_public_id(public_id).verdict


def test_without_an_agreement_the_former_certificate_is_not_touched(
    registry: Registry, actor: Actor, other: Actor, former: str
) -> None:
    before = history(registry, actor, former)
    row = accept_transfer(registry, other, accepted(), Origin(former))
    found = Verifier(registry, 0).by_public_id(row.public_id)
    assert found.verdict is Verdict.VALID
    assert found.terms["replaces"] == {
        "change": "transfer",
        "number": "00125Q30001R0S",
        "revision": 1,
        "credential": f"https://registry.example/certificates/{former}",
        "body": "中国质量认证中心（样例 cqc）",
    }
    assert (row.first_reason, row.replaces_id) == ("transfer", None)
    assert verdict(registry, former) is Verdict.VALID
    assert history(registry, actor, former) == before
    (told,) = list_notices(registry, actor, 0, 10)
    assert (told.kind, told.about, told.certificate.public_id) == (NoticeKind.TRANSFERRED, TODAY, former)
    assert list_notices(registry, other, 0, 10) == []
    change_status(registry, actor, former, Act.CANCEL, Reason.TRANSFER)
    assert audit_log(registry).findings == ()


def test_what_is_agreed_to_be_handed_over_is_superseded_at_once(
    registry: Registry, actor: Actor, other: Actor, former: str
) -> None:
    agree_handover(registry, actor, former, "other")
    assert [one.certificate.public_id for one in list_handovers(registry, other, 0, 10)] == [former]
    row = accept_transfer(registry, other, accepted(), Origin(former))
    found = Verifier(registry, 0).by_public_id(former)
    assert (found.verdict, found.replaced_by) == (Verdict.SUPERSEDED, row.public_id)
    last = history(registry, actor, former)[-1]
    assert (last.event.act, last.event.reason, last.actor) == (Act.SUPERSEDE, Reason.TRANSFER, actor.name)
    assert list_handovers(registry, actor, 0, 10) == []
    assert audit_log(registry).findings == ()
    # Whatever the new issuer does with its own, the former one stays as it is.
    change_status(registry, other, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    assert verdict(registry, former) is Verdict.SUPERSEDED


def test_an_agreement_is_with_one_issuer_and_can_be_revoked(
    registry: Registry, actor: Actor, other: Actor, former: str
) -> None:
    with pytest.raises(NotFound):
        agree_handover(registry, other, former, "other")
    with pytest.raises(NotFound):
        agree_handover(registry, actor, former, "nobody")
    with pytest.raises(InvalidInput):
        agree_handover(registry, actor, former, "cqc")
    with pytest.raises(NotPermitted):
        agree_handover(registry, replace(actor, verbs=frozenset({Verb.ISSUE})), former, "other")
    agree_handover(registry, actor, former, "other")
    with pytest.raises(Conflict, match="agreed already"):
        agree_handover(registry, actor, former, "other")
    with pytest.raises(NotFound):
        revoke_handover(registry, other, former)
    revoke_handover(registry, actor, former)
    with pytest.raises(NotFound):
        revoke_handover(registry, actor, former)
    accept_transfer(registry, other, accepted(), Origin(former))
    assert verdict(registry, former) is Verdict.VALID


def test_what_is_handed_over_begins_at_once(registry: Registry, actor: Actor, other: Actor, former: str) -> None:
    agree_handover(registry, actor, former, "other")
    before = rows_everywhere(registry)
    with pytest.raises(InvalidInput, match="valid_from"):
        accept_transfer(registry, other, accepted(valid_from=date(2026, 4, 1)), Origin(former))
    assert rows_everywhere(registry) == before
    assert verdict(registry, former) is Verdict.VALID


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"scheme": "gbt24001-2016"}, "/certificate/scheme"),
        ({"valid_until": date(2028, 1, 8)}, "/certificate/valid_until"),
        ({"granted_on": date(2024, 1, 6)}, "/certificate/granted_on"),
    ],
)
def test_the_certification_goes_on_as_it_was(
    registry: Registry, other: Actor, former: str, changes: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        accept_transfer(registry, other, accepted(**changes), Origin(former))
    assert [one.pointer for one in refused.value.violations] == [pointer]


def test_nobody_elses_certification_is_accepted(registry: Registry, other: Actor, former: str) -> None:
    holder = replace(sample_certificate().holder, identifier=HolderId("uscc", "91330282MA00000192"))
    with pytest.raises(InvalidInput, match="/certificate/holder/identifier"):
        accept_transfer(registry, other, accepted(holder=holder), Origin(former))


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (Act.SUSPEND, Reason.NONCONFORMITY_OPEN),
        (Act.WITHDRAW, Reason.MISUSE_OF_MARK),
        (Act.CANCEL, Reason.HOLDER_REQUEST),
    ],
)
def test_only_a_valid_certification_is_transferred(
    registry: Registry, actor: Actor, other: Actor, former: str, act: Act, reason: Reason
) -> None:
    agree_handover(registry, actor, former, "other")
    change_status(registry, actor, former, act, reason)
    with pytest.raises(IllegalMove, match="only one that is valid"):
        accept_transfer(registry, other, accepted(), Origin(former))
    with pytest.raises(IllegalMove, match="only one that is valid"):
        agree_handover(registry, actor, former, "other")


@pytest.mark.parametrize(
    ("origin", "pointer"),
    [
        (Origin(), "/transferred_from/body"),
        (Origin(body="SGS"), "/transferred_from/number"),
        (Origin(body="SGS\n", number="1"), "/transferred_from/body"),
        (Origin(body="S" * 201, number="1"), "/transferred_from/body"),
        (Origin("AAAAA", "SGS", "1"), "/transferred_from"),
        (Origin("AAAAA"), "/transferred_from/public_id"),
    ],
)
def test_where_it_comes_from_must_be_said(registry: Registry, other: Actor, origin: Origin, pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        accept_transfer(registry, other, accepted(), origin)
    assert pointer in [one.pointer for one in refused.value.violations]


def test_a_certification_comes_from_elsewhere(registry: Registry, other: Actor) -> None:
    row = accept_transfer(registry, other, accepted(), Origin(body="样例认证（上海）有限公司", number="S-77"))
    terms = Verifier(registry, 0).by_public_id(row.public_id).terms
    assert terms["replaces"] == {"change": "transfer", "number": "S-77", "body": "样例认证（上海）有限公司"}
    assert read_surveillance(registry, other, row.public_id).plan.due_on == date(2027, 3, 2)
    later = issue_version(registry, other, row.public_id, Reason.SCOPE_REDUCTION, {"scope": {"zh": "生产"}})
    found = Verifier(registry, 0).by_public_id(later.public_id)
    assert [one.certificate.change for one in found.versions] == ["transfer", "scope_reduction"]


def test_ones_own_is_no_transfer(registry: Registry, actor: Actor, former: str) -> None:
    with pytest.raises(InvalidInput, match="yours already"):
        accept_transfer(registry, actor, accepted(), Origin(former))


def test_a_repeated_request_is_done_once(registry: Registry, actor: Actor, former: str) -> None:
    someone = keyed_actor(registry, "other")
    agree_handover(registry, actor, former, "other")
    key = Idempotency("transfer-1", b"f")
    ids = {accept_transfer(registry, someone, accepted(), Origin(former), None, key).public_id for _ in range(2)}
    assert len(ids) == 1


def test_an_agreement_that_is_revoked_at_this_moment_is_used_or_not(
    registry: Registry, actor: Actor, other: Actor, clock: Clock, former: str
) -> None:
    agree_handover(registry, actor, former, "other")
    barrier = Barrier(2)
    revoked: list[bool] = []

    def revoke() -> None:
        barrier.wait()
        try:
            revoke_handover(registry, actor, former)
            revoked.append(True)
        except RegistryError:
            revoked.append(False)

    thread = Thread(target=revoke)
    thread.start()
    barrier.wait()
    accept_transfer(registry, other, accepted(), Origin(former))
    thread.join()
    assert verdict(registry, former) is (Verdict.VALID if revoked[0] else Verdict.SUPERSEDED)
