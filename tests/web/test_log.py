"""The log over HTTP: C2SP tlog-tiles to the letter, and proofs that hold with nothing but the verifier key."""

from __future__ import annotations

import gzip
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from registry.domain.reasons import Act, Reason
from registry.formats.log_entry import digest
from registry.formats.merkle import consistency_holds, integrate, leaf_hash, root_of
from registry.formats.signed_note import VerifierKey
from registry.formats.tlog_checkpoint import Checkpoint, open_checkpoint
from registry.formats.tlog_proof import TrustPolicy, parse_proof, verify_proof
from registry.formats.tlog_tiles import decode_bundle
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry
from registry.services.find import stored_document
from registry.services.issue import issue
from registry.services.log.keys import verifier_keys
from registry.store import log
from registry.store.log_models import LogEntry
from registry.web.application import build_application
from tests.conftest import sample_certificate
from tests.services.log.logs import fill, statements

IMMUTABLE = "public, max-age=31536000, immutable"


def published(client: FlaskClient, registry: Registry) -> Checkpoint:
    return open_checkpoint(client.get("/log/checkpoint").data, verifier_keys(registry))[0]


@pytest.fixture
def entries(sqlite_registry: Registry) -> list[bytes]:
    """A log of 300 entries: one full tile, and one of 44."""
    return fill(sqlite_registry, 300)


def test_the_checkpoint_is_signed_text_that_caches_do_not_keep(
    client: FlaskClient, sqlite_registry: Registry, entries: list[bytes]
) -> None:
    answer = client.get("/log/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=1"
    assert published(client, sqlite_registry) == Checkpoint(
        "registry.example/log", 300, root_of([leaf_hash(entry) for entry in entries])
    )


def test_an_empty_log_has_a_checkpoint_and_no_tiles(client: FlaskClient, sqlite_registry: Registry) -> None:
    assert published(client, sqlite_registry).size == 0
    assert client.get("/log/tile/0/000").status_code == 404


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [
        ("0/000", 0, 256),
        ("0/001.p/44", 256, 300),
        # Of the sizes that it has had.
        ("0/001.p/1", 256, 257),
        ("0/000.p/255", 0, 255),
    ],
)
def test_tiles_of_leaf_hashes(client: FlaskClient, entries: list[bytes], path: str, first: int, last: int) -> None:
    answer = client.get(f"/log/tile/{path}")
    assert answer.data == b"".join(leaf_hash(entry) for entry in entries[first:last])
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Cache-Control"] == IMMUTABLE
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Encoding" not in answer.headers


def test_tiles_above_the_leaves(client: FlaskClient, entries: list[bytes]) -> None:
    assert client.get("/log/tile/1/000.p/1").data == root_of([leaf_hash(entry) for entry in entries[:256]])


@pytest.mark.parametrize(("path", "first", "last"), [("000", 0, 256), ("001.p/44", 256, 300), ("001.p/3", 256, 259)])
@pytest.mark.parametrize("accepted", ["gzip, identity", "identity", ""])
def test_bundles_are_packed_whatever_the_client_says(
    client: FlaskClient, entries: list[bytes], path: str, first: int, last: int, accepted: str
) -> None:
    answer = client.get(f"/log/tile/entries/{path}", headers={"Accept-Encoding": accepted})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Cache-Control"] == IMMUTABLE
    assert decode_bundle(gzip.decompress(answer.data), last - first) == entries[first:last]
    assert client.get(f"/log/tile/entries/{path}").data == answer.data


