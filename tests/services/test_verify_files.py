"""Folders of files, some of them not what they should be: none is passed over in silence, none stops the rest."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from registry.domain.errors import StorageUnavailable
from registry.domain.reasons import Act, Reason
from registry.domain.verdict import CheckName, Finding, Verdict
from registry.formats.pdf_attachment import MAX_CREDENTIAL_BYTES
from registry.formats.tlog_proof import MAX_PROOF_SIZE
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue_many
from registry.services.verify_files import FileVerdict, credential_files, verify_file, verify_files
from registry.services.verify_offline import OfflineVerifier
from tests.conftest import sample_certificate
from tests.formats.test_pdf_attachment import pdf
from tests.services.offline import document_of, finding, new, offline, proof_of


@pytest.fixture
def public_id(sqlite_registry: Registry) -> str:
    return new(sqlite_registry)


@pytest.fixture
def document(sqlite_registry: Registry, public_id: str) -> bytes:
    return document_of(sqlite_registry, public_id)


@pytest.fixture
def verifier(sqlite_registry: Registry, document: bytes) -> OfflineVerifier:
    return offline(sqlite_registry)


def told(one: FileVerdict) -> tuple[str, str]:
    return Path(one.path).name, one.problem or str(one.verdict)


# One file.


def test_a_credential_and_a_pdf_with_one_inside_are_verified(
    verifier: OfflineVerifier, document: bytes, tmp_path: Path
) -> None:
    for name, body in (("c.json", document), ("c.pdf", pdf(("certificate.json", document))), ("no-suffix", document)):
        (tmp_path / name).write_bytes(body)
        assert verify_file(verifier, str(tmp_path / name)).verdict is Verdict.VALID
    (tmp_path / "two.pdf").write_bytes(pdf(("a.json", document), ("b.json", document)))
    assert verify_file(verifier, str(tmp_path / "two.pdf")).problem.startswith("the PDF carries 2 JSON files")


def test_the_log_proof_beside_a_file_is_read(
    sqlite_registry: Registry, verifier: OfflineVerifier, public_id: str, document: bytes, tmp_path: Path
) -> None:
    file, beside = tmp_path / "c.json", tmp_path / "c.json.tlog-proof"
    file.write_bytes(document)

    def log() -> Finding:
        found = verify_file(verifier, str(file)).found
        assert found is not None
        return finding(found, CheckName.LOG)

    assert log() is Finding.LOG_NOT_AT_HAND
    beside.write_bytes(proof_of(sqlite_registry, public_id))
    assert log() is Finding.LOGGED
    beside.write_bytes(b"x")
    assert log() is Finding.LOG_DIFFERS
    beside.write_bytes(b"x" * (MAX_PROOF_SIZE + 1))
    assert "larger than" in verify_file(verifier, str(file)).problem
    # A proof that should be there and can't be read is told, not left out.
    beside.unlink()
    beside.symlink_to(tmp_path / "nowhere")
    assert "can't be read" in verify_file(verifier, str(file)).problem


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "a JSON object"),
        (b'{"a":1,"a":2}', "twice"),
        (b"%PDF-1.7", "the PDF can't be read"),
        (b"{" + b" " * MAX_CREDENTIAL_BYTES + b"}", "larger than"),
    ],
)
def test_what_is_no_credential_is_told_in_one_line(
    verifier: OfflineVerifier, body: bytes, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(body)
    found = verify_file(verifier, str(file))
    assert found.verdict is None
    assert problem in found.problem
    assert len(found.problem.splitlines()) == 1


def test_a_pipe_among_the_files_does_not_hold_anybody_up(verifier: OfflineVerifier, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    assert "not a file" in verify_file(verifier, str(tmp_path / "pipe.json")).problem
    assert "not a file" in verify_file(verifier, str(tmp_path / "folder.json")).problem
    assert "No such file" in verify_file(verifier, str(tmp_path / "missing.json")).problem
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    assert "can't be read" in verify_file(verifier, str(tmp_path / "loop.json")).problem


# Folders.


def test_a_folder_and_all_below_it_are_searched(tmp_path: Path) -> None:
    names = {"a.json", "b.PDF", "deep/er/c.jsonld", "deep/d.Json"}
    for name in (*names, "a.json.tlog-proof", "notes.txt", "deep/json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert {os.path.relpath(one, tmp_path) for one in credential_files(tmp_path)} == names
    assert list(credential_files(tmp_path / "deep/er")) == [str(tmp_path / "deep/er/c.jsonld")]


def test_links_to_folders_are_named_and_not_followed(
    verifier: OfflineVerifier, document: bytes, tmp_path: Path
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/c.json").write_bytes(document)
    (inside / "round").symlink_to(inside)
    (inside / "out").symlink_to(tmp_path / "outside")
    (inside / "file.json").symlink_to(tmp_path / "outside/c.json")
    (inside / "gone").symlink_to(tmp_path / "nowhere")
    results = sorted(verify_files(verifier, credential_files(inside), told, 1))
    assert results == [
        ("file.json", "valid"),
        ("out", "can't be read: not a file"),
        ("round", "can't be read: not a file"),
    ]


def test_a_folder_that_can_not_be_read_is_named(verifier: OfflineVerifier, tmp_path: Path) -> None:
    assert list(credential_files(tmp_path / "gone")) == [str(tmp_path / "gone")]
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (tmp_path / "closed").mkdir(mode=0)
    found = [verify_file(verifier, one) for one in credential_files(tmp_path)]
    assert [one.problem for one in found] == ["can't be read: Permission denied"]


def test_many_processes_say_the_same_as_one_in_the_same_order(sqlite_registry: Registry, tmp_path: Path) -> None:
    actor = operator(sqlite_registry, "cqc")
    ids = issue_many(sqlite_registry, actor, [sample_certificate(f"N-{number}") for number in range(40)])
    for public_id in ids[::7]:
        change_status(sqlite_registry, actor, public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK)
    documents = [document_of(sqlite_registry, public_id) for public_id in ids]
    # More than what is under way at the same time.
    for number in range(2500):
        (tmp_path / f"{number}.json").write_bytes(documents[number % 40] if number % 9 else b"{}"[: number % 3])
    verifier = offline(sqlite_registry)
    paths = sorted(credential_files(tmp_path))
    alone = list(verify_files(verifier, paths, told, 1))
    assert [name for name, _ in alone] == [Path(path).name for path in paths]
    assert {result for _, result in alone} >= {"valid", "withdrawn", "invalid"}
    assert list(verify_files(verifier, paths, told, 2)) == alone
    assert list(verify_files(verifier, iter(paths), told, 3)) == alone
    assert list(verify_files(verifier, [], told, 2)) == []


def test_whoever_stops_reading_results_leaves_no_processes_behind(verifier: OfflineVerifier, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"{}")
    results = verify_files(verifier, [str(tmp_path / "x.json")] * 5000, told, 2)
    assert next(results)[1] == "invalid"
    results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_a_process_that_is_killed_is_an_error_and_no_waiting_for_ever(
    verifier: OfflineVerifier, document: bytes, tmp_path: Path
) -> None:
    (tmp_path / "c.json").write_bytes(document)

    def die(_: FileVerdict) -> None:
        os._exit(9)

    with pytest.raises(StorageUnavailable, match="killed"):
        list(verify_files(verifier, [str(tmp_path / "c.json")] * 3, die, 2))
