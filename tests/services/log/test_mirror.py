"""Mirrors: all verified before it stands, nothing lost to an interruption, no fork and no rollback taken in."""

from __future__ import annotations

import gzip
import http.server
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Thread

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.serving import make_server

from registry.domain.errors import Conflict, NotFound, StorageUnavailable
from registry.domain.reasons import Act, Reason
from registry.formats.merkle import TILE_WIDTH
from registry.formats.tlog_tiles import bundle_path, bundles_between, tile_path, tiles_between
from registry.services.change_status import change_status
from registry.services.context import Registry, operator
from registry.services.issue import issue, issue_many
from registry.services.log.audit import audit_log
from registry.services.log.fetch import HttpLog, LogUnavailable
from registry.services.log.findings import FindingKind
from registry.services.log.folder import LogFolder
from registry.services.log.keys import verifier_keys
from registry.services.log.mirror import LogMisbehaves, mirror_log
from registry.store import log
from registry.store.log_models import LogEntry, LogTile
from registry.web.application import build_application
from tests.conftest import sample_certificate
from tests.services.log.logs import StaticLog, forget

WORDS = [f"entry {number}" for number in range(70_000)]


def files_in(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@contextmanager
def serving(app: Callable[..., object]) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)  # type: ignore[arg-type]
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/log"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def issue_some(registry: Registry, mark: str, count: int) -> list[str]:
    actor = operator(registry, "cqc", "test")
    return issue_many(registry, actor, [sample_certificate(f"{mark}-{number}") for number in range(count)])


def served(client: FlaskClient, paths: list[str]) -> dict[str, bytes]:
    answers = {path: client.get(f"/log/{path}") for path in paths}
    packed = {path for path, answer in answers.items() if answer.headers.get("Content-Encoding") == "gzip"}
    return {path: gzip.decompress(one.data) if path in packed else one.data for path, one in answers.items()}


def test_a_mirror_of_a_running_registry_is_what_it_serves_file_by_file(
    sqlite_registry: Registry, tmp_path: Path
) -> None:
    registry, folder = sqlite_registry, tmp_path / "mirror"
    app = build_application(registry)
    keys = verifier_keys(registry)
    public_ids = issue_some(registry, "A", 300)
    with serving(app) as url:
        done = mirror_log(HttpLog(url), folder, keys)
        assert (done.before, done.checkpoint.size, done.checkpoint.origin) == (0, 300, "registry.example/log")
        paths = ["checkpoint", *map(tile_path, tiles_between(0, 300)), *map(bundle_path, bundles_between(0, 300))]
        assert files_in(folder) == served(app.test_client(), paths)
        change_status(registry, operator(registry, "cqc"), public_ids[0], Act.WITHDRAW, Reason.MISUSE_OF_MARK)
        issue_some(registry, "B", 299)
        steps: list[tuple[int, int]] = []
        done = mirror_log(HttpLog(url), folder, keys, lambda done, total: steps.append((done, total)))
        assert (done.before, done.checkpoint.size) == (300, 600)
        assert steps[-1] == (344, 344)
        paths = ["checkpoint", *map(tile_path, tiles_between(0, 600)), *map(bundle_path, bundles_between(0, 600))]
        # That of level 1 has not filled up, and nobody is told when its narrower version is of no use any more.
        assert files_in(folder) == served(app.test_client(), [*paths, "tile/1/000.p/1"])
        assert mirror_log(HttpLog(url), folder, keys).before == 600
    assert audit_log(registry, folder).findings == ()


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 65_536, 65_793])
def test_any_size_is_mirrored_in_whole(size: int, tmp_path: Path) -> None:
    log = StaticLog(WORDS[:size])
    assert mirror_log(log, tmp_path, log.keys).checkpoint.size == size
    assert files_in(tmp_path) == log.files


