"""Transfers between certification bodies: the new certificate names the former one, which nobody else touches."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Barrier, Thread
from typing import Any

import pytest

from registry.domain.certificate import Certificate, Holder, HolderId, HolderType
from registry.domain.errors import Conflict, IllegalMove, InvalidInput, NotFound, NotPermitted, RegistryError
from registry.domain.notices import NoticeKind
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
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
from tests.conftest import Clock, add_test_issuer, sample_certificate
from tests.services.test_issue import keyed_actor, rows_everywhere

TODAY = date(2026, 3, 2)


def accepted(**changes: Any) -> Certificate:
    return sample_certificate(**{"number": "T-1", "decided_on": TODAY, "valid_from": TODAY, **changes})


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
    for public_id in (former, row.public_id):
        chain = Verifier(registry, 0).by_public_id(public_id).versions
        assert [(one.certificate.public_id, one.certificate.issuer_code) for one in chain] == [
            (former, "cqc"),
            (row.public_id, "other"),
        ]
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


def test_an_agreement_that_has_run_out_counts_for_nothing(
    registry: Registry, actor: Actor, other: Actor, clock: Clock, former: str
) -> None:
    for last_day in (date(2026, 3, 1), date(2027, 3, 4)):
        with pytest.raises(InvalidInput, match="last_day"):
            agree_handover(registry, actor, former, "other", last_day)
    agree_handover(registry, actor, former, "other", date(2026, 3, 3))
    clock.now = datetime(2026, 3, 3, 15, 59, 59, tzinfo=UTC)
    assert len(list_handovers(registry, other, 0, 10)) == 1
    clock.advance(seconds=1)
    assert list_handovers(registry, other, 0, 10) == []
    with pytest.raises(NotFound):
        revoke_handover(registry, actor, former)
    row = accept_transfer(registry, other, accepted(), Origin(former))
    assert (row.replaces_id, verdict(registry, former)) == (None, Verdict.VALID)
    assert Verifier(registry, 0).by_public_id(row.public_id).versions == ()
    agree_handover(registry, actor, former, "other")
    assert [one.expires_at.isoformat() for one in list_handovers(registry, other, 0, 10)] == [
        "2026-06-02T16:00:00+00:00"
    ]


def test_an_agreement_is_made_use_of_once(registry: Registry, actor: Actor, other: Actor, former: str) -> None:
    agree_handover(registry, actor, former, "other")
    taken = accept_transfer(registry, other, accepted(), Origin(former)).public_id
    with pytest.raises(IllegalMove, match="only one that is valid"):
        accept_transfer(registry, other, accepted(number="T-2"), Origin(former))
    assert Verifier(registry, 0).by_public_id(former).replaced_by == taken
    assert [one.certificate.public_id for one in Verifier(registry, 0).by_public_id(taken).versions] == [former, taken]


def test_an_agreement_with_somebody_else_is_not_ones_own(
    registry: Registry, actor: Actor, other: Actor, former: str
) -> None:
    add_test_issuer(registry, "third")
    agree_handover(registry, actor, former, "third")
    row = accept_transfer(registry, other, accepted(), Origin(former))
    assert (row.replaces_id, verdict(registry, former)) == (None, Verdict.VALID)
    assert [len(list_handovers(registry, one, 0, 10)) for one in (actor, other)] == [1, 0]


def test_what_has_a_version_to_come_is_not_handed_over(
    registry: Registry, actor: Actor, other: Actor, former: str
) -> None:
    agree_handover(registry, actor, former, "other")
    planned = {"valid_from": "2026-04-01", "decided_on": "2026-03-02", "scope": {"zh": "生产"}}
    issue_version(registry, actor, former, Reason.SCOPE_REDUCTION, planned)
    with pytest.raises(Conflict, match="reissued already"):
        accept_transfer(registry, other, accepted(), Origin(former))
    with pytest.raises(Conflict, match="reissued already"):
        agree_handover(registry, actor, former, "other")


def test_a_certification_that_went_on_twice_tells_all_of_its_history(
    registry: Registry, actor: Actor, other: Actor, former: str
) -> None:
    scope = {"scope": {"zh": "注塑件的生产"}}
    second = issue_version(registry, actor, former, Reason.SCOPE_REDUCTION, scope).public_id
    agree_handover(registry, actor, second, "other")
    third = accept_transfer(registry, other, accepted(), Origin(second)).public_id
    fourth = issue_version(registry, other, third, Reason.SCOPE_REDUCTION, scope).public_id
    agree_handover(registry, other, fourth, "cqc")
    fifth = accept_transfer(registry, actor, accepted(number="T-5"), Origin(fourth)).public_id
    for public_id in (former, second, third, fourth, fifth):
        chain = Verifier(registry, 0).by_public_id(public_id).versions
        assert [one.certificate.public_id for one in chain] == [former, second, third, fourth, fifth]
    assert audit_log(registry).findings == ()


def test_the_trail_of_each_issuer_tells_its_own_side(
    registry: Registry, actor: Actor, other: Actor, former: str
) -> None:
    agree_handover(registry, actor, former, "other")
    row = accept_transfer(registry, replace(other, name="li@other", origin="198.51.100.7"), accepted(), Origin(former))
    with registry.database.read() as connection:
        trail = connection.exec_driver_sql(
            "SELECT issuer_id, actor, act, subject, origin FROM audit_events ORDER BY id"
        )
        found = [tuple(one) for one in trail]
    theirs = [one[1:] for one in found if one[0] == actor.issuer_id and one[3] == former]
    assert ("test", "certificate.hand_over", former, None) in theirs
    assert ("other", "certificate.taken_over", former, None) in theirs
    assert not [one for one in theirs if "li@other" in one or "198.51.100.7" in one]
    assert (other.issuer_id, "li@other", "certificate.issue", row.public_id, "198.51.100.7") in found


def test_a_holder_without_an_identifier_is_known_by_name(registry: Registry, actor: Actor, other: Actor) -> None:
    person = Holder(HolderType.PERSON, Text("王样例"))
    training: dict[str, Any] = {"scheme": "gbt19011-2021-training", "valid_until": None, "sites": ()}
    row = issue(registry, actor, sample_certificate(holder=person, **training))
    stranger = replace(person, name=Text("李样例"))
    with pytest.raises(InvalidInput, match="/certificate/holder/name"):
        accept_transfer(registry, other, accepted(holder=stranger, **training), Origin(row.public_id))
    accept_transfer(registry, other, accepted(holder=person, **training), Origin(row.public_id))


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
