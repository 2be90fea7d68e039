"""The command line, as an operator types it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry.cli import main
from tests.conftest import sample_request

ISSUER = (
    "issuer add cqc --name-zh 样例认证中心 --name-en Sample --address-zh 北京 --mark CQC "
    "--scheme gbt19001-2016 --from 2020-01-01"
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "REGISTRY_DATA_DIR": str(tmp_path / "data"),
        "REGISTRY_BASE_URL": "https://registry.example",
        "REGISTRY_KEY_PASSPHRASE": "a passphrase for tests only",
        # Entries about the audit trail would come between those that tests count.
        "REGISTRY_AUDIT_MINUTES": "off",
    }


def run(environment: dict[str, str], command: str, given: str | None = None) -> Result:
    # What the machine's environment says of a registry has no business here.
    others = {name: None for name in os.environ if name.startswith("REGISTRY_")}
    return CliRunner(env={**others, **environment}).invoke(main, command.split(), input=given)


def good(environment: dict[str, str], command: str, given: str | None = None) -> str:
    result = run(environment, command, given)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def prepared(environment: dict[str, str]) -> dict[str, str]:
    good(environment, "init")
    good(environment, ISSUER)
    return environment


def issue(environment: dict[str, str]) -> str:
    output = good(environment, "issue - --issuer cqc", json.dumps(sample_request()))
    return output.split("/v/")[1].strip()


def test_the_story_at_the_terminal(prepared: dict[str, str], tmp_path: Path) -> None:
    public_id = issue(prepared)
    assert good(prepared, f"verify {public_id}").startswith("valid\n")
    good(prepared, f"withdraw {public_id} --reason misuse_of_mark")
    result = run(prepared, f"verify {public_id} --json")
    assert (result.exit_code, json.loads(result.output)["verdict"]) == (1, "withdrawn")


def test_acts_are_planned_listed_and_called_off_at_the_terminal(prepared: dict[str, str]) -> None:
    public_id = issue(prepared)
    planned = good(prepared, f"withdraw {public_id} --reason legal_sanction --effective-at 2090-01-01")
    assert planned.endswith("is expired now.\n") or planned.endswith("is valid now.\n")
    good(prepared, f"suspend {public_id} --reason fee_unpaid --until 2089-01-01")
    good(prepared, f"call-off {public_id} --act 2 --reason planned_in_error")
    lines = good(prepared, f"history {public_id}").splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["1", "issue"],
        ["2", "withdraw"],
        ["3", "suspend"],
        ["4", "call_off"],
    ]
    assert "(planned)" in lines[1]
    assert "until 2089-01-01" in lines[2]
    refused = run(prepared, f"call-off {public_id} --act 1 --reason planned_in_error")
    assert (refused.exit_code, len(refused.output.splitlines())) == (1, 1)


def test_a_new_version_is_issued_at_the_terminal(prepared: dict[str, str]) -> None:
    public_id = issue(prepared)
    output = good(prepared, f"reissue {public_id} - --kind scope_reduction", '{"scope": {"zh": "生产"}}')
    newer = output.split("/v/")[1].strip()
    assert good(prepared, f"verify {newer}").startswith("valid\n")
    assert run(prepared, f"verify {public_id}").output.startswith("superseded\n")
    for given in ("[]", "{", '{"scope": {"zh": "多"}, "valid_until": "2040-01-01"}'):
        refused = run(prepared, f"reissue {newer} - --kind scope_reduction", given)
        assert (refused.exit_code, len(refused.output.splitlines())) == (1, 1)


def test_the_certificate_of_the_readme_can_be_issued(prepared: dict[str, str]) -> None:
    example = Path(__file__).parents[1] / "docs" / "certificate.json"
    assert "/v/" in good(prepared, f"issue {example} --issuer cqc")


def test_a_credential_file_is_verified(prepared: dict[str, str], tmp_path: Path) -> None:
    from registry.services.context import open_registry
    from registry.services.find import stored_document
    from registry.settings import read_settings

    public_id = issue(prepared)
    _, document = stored_document(open_registry(read_settings(prepared)), public_id)
    file = tmp_path / "credential.json"
    file.write_bytes(document)
    assert good(prepared, f"verify {file}").startswith("valid\n")
    file.write_bytes(document.replace("汽车".encode(), "飞机".encode()))
    result = run(prepared, f"verify {file}")
    assert result.exit_code == 1
    assert result.output.startswith("invalid\n")
    assert "differs at /credentialSubject" in result.output


@pytest.mark.parametrize(
    ("command", "given", "words"),
    [
        ("verify 222222222222222", None, "No certificate"),
        ("issue - --issuer nobody", json.dumps(sample_request()), "No issuer"),
        ("issue - --issuer cqc", "{", "not JSON"),
        ("issue - --issuer cqc", json.dumps(sample_request(valid_until="2020-01-01")), "/certificate/valid_until"),
        (ISSUER, None, "exists already"),
        ("keys create nobody", None, "No issuer"),
        ("keys retire nothing-1", None, "No key"),
        ("apikey revoke nothing", None, "No API key"),
        ("withdraw 222222222222222 --reason misuse_of_mark", None, "No certificate"),
    ],
)
def test_a_refusal_is_one_line_and_not_zero(
    prepared: dict[str, str], command: str, given: str | None, words: str
) -> None:
    result = run(prepared, command, given)
    assert result.exit_code == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert words in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("22222", "15 letters and digits"),
        ("nofile.json", "there is no file nofile.json"),
        ("docs/", "docs/ is a folder, which needs --bundle"),
        ("SQC-TEST-1", "find a certificate by its number: https://registry.example/search"),
        ("2" * 300, "too long"),
        ("setup.cfg", "Error: setup.cfg: not JSON"),
    ],
)
def test_a_verification_that_is_not_possible_is_not_a_no(prepared: dict[str, str], what: str, words: str) -> None:
    result = run(prepared, f"verify {what}")
    assert result.exit_code == 2
    assert words in result.output
    assert len(result.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGISTRY_BASE_URL", "https://elsewhere.example"),
        ("REGISTRY_BASE_URL", "nonsense"),
        ("REGISTRY_DATA_DIR", "/nowhere"),
        ("REGISTRY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x"),
    ],
)
def test_a_verification_without_a_registry_at_hand_is_not_a_no(prepared: dict[str, str], name: str, value: str) -> None:
    assert run({**prepared, name: value}, "verify 222222222222222").exit_code == 2


def test_who_only_reads_needs_no_passphrase_and_no_key_files(prepared: dict[str, str]) -> None:
    public_id = issue(prepared)
    shutil.rmtree(Path(prepared["REGISTRY_DATA_DIR"]) / "keys")
    del prepared["REGISTRY_KEY_PASSPHRASE"]
    for command in (f"verify {public_id}", "log vkey", "log verify", "keys list", "apikey list --issuer cqc"):
        good(prepared, command)
    result = run(prepared, "keys create cqc")
    assert (result.exit_code, "REGISTRY_KEY_PASSPHRASE" in result.output) == (1, True)


def test_a_wrong_passphrase_makes_no_keys(prepared: dict[str, str]) -> None:
    """A key under another passphrase than the others' could never be opened beside them."""
    wrong = {**prepared, "REGISTRY_KEY_PASSPHRASE": "another passphrase"}
    for command in ("init", "keys rotate cqc", "keys create cqc", ISSUER.replace(" cqc ", " new ")):
        result = run(wrong, command)
        assert result.exit_code == 1, command
        assert "does not open" in result.output
    assert "cqc-2" not in good(prepared, "keys list")


