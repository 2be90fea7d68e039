"""`registry import`, as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.services import four_eyes
from registry.services.context import open_registry
from registry.settings import read_settings
from tests.formats.tables import NAMES, csv_file, sample_cells, sample_table, xlsx_file
from tests.test_cli import environment, good, prepared, run

__all__ = ["environment", "prepared"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "certificates.csv"
    path.write_bytes(csv_file(sample_table(3)).getvalue())
    return path


def test_a_dry_run_stores_nothing_and_an_import_can_be_repeated(prepared: dict[str, str], file: Path) -> None:
    assert "3 rows: 3 new, 0 already there, 0 wrong" in good(prepared, f"import {file} --issuer cqc --dry-run")
    assert "3 done." in good(prepared, f"import {file} --issuer cqc")
    output = good(prepared, f"import {file} --issuer cqc")
    assert "3 rows: 0 new, 3 already there, 0 wrong" in output
    assert "done" not in output


def test_wrong_rows_are_told_and_written_to_a_file_that_can_be_mended(prepared: dict[str, str], tmp_path: Path) -> None:
    path, errors = tmp_path / "c.xlsx", tmp_path / "errors.xlsx"
    path.write_bytes(xlsx_file([NAMES, sample_cells("A1"), sample_cells("A2", valid_from="never")]).getvalue())
    result = run(prepared, f"import {path} --issuer cqc --errors {errors}")
    assert result.exit_code == 1
    assert "line 3: valid_from: Not a day that exists" in result.output
    assert "Nothing was done." in result.output
    assert "1 rows: 0 new, 0 already there, 1 wrong" in run(prepared, f"import {errors} --issuer cqc").output
    assert "1 done." in run(prepared, f"import {path} --issuer cqc --skip-wrong").output


@pytest.mark.parametrize(
    ("raw", "told"),
    [(b"\xd0\xcf\x11\xe0", "save it as .xlsx"), (b"x,y\n", "the column 'x' is unknown"), (b"", "empty")],
)
def test_a_file_that_can_not_be_read_is_one_line(
    prepared: dict[str, str], tmp_path: Path, raw: bytes, told: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(raw)
    result = run(prepared, f"import {path} --issuer cqc")
    assert result.exit_code == 1
    assert told in result.output
    assert len(result.output.splitlines()) == 1


def test_what_is_exported_can_be_imported_again(prepared: dict[str, str], file: Path, tmp_path: Path) -> None:
    good(prepared, f"import {file} --issuer cqc")
    for kind in ("csv", "xlsx", "ndjson"):
        path = tmp_path / f"export.{kind}"
        good(prepared, f"export --issuer cqc --format {kind} --output {path} --status valid")
        assert "3 rows: 0 new, 3 already there" in good(prepared, f"import {path} --issuer cqc")


def test_acts_are_done_by_file(prepared: dict[str, str], file: Path, tmp_path: Path) -> None:
    good(prepared, f"import {file} --issuer cqc")
    acts = tmp_path / "acts.csv"
    acts.write_text("number,act,reason\n00125Q00001R0S,suspend,fee_unpaid\n00125Q00009R0S,suspend,fee_unpaid\n")
    result = run(prepared, f"acts {acts} --issuer cqc")
    assert result.exit_code == 1
    assert "line 3: number: no certificate of yours has it\nNothing was done.\n" in result.output
    assert "1 done" in run(prepared, f"acts {acts} --issuer cqc --skip-wrong").output
    assert "00125Q00001R0S" in good(prepared, "export --issuer cqc --status suspended")


def test_bulk_acts_that_wait_for_a_second_officer_are_not_done_here(prepared: dict[str, str], file: Path) -> None:
    registry = open_registry(read_settings(prepared))
    four_eyes.set_for(registry, "terminal", "cqc", on=True)
    registry.database.close()
    result = run(prepared, f"import {file} --issuer cqc")
    assert (result.exit_code, "wait for a second officer" in result.output) == (1, True)
    assert "3 new" in good(prepared, f"import {file} --issuer cqc --dry-run")


@pytest.mark.parametrize("name", ["c.xlsx", "c.csv", "c.ndjson"])
def test_a_template_is_a_file_to_begin_with(prepared: dict[str, str], tmp_path: Path, name: str) -> None:
    good(prepared, f"template {tmp_path / name} --lang zh")
    assert "1 rows: 1 new" in good(prepared, f"import {tmp_path / name} --issuer cqc --dry-run")
    assert "must end in .xlsx" in run(prepared, f"template {tmp_path}/c.doc").output
