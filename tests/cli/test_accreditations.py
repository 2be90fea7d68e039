"""`registry accreditation`, as an operator types it."""

from __future__ import annotations

from tests.test_cli import environment, good, prepared, run

__all__ = ["environment", "prepared"]


def test_accreditations_are_entered_listed_and_ended(prepared: dict[str, str]) -> None:
    before = good(prepared, "accreditation list cqc").splitlines()
    entered = good(prepared, "accreditation add cqc --body CNAS --number C9 --scheme gbt24001-2016 --from 2024-01-01")
    key = entered.split()[1]
    listed = good(prepared, "accreditation list cqc").splitlines()
    assert len(listed) == len(before) + 1
    assert "CNAS  C9  2024-01-01 to no end  gbt24001-2016" in listed[-1]
    assert "ends on 2026-06-30" in good(prepared, f"accreditation end cqc {key} --on 2026-06-30")
    assert "2024-01-01 to 2026-06-30" in good(prepared, "accreditation list cqc")
    assert "has no end" in good(prepared, f"accreditation end cqc {key} --open")
    assert run(prepared, f"accreditation end cqc {key}").exit_code == 2
    assert "before the beginning" in run(prepared, f"accreditation end cqc {key} --on 2020-01-01").output
