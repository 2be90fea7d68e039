"""Four eyes at the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_cli import environment, good, prepared, run

__all__ = ["environment", "prepared"]
CERTIFICATE = Path(__file__).parents[2] / "docs" / "certificate.json"


def test_two_operators_withdraw_together(prepared: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    li, wang = ({**prepared, "SUDO_USER": name} for name in ("li", "wang"))
    assert "wait for a second officer" in good(li, "issuer four-eyes cqc on")
    public_id = good(li, f"issue {CERTIFICATE} --issuer cqc").split()[0]
    waiting = run(li, f"withdraw {public_id} --reason misuse_of_mark")
    assert waiting.exit_code == 1
    assert "Not done yet" in waiting.output
    reference = good(li, "approvals list --issuer cqc --state waiting").split()[0]
    assert f"registry approvals approve {reference}" in waiting.output
    assert '"state": "withdrawn"' in good(wang, f"approvals show {reference}")
    assert "a second person must" in run(li, f"approvals approve {reference}").output
    assert "Approved and done" in good(wang, f"approvals approve {reference}")
    assert "withdraw from" in good(li, f"history {public_id}")
    assert "approved already" in run(wang, f"approvals refuse {reference} --reason no").output
    assert "No proposal has this reference" in run(wang, "approvals show 0000").output
