"""`registry print`, `registry issuer look` and `logo`, as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import sample_request
from tests.formats.printed import pages_of
from tests.formats.test_logo import dots, svg
from tests.test_cli import environment, good, issue, prepared, run

__all__ = ["environment", "prepared"]


@pytest.fixture
def public_id(prepared: dict[str, str]) -> str:
    return issue(prepared)


def test_a_printed_certificate_is_verified_as_a_file(prepared: dict[str, str], public_id: str, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    # Printing needs no keys: the same without the passphrase.
    without = {name: value for name, value in prepared.items() if name != "REGISTRY_KEY_PASSPHRASE"}
    written = Path(good(without, f"print {public_id.lower()} --out {folder}").strip())
    assert written == folder / f"{public_id}.pdf"
    assert good(prepared, f"verify {written}").startswith("valid\n")
    good(prepared, f"withdraw {public_id} --reason misuse_of_mark")
    answer = run(prepared, f"verify {written}")
    assert (answer.exit_code, answer.output.splitlines()[0]) == (1, "withdrawn")
    good(prepared, f"print {public_id} --out {folder}")
    assert "WITHDRAWN" in pages_of(written.read_bytes())[0]


def test_what_can_not_be_printed_or_written_is_one_line(prepared: dict[str, str], public_id: str) -> None:
    for command in ("print ABC", f"print {public_id} --out /proc/nowhere"):
        answer = run(prepared, command)
        assert answer.exit_code == 1
        assert len(answer.output.splitlines()) == 1


def test_all_certificates_of_an_issuer_go_into_one_archive(
    prepared: dict[str, str], public_id: str, tmp_path: Path
) -> None:
    target = tmp_path / "all.zip"
    assert good(prepared, f"print --issuer cqc --zip {target}") == f"1 certificates are in {target}.\n"
    assert ZipFile(target).namelist() == [f"00125Q30001R0S_{public_id}.pdf"]
    good(prepared, f"print --issuer cqc --zip {target} --status suspended")
    assert ZipFile(target).namelist() == []
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["all.zip"]


def test_what_can_not_be_printed_is_told_and_the_rest_is_there(prepared: dict[str, str], tmp_path: Path) -> None:
    for number, scope in (("A-1", "生产"), ("A-2", "生产😀")):
        good(prepared, "issue - --issuer cqc", json.dumps(sample_request(number, scope={"zh": scope})))
    target = tmp_path / "all.zip"
    answer = run(prepared, f"print --issuer cqc --zip {target} --processes 1")
    assert answer.exit_code == 1
    assert "U+1F600" in answer.output
    assert "1 could not be printed" in answer.output
    assert len(ZipFile(target).namelist()) == 2
    assert "can't be written" in run(prepared, "print --issuer cqc --zip /proc/nowhere/all.zip").output
    for options in ("", "--issuer cqc", f"--zip {target}", f"ABC --issuer cqc --zip {target}"):
        assert run(prepared, f"print {options}").exit_code == 2


def test_an_issuer_chooses_its_look(prepared: dict[str, str], public_id: str, tmp_path: Path) -> None:
    assert good(prepared, "issuer look cqc") == "cqc: classic, #0f4c81, without a logo\n"
    assert good(prepared, "issuer look cqc --template modern --colour #7A1F1F").startswith("cqc: modern, #7a1f1f")
    for name, content in (("logo.png", dots()), ("logo.svg", svg("<rect width='9' height='9'/>"))):
        (tmp_path / name).write_bytes(content)
        good(prepared, f"issuer logo cqc {tmp_path / name}")
        assert good(prepared, "issuer look cqc") == "cqc: modern, #7a1f1f, with a logo\n"
        good(prepared, f"print {public_id} --out {tmp_path}")
    good(prepared, "issuer logo cqc --remove")
    assert good(prepared, "issuer look cqc").endswith("without a logo\n")


def test_bad_looks_are_refused_in_one_line(prepared: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "evil.svg").write_bytes(svg("<script/>"))
    refused = run(prepared, f"issuer logo cqc {tmp_path / 'evil.svg'}")
    assert (refused.exit_code, refused.output.count("\n")) == (1, 1)
    assert "has <script>" in refused.output
    assert "too light" in run(prepared, "issuer look cqc --colour #fffffe").output
    assert run(prepared, "issuer look cqc --template rococo").exit_code == 2
    assert run(prepared, "issuer logo cqc").exit_code == 2
    assert run(prepared, "issuer look nobody").exit_code == 1
