"""One text for one RDF dataset: RDF Dataset Canonicalization (W3C RDFC-1.0), with SHA-256.

Own code, because the library that we use for JSON-LD has the predecessor of this algorithm only, which writes control
characters differently and can be kept busy for days by a few kilobytes.

Terms come as they stand in canonical N-Quads (appendix A): `<iri>`, `"literal"^^<datatype>`, `_:label`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import NamedTuple

# Blank nodes that look alike are told apart by trying their orders, in exponential time at worst. Genuine documents
# need few tries; the standard's own hardest example, ten nodes in a clique, is what "poison" looks like (7.1).
MAX_WORK = 100_000
# What one document may cost in all, from JSON to the canonical text.
MAX_EFFORT = 80_000
_TRIES_A_STEP = 10
_BLANK = "_:"

Issuer = dict[str, str]
"""From a label to the identifier that was issued for it, in the order of issue."""


class CannotCanonicalize(ValueError):
    """The document has no canonical RDF form that could be worked out; the message says why."""


class Quad(NamedTuple):
    """A statement: terms as in canonical N-Quads; `graph` is empty for the default graph."""

    subject: str
    predicate: str
    object: str
    graph: str


class Effort:
    """How much work may still be put into documents: one for each document, or one for all of a request.

    A step takes some microseconds. Whoever shares one between threads gets a limit that is not exact.
    """

    def __init__(self, steps: int = MAX_EFFORT) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Raises CannotCanonicalize, this time and from then on, where no work is left."""
        self._left -= steps
        if self._left < 0:
            raise CannotCanonicalize("to work it out takes too much effort")


def canonicalize_dataset(quads: Iterable[Quad], max_work: int = MAX_WORK, effort: Effort | None = None) -> str:
    """Canonical N-Quads: one line a statement, sorted.

    Raises CannotCanonicalize beyond `max_work` steps, or when `effort` is used up.
    """
    dataset = set(quads)
    issued = _Canonicalization(dataset, max_work, effort or Effort(max_work)).issue()
    return "".join(sorted(_line(*(issued.get(term, term) for term in quad)) for quad in dataset))


def _line(subject: str, predicate: str, object_: str, graph: str) -> str:
    return f"{subject} {predicate} {object_} {graph} .\n" if graph else f"{subject} {predicate} {object_} .\n"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Canonicalization:
    """The canonicalization state (4.3) of one dataset."""

    def __init__(self, dataset: Iterable[Quad], max_work: int, effort: Effort) -> None:
        self._work_left = max_work
        self._effort = effort
        self._canonical: Issuer = {}
        mentions: dict[str, dict[Quad, None]] = defaultdict(dict)
        for quad in sorted(dataset):
            for term in (quad.subject, quad.object, quad.graph):
                if term.startswith(_BLANK):
                    mentions[term][quad] = None
        self._quads = {label: list(found) for label, found in mentions.items()}
        self._first_degree = {label: self._hash_first_degree(label) for label in self._quads}

    def issue(self) -> Issuer:
        """The canonical identifier of each blank node (4.4.3, steps 3 to 5)."""
        alike: dict[str, list[str]] = defaultdict(list)
        for label, digest in self._first_degree.items():
            alike[digest].append(label)
        groups = [labels for _, labels in sorted(alike.items())]
        for labels in groups:
            if len(labels) == 1:
                _issue(self._canonical, labels[0], "c14n")
        for labels in groups:
            if len(labels) > 1:
                self._tell_apart(labels)
        return self._canonical

    def _tell_apart(self, labels: Iterable[str]) -> None:
        paths = []
        for label in labels:
            if label not in self._canonical:
                issuer: Issuer = {}
                _issue(issuer, label, "b")
                paths.append(self._hash_n_degree(label, issuer))
        for _, issuer in sorted(paths, key=lambda path: path[0]):
            for label in issuer:
                _issue(self._canonical, label, "c14n")

    def _spend(self, steps: int) -> None:
        self._work_left -= steps
        if self._work_left < 0:
            raise CannotCanonicalize("too many nodes without identifiers look alike")
        self._effort.spend(steps // _TRIES_A_STEP)

    def _hash_first_degree(self, label: str) -> str:
        """4.6: the hash of the statements around a blank node, with all blank nodes but itself called alike."""

        def masked(term: str) -> str:
            return ("_:a" if term == label else "_:z") if term.startswith(_BLANK) else term

        return _sha256(
            "".join(
                sorted(
                    _line(masked(quad.subject), quad.predicate, masked(quad.object), masked(quad.graph))
                    for quad in self._quads[label]
                )
            )
        )

    def _hash_related(self, related: str, quad: Quad, issuer: Issuer, position: str) -> str:
        """4.7."""
        identifier = self._canonical.get(related) or issuer.get(related) or self._first_degree[related]
        predicate = "" if position == "g" else quad.predicate
        return _sha256(position + predicate + identifier)

    def _related(self, label: str, issuer: Issuer) -> Iterator[tuple[str, list[str]]]:
        """4.8.3, steps 1 to 3: the blank nodes around one, by hash."""
        found: dict[str, list[str]] = defaultdict(list)
        self._spend(len(self._quads[label]))
        for quad in self._quads[label]:
            for position, term in (("s", quad.subject), ("o", quad.object), ("g", quad.graph)):
                if term.startswith(_BLANK) and term != label:
                    found[self._hash_related(term, quad, issuer, position)].append(term)
        return iter(sorted(found.items()))

    def _hash_n_degree(self, label: str, issuer: Issuer) -> tuple[str, Issuer]:
        """4.8: the hash of a blank node's surroundings, and the identifiers issued on the best path through them."""
        data = []
        for digest, labels in self._related(label, issuer):
            best: tuple[str, Issuer] | None = None
            for order in permutations(labels):
                self._spend(len(order) + len(issuer))
                walked = self._walk(order, dict(issuer), best[0] if best else None)
                if walked is not None and (best is None or walked[0] < best[0]):
                    best = walked
            if best is not None:
                data.append(digest + best[0])
                issuer = best[1]
        return _sha256("".join(data)), issuer

    def _walk(self, order: Iterable[str], issuer: Issuer, best: str | None) -> tuple[str, Issuer] | None:
        """4.8.3, steps 5.4.1 to 5.4.5: the path that visits related nodes in this order; None if it can't be best."""
        path = ""
        unvisited = []
        for related in order:
            if related in self._canonical:
                path += self._canonical[related]
            else:
                if related not in issuer:
                    unvisited.append(related)
                path += _issue(issuer, related, "b")
        if _is_beaten(path, best):
            return None
        for related in unvisited:
            digest, returned = self._hash_n_degree(related, issuer)
            path += _issue(issuer, related, "b") + f"<{digest}>"
            issuer = returned
            if _is_beaten(path, best):
                return None
        return path, issuer


def _issue(issuer: Issuer, label: str, prefix: str) -> str:
    """4.5: the identifier of a label, a new one where it has none yet."""
    return issuer.setdefault(label, f"{_BLANK}{prefix}{len(issuer)}")


def _is_beaten(path: str, best: str | None) -> bool:
    return best is not None and len(path) >= len(best) and path > best
