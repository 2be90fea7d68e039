"""Bodies of add-checkpoint: what is written reads back, and what a witness or a log must not send is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.tlog_checkpoint import MAX_SIZE, encode_hash
from registry.formats.tlog_witness import (
    MAX_PROOF_LINES,
    AddCheckpoint,
    MalformedRequest,
    MalformedResponse,
    encode_response,
    encode_size,
    parse_request,
    parse_response,
    parse_size,
)
from tests.formats.tlog_vectors import VECTORS

CHECKPOINT = VECTORS["Checkpoint"]["Note"].encode()
HASH = encode_hash(bytes(32))


def test_a_request_is_a_size_a_proof_an_empty_line_and_a_checkpoint() -> None:
    body = AddCheckpoint(5, (bytes(32), bytes(32)), CHECKPOINT).encode()
    assert body == f"old 5\n{HASH}\n{HASH}\n\n".encode() + CHECKPOINT
    assert AddCheckpoint(0, (), CHECKPOINT).encode() == b"old 0\n\n" + CHECKPOINT


@given(st.integers(0, MAX_SIZE), st.lists(st.binary(min_size=32, max_size=32), max_size=MAX_PROOF_LINES), st.binary())
def test_every_request_reads_back(old_size: int, proof: list[bytes], checkpoint: bytes) -> None:
    request = AddCheckpoint(old_size, tuple(proof), checkpoint)
    assert parse_request(request.encode()) == request


@pytest.mark.parametrize(
    "head",
    [
        "",
        "\n",
        "old\n\n",
        "old \n\n",
        "old  5\n\n",
        "old 05\n\n",
        "old -5\n\n",
        f"old {2**63}\n\n",
        "Old 5\n\n",
        "old 5",
        "old 5\n",
        "old 5 \n\n",
        "old 5\r\n\r\n",
        f"old 5\n{HASH}",
        f"old 5\n{HASH[:-1]}\n\n",
        f"old 5\n{HASH} \n\n",
        f"old 5\n{HASH}{HASH}\n\n",
        "old 5\nAAAA\n\n",
        "old 5\nÄ\n\n",
        "old 5\n" + f"{HASH}\n" * (MAX_PROOF_LINES + 1) + "\n",
    ],
)
def test_what_is_not_a_request_is_refused(head: str) -> None:
    with pytest.raises(MalformedRequest):
        parse_request(head.encode() + b"origin\n1\n")


def test_an_answer_is_signature_lines() -> None:
    lines = VECTORS["Cosigned"]["Note"].split("\n\n")[1].encode()
    signatures = parse_response(lines)
    assert [signature.name for signature in signatures][1:] == ["witness.example/one", "witness.example/two"]
    assert encode_response(signatures) == lines


@pytest.mark.parametrize("body", [b"", b"\n", b"<html>\n", "— witness AAAAAAAA".encode(), b"\xff\n"])
def test_an_answer_of_something_else_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedResponse):
        parse_response(body)


@given(st.integers(0, MAX_SIZE))
def test_every_size_reads_back(size: int) -> None:
    assert parse_size(encode_size(size)) == size


@pytest.mark.parametrize("body", [b"", b"5", b"5\n\n", b"05\n", b"-5\n", b"5 \n", b"99999999999999999999\n", b"\xff\n"])
def test_a_size_of_something_else_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedResponse):
        parse_size(body)