@pytest.mark.parametrize(("old", "new"), [(0, 3), (1, 2), (255, 256), (256, 257), (300, 70_000), (65_536, 65_537)])
def test_a_mirror_grows_with_its_log(old: int, new: int, tmp_path: Path) -> None:
    before, after = StaticLog(WORDS[:old]), StaticLog(WORDS[:new])
    mirror_log(before, tmp_path, before.keys)
    mirror_log(after, tmp_path, after.keys)
    kept = files_in(tmp_path)
    assert {path: kept[path] for path in after.files} == after.files
    # Narrower tiles of those that are still partial may stay, of those that are full none does.
    assert not [path for path in kept if path not in after.files and path.partition(".p/")[0] in after.files]
    bundles = [path for path in after.fetched if path.startswith("tile/entries")]
    assert len(bundles) == -(-new // TILE_WIDTH) - old // TILE_WIDTH


class Flaky:
    """A log that can't be reached any more after so many files."""

    def __init__(self, log: StaticLog, files: int) -> None:
        self._log = log
        self._left = files

    def fetch(self, path: str, at_most: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise LogUnavailable("the line is dead")
        return self._log.fetch(path, at_most)


def test_a_mirror_that_is_interrupted_stands_where_it_was_and_goes_on_later(tmp_path: Path) -> None:
    before, after = StaticLog(WORDS[:300]), StaticLog(WORDS[:1500])
    mirror_log(before, tmp_path, before.keys)
    files = 0
    while True:
        try:
            mirror_log(Flaky(after, files), tmp_path, after.keys, threads=2)
            break
        except LogUnavailable:
            kept = files_in(tmp_path)
            assert {path: kept[path] for path in before.files} == before.files
            files += 1
    kept = files_in(tmp_path)
    assert {path: kept[path] for path in after.files} == after.files
    # What one run had verified the next ones did not fetch again: the checkpoint and the upper tiles alone.
    bundles = [path for path in after.fetched if path.startswith("tile/entries")]
    assert len(bundles) == len(set(bundles)) == 5


class Deadly:
    """A log at whose n-th file the mirroring process is killed."""

    def __init__(self, log: StaticLog, files: int) -> None:
        self._log = log
        self._left = files

    def fetch(self, path: str, at_most: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._log.fetch(path, at_most)


def test_a_mirror_that_is_killed_goes_on_later(tmp_path: Path) -> None:
    before, after = StaticLog(WORDS[:300]), StaticLog(WORDS[:900])
    mirror_log(before, tmp_path, before.keys)
    for files in count():
        child = os.fork()
        if child == 0:
            try:
                mirror_log(Deadly(after, files), tmp_path, after.keys)
                os._exit(0)
            finally:
                os._exit(1)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        kept = files_in(tmp_path)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        assert {path: kept[path] for path in before.files} == before.files
    assert files > 4
    assert {path: kept[path] for path in after.files} == after.files


def _other(size: int, at: int) -> StaticLog:
    """A log of the same name and key, with another history from an entry on."""
    return StaticLog([*WORDS[:at], *(f"forged {number}" for number in range(at, size))])


@pytest.mark.parametrize(
    ("presented", "word"),
    [
        (_other(400, 299), "FORK"),
        (_other(400, 0), "FORK"),
        (_other(300, 299), "FORK"),
        (_other(1, 0), "ROLLBACK"),
        (StaticLog(WORDS[:299]), "ROLLBACK"),
        (StaticLog([]), "ROLLBACK"),
    ],
    ids=["forked at the end", "forked at the beginning", "two of one size", "another", "set back", "emptied"],
)
def test_a_log_that_contradicts_itself_is_refused_and_the_evidence_kept(
    presented: StaticLog, word: str, tmp_path: Path
) -> None:
    good = StaticLog(WORDS[:300])
    mirror_log(good, tmp_path, good.keys)
    with pytest.raises(LogMisbehaves, match=word):
        mirror_log(presented, tmp_path, good.keys)
    kept = files_in(tmp_path)
    assert {path: kept.pop(path) for path in good.files} == good.files
    assert list(kept.values()) == [presented.files["checkpoint"]]


def _altered(size: int, path: str, content: bytes | None = None) -> StaticLog:
    log = StaticLog(WORDS[:size])
    was = log.files[path]
    log.files[path] = was[:-1] + bytes([was[-1] ^ 1]) if content is None else content
    return log


@pytest.mark.parametrize(
    "bad",
    [
        _altered(700, "tile/0/000"),
        _altered(700, "tile/0/002.p/188"),
        _altered(700, "tile/0/001", bytes(64)),
        _altered(700, "tile/1/000.p/2"),
        _altered(700, "tile/entries/000"),
        _altered(700, "tile/entries/001", b""),
        _altered(700, "tile/entries/002.p/188"),
        _altered(70_000, "tile/1/000"),
        _altered(700, "checkpoint", StaticLog(WORDS[:700], seed=bytes([9] * 32)).files["checkpoint"]),
        _altered(700, "checkpoint", b"nothing"),
    ],
    ids=lambda bad: "",
)
def test_nothing_that_the_log_has_not_signed_is_taken_in(bad: StaticLog, tmp_path: Path) -> None:
    good = StaticLog(WORDS[:5])
    mirror_log(good, tmp_path, good.keys)
    with pytest.raises(LogMisbehaves):
        mirror_log(bad, tmp_path, good.keys)
    kept = files_in(tmp_path)
    assert kept["checkpoint"] == good.files["checkpoint"]
    genuine = StaticLog(WORDS[: bad.size])
    assert all(kept[path] == genuine.files[path] for path in kept if path in genuine.files and path != "checkpoint")


def test_a_tile_and_its_entries_that_fit_each_other_must_fit_the_signed_root_too(tmp_path: Path) -> None:
    log, other = StaticLog(WORDS[:700]), _other(700, 0)
    log.files |= {path: other.files[path] for path in ("tile/0/001", "tile/entries/001")}
    with pytest.raises(LogMisbehaves, match="tile/0/001 is not what the log has signed"):
        mirror_log(log, tmp_path, log.keys)


def test_nothing_of_the_earlier_checkpoint_goes_before_the_new_one_stands(tmp_path: Path) -> None:
    before, after = StaticLog(WORDS[:200]), StaticLog(WORDS[:300])
    mirror_log(before, tmp_path, before.keys)
    in_the_way = tmp_path / ".checkpoint.part"
    in_the_way.mkdir()
    with pytest.raises(StorageUnavailable):
        mirror_log(after, tmp_path, after.keys)
    kept = files_in(tmp_path)
    assert {path: kept[path] for path in before.files} == before.files
    in_the_way.rmdir()
    mirror_log(after, tmp_path, after.keys)
    assert files_in(tmp_path) == after.files


def test_partial_tiles_that_the_log_has_removed_are_cut_from_the_full_ones(tmp_path: Path) -> None:
    log, grown = StaticLog(WORDS[:300]), StaticLog(WORDS[:512])
    log.files = {path: content for path, content in log.files.items() if "001.p" not in path}
    log.files |= {path: grown.files[path] for path in ("tile/0/001", "tile/entries/001")}
    mirror_log(log, tmp_path, log.keys)
    assert {path for path in files_in(tmp_path) if "001" in path} == {"tile/0/001.p/44", "tile/entries/001.p/44"}


def test_a_file_that_the_log_lacks_is_no_accusation(tmp_path: Path) -> None:
    log = StaticLog(WORDS[:600])
    del log.files["tile/entries/001"]
    with pytest.raises(NotFound):
        mirror_log(log, tmp_path, log.keys)


def test_a_file_that_was_spoiled_on_the_way_is_fetched_again(tmp_path: Path) -> None:
    log = StaticLog(WORDS[:600])
    for path in ("tile/0/000", "tile/entries/001"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"half a")
    mirror_log(log, tmp_path, log.keys)
    assert files_in(tmp_path) == log.files


def test_two_processes_do_not_mirror_into_one_folder(tmp_path: Path) -> None:
    log = StaticLog(WORDS[:3])
    with LogFolder(tmp_path).alone(), pytest.raises(Conflict):
        mirror_log(log, tmp_path, log.keys)
    assert mirror_log(log, tmp_path, log.keys).checkpoint.size == 3


def test_a_folder_that_can_t_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    log = StaticLog(WORDS[:3])
    with pytest.raises(StorageUnavailable):
        mirror_log(log, tmp_path / "file", log.keys)


# --- what HTTP may bring ---


@contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[str]:
    """A server that gives these answers, one after the other, the last one for ever."""
    left = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_passing_trouble_is_tried_again() -> None:
    pauses: list[float] = []
    with answering((503, {}, b""), (429, {}, b""), (200, {"Content-Length": "9"}, b"short"), (200, {}, b"body")) as url:
        assert HttpLog(url, pauses.append).fetch("checkpoint", 100) == b"body"
    assert pauses == [1, 2, 4]


def test_a_lasting_trouble_ends_after_a_minute() -> None:
    pauses: list[float] = []
    with answering((503, {}, b"")) as url, pytest.raises(LogUnavailable, match="503"):
        HttpLog(url, pauses.append).fetch("checkpoint", 100)
    assert sum(pauses) == 63


def test_where_nobody_listens_is_told_at_once_but_a_restart_is_waited_for() -> None:
    pauses: list[float] = []
    with answering((200, {}, b"body")) as url:
        log = HttpLog(url, pauses.append)
        log.fetch("checkpoint", 100)
    with pytest.raises(LogUnavailable, match="refused"):
        HttpLog(url, pauses.append).fetch("checkpoint", 100)
    assert pauses == []
    with pytest.raises(LogUnavailable, match="refused"):
        log.fetch("checkpoint", 100)
    assert sum(pauses) == 63


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, bytes(101)),
        ({"Content-Encoding": "gzip"}, gzip.compress(bytes(10_000_000))),
        ({"Content-Encoding": "gzip"}, b"no gzip"),
        ({"Content-Encoding": "br"}, b"body"),
    ],
    ids=["long", "long when unpacked", "not gzip", "brotli"],
)
def test_what_is_too_long_or_packed_wrongly_is_refused_at_once(headers: dict[str, str], body: bytes) -> None:
    pauses: list[float] = []
    with answering((200, headers, body)) as url, pytest.raises(LogUnavailable):
        HttpLog(url, pauses.append).fetch("checkpoint", 100)
    assert pauses == []


