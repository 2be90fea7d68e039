"""Checkpoints: Go's checkpoint byte for byte, and nothing that only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.merkle import EMPTY_ROOT
from registry.formats.signed_note import MalformedNote, SignedNote, UnverifiedNote, parse_vkey, sign_note
from registry.formats.tlog_checkpoint import (
    MAX_SIZE,
    Checkpoint,
    MalformedCheckpoint,
    open_checkpoint,
    parse_checkpoint,
)
from tests.formats.tlog_vectors import LARGEST, VECTORS, hashes, signing_key

VECTOR = VECTORS["Checkpoint"]
KEY = parse_vkey(VECTOR["Vkeys"][0])
ROOT = hashes([VECTORS["Roots"][-1]["Root"]])[0]
_, SIGN = signing_key(KEY.name, bytes.fromhex(VECTOR["Seeds"][0]))


def signed(text: str) -> bytes:
    return SignedNote(text, (sign_note(text, KEY, SIGN),)).encode()


def test_the_checkpoint_that_go_signed() -> None:
    checkpoint = Checkpoint("registry.example/log", LARGEST, ROOT)
    assert checkpoint.text == VECTOR["Text"]
    assert signed(checkpoint.text).decode() == VECTOR["Note"]
    opened, note = open_checkpoint(VECTOR["Note"].encode(), [KEY])
    assert opened == checkpoint
    assert note.text == VECTOR["Text"]


def test_a_logs_key_is_good_for_its_own_origin_alone() -> None:
    text = Checkpoint("other.example/log", 1, ROOT).text
    with pytest.raises(UnverifiedNote, match=r"no key is known for the log other\.example/log"):
        open_checkpoint(signed(text), [KEY])


def test_a_checkpoint_that_was_changed_does_not_open() -> None:
    with pytest.raises(UnverifiedNote, match="does not hold"):
        open_checkpoint(VECTOR["Note"].replace("70000", "70001").encode(), [KEY])


def test_an_empty_log_has_the_root_of_the_empty_tree() -> None:
    empty = Checkpoint(KEY.name, 0, EMPTY_ROOT)
    assert open_checkpoint(signed(empty.text), [KEY])[0] == empty
    with pytest.raises(MalformedCheckpoint, match="empty"):
        open_checkpoint(signed(Checkpoint(KEY.name, 0, ROOT).text), [KEY])


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1),
    st.integers(0, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)),
)
def test_every_checkpoint_reads_back(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert parse_checkpoint(checkpoint.text) == checkpoint


GOOD = VECTOR["Text"].split("\n")[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "origin\n1\n",
        f"origin\n1\n{GOOD}",
        f"\n1\n{GOOD}\n",
        f"origin\n\n{GOOD}\n",
        f"origin\n01\n{GOOD}\n",
        f"origin\n-1\n{GOOD}\n",
        f"origin\n+1\n{GOOD}\n",
        f"origin\n 1\n{GOOD}\n",
        f"origin\n1_0\n{GOOD}\n",
        f"origin\n١\n{GOOD}\n",
        f"origin\n1.0\n{GOOD}\n",
        f"origin\n{2**63}\n{GOOD}\n",
        f"origin\n{'9' * 5000}\n{GOOD}\n",
        f"origin\n1\n{GOOD[:-4]}\n",
        f"origin\n1\n{GOOD[:-1]}\n",
        f"origin\n1\n{GOOD} \n",
        f"origin\n1\n{GOOD[:-2]}p=\n",
        f"origin\n1\n{GOOD}\n\n",
        f"origin\n1\n{GOOD}\n\nextension\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(MalformedCheckpoint):
        parse_checkpoint(text)


def test_an_origin_with_a_newline_makes_no_checkpoint() -> None:
    with pytest.raises(MalformedNote):
        _ = Checkpoint("origin\n5", 1, ROOT).text
