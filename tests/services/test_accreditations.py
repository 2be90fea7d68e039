"""What is issued outside of the accredited schemes and days is marked, or refused, as the registry's policy says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, text

from registry.domain.accreditation import Accreditation
from registry.domain.certificate import Authorization
from registry.domain.errors import InvalidInput, NotFound
from registry.domain.schemes import Text
from registry.domain.verdict import Verdict
from registry.formats.table import TableFormat
from registry.services import manage_issuers
from registry.services.accreditations import add_accreditation, end_accreditation, list_accreditations
from registry.services.audit_trail import list_events
from registry.services.bulk.check_certificates import check_certificates
from registry.services.context import Actor, Registry, operator
from registry.services.find import read_certificate
from registry.services.issue import issue
from registry.services.verify import Verifier
from registry.store import schema
from registry.store.audit_events import TrailFilters
from tests.conftest import sample_certificate
from tests.formats.tables import csv_file, sample_table

SCHEME = "gbt19001-2016"
FIRST, LAST = date(2024, 1, 1), date(2025, 1, 6)


@pytest.fixture
def body(registry: Registry) -> Actor:
    """An issuer that may certify for ever, and is accredited from FIRST to LAST."""
    name, address = Text("新认证中心（样例）", None), Text("杭州市", None)
    manage_issuers.add_issuer(registry, "new", name, address, "NEW", [Authorization(SCHEME, date(2020, 1, 1))])
    add_accreditation(registry, "new", Accreditation("CNAS", "C007-M", (SCHEME,), FIRST, LAST), "terminal (li)")
    return operator(registry, "new")


def terms(registry: Registry, actor: Actor, number: str, decided_on: date) -> dict[str, Any]:
    """What the certificate says that is issued for a decision on that day."""
    certificate = sample_certificate(number, granted_on=decided_on, decided_on=decided_on, valid_from=decided_on)
    row = issue(registry, actor, replace(certificate, valid_until=decided_on.replace(year=decided_on.year + 3)))
    document = orjson.loads(read_certificate(registry, actor, row.public_id)[1])
    assert Verifier(registry, 0).by_public_id(row.public_id).verdict is Verdict.VALID
    subject: dict[str, Any] = document["credentialSubject"]
    found: dict[str, Any] = subject["certificate"]
    assert (subject["assessmentLevel"] == "Accredited") == ("accreditation" in found) == ("authorisation" in subject)
    return found


@pytest.mark.parametrize(
    ("decided_on", "accredited"),
    [(date(2023, 12, 31), False), (FIRST, True), (LAST, True), (date(2025, 1, 7), False)],
)
def test_the_day_of_the_decision_counts(registry: Registry, body: Actor, decided_on: date, accredited: bool) -> None:
    found = terms(registry, body, "A-1", decided_on)
    if accredited:
        assert found["accreditation"] == {"body": "CNAS", "number": "C007-M"}
        assert "accredited" not in found
    else:
        assert found["accredited"] is False
        assert "accreditation" not in found


def test_a_scheme_outside_of_the_accreditation_is_marked(registry: Registry, body: Actor) -> None:
    manage_issuers.add_authorization(registry, "new", Authorization("gbt24001-2016", date(2020, 1, 1)))
    row = issue(registry, body, sample_certificate("A-1", scheme="gbt24001-2016"))
    found = orjson.loads(read_certificate(registry, body, row.public_id)[1])["credentialSubject"]["certificate"]
    assert found["accredited"] is False


def strict(registry: Registry) -> Registry:
    return replace(registry, settings=replace(registry.settings, accredited_only=True))


def test_where_only_accredited_ones_are_taken_others_are_refused(registry: Registry, body: Actor) -> None:
    registry = strict(registry)
    assert terms(registry, body, "A-1", LAST)["accreditation"]["number"] == "C007-M"
    with pytest.raises(InvalidInput, match="/certificate/scheme: new was not accredited for it on the decision date"):
        terms(registry, body, "A-2", date(2025, 1, 7))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "certificates.csv"
    path.write_bytes(csv_file(sample_table(2)).getvalue())
    return path


def test_files_are_held_against_the_same_policy(registry: Registry, body: Actor, table: Path) -> None:
    (accreditation,) = list_accreditations(registry, "new")
    with check_certificates(strict(registry), body, table, TableFormat.CSV) as checked:
        assert checked.counts.wrong == 0
    end_accreditation(registry, "new", accreditation.id, date(2024, 12, 31), "terminal")
    with check_certificates(registry, body, table, TableFormat.CSV) as checked:
        assert checked.counts.wrong == 0
    with check_certificates(strict(registry), body, table, TableFormat.CSV) as checked:
        assert checked.counts.wrong == 2


def test_an_end_is_moved_and_taken_away_with_a_trace(registry: Registry, body: Actor) -> None:
    (one,) = list_accreditations(registry, "new")
    with pytest.raises(InvalidInput, match="the end is before the beginning"):
        end_accreditation(registry, "new", one.id, date(2023, 12, 31), "terminal")
    assert end_accreditation(registry, "new", one.id, FIRST, "terminal (li)").valid_until == FIRST
    assert "accreditation" not in terms(registry, body, "A-1", LAST)
    assert end_accreditation(registry, "new", one.id, None, "terminal (li)").valid_until is None
    assert "accreditation" in terms(registry, body, "A-2", date(2025, 6, 1))
    trail = list_events(registry, body, TrailFilters(act="accreditation.end"), None, 9).items
    assert [(e.event.before or {})["valid_until"] for e in trail] == [FIRST.isoformat(), LAST.isoformat()]
    assert [(e.event.after or {})["valid_until"] for e in trail] == [None, FIRST.isoformat()]
    assert {e.event.actor for e in trail} == {"terminal (li)"}


def test_what_was_issued_stays_as_it_is(registry: Registry, body: Actor) -> None:
    row = issue(registry, body, sample_certificate("A-1"))
    before = read_certificate(registry, body, row.public_id)[1]
    (one,) = list_accreditations(registry, "new")
    end_accreditation(registry, "new", one.id, FIRST, "terminal")
    assert read_certificate(registry, body, row.public_id)[1] == before
    assert Verifier(registry, 0).by_public_id(row.public_id).verdict is Verdict.VALID


def test_an_issuer_has_several(registry: Registry, body: Actor) -> None:
    add_accreditation(registry, "new", Accreditation("UKAS", "0042", (SCHEME,), date(2025, 1, 1)), "terminal")
    assert terms(registry, body, "A-1", LAST)["accreditation"]["body"] == "CNAS"
    assert terms(registry, body, "A-2", date(2025, 1, 7))["accreditation"] == {"body": "UKAS", "number": "0042"}
    assert [one.body for one in list_accreditations(registry, "new")] == ["CNAS", "UKAS"]
    assert [one.number for one in list_accreditations(registry, "cqc")] == ["C001-M"]


def test_another_issuer_s_accreditation_can_t_be_ended(registry: Registry, body: Actor) -> None:
    (one,) = list_accreditations(registry, "new")
    with pytest.raises(NotFound):
        end_accreditation(registry, "cqc", one.id, LAST, "terminal")
    with pytest.raises(NotFound):
        end_accreditation(registry, "nobody", one.id, LAST, "terminal")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"body": " "}, "body"),
        ({"body": "x" * 201}, "body"),
        ({"number": "a\nb"}, "number"),
        ({"schemes": ()}, "schemes"),
        ({"schemes": (SCHEME, SCHEME)}, "schemes"),
        ({"schemes": ("iso9001",)}, "schemes/0"),
        ({"valid_until": date(2023, 1, 1)}, "valid_until"),
    ],
)
def test_what_is_no_accreditation_is_refused(registry: Registry, wrong: dict[str, Any], field: str) -> None:
    good = Accreditation("CNAS", "C001-M", (SCHEME,), FIRST, LAST)
    with pytest.raises(InvalidInput, match=f"/{field}:"):
        add_accreditation(registry, "cqc", replace(good, **wrong), "terminal")
    assert len(list_accreditations(registry, "cqc")) == 1


def _add_as_before(connection: Connection) -> None:
    """Authorizations as they were stored before accreditations were a thing of their own."""
    insert = text(
        "INSERT INTO authorizations (issuer_id, scheme, valid_from, accreditation_body, accreditation_number)"
        " VALUES (:issuer, :scheme, '2021-01-01', :body, :number)"
    )
    for scheme, body, number in (
        (SCHEME, "CNAS", "X-1"),
        ("gbt24001-2016", "CNAS", "X-1"),
        ("gbt45001-2020", None, None),
    ):
        connection.execute(insert, {"issuer": 1, "scheme": scheme, "body": body, "number": number})


def test_accreditations_from_before_are_taken_over(registry: Registry) -> None:
    schema.downgrade(registry.database, "0017")
    with registry.database.transaction() as connection:
        _add_as_before(connection)
    schema.upgrade(registry.database)
    (taken,) = list_accreditations(registry, "cqc")
    assert (taken.body, taken.number, taken.valid_from, taken.valid_until) == ("CNAS", "X-1", date(2021, 1, 1), None)
    assert taken.schemes == (SCHEME, "gbt24001-2016")
    # The next one gets a number of its own.
    other = add_accreditation(registry, "cqc", replace(taken, number="X-2"), "terminal")
    assert other.id != taken.id