def test_what_is_not_there_is_told_at_once() -> None:
    with answering((404, {}, b"")) as url, pytest.raises(NotFound):
        HttpLog(url).fetch("checkpoint", 100)
    with answering((403, {}, b"")) as url, pytest.raises(LogUnavailable, match="403"):
        HttpLog(url).fetch("checkpoint", 100)


@pytest.mark.parametrize("url", ["file:///etc", "ftp://example.org/log", "example.org/log", "https://", "https://a/?x"])
def test_only_the_web_is_mirrored(url: str) -> None:
    with pytest.raises(LogUnavailable, match="not the address"):
        HttpLog(url)


# --- the audit against a mirror ---


@pytest.fixture
def mirrored(sqlite_registry: Registry, tmp_path: Path) -> tuple[Registry, Path]:
    """A register of 300 certificates, and a mirror of its log."""
    issue_some(sqlite_registry, "A", 300)
    folder = tmp_path / "mirror"
    with serving(build_application(sqlite_registry)) as url:
        mirror_log(HttpLog(url), folder, verifier_keys(sqlite_registry))
    return sqlite_registry, folder


def test_the_log_may_have_grown_since_the_mirror(mirrored: tuple[Registry, Path]) -> None:
    registry, folder = mirrored
    issue(registry, operator(registry, "cqc"), sample_certificate("B-1"))
    assert audit_log(registry, folder).findings == ()


