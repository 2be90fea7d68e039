"""Verifying a portfolio: the same verdicts as one by one, in order, whatever the mix, with few queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from registry.domain.errors import InvalidInput, NotPermitted
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.domain.verdict import CheckName, Finding, Outcome, Verdict
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, RelyingParty, Scope, operator
from registry.services.find import stored_document
from registry.services.issue import issue, issue_many
from registry.services.judge import Moment
from registry.services.portfolio.items import By, Item, read_items, read_moment
from registry.services.portfolio.verify import CHUNK, ItemVerdict, PortfolioVerifier
from registry.services.verify import Verifier
from registry.services.versions import reissue
from registry.store.models import Credential, SigningKey
from tests.conftest import NOON, Clock, sample_certificate, sample_party
from tests.services.log.logs import statements

USCC = "91330282MA00000184"


@pytest.fixture
def party(registry: Registry) -> RelyingParty:
    return sample_party(registry)


def verified(
    registry: Registry, party: RelyingParty, items: list[Any], moment: Moment | None = None
) -> list[ItemVerdict]:
    """What comes of items in the shape of a request."""
    verifier = PortfolioVerifier(registry, Verifier(registry, 0).log)
    chunks = verifier.verify(party, read_items(items), moment or Moment.present(registry.now()), lambda one: one)
    return [one for chunk in chunks for one in chunk]


def verdicts(found: list[ItemVerdict]) -> list[Verdict | None]:
    return [one.verdict for one in found]


def test_a_mix_is_answered_in_its_order_as_one_by_one(registry: Registry, actor: Actor, party: RelyingParty) -> None:
    valid = issue(registry, actor, sample_certificate("A-1")).public_id
    gone = issue(registry, actor, sample_certificate("A-2")).public_id
    change_status(registry, actor, gone, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    document = orjson.loads(stored_document(registry, valid)[1])
    forged = {**document, "validUntil": "2099-01-01T00:00:00Z"}
    items = [
        {"number": "a-2", "reference": "loan 7"},
        {"public_id": valid.lower()},
        {"credential": document},
        {"credential": forged},
        {"number": "A-1", "issuer": "other"},
        {"public_id": "23456"},
        {"credential": {"id": "of nobody"}},
    ]
    found = verified(registry, party, items)
    assert [one.position for one in found] == list(range(7))
    assert verdicts(found) == ["withdrawn", "valid", "valid", "invalid", "unknown", "unknown", "invalid"]
    assert found[0].item.reference == "loan 7"
    assert [one.fitting for one in found] == [1, 1, 1, 1, 0, 0, 0]
    assert found[5].problem is not None
    assert "15 letters" in found[5].problem
    alone = Verifier(registry, 0)
    for position, one in ((0, alone.by_public_id(gone)), (1, alone.by_public_id(valid))):
        assert found[position].certificates[0].found == one
    for position, body in ((2, document), (3, forged), (6, {"id": "of nobody"})):
        assert found[position].certificates[0].found == alone.document(orjson.dumps(body))
    assert found[3].certificates[0].found.differences[0].pointer == "/validUntil"


def test_several_certificates_of_one_holder_leave_the_verdict_open(
    registry: Registry, actor: Actor, party: RelyingParty
) -> None:
    issue_many(registry, actor, [sample_certificate(f"A-{number}") for number in range(3)])
    (found,) = verified(registry, party, [{"uscc": USCC.lower()}])
    assert (found.verdict, found.fitting, len(found.certificates)) == (None, 3, 3)
    assert {one.found.terms["number"] for one in found.certificates} == {"A-0", "A-1", "A-2"}


def test_of_very_many_certificates_the_newest_are_told_and_all_counted(
    registry: Registry, actor: Actor, party: RelyingParty
) -> None:
    issue_many(registry, actor, [sample_certificate(f"A-{number}") for number in range(25)])
    (found,) = verified(registry, party, [{"uscc": USCC}])
    assert (found.verdict, found.fitting, len(found.certificates)) == (None, 25, 20)
    assert found.certificates[0].found.terms["number"] == "A-24"


def test_the_number_of_two_issuers_is_ambiguous_without_the_issuer(
    registry: Registry, actor: Actor, party: RelyingParty
) -> None:
    issue(registry, actor, sample_certificate("A-1"))
    issue(registry, operator(registry, "other"), sample_certificate("A-1"))
    found = verified(registry, party, [{"number": "A-1"}, {"number": "A-1", "issuer": "other"}])
    assert [(one.verdict, one.fitting) for one in found] == [(None, 2), ("valid", 1)]
    document = found[1].certificates[0].found.document
    assert document is not None
    assert document["issuer"]["id"].endswith("issuers:other")


def test_versions_of_a_certificate_count_as_one(registry: Registry, actor: Actor, party: RelyingParty) -> None:
    old = issue(registry, actor, sample_certificate("A-1")).public_id
    narrower = sample_certificate("A-1", scope=Text("汽车用注塑件的生产", "Production of parts for automobiles"))
    new = reissue(registry, actor, old, narrower, Reason.SCOPE_REDUCTION).public_id
    by_number, by_id, by_holder = verified(registry, party, [{"number": "A-1"}, {"public_id": old}, {"uscc": USCC}])
    assert (by_number.verdict, by_number.certificates[0].found.public_id) == ("valid", new)
    assert (by_holder.verdict, by_holder.fitting) == ("valid", 1)
    assert (by_id.verdict, by_id.certificates[0].found.replaced_by) == ("superseded", new)


def test_a_name_is_compared_wherever_one_is_given(registry: Registry, actor: Actor, party: RelyingParty) -> None:
    terms = sample_certificate("A-1")
    issue(registry, actor, terms)
    same, other = verified(
        registry, party, [{"uscc": USCC, "name": terms.holder.name.zh}, {"number": "A-1", "name": "宁波华丰有限公司"}]
    )
    assert same.certificates[0].name is None
    difference = other.certificates[0].name
    assert difference is not None
    assert difference.registered == terms.holder.name.zh


def test_a_day_of_the_past_is_told_by_what_is_known_now_or_was_known_then(
    registry: Registry, actor: Actor, party: RelyingParty, clock: Clock
) -> None:
    public_id = issue(registry, actor, sample_certificate("A-1")).public_id
    clock.advance(days=10)
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    suspended = clock.now
    clock.advance(days=10)
    change_status(registry, actor, public_id, Act.RESTORE, Reason.CORRECTIVE_ACTION_VERIFIED)
    now = clock.advance(days=10)
    items = [{"number": "A-1"}, {"public_id": public_id}]

    def told(when: timedelta, known_at: timedelta | None = None) -> Verdict | None:
        known = now if known_at is None else NOON + known_at
        first, second = verified(registry, party, items, Moment(NOON + when, known, now))
        assert first.verdict == second.verdict
        return first.verdict

    assert told(timedelta(days=5)) == "valid"
    assert told(timedelta(days=10)) == "suspended"
    assert told(timedelta(days=15)) == "suspended"
    assert told(timedelta(days=25)) == "valid"
    assert told(timedelta(days=15), timedelta(days=5)) == "valid"
    assert told(timedelta(days=25), timedelta(days=15)) == "suspended"
    assert told(timedelta(days=-500)) == "not_yet_valid"
    assert told(timedelta(days=2), timedelta(days=-1)) == "unknown"
    assert suspended == NOON + timedelta(days=10)


def test_a_credential_from_after_the_moment_was_not_known_then(
    registry: Registry, actor: Actor, party: RelyingParty, clock: Clock
) -> None:
    before = clock.now
    clock.advance(days=1)
    document = orjson.loads(stored_document(registry, issue(registry, actor, sample_certificate()).public_id)[1])
    (found,) = verified(registry, party, [{"credential": document}], Moment(before, before, clock.now))
    assert found.verdict == "unknown"
    checks = {one.name: one for one in found.certificates[0].found.checks}
    assert checks[CheckName.SIGNATURE].outcome is Outcome.PASS
    assert checks[CheckName.STATUS].finding is Finding.NOT_REGISTERED


def test_altered_rows_and_compromised_keys_are_found_as_in_a_single_verification(
    registry: Registry, actor: Actor, party: RelyingParty, clock: Clock
) -> None:
    public_ids = [issue(registry, actor, sample_certificate(f"A-{number}")).public_id for number in range(3)]
    with registry.database.transaction() as connection:
        connection.execute(update(Credential).where(Credential.certificate_id == 1).values(document=b"{}"))
        connection.execute(update(SigningKey).values(compromised_since=clock.now + timedelta(hours=1)))
    clock.advance(days=1)
    found = verified(registry, party, [{"public_id": one} for one in public_ids])
    alone = Verifier(registry, 0)
    for public_id, one in zip(public_ids, found, strict=True):
        assert one.certificates[0].found == alone.by_public_id(public_id)
    assert verdicts(found)[0] == "invalid"


def test_what_waits_for_the_log_is_told_so(registry: Registry, actor: Actor, party: RelyingParty) -> None:
    worked = replace(registry, settings=replace(registry.settings, log_worker=True))
    issue(worked, actor, sample_certificate("A-1"))
    (found,) = verified(worked, party, [{"number": "A-1"}])
    assert found.certificates[0].found.checks[-1].finding is Finding.LOG_PENDING


def test_a_chunk_takes_the_same_queries_whatever_its_size(
    registry: Registry, actor: Actor, party: RelyingParty
) -> None:
    public_ids = issue_many(registry, actor, [sample_certificate(f"A-{number}") for number in range(120)])
    verifier = PortfolioVerifier(registry, Verifier(registry, 0).log)

    def run(count: int) -> int:
        items = [Item(By.NUMBER, f"A-{number}") for number in range(count)]
        items += [Item(By.PUBLIC_ID, one) for one in public_ids[:count]]
        with statements() as seen:
            found = [*verifier.verify(party, items, Moment.present(registry.now()), lambda one: one.verdict)]
        assert found == [["valid"] * 2 * count]
        return len(seen)

    run(120)
    assert run(2) == run(120) <= 4


def test_more_than_a_chunk_stays_in_order_and_is_read_as_it_goes(
    registry: Registry, actor: Actor, party: RelyingParty
) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    read = 0

    def items() -> Iterator[Item]:
        nonlocal read
        for number in range(CHUNK * 2 + 1):
            read += 1
            yield Item(By.PUBLIC_ID, public_id, reference=str(number))

    verifier = PortfolioVerifier(registry, Verifier(registry, 0).log)
    chunks = verifier.verify(party, items(), Moment.present(registry.now()), lambda one: one.item.reference)
    assert read == 0
    first = next(chunks)
    assert read == len(first) == CHUNK
    assert first + [one for chunk in chunks for one in chunk] == [str(number) for number in range(CHUNK * 2 + 1)]


def test_a_party_without_the_scope_verifies_nothing(registry: Registry, party: RelyingParty) -> None:
    verifier = PortfolioVerifier(registry, Verifier(registry, 0).log)
    with pytest.raises(NotPermitted):
        verifier.verify(replace(party, scopes=frozenset({Scope.WATCH})), [], Moment.present(NOON), str)


@pytest.mark.parametrize(
    ("items", "path"),
    [
        ([], ("items",)),
        ("A-1", ("items",)),
        ([{"number": "A-1"}, 5], ("items", 1)),
        ([{"number": "A-1", "uscc": USCC}], ("items", 0)),
        ([{"name": "宁波"}], ("items", 0)),
        ([{"nummer": "A-1"}], ("items", 0, "nummer")),
        ([{"number": 5}], ("items", 0, "number")),
        ([{"number": "a\x00b"}], ("items", 0, "number")),
        ([{"number": "A" * 201}], ("items", 0, "number")),
        ([{"credential": "text"}], ("items", 0, "credential")),
        ([{"public_id": "A", "issuer": "cqc"}], ("items", 0, "issuer")),
        ([{"number": "A-1"}] * 10_001, ("items",)),
    ],
)
def test_what_is_no_item_is_named(items: Any, path: tuple[str | int, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_items(items)
    assert refused.value.violations[0].path == path


def test_a_day_means_its_end_in_china_and_the_future_is_refused() -> None:
    moment = read_moment("2026-03-01", "2026-02-01T12:00:00+08:00", NOON)
    assert moment.when.isoformat() == "2026-03-01T23:59:59.999999+08:00"
    assert moment.known_at.isoformat() == "2026-02-01T12:00:00+08:00"
    assert read_moment("2026-03-02", None, NOON) == Moment.present(NOON)
    for wrong in ("2026-03-03", "2026-03-02T04:00:01Z", "2026-13-01", "2026-03-01T12:00:00", "yesterday", "0001-01-01"):
        with pytest.raises(InvalidInput) as refused:
            read_moment(wrong, wrong, NOON)
        assert [one.path for one in refused.value.violations] == [("as_of",), ("known_at",)]
