"""`registry log`, as an operator or an outsider types it: exit code 0 all is well, 1 it is not, 2 nobody knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import update

from registry.services.context import open_registry
from registry.services.find import stored_document
from registry.services.log.mirror import mirror_log
from registry.services.log.read import certificate_proof
from registry.settings import read_settings
from registry.store.models import Certificate
from registry.web.application import build_application
from tests.services.log.logs import StaticLog
from tests.services.log.test_mirror import serving
from tests.test_cli import ISSUER, good, issue, run

NOTHING: dict[str, str] = {}


@pytest.fixture
def prepared(tmp_path: Path) -> dict[str, str]:
    """The environment of a registry with one certificate."""
    environment = {
        "REGISTRY_DATA_DIR": str(tmp_path / "data"),
        "REGISTRY_BASE_URL": "https://registry.example",
        "REGISTRY_KEY_PASSPHRASE": "a passphrase for tests only",
        "REGISTRY_AUDIT_MINUTES": "off",
    }
    good(environment, "init")
    good(environment, ISSUER)
    return environment


def test_a_sound_log(prepared: dict[str, str]) -> None:
    issue(prepared)
    assert "The log and the register agree: 1 entries and 1 certificates compared" in good(prepared, "log verify")
    found = json.loads(good(prepared, "log verify --json"))
    assert (found["agree"], found["size"], found["waiting"], found["findings"]) == (True, 1, 0, [])


def test_a_changed_register(prepared: dict[str, str]) -> None:
    issue(prepared)
    with open_registry(read_settings(prepared)).database.transaction() as connection:
        connection.execute(update(Certificate).values(state="withdrawn"))
    result = run(prepared, "log verify")
    assert result.exit_code == 1
    assert "register    Certificate" in result.output
    assert "do NOT agree" in result.output
    result = run(prepared, "log verify --json")
    found = json.loads(result.output)
    assert (result.exit_code, found["agree"], found["counts"]) == (1, False, {"register": 1})


def test_a_log_that_can_t_be_audited(prepared: dict[str, str], tmp_path: Path) -> None:
    assert run(prepared, f"log verify --mirror {tmp_path / 'nowhere'}").exit_code == 2
    elsewhere = prepared | {"REGISTRY_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    result = run(elsewhere, "log verify")
    assert result.exit_code == 2, result.output
    assert run({**NOTHING, "REGISTRY_DATA_DIR": str(tmp_path / "new")}, "log verify").exit_code == 2


def test_the_story_of_an_outsider(prepared: dict[str, str], tmp_path: Path) -> None:
    """Who has the verifier key mirrors the log, checks a proof, and needs no settings for either."""
    public_id = issue(prepared)
    key = good(prepared, "log vkey").strip()
    registry = open_registry(read_settings(prepared))
    folder = tmp_path / "mirror"
    with serving(build_application(registry)) as url:
        output = good(NOTHING, f"log mirror {url} {folder} --vkey {key}")
    assert output == "registry.example/log: 1 entries, 1 of them new, all verified.\n"
    assert "agree" in good(prepared, f"log verify --mirror {folder}")

    proof, document = tmp_path / "a.tlog-proof", tmp_path / "credential.json"
    proof.write_bytes(certificate_proof(registry, public_id))
    document.write_bytes(stored_document(registry, public_id)[1])
    output = good(NOTHING, f"log check-proof {proof} --vkey {key} --credential {document}")
    assert "Entry 0 of registry.example/log, at size 1:" in output
    found = json.loads(good(NOTHING, f"log check-proof {proof} --vkey {key} --json"))
    assert (found["index"], found["entry"]["type"]) == (0, "certificate-issued/v1")

    document.write_bytes(document.read_bytes().replace(b"A", b"B"))
    result = run(NOTHING, f"log check-proof {proof} --vkey {key} --credential {document}")
    assert (result.exit_code, "another document" in result.output) == (1, True)
    result = run(NOTHING, f"log check-proof {proof} --vkey {StaticLog([]).key.vkey}")
    assert (result.exit_code, "no signature of a known key" in result.output) == (1, True)
    result = run(NOTHING, f"log check-proof {document} --vkey {key}")
    assert (result.exit_code, "The proof can't be read" in result.output) == (2, True)
    result = run(NOTHING, f"log check-proof {proof} --vkey {key} --credential {proof}")
    assert (result.exit_code, "The credential can't be read" in result.output) == (2, True)


def test_a_log_that_was_forked_is_refused(prepared: dict[str, str], tmp_path: Path) -> None:
    log = StaticLog(["another history", "of the same name"])
    mirror_log(log, tmp_path / "mirror", log.keys)
    keys = f"--vkey {log.key.vkey} --vkey {good(prepared, 'log vkey').strip()}"
    with serving(build_application(open_registry(read_settings(prepared)))) as url:
        result = run(NOTHING, f"log mirror {url} {tmp_path / 'mirror'} {keys}")
    assert result.exit_code == 1
    assert "ROLLBACK: the log shows 0 entries, and had signed 2 before" in result.output
    assert len(list((tmp_path / "mirror" / "refused").iterdir())) == 1


def test_where_nobody_answers_is_told_at_once_and_leaves_nothing_behind(tmp_path: Path) -> None:

    result = run(NOTHING, f"log mirror http://127.0.0.1:1/log {tmp_path / 'new'} --vkey {StaticLog([]).key.vkey}")
    assert (result.exit_code, "connection was refused" in result.output) == (2, True)
    assert not (tmp_path / "new").exists()


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    key = StaticLog([]).key.vkey
    result = run(NOTHING, f"log mirror nonsense {tmp_path} --vkey {key}")
    assert (result.exit_code, "not the address of a log" in result.output) == (2, True)
    assert run(NOTHING, f"log mirror https://registry.example/log {tmp_path} --vkey {key}x").exit_code == 2
    assert run(NOTHING, f"log mirror https://registry.example/log {tmp_path}").exit_code == 2