@pytest.mark.parametrize(
    "path",
    [
        "0/001",
        "0/001.p/45",
        "0/002.p/1",
        "1/000",
        "1/000.p/2",
        "2/000.p/1",
        "63/000",
        "entries/001",
        "entries/001.p/45",
        "entries/x123/456",
        # No paths at all.
        "0/0",
        "0/00",
        "00/000",
        "0/0000",
        "0/x000/000",
        "0/000/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/044",
        "0/000.p/",
        "0/000/",
        "64/000",
        "-1/000",
        "entries/entries",
        "entries/000.p/x",
        "0/٠٠٠",
        "data/000",
        "0/" + "x999/" * 30 + "999",
    ],
)
def test_what_the_published_log_has_not_is_a_404(client: FlaskClient, entries: list[bytes], path: str) -> None:
    answer = client.get(f"/log/tile/{path}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert answer.json["type"].endswith("#not-found")


def test_a_bundle_that_the_database_has_lost_entries_of_is_not_served(
    client: FlaskClient, sqlite_registry: Registry, entries: list[bytes]
) -> None:
    """Caches would keep it for ever."""
    with sqlite_registry.database.transaction() as connection:
        connection.execute(delete(LogEntry).where(LogEntry.log_index == 7))
    answer = client.get("/log/tile/entries/000")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (500, "no-store")


def test_no_more_is_published_than_witnesses_have_cosigned(sqlite_registry: Registry) -> None:
    careful = replace(sqlite_registry, settings=replace(sqlite_registry.settings, log_quorum=2))
    client = build_application(careful).test_client()
    for first, count in ((0, 10), (10, 10), (20, 10)):
        fill(careful, count, first)
    assert client.get("/log/checkpoint").status_code == 404
    assert client.get("/log/tile/0/000.p/10").status_code == 404
    with careful.database.transaction() as connection:
        for size, witness in ((10, "one"), (10, "two"), (20, "one"), (20, "two"), (30, "one")):
            log.insert_cosignature(connection, size, witness, f"— {witness} c2lnbmF0dXJl\n")
    note = client.get("/log/checkpoint").data
    assert note.endswith("— one c2lnbmF0dXJl\n— two c2lnbmF0dXJl\n".encode())
    assert published(client, careful).size == 20
    assert client.get("/log/tile/0/000.p/20").status_code == 200
    for path in ("tile/0/000.p/21", "tile/entries/000.p/21"):
        assert client.get(f"/log/{path}").status_code == 404
    assert client.get("/api/v1/log/consistency?from=10&to=20").status_code == 200
    assert client.get("/api/v1/log/consistency?from=10&to=21").status_code == 422


def test_the_page_of_the_log_names_its_keys(client: FlaskClient, sqlite_registry: Registry) -> None:
    for path in ("/log/", "/log"):
        answer = client.get(path)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.text.startswith("registry.example/log\n")
        assert all(key.vkey in answer.text.splitlines() for key in verifier_keys(sqlite_registry))


# --- proofs ---


def policy(registry: Registry) -> TrustPolicy:
    keys: list[VerifierKey] = verifier_keys(registry)
    return TrustPolicy(tuple(keys))


def test_the_proof_of_each_act_holds_with_the_key_alone(
    each_client: FlaskClient, registry: Registry, actor: Actor
) -> None:
    fill(registry, 290)
    row = issue(registry, actor, sample_certificate())
    change_status(registry, actor, row.public_id, Act.WITHDRAW, Reason.MISUSE_OF_MARK, note="private")
    document = stored_document(registry, row.public_id)[1]
    for query, index, kind in (("", 290, "certificate-issued"), ("?event=1", 290, ""), ("?event=2", 291, "withdraw")):
        answer = each_client.get(f"/api/v1/certificates/{row.public_id}/proof{query}")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Cache-Control"] == "public, max-age=1"
        assert answer.headers["Content-Disposition"] == f"attachment; filename={row.public_id}.tlog-proof"
        proof = parse_proof(answer.data)
        assert proof.extra is not None
        found = verify_proof(proof, leaf_hash(proof.extra), policy(registry))
        assert (proof.index, found.checkpoint.size) == (index, 292)
        assert digest(document).encode() in proof.extra
        assert kind.encode() in proof.extra
        assert b"private" not in proof.extra


def test_what_the_log_has_not_seen_has_no_proof(each_client: FlaskClient, registry: Registry, actor: Actor) -> None:
    worked = replace(registry, settings=replace(registry.settings, log_worker=True))
    public_id = issue(worked, actor, sample_certificate()).public_id
    waiting = each_client.get(f"/api/v1/certificates/{public_id}/proof")
    assert (waiting.status_code, waiting.headers["Cache-Control"]) == (404, "no-store")
    for path in (f"{public_id}/proof?event=2", "0000000000000/proof", "nonsense/proof"):
        assert each_client.get(f"/api/v1/certificates/{path}").status_code == 404
    for wrong in ("x", "-1", "1.5", "9" * 30):
        assert each_client.get(f"/api/v1/certificates/{public_id}/proof?event={wrong}").status_code == 422


LOG_SIZE = 700


@pytest.fixture
def roots(sqlite_registry: Registry) -> list[bytes]:
    """The roots of a log at all sizes that it has had."""
    leaves: list[bytes] = []
    for count in (1, 3, 300, LOG_SIZE - 304):
        leaves += [leaf_hash(entry) for entry in fill(sqlite_registry, count, len(leaves))]
    return [root_of(leaves[:size]) for size in range(LOG_SIZE + 1)]


def test_consistency_between_any_two_sizes_can_be_proven(client: FlaskClient, roots: list[bytes]) -> None:
    @given(st.integers(0, LOG_SIZE), st.integers(0, LOG_SIZE))
    @settings(max_examples=150, deadline=None)
    @example(0, 0)
    @example(LOG_SIZE, LOG_SIZE)
    @example(256, 512)
    @example(511, 513)
    def prove(one: int, other: int) -> None:
        old, new = sorted((one, other))
        answer = client.get(f"/api/v1/log/consistency?from={old}&to={new}")
        assert answer.headers["Cache-Control"] == IMMUTABLE
        body: Any = answer.json
        assert (body["from"], body["to"]) == (old, new)
        proof = [b64decode(one) for one in body["hashes"]]
        assert consistency_holds(proof, old, new, roots[old], roots[new])
        if 0 < old < new:
            assert not consistency_holds(proof, old, new, roots[old - 1], roots[new])

    prove()


@pytest.mark.parametrize("query", ["from=3&to=2", f"from=0&to={LOG_SIZE + 1}", "from=3", "from=x&to=5", "from=-1&to=5"])
def test_sizes_that_the_log_never_had_are_refused(client: FlaskClient, roots: list[bytes], query: str) -> None:
    assert client.get(f"/api/v1/log/consistency?{query}").status_code == 422


# --- what it costs ---


def test_few_queries_answer_each_question(each_client: FlaskClient, registry: Registry, actor: Actor) -> None:
    fill(registry, 600)
    public_id = issue(registry, actor, sample_certificate()).public_id
    for path, allowed in (
        ("/log/checkpoint", 2),
        ("/log/tile/0/000", 2),
        ("/log/tile/1/000.p/2", 2),
        ("/log/tile/entries/002.p/89", 2),
        (f"/api/v1/certificates/{public_id}/proof", 5),
        ("/api/v1/log/consistency?from=100&to=601", 2),
    ):
        with statements() as queries:
            assert each_client.get(path).status_code == 200
        assert len(queries) <= allowed, (path, queries)


def test_the_limit_of_the_log_is_its_own(sqlite_registry: Registry, entries: list[bytes]) -> None:
    """A mirror that asks for thousands of tiles does not use up what its address may verify."""
    limits = replace(sqlite_registry.settings, rate_limit_public="1 per minute", rate_limit_log="3 per minute")
    client = build_application(replace(sqlite_registry, settings=limits)).test_client()
    assert [client.get("/log/checkpoint").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert [client.get("/api/v1/log/consistency?from=0&to=3").status_code for _ in range(2)] == [200, 429]


def test_the_upper_tiles_are_those_of_the_whole_tree(client: FlaskClient, sqlite_registry: Registry) -> None:
    entries = fill(sqlite_registry, 65_540)
    tiles = integrate(0, {}, [leaf_hash(entry) for entry in entries])
    assert client.get("/log/tile/1/000").data == tiles[1, 0]
    assert client.get("/log/tile/2/000.p/1").data == tiles[2, 0]
    assert client.get("/log/tile/0/256.p/4").data == tiles[0, 256]
    assert len(tiles[2, 0]) == 32
