"""`registry issuer`, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.test_cli import ISSUER, good, issue, run


def test_an_issuer_changes_over_to_signing_over_rdf_and_back(tmp_path: Path) -> None:
    environment = {
        "REGISTRY_DATA_DIR": str(tmp_path / "data"),
        "REGISTRY_BASE_URL": "https://registry.example",
        "REGISTRY_KEY_PASSPHRASE": "a passphrase for tests only",
    }
    good(environment, "init")
    good(environment, ISSUER)
    assert "cqc                  eddsa-jcs-2022" in good(environment, "issuer list")
    assert "stays as it is" in good(environment, "issuer cryptosuite cqc eddsa-rdfc-2022")
    assert "cqc                  eddsa-rdfc-2022" in good(environment, "issuer list")
    public_id = issue(environment)
    assert json.loads(run(environment, f"verify {public_id} --json").output)["verdict"] == "valid"
    good(environment, "issuer cryptosuite cqc eddsa-jcs-2022")
    assert json.loads(run(environment, f"verify {public_id} --json").output)["verdict"] == "valid"
    assert run(environment, "issuer cryptosuite cqc ecdsa-rdfc-2019").exit_code == 2
    assert run(environment, "issuer cryptosuite nobody eddsa-rdfc-2022").exit_code != 0