def test_another_address_than_the_registry_was_made_for_is_refused(prepared: dict[str, str]) -> None:
    result = run({**prepared, "REGISTRY_BASE_URL": "https://elsewhere.example"}, "keys list")
    assert result.exit_code == 1
    assert "did:web:registry.example" in result.output


def test_a_missing_key_file_is_noticed_at_the_start(prepared: dict[str, str]) -> None:
    (Path(prepared["REGISTRY_DATA_DIR"]) / "keys" / "cqc-1.json").unlink()
    result = run(prepared, "serve")
    assert result.exit_code == 1
    assert "backup" in result.output


def test_a_port_in_use_is_one_line_with_advice(prepared: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run(prepared, f"serve --port {taken.getsockname()[1]}")
        good(prepared, "witness init witness.example/1")
        witness = run(prepared, f"witness serve --port {taken.getsockname()[1]}")
    for one in (result, witness):
        assert one.exit_code == 1
        assert "Try --port" in one.output
        assert len(one.output.strip().splitlines()) == 1


def test_a_worker_that_can_t_work_does_not_say_that_it_runs(prepared: dict[str, str]) -> None:
    result = run({**prepared, "REGISTRY_LOG_QUORUM": "1"}, "worker")
    assert (result.exit_code, len(result.output.strip().splitlines())) == (1, 1)


def test_api_keys_are_listed_without_their_secrets(prepared: dict[str, str]) -> None:
    token = good(prepared, "apikey create --issuer cqc --verb read --label robot").strip()
    _, public, secret = token.split("_", 2)
    listed = good(prepared, "apikey list --issuer cqc")
    assert public in listed
    assert secret not in listed
    good(prepared, f"apikey revoke {public}")
    assert "revoked" in good(prepared, "apikey list --issuer cqc")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("REGISTRY_KEY_PASSPHRASE", "", "REGISTRY_KEY_PASSPHRASE_FILE"),
        ("REGISTRY_KEY_PASSPHRASE", "short", "at least 12"),
        ("REGISTRY_KEY_PASSPHRASE", "another passphrase", "does not open"),
        ("REGISTRY_KEY_PASSPHRASE_FILE", "/nowhere", "can't be read"),
        ("REGISTRY_BASE_URL", "registry.example", "https://"),
        ("REGISTRY_DATABASE_URL", "mysql://x", "postgresql"),
        ("REGISTRY_DATABASE_URL", "nonsense", "postgresql"),
        ("REGISTRY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x", "can't be reached"),
        ("REGISTRY_TRUSTED_PROXIES", "many", "whole number"),
        ("REGISTRY_BASE_URL", "https://x/y", "https://"),
    ],
)
def test_the_server_refuses_to_start_on_wrong_settings_and_says_what_to_do(
    prepared: dict[str, str], name: str, value: str, words: str
) -> None:
    result = run({**prepared, name: value}, "serve")
    assert result.exit_code == 1
    assert words in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_the_server_refuses_keys_that_others_can_read(prepared: dict[str, str]) -> None:
    key = Path(prepared["REGISTRY_DATA_DIR"]) / "keys" / "cqc-1.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    result = run(prepared, "serve")
    assert result.exit_code == 1
    assert "chmod 600" in result.output


