"""`registry audit`, as an operator types it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

from tests.test_cli import environment, good, prepared, run

__all__ = ["environment", "prepared"]


def test_the_trail_is_exported_whole_or_by_issuer_and_time(prepared: dict[str, str], tmp_path: Path) -> None:
    lines = [json.loads(line) for line in good(prepared, "audit export").splitlines()]
    assert {"key.create", "issuer.add"} <= {line["act"] for line in lines}
    file = tmp_path / "trail.csv"
    good(prepared, f"audit export --format csv --issuer cqc --output {file}")
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"))))
    assert {row["issuer"] for row in rows} == {"cqc"}
    assert good(prepared, "audit export --until 2020-01-01") == ""
    assert len(good(prepared, "audit export --since 2020-01-01").splitlines()) == len(lines)
    assert "No issuer has the code" in run(prepared, "audit export --issuer nobody").output


def test_verify_tells_whether_the_trail_is_whole(prepared: dict[str, str]) -> None:
    assert "The audit trail is whole" in good(prepared, "audit verify")
    path = Path(prepared["REGISTRY_DATA_DIR"]) / "registry.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("UPDATE audit_events SET actor = 'somebody' WHERE position = 2")
    result = run(prepared, "audit verify")
    assert result.exit_code == 1
    assert "Event 2 (" in result.output
    found = json.loads(run(prepared, "audit verify --json").output)
    assert (found["whole"], found["findings"][0]["position"]) == (False, 2)
