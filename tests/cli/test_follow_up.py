"""Surveillance, policy and notices at the terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from registry.domain.certificate import day_of, months_after
from tests.conftest import sample_request
from tests.test_cli import environment, good, prepared, run

__all__ = ["environment", "prepared"]


def issued(prepared: dict[str, str]) -> str:
    today = day_of(datetime.now(UTC))
    days = {name: str(today) for name in ("granted_on", "decided_on", "valid_from")}
    request = sample_request(**days, valid_until=str(months_after(today, 36)))
    return good(prepared, "issue - --issuer cqc", json.dumps(request)).split("/v/")[1].strip()


def test_what_is_due_is_listed_and_recorded(prepared: dict[str, str]) -> None:
    public_id = issued(prepared)
    today = day_of(datetime.now(UTC))
    assert good(prepared, "surveillance due cqc") == ""
    assert str(months_after(today, 12)) in good(prepared, "surveillance due cqc --within 366")
    output = good(prepared, f"surveillance record {public_id} --result passed --on {today} --note good")
    assert str(months_after(today, 12)) in output
    later = today + timedelta(days=30)
    assert str(later) in good(prepared, f"surveillance record {public_id} --result scheduled --due {later}")
    assert [line.split()[:2] for line in good(prepared, f"surveillance history {public_id}").splitlines()] == [
        ["1", "passed"],
        ["2", "scheduled,"],
        ["Next", "due"],
    ]


@pytest.mark.parametrize(
    "options", ["--result passed", "--result postponed --due 2090-01-01", "--result passed --on 2020-01-01"]
)
def test_what_can_t_be_recorded_is_one_line(prepared: dict[str, str], options: str) -> None:
    refused = run(prepared, f"surveillance record {issued(prepared)} {options}")
    assert (refused.exit_code, len(refused.output.splitlines())) == (1, 1)


def test_the_policy_is_shown_and_changed(prepared: dict[str, str]) -> None:
    assert "suspends no" in good(prepared, "policy show cqc")
    good(prepared, "policy set cqc --suspend --grace 10 --expiry-notice 60 --expiry-notice 7 --mail-to a@example.org")
    shown = good(prepared, "policy show cqc").splitlines()
    assert {"version 1", "suspends yes", "grace_days 10", "expiry_notice_days 60 7", "mail_to a@example.org"} <= set(
        shown
    )
    good(prepared, "policy set cqc --no-mail")
    assert "mail_to -" in good(prepared, "policy show cqc")
    refused = run(prepared, "policy set cqc --grace -5")
    assert (refused.exit_code, len(refused.output.splitlines())) == (1, 1)
    assert good(prepared, "notices cqc") == ""
    assert run(prepared, "notices cqc --after -1").exit_code == 1


def test_a_certification_is_handed_over_at_the_terminal(prepared: dict[str, str]) -> None:
    good(
        prepared,
        "issuer add other --name-zh 另一认证中心 --address-zh 上海 --mark OTH --scheme gbt19001-2016 --from 2020-01-01",
    )
    former = issued(prepared)
    good(prepared, f"hand-over {former} --to other")
    good(prepared, f"keep {former}")
    good(prepared, f"hand-over {former} --to other")
    today = day_of(datetime.now(UTC))
    days = {name: str(today) for name in ("granted_on", "decided_on", "valid_from")}
    request = json.dumps(sample_request("T-1", **days, valid_until=str(months_after(today, 36))))
    refused = run(prepared, "accept - --issuer other", request)
    assert (refused.exit_code, len(refused.output.splitlines())) == (1, 1)
    newer = good(prepared, f"accept - --issuer other --from {former}", request).split("/v/")[1].strip()
    assert run(prepared, f"verify {former}").output.startswith("superseded\n")
    assert good(prepared, f"verify {newer}").startswith("valid\n")
    assert "transferred" in good(prepared, "notices cqc")