def test_the_server_refuses_a_database_that_was_not_prepared(environment: dict[str, str]) -> None:
    result = run(environment, "serve")
    assert result.exit_code == 1
    assert "registry init" in result.output


def test_the_demo_sets_itself_up_twice_and_prints_what_to_open(tmp_path: Path) -> None:
    environment = {"REGISTRY_DATA_DIR": str(tmp_path / "demo")}
    output = good(environment, "demo --no-serve --enterprises 60")
    for words in ("Home page", "Valid ", "Suspended ", "Withdrawn ", "Expired ", "API documentation", "curl -X POST"):
        assert words in output
    assert "Authorization: Bearer crk_" in good(environment, "demo --no-serve --enterprises 60")
    # What it says for the command line is all that the command line needs.
    exported = dict(re.findall(r"export (\w+)=(\S+)", output))
    assert good(exported, "keys create cqc-sample").startswith("Key cqc-sample-2")
    result = run({"REGISTRY_DATA_DIR": str(tmp_path / "demo")}, "demo --no-serve --port 8105")
    assert (result.exit_code, "remove that folder, or use --port 8000" in result.output) == (1, True)


def test_every_command_explains_itself() -> None:
    for command in ("", "issuer add", "apikey create", "issue", "withdraw", "verify", "keys rotate", "serve", "demo"):
        assert "Usage:" in good({}, f"{command} --help")
