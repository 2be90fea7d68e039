"""`registry report`, as an operator types it."""

from __future__ import annotations

from pathlib import Path

from registry.services import reports
from registry.services.context import open_registry
from registry.services.reports import Suspicion
from registry.settings import read_settings
from tests.formats.test_photo import picture
from tests.test_cli import environment, good, prepared, run

__all__ = ["environment", "prepared"]


def test_reports_are_listed_shown_and_closed(prepared: dict[str, str], tmp_path: Path) -> None:
    registry = open_registry(read_settings(prepared))
    told = Suspicion("A frame\nin a shop\x1b[31m", "NUMBER-1", issuer_code="cqc", contact="zhang@example.com")
    first = reports.report(registry, told)
    second = reports.report(registry, Suspicion("Another one", picture=picture()))
    registry.database.close()
    listed = good(prepared, "report list").splitlines()
    assert [line.split()[0] for line in listed] == [second, first]
    assert listed[1].endswith("new     cqc  NUMBER-1  A frame in a shop\\x1b[31m")
    assert good(prepared, "report list --issuer cqc").split()[0] == first
    assert good(prepared, "report list --state closed") == ""
    shown = good(prepared, f"report show {second} --picture {tmp_path / 'photo.jpg'}")
    assert "seen:        Another one" in shown
    assert (tmp_path / "photo.jpg").read_bytes().startswith(b"\xff\xd8")
    assert (
        "No picture came with this report." in run(prepared, f"report show {first} --picture {tmp_path / 'x'}").output
    )
    assert "must not be empty" in run(prepared, f"report mark {first} closed").output
    assert good(prepared, f"report mark {first} closed --note done") == f"Report {first} is closed.\n"
    assert "note:        done" in good(prepared, f"report show {first}")
    refused = run(prepared, f"report mark {first} closed --note again")
    assert (refused.exit_code, "This report is closed already." in refused.output) == (1, True)
    assert run(prepared, "report list --issuer nobody").exit_code == 1
