"""`registry party`, as an operator types it."""

from __future__ import annotations

from tests.test_cli import environment, good, prepared, run

__all__ = ["environment", "prepared"]


def test_a_bank_is_added_and_has_its_keys(prepared: dict[str, str]) -> None:
    assert "party key create bank" in good(prepared, "party add bank --name-zh 样例银行 --name-en Bank --kind bank")
    assert good(prepared, "party list").split()[0::3] == ["bank", "样例银行"]
    token = good(prepared, "party key create bank --label core --expires 2099-01-01").strip()
    assert token.startswith("crp_")
    key = token.split("_")[1]
    assert good(prepared, f"party key rotate bank {key} --overlap 0").startswith("crp_")
    new, old = good(prepared, "party key list bank").splitlines()
    assert (old.split()[:2], new.split()[1]) == ([key, "expired"], "active")
    assert old.endswith("receipts verify watch  core")
    assert token.split("_", 2)[2] not in old
    assert good(prepared, f"party key revoke bank {key}") == "Revoked.\n"


def test_refusals_are_one_line(prepared: dict[str, str]) -> None:
    good(prepared, "party add bank --name-zh 样例银行 --kind bank")
    for command, words in (
        ("party add bank --name-zh 样例银行 --kind bank", "exists already"),
        ("party add B --name-zh 样例银行 --kind bank", "small letters"),
        ("party key create nobody", "No relying party has the code 'nobody'"),
        ("party key revoke bank 000000000000", "No API key of this relying party"),
    ):
        result = run(prepared, command)
        assert result.exit_code == 1
        assert words in result.output
