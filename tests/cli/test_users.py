"""`registry user`: the first people of a registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_cli import ISSUER, good, run

INVITATION = re.compile(r"https://registry\.example/console/invitation/[\w-]{43}\n")


@pytest.fixture
def prepared(tmp_path: Path) -> dict[str, str]:
    environment = {
        "REGISTRY_DATA_DIR": str(tmp_path / "data"),
        "REGISTRY_BASE_URL": "https://registry.example",
        "REGISTRY_KEY_PASSPHRASE": "a passphrase for tests only",
    }
    good(environment, "init")
    good(environment, ISSUER)
    return environment


def test_people_are_added_listed_reset_and_let_go(prepared: dict[str, str]) -> None:
    assert INVITATION.search(good(prepared, "user add Li@cqc.example --name Li --issuer cqc --role administrator"))
    assert INVITATION.search(good(prepared, "user add root@registry.example --name Root"))
    listed = good(prepared, "user list --issuer cqc")
    assert listed.split() == ["li@cqc.example", "administrator", "invited", "-", "Li"]
    assert good(prepared, "user list").split()[:3] == ["root@registry.example", "operator", "invited"]
    good(prepared, "user disable li@cqc.example")
    assert "disabled" in good(prepared, "user list --issuer cqc")
    assert INVITATION.search(good(prepared, "user reset LI@cqc.example"))
    assert "invited" in good(prepared, "user list --issuer cqc")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("user add li@cqc.example --name Li --issuer cqc", "both --issuer and --role"),
        ("user add li@cqc.example --name Li --role officer", "both --issuer and --role"),
        ("user add li@cqc.example --name Li --issuer nobody --role officer", "No issuer has the code"),
        ("user add li@cqc.example --name Li --issuer cqc --role operator", "'operator' is not one of"),
        ("user add li --name Li --issuer cqc --role officer", "/email: not an e-mail address"),
        ("user add li@cqc.example --name Li --issuer cqc --role officer --branch north", "/branch: no open branch"),
        ("user list --issuer nobody", "No issuer has the code"),
        ("user reset li@cqc.example", "Nobody has the e-mail address"),
        ("user disable li@cqc.example", "Nobody has the e-mail address"),
    ],
)
def test_a_refusal_says_why(prepared: dict[str, str], command: str, words: str) -> None:
    result = run(prepared, command)
    assert result.exit_code != 0
    assert words in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REGISTRY_SECOND_FACTOR", "maybe"),
        ("REGISTRY_SESSION_IDLE_MINUTES", "0"),
        ("REGISTRY_SESSION_HOURS", "soon"),
    ],
)
def test_wrong_settings_are_named(prepared: dict[str, str], name: str, value: str) -> None:
    result = run({**prepared, name: value}, "user list")
    assert result.exit_code == 1
    assert name in result.output