def told(registry: Registry, folder: Path) -> list[str]:
    return [one.text for one in audit_log(registry, folder).findings if one.kind is FindingKind.MIRROR]


def test_a_database_that_was_set_back_is_found_by_the_mirror(mirrored: tuple[Registry, Path]) -> None:
    registry, folder = mirrored
    file = Path(registry.database.url.removeprefix("sqlite:///"))
    registry.database.close()
    backup = file.read_bytes()
    issue_some(registry, "B", 3)
    with serving(build_application(registry)) as url:
        mirror_log(HttpLog(url), folder, verifier_keys(registry))
    registry.database.close()
    file.write_bytes(backup)
    forget(registry)
    assert told(registry, folder) == [
        "The mirror has 303 entries under this log's signature, the database 300: it was set back."
    ]
    # It goes on, on another branch, and the audit without a mirror sees nothing wrong.
    issue_some(registry, "C", 4)
    assert audit_log(registry).findings == ()
    assert any("a fork" in one for one in told(registry, folder))


@pytest.mark.parametrize("path", ["tile/0/000", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"])
def test_a_file_that_differs_is_named(mirrored: tuple[Registry, Path], path: str) -> None:
    registry, folder = mirrored
    (folder / path).write_bytes(b"something else")
    assert told(registry, folder) == [f"The mirror has another {path} than the database."]
    (folder / path).unlink()
    assert told(registry, folder) == [f"The mirror lacks {path}."]


def test_a_mirror_of_another_log_is_told(mirrored: tuple[Registry, Path], tmp_path: Path) -> None:
    registry, _ = mirrored
    other = StaticLog(WORDS[:3])
    mirror_log(other, tmp_path / "other", other.keys)
    assert "no signature of a known key" in told(registry, tmp_path / "other")[0]
    with pytest.raises(NotFound, match="no mirror"):
        audit_log(registry, tmp_path / "nowhere")


def test_what_was_changed_in_the_database_shows_in_the_mirror_too(mirrored: tuple[Registry, Path]) -> None:
    registry, folder = mirrored
    with registry.database.transaction() as connection:
        connection.execute(update(LogEntry).where(LogEntry.log_index == 256).values(statement=b"x" * 70_000))
        tile = log.read_tiles(connection, [(0, 0)])[0, 0]
        connection.execute(update(LogTile).where(LogTile.level == 0).values(hashes=tile[:-32] + bytes(32)))
    found = told(registry, folder)
    assert "The mirror has another tile/0/000 than the database." in found
    assert "The mirror has another tile/entries/001.p/44 than the database." in found


def test_a_registry_of_another_address_is_another_log(mirrored: tuple[Registry, Path]) -> None:
    registry, folder = mirrored
    moved = replace(registry, settings=replace(registry.settings, base_url="https://moved.example"))
    assert "no key is known for the log registry.example/log" in told(moved, folder)[0]
