"""RDFC-1.0: one text for all datasets that say the same, as others have it; and the bound on the work."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld.canon import URDNA2015
from pyld.nquads import parse_nquads

from registry.formats.rdf_canonical import CannotCanonicalize, Quad, canonicalize_dataset

OTHERS = json.loads((Path(__file__).parents[1] / "vectors/digitalbazaar/rdf-canonical.json").read_text("utf-8"))
# Good for what stands in these tests, no reader of N-Quads at large.
LINE = re.compile(r'(\S+) (\S+) ("(?:[^"\\]|\\.)*"\S*|\S+) (?:(\S+) )?\.')
P = "<urn:p>"
LABELS = [f"_:n{number}" for number in range(6)]
NODES = st.sampled_from([*LABELS[:5], "<urn:a>", "<urn:b>"])
QUADS = st.builds(
    Quad,
    NODES,
    st.sampled_from([P, "<urn:q>"]),
    NODES | st.sampled_from(['"x"', '"x"@en', '"1"^^<http://www.w3.org/2001/XMLSchema#integer>', '"tab\\t\\"合"']),
    st.sampled_from(["", "", "<urn:g>", "_:n0", "_:n5"]),
)
DATASETS = st.lists(QUADS, min_size=1, max_size=9)


def read(lines: list[str]) -> list[Quad]:
    found = [LINE.fullmatch(line) for line in lines]
    return [Quad(*(part or "" for part in match.groups())) for match in found if match]


def written(quads: list[Quad]) -> list[str]:
    return [f"{' '.join(term for term in quad if term)} ." for quad in quads]


@pytest.mark.parametrize("one", OTHERS, ids=lambda one: one["note"])
def test_another_implementation_finds_the_same_canonical_form(one: dict[str, Any]) -> None:
    quads = read(one["quads"])
    assert len(quads) == len(one["quads"])
    assert canonicalize_dataset(quads).splitlines() == one["canonical"]


@settings(max_examples=200, deadline=None)
@given(DATASETS)
def test_an_implementation_of_the_algorithms_predecessor_agrees(quads: list[Quad]) -> None:
    """URDNA2015, save for statements about a node and itself, which PyLD counts twice."""
    once = [
        quad
        for quad in quads
        if len({quad.subject, quad.object, quad.graph}) == 3 or quad.subject == quad.object == "<urn:a>"
    ]
    theirs = URDNA2015().main(parse_nquads("\n".join(written(once))), {"format": "application/n-quads"})
    assert canonicalize_dataset(once) == theirs


@settings(max_examples=200, deadline=None)
@given(DATASETS, st.randoms(use_true_random=False))
def test_names_of_nodes_and_the_order_of_statements_are_of_no_matter(quads: list[Quad], chance: random.Random) -> None:
    shuffled = list(LABELS)
    chance.shuffle(shuffled)
    names = dict(zip(LABELS, shuffled, strict=True))
    other = [Quad(*(names.get(term, term) for term in quad)) for quad in quads]
    chance.shuffle(other)
    assert canonicalize_dataset(other) == canonicalize_dataset(quads)


@settings(max_examples=100, deadline=None)
@given(DATASETS)
def test_the_canonical_text_is_its_own_canonical_text(quads: list[Quad]) -> None:
    text = canonicalize_dataset(quads)
    assert canonicalize_dataset(read(text.splitlines())) == text


@pytest.mark.parametrize("one", [one for one in OTHERS if "random" not in one["note"]], ids=lambda one: one["note"])
def test_nodes_that_look_alike_are_told_apart_the_same_way_whatever_they_are_called(one: dict[str, Any]) -> None:
    quads = read(one["quads"])
    labels = sorted({term for quad in quads for term in quad if term.startswith("_:")})
    chance = random.Random(4711)
    for _ in range(10):
        names = dict(zip(labels, chance.sample(labels, len(labels)), strict=True))
        other = [Quad(*(names.get(term, term) for term in quad)) for quad in quads]
        assert canonicalize_dataset(other).splitlines() == one["canonical"]


def test_different_datasets_have_different_texts() -> None:
    circle = [Quad(f"_:n{one}", P, f"_:n{(one + 1) % 4}", "") for one in range(4)]
    pairs = [Quad(f"_:n{one}", P, f"_:n{one ^ 1}", "") for one in range(4)]
    selves = [Quad(f"_:n{one}", P, f"_:n{one}", "") for one in range(4)]
    assert len({canonicalize_dataset(one) for one in (circle, pairs, selves)}) == 3


def test_a_statement_counts_once() -> None:
    once = [Quad("_:a", P, "_:b", ""), Quad("_:b", P, '"x"', "")]
    assert canonicalize_dataset(once * 3) == canonicalize_dataset(once)
    assert canonicalize_dataset([]) == ""


def clique(size: int) -> list[Quad]:
    return [Quad(f"_:n{one}", P, f"_:n{other}", "") for one in range(size) for other in range(size) if one != other]


def test_what_would_take_for_ever_is_given_up_and_what_takes_a_moment_is_not() -> None:
    """A clique of ten is what the standard calls poison (section 7.1)."""
    assert canonicalize_dataset(clique(4))
    with pytest.raises(CannotCanonicalize, match="look alike"):
        canonicalize_dataset(clique(10))
    # One node beside another in a dozen graphs: orders of what is one and the same.
    alike = [Quad(one, P, other, f"<urn:{n}>") for n in range(12) for one, other in (("_:a", "_:b"), ("_:c", "_:d"))]
    with pytest.raises(CannotCanonicalize, match="look alike"):
        canonicalize_dataset(alike)
    disjoint = [Quad(f"_:a{n}", P, f"_:b{n}", "") for n in range(200)]
    assert len(canonicalize_dataset(disjoint).splitlines()) == 200
