"""`registry apikey`, as an operator types it."""

from __future__ import annotations

from tests.test_cli import environment, good, prepared, run

__all__ = ["environment", "prepared"]


def test_rotation_with_an_overlap(prepared: dict[str, str]) -> None:
    token = good(prepared, "apikey create --issuer cqc --label ERP --verb read").strip()
    key = token.split("_")[1]
    output = good(prepared, f"apikey rotate {key} --overlap 12h")
    assert output.startswith("crk_")
    assert "The old one ends at" in output
    lines = good(prepared, "apikey list --issuer cqc").splitlines()
    assert [line.split()[1] for line in lines] == ["active", "active"]
    assert "never" in lines[0]
    good(prepared, f"apikey rotate {key} --overlap 0")
    assert "expired" in good(prepared, "apikey list --issuer cqc").splitlines()[0]
    assert "has ended" in run(prepared, f"apikey rotate {key}").output
    assert "write 7d, 12h or 30m" in run(prepared, f"apikey rotate {key} --overlap soon").output
