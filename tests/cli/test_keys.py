"""`registry keys`, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry.services.context import open_registry
from registry.services.log.keys import verifier_keys
from registry.settings import read_settings
from tests.test_cli import ISSUER, good, issue, run


@pytest.fixture
def prepared(tmp_path: Path) -> dict[str, str]:
    """The environment of a registry with the issuer `cqc`."""
    environment = {
        "REGISTRY_DATA_DIR": str(tmp_path / "data"),
        "REGISTRY_BASE_URL": "https://registry.example",
        "REGISTRY_KEY_PASSPHRASE": "a passphrase for tests only",
    }
    good(environment, "init")
    good(environment, ISSUER)
    return environment


def listed(environment: dict[str, str], owner: str = "") -> list[list[str]]:
    lines = good(environment, f"keys list {owner}").splitlines()
    return [line.split()[:3] for line in lines if not line.startswith(" ")]


def test_all_keys_are_listed_and_rotation_touches_one_purpose(prepared: dict[str, str]) -> None:
    good(prepared, "keys rotate cqc")
    good(prepared, "keys rotate registry --purpose status_list")
    assert listed(prepared) == [
        ["registry-1", "registry", "active"],
        ["log-1", "log", "active"],
        ["status-list-1", "status_list", "retired"],
        ["receipt-1", "receipt", "active"],
        ["cqc-1", "issuer", "retired"],
        ["cqc-2", "issuer", "active"],
        ["status-list-2", "status_list", "active"],
    ]
    assert listed(prepared, "cqc") == [["cqc-1", "issuer", "retired"], ["cqc-2", "issuer", "active"]]
    assert [line[0] for line in listed(prepared, "registry")][-1] == "status-list-2"


def test_moving_the_log_key_tells_what_to_give_to_others(prepared: dict[str, str]) -> None:
    told = good(prepared, "keys rotate registry --purpose log --overlap 30")
    old, new = (key.vkey for key in verifier_keys(open_registry(read_settings(prepared))))
    assert "Older ones end at 20" in told
    assert new in told
    shown = good(prepared, "keys list registry")
    assert old in shown
    assert new in shown
    assert [line for line in listed(prepared, "registry") if line[1] == "log"] == [
        ["log-1", "log", "active"],
        ["log-2", "log", "active"],
    ]


def test_a_moment_may_be_a_day_or_name_its_offset(prepared: dict[str, str]) -> None:
    good(prepared, "keys retire cqc-1 --at 2036-01-02T08:00:00+08:00")
    assert "until 2036-01-02T00:00:00Z" in good(prepared, "keys list cqc")
    good(prepared, "keys compromise cqc-1 --since 2026-01-02")
    assert "compromised since 2026-01-02T00:00:00Z" in good(prepared, "keys list cqc")


def test_a_compromise_says_what_it_means_and_what_to_do(prepared: dict[str, str]) -> None:
    public_id = issue(prepared)
    told = good(prepared, "keys compromise cqc-1 --since 2026-01-02T00:00:00Z")
    assert "only what the public log saw before 2026-01-02T00:00:00Z is still valid" in told
    assert "Of its 1 certificates 1 are invalid now: registry keys spoiled cqc-1" in told
    assert "registry keys create cqc" in told
    assert good(prepared, "keys spoiled cqc-1").split() == [public_id.replace("-", ""), "00125Q30001R0S"]
    answer = json.loads(run(prepared, f"verify {public_id} --json").output)
    assert (answer["verdict"], answer["checks"]["key"]["finding"]) == ("invalid", "key_compromised")
    good(prepared, "keys create cqc")
    assert "registry keys create" not in good(prepared, "keys compromise cqc-1 --since 2026-01-01")


def test_keys_can_be_mended_where_nothing_else_runs(prepared: dict[str, str]) -> None:
    (Path(prepared["REGISTRY_DATA_DIR"]) / "keys" / "log-1.json").unlink()
    refused = run(prepared, "serve")
    assert refused.exit_code == 1
    assert "registry keys retire log-1" in refused.output
    told = good(prepared, "keys retire log-1")
    assert "registry keys create registry --purpose log" in told
    assert "registry keys create registry --purpose log" in run(prepared, "serve").output
    good(prepared, "keys create registry --purpose log")
    good(prepared, "issuer list")


def test_the_passphrase_is_changed_by_rotating_all_keys_in_an_empty_folder(prepared: dict[str, str]) -> None:
    old = issue(prepared)
    folder = Path(prepared["REGISTRY_DATA_DIR"]) / "keys"
    folder.rename(folder.with_name("archive"))
    changed = {**prepared, "REGISTRY_KEY_PASSPHRASE": "a passphrase for tomorrow"}
    good(changed, "keys rotate cqc")
    for purpose in ("registry", "log", "status_list", "receipt"):
        good(changed, f"keys rotate registry --purpose {purpose}")
    good(changed, f"withdraw {old} --reason misuse_of_mark")
    assert {state for name, _, state in listed(changed) if name.endswith("-1")} == {"retired"}
    assert json.loads(run(changed, f"verify {old} --json").output)["verdict"] == "withdrawn"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("keys rotate nobody", "No issuer"),
        ("keys rotate cqc --purpose log", "can't be for log"),
        ("keys rotate cqc --until 2020-01-01", "must lie in the future"),
        ("keys retire nothing-1", "No key"),
        ("keys retire cqc-1 --at 2020-01-01", "must lie in the future"),
        ("keys compromise cqc-1 --since 2999-01-01", "lies in the future"),
        ("keys compromise nothing-1 --since 2026-01-01", "No key"),
        ("keys list nobody", "No issuer"),
        ("keys spoiled cqc-1", "not marked as compromised"),
    ],
)
def test_a_refusal_is_one_line_and_changes_nothing(prepared: dict[str, str], command: str, words: str) -> None:
    before = good(prepared, "keys list")
    result = run(prepared, command)
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert good(prepared, "keys list") == before


def test_overlap_and_until_exclude_each_other(prepared: dict[str, str]) -> None:
    result = run(prepared, "keys rotate cqc --overlap 5 --until 2036-01-01")
    assert result.exit_code == 2
    assert "either --overlap or --until" in result.output


def test_an_earlier_compromise_stands_and_what_is_wrong_is_told_in_options(prepared: dict[str, str]) -> None:
    good(prepared, "keys compromise cqc-1 --since 2026-01-01")
    told = good(prepared, "keys compromise cqc-1 --since 2026-02-01")
    assert "stays so: since 2026-01-01T00:00:00Z" in told
    result = run(prepared, "keys compromise cqc-1 --since 2999-01-01")
    assert (result.exit_code, result.output) == (1, "Error: --since lies in the future\n")
