"""`registry verify --bundle` and `registry bundle`, as a bank's script sees them: no database, no settings, no key."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from registry.cli import main
from registry.domain.reasons import Act, Reason
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.offline_qr import offline_address
from registry.services.verify import Verifier
from tests.conftest import Clock
from tests.formats.test_pdf_attachment import pdf
from tests.services.offline import bundle_bytes, document_of, new, pen_of, proof_of, save_log, signed_by

KEY_1 = "did:web:registry.example:issuers:cqc#key-1"
AT = "--at=2026-03-02T04:30:00"


def run(*arguments: str | Path) -> Result:
    """Without any setting of a registry."""
    nothing = {name: None for name in os.environ if name.startswith("REGISTRY_")}
    return CliRunner(env=nothing).invoke(main, [str(one) for one in arguments])


@pytest.fixture
def documents(sqlite_registry: Registry, clock: Clock) -> dict[str, bytes]:
    """A valid, a suspended and a withdrawn certificate, one that was altered, and what is none."""
    ids = {name: new(sqlite_registry, name) for name in ("valid", "suspended", "withdrawn")}
    actor = operator(sqlite_registry, "cqc")
    change_status(sqlite_registry, actor, ids["suspended"], Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    change_status(sqlite_registry, actor, ids["withdrawn"], Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    clock.advance(seconds=2)
    found = {name: document_of(sqlite_registry, public_id) for name, public_id in ids.items()}
    return {**found, "altered": found["valid"].replace(b"2028-01-07", b"2029-01-07"), "none": b"{"}


@pytest.fixture
def bundle(sqlite_registry: Registry, documents: dict[str, bytes], tmp_path: Path) -> Path:
    file = tmp_path / "bundle.json"
    file.write_bytes(bundle_bytes(sqlite_registry))
    return file


Put = Callable[..., Path]


@pytest.fixture
def put(documents: dict[str, bytes], tmp_path: Path) -> Put:
    """Makes a folder of some of the documents."""

    def make(*names: str) -> Path:
        folder = tmp_path / "-".join(("folder", *names))
        folder.mkdir()
        for name in names:
            (folder / f"{name}.json").write_bytes(documents[name])
        return folder

    return make


@pytest.mark.parametrize(
    ("name", "code", "first"),
    [
        ("valid", 0, "valid"),
        ("suspended", 1, "suspended"),
        ("withdrawn", 1, "withdrawn"),
        ("altered", 1, "invalid"),
        ("none", 2, "Error: "),
    ],
)
def test_one_file_has_its_exit_code_and_every_check_in_words(
    bundle: Path, put: Put, name: str, code: int, first: str
) -> None:
    result = run("verify", "--bundle", bundle, AT, put(name) / f"{name}.json")
    assert result.exit_code == code
    assert result.output.startswith(first)
    if name == "none":
        assert "none.json: not JSON" in result.output
    assert ("signature  pass" in result.output) == (name in ("valid", "suspended", "withdrawn"))


@pytest.mark.parametrize(
    ("names", "code", "summary"),
    [
        (("valid",), 0, "1 valid"),
        (("valid", "none"), 2, "1 not readable, 1 valid"),
        (("valid", "none", "altered", "withdrawn"), 1, "1 invalid, 1 not readable, 1 valid, 1 withdrawn"),
        # A disk that was not mounted must not pass for a folder of good certificates.
        ((), 2, "no credentials there"),
    ],
)
def test_a_folder_has_the_exit_code_of_its_worst(
    bundle: Path, put: Put, names: tuple[str, ...], code: int, summary: str
) -> None:
    folder = put(*names)
    result = run("verify", "--bundle", bundle, AT, folder, "--processes=2")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (code, summary)
    # What is valid is counted, all else is named.
    named = {Path(line.partition(":")[0]).stem for line in result.stdout.splitlines()[:-1]}
    assert named == set(names) - {"valid"}


def answers(result: Result) -> dict[str, Any]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {Path(one["file"]).name: one for one in found}


def test_json_is_one_object_a_line(bundle: Path, put: Put) -> None:
    folder = put("valid", "withdrawn", "none")
    result = run("verify", "--bundle", bundle, AT, "--json", folder)
    assert result.exit_code == 1
    found = answers(result)
    assert {name: one["verdict"] for name, one in found.items()} == {
        "valid.json": "valid",
        "withdrawn.json": "withdrawn",
        "none.json": None,
    }
    valid = found["valid.json"]
    assert valid["number"] == "valid"
    assert valid["checked_at"] == "2026-03-02T04:30:00+00:00"
    assert valid["checks"]["log"] == {
        "result": "not_checked",
        "finding": "log_not_at_hand",
        "detail": "neither a proof (.tlog-proof) nor a copy of the log is at hand",
    }
    assert "not JSON" in found["none.json"]["problem"]
    single = run("verify", "--bundle", bundle, AT, "--json", folder / "valid.json")
    assert json.loads(single.stdout) == {**valid, "file": str(folder / "valid.json")}


def test_names_of_files_can_not_write_on_the_terminal(
    bundle: Path, documents: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    names = ["a\nvalid.json", "\x1b[2K\x1b[1Abroken.json", "\u202enosj.json", os.fsdecode(b"\xff\xfe.json")]
    for name in names:
        (folder / name).write_bytes(documents["altered"])
    result = run("verify", "--bundle", bundle, AT, folder)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) == len(names) + 1
    assert all(line.isprintable() for line in lines)
    found = answers(run("verify", "--bundle", bundle, AT, "--json", folder))
    assert found.keys() == set(names)


def test_what_a_forged_certificate_says_can_not_write_on_the_terminal(
    sqlite_registry: Registry, bundle: Path, documents: dict[str, bytes], tmp_path: Path
) -> None:
    document = json.loads(documents["valid"])
    file = tmp_path / "forged.json"
    holders: tuple[Any, ...] = ({"name": {"zh": "甲\x1b[2J\nvalid", "en": 5}}, {"name": "x"}, [], "x", None)
    for holder in holders:
        document["credentialSubject"]["certificate"].update(holder=holder, number=["x"])
        file.write_text(json.dumps(document))
        result = run("verify", "--bundle", bundle, AT, file)
        assert (result.exit_code, result.stdout.splitlines()[0]) == (1, "invalid")
        assert all(line.isprintable() for line in result.stdout.splitlines())
        assert len(result.stdout.splitlines()) == 8
        as_json = run("verify", "--bundle", bundle, AT, "--json", file).stdout
        assert json.loads(as_json)["number"] == ""
        assert as_json.rstrip("\n").isascii()
        assert as_json.rstrip("\n").isprintable()
    body = signed_by(sqlite_registry, documents["valid"], pen_of(sqlite_registry), KEY_1[:-1] + "\n9" * 500)
    file.write_bytes(body)
    assert all(line.isprintable() for line in run("verify", "--bundle", bundle, AT, file).stdout.splitlines())


def test_certificates_as_pdf_with_their_log_proof(
    sqlite_registry: Registry, bundle: Path, documents: dict[str, bytes], tmp_path: Path
) -> None:
    file = tmp_path / "certificate.pdf"
    file.write_bytes(pdf(("certificate.json", documents["valid"])))
    public_id = json.loads(documents["valid"])["id"].rpartition("/")[2]
    Path(f"{file}.tlog-proof").write_bytes(proof_of(sqlite_registry, public_id))
    result = run("verify", "--bundle", bundle, AT, file)
    assert result.exit_code == 0
    assert "log        pass         entry 0" in result.stdout


def test_a_bundle_that_is_out_of_date_decides_nothing(bundle: Path, put: Put) -> None:
    folder = put("valid")
    result = run("verify", "--bundle", bundle, "--at", "2026-03-10", folder / "valid.json")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (2, "unknown")
    assert "fetch a newer one" in result.stdout
    # Nor does it by the clock of this machine, which is years ahead of the test's.
    assert run("verify", "--bundle", bundle, folder).exit_code == 2
    # What is final stays known.
    assert run("verify", "--bundle", bundle, put("withdrawn")).exit_code == 1


def test_a_copy_of_the_log_is_looked_into(
    sqlite_registry: Registry, bundle: Path, put: Put, documents: dict[str, bytes], tmp_path: Path
) -> None:
    public_id = json.loads(documents["valid"])["id"].rpartition("/")[2]
    change_status(sqlite_registry, operator(sqlite_registry, "cqc"), public_id, Act.CANCEL, Reason.HOLDER_REQUEST)
    copied = save_log(sqlite_registry, tmp_path / "log")
    folder = put("valid")
    assert run("verify", "--bundle", bundle, AT, folder).exit_code == 0
    result = run("verify", "--bundle", bundle, AT, "--log", copied, folder)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "1 cancelled")
    (copied / "checkpoint").unlink()
    result = run("verify", "--bundle", bundle, AT, "--log", copied, folder)
    assert result.exit_code == 2
    assert "is not the copy of the log" in result.output
    assert "Errno" not in result.output


@pytest.fixture
def code(sqlite_registry: Registry, documents: dict[str, bytes]) -> str:
    """The text of the offline QR of the valid certificate."""
    public_id = json.loads(documents["valid"])["id"].rpartition("/")[2]
    return offline_address(sqlite_registry, Verifier(sqlite_registry, 0), public_id)


def test_the_text_of_an_offline_qr(bundle: Path, code: str) -> None:
    public_id = code.partition("#")[0].rpartition("/")[2]
    result = run("verify", "--bundle", bundle, AT, code)
    # Whether it was withdrawn since, a code can't say.
    first, second = result.stdout.splitlines()[:2]
    assert (result.exit_code, first.partition(",")[0]) == (2, "unknown: genuine")
    assert second == f"  ask the registry: https://registry.example/v/{public_id}"
    assert "signature  pass" in result.stdout
    evil = run("verify", "--bundle", bundle, AT, code.replace("registry.example/", "evil.example/"))
    assert evil.exit_code == 1
    assert "genuine" not in evil.stdout


def test_a_damaged_code_is_told_as_the_page_tells_it(bundle: Path, code: str) -> None:
    result = run("verify", "--bundle", bundle, AT, code[:-5])
    assert result.exit_code == 1
    assert result.stdout.startswith("invalid: this code is damaged or was altered")
    answer = json.loads(run("verify", "--bundle", bundle, AT, "--json", code[:-5]).stdout)
    assert (answer["verdict"], answer["statement"]["finding"]) == ("invalid", "damaged")


def test_the_text_of_a_code_in_a_file(bundle: Path, code: str, tmp_path: Path) -> None:
    file = tmp_path / "code.txt"
    for text in (code, code.partition("#")[2]):
        file.write_text(text + "\n")
        assert run("verify", "--bundle", bundle, AT, file).stdout.startswith("unknown: genuine")


def test_valid_ones_are_named_where_that_is_asked(bundle: Path, put: Put) -> None:
    folder = put("valid", "withdrawn")
    lines = run("verify", "--bundle", bundle, AT, "--all", folder).stdout.splitlines()
    assert f"{folder / 'valid.json'}: valid (log: log_not_at_hand" in "\n".join(lines)
    (withdrawn,) = (line for line in lines if line.startswith(str(folder / "withdrawn.json")))
    assert "status_withdrawn: withdrawn, cancelled or superseded" in withdrawn


def test_a_time_is_given_as_people_write_it(bundle: Path, put: Put) -> None:
    file = put("valid") / "valid.json"
    for moment in ("2026-03-02T04:30:00Z", "2026-03-02T12:30:00+08:00"):
        result = run("verify", "--bundle", bundle, "--json", "--at", moment, file)
        assert json.loads(result.stdout)["checked_at"] == "2026-03-02T04:30:00+00:00"
    result = run("verify", "--bundle", bundle, "--at", "yesterday", file)
    assert (result.exit_code, "%" in result.output, "2026-03-02T04:30:00Z" in result.output) == (2, False, True)


@pytest.mark.parametrize("what", ["222222222222222", "https://registry.example/v/222222222222222"])
def test_an_id_alone_is_nothing_to_verify_offline(bundle: Path, what: str) -> None:
    result = run("verify", "--bundle", bundle, what)
    assert (result.exit_code, "can't be verified offline" in result.output) == (2, True)


def test_what_is_not_there_or_makes_no_sense_is_no_answer(bundle: Path, put: Put, tmp_path: Path) -> None:
    assert run("verify", "--bundle", bundle, tmp_path / "nothing.json").exit_code == 2
    assert run("verify", "--bundle", bundle, "x" * 5000).exit_code == 2
    assert run("verify", "--bundle", tmp_path / "nothing", put("valid")).exit_code == 2
    for content in (b"", b"{}", b"\xff"):
        (tmp_path / "bad").write_bytes(content)
        result = run("verify", "--bundle", tmp_path / "bad", tmp_path)
        assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert run("verify", "--log", tmp_path, tmp_path / "a").exit_code == 2


def test_a_bundle_tells_what_is_in_it_and_a_digest_to_compare(bundle: Path) -> None:
    result = run("bundle", "show", bundle)
    assert result.exit_code == 0
    assert "https://registry.example, as of 2026-03-02 04:00 UTC" in result.output
    assert "good until 2026-03-09 04:00 UTC" in result.output
    assert "no witness was named" in result.output
    assert len(result.output.rpartition("sha256 ")[2].strip()) == 64
    bundle.write_bytes(bundle.read_bytes().replace(b'"validUntil":"2026', b'"validUntil":"2027', 1))
    result = run("bundle", "show", bundle)
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
