"""The directory of certification bodies."""

from __future__ import annotations

from datetime import date

from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from registry.domain.accreditation import Accreditation
from registry.domain.certificate import Authorization
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.services import manage_issuers
from registry.services.accreditations import add_accreditation
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue_many
from tests.conftest import Clock, sample_certificate
from tests.web.test_pages import ENGLISH, words


def test_each_issuer_is_listed_with_what_it_may_certify_and_what_stands_behind_it(
    each_client: FlaskClient, registry: Registry, clock: Clock
) -> None:
    actor = operator(registry, "cqc")
    made = issue_many(registry, actor, [sample_certificate(f"N{number}") for number in range(3)])
    change_status(registry, actor, made[0], Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    over = Accreditation("UKAS", "OVER-1", ("gbt19001-2016",), date(2020, 1, 1), date(2025, 12, 31))
    add_accreditation(registry, "cqc", over, "test")
    ended = Authorization("gbt45001-2020", date(2020, 1, 1), date(2026, 3, 1))
    name = Text("新机构", "New Body")
    manage_issuers.add_issuer(registry, "new", name, Text("杭州", "Hangzhou"), "NEW", [ended])
    by_code = {one["code"]: one for one in each_client.get("/api/v1/issuers").json["issuers"]}
    cqc, new = by_code["cqc"], by_code["new"]
    assert cqc["schemes"] == ["gbt19001-2016", "gbt19011-2021-training", "gbt24001-2016"]
    assert [(one["body"], one["number"]) for one in cqc["accreditations"]] == [("CNAS", "C001-M")]
    assert cqc["accreditations"][0]["schemes"] == cqc["schemes"]
    assert (cqc["valid_certificates"], by_code["other"]["valid_certificates"]) == (2, 0)
    assert (new["schemes"], new["accreditations"], new["valid_certificates"]) == ([], [], 0)
    text = words(each_client.get("/issuers", headers=ENGLISH))
    assert "Valid certificates 2" in text
    assert "CNAS C001-M 1 January 2020 – no end" in text
    assert "UKAS" not in text
    assert "May certify nothing today Accreditation none today" in text
    # Counted at most every ten minutes.
    change_status(registry, actor, made[1], Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    assert "Valid certificates 2" in words(each_client.get("/issuers", headers=ENGLISH))
    clock.advance(minutes=11)
    assert "Valid certificates 1" in words(each_client.get("/issuers", headers=ENGLISH))


def test_a_hundred_issuers_cost_as_many_queries_as_two(each_client: FlaskClient, registry: Registry) -> None:
    queries: list[str] = []

    def count(*args: object) -> None:
        queries.append(str(args[2]))

    def asked() -> int:
        each_client.get("/api/v1/issuers")
        queries.clear()
        each_client.get("/api/v1/issuers")
        return len(queries)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        two = asked()
        for number in range(8):
            name = Text(f"机构{number}", f"Body {number}")
            allowed = [Authorization("gbt19001-2016", date(2020, 1, 1), None, "CNAS", f"C{number}")]
            manage_issuers.add_issuer(registry, f"body-{number}", name, Text("杭州"), "M", allowed)
        assert asked() == two <= 8
    finally:
        event.remove(Engine, "before_cursor_execute", count)
