"""Verifying a portfolio: up to 10,000 items a call, in chunks of set queries.

The rules are those of services/judge.py, as for a single certificate. What is kept in memory at a time is one chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from registry.domain.lifecycle import Status
from registry.domain.verdict import Verdict
from registry.services.context import Registry, RelyingParty, Scope
from registry.services.judge import Judge, Moment, Verification, check_seal
from registry.services.log.seen import SeenByLog
from registry.services.portfolio.chunk import Chunk, Document, Matched, read_chunk
from registry.services.portfolio.items import Item
from registry.services.portfolio.names import NameDifference, compare_names
from registry.store.verification import VerificationRow

CHUNK = 500
_T = TypeVar("_T")


class Certified(NamedTuple):
    """A certificate that an item fits, verified, and how the given name departs from the holder's, if it does."""

    found: Verification
    name: NameDifference | None


class ItemVerdict(NamedTuple):
    """What came of one item.

    `verdict`: that of the one certificate that fits; `unknown` where none does; None where several do and it is not for
    the registry to choose. `fitting`: how many fit; `certificates` are the newest of them. `problem`: why an item could
    not be read.
    """

    position: int
    item: Item
    verdict: Verdict | None
    fitting: int
    certificates: tuple[Certified, ...]
    problem: str | None = None


class PortfolioVerifier:
    """Verifies many items against one registry. `log` is shared with the verifier of single certificates."""

    def __init__(self, registry: Registry, log: SeenByLog) -> None:
        self._registry = registry
        self._log = log

    def verify(
        self, party: RelyingParty, items: Iterable[Item], moment: Moment, tell: Callable[[ItemVerdict], _T]
    ) -> Iterator[list[_T]]:
        """What `tell` makes of each item's verdict, in the order of the items, a chunk at a time.

        Raises NotPermitted, at once.
        """
        party.require(Scope.VERIFY)
        return self._chunks(items, moment, tell)

    def _chunks(self, items: Iterable[Item], moment: Moment, tell: Callable[[ItemVerdict], _T]) -> Iterator[list[_T]]:
        numbered = enumerate(items)
        while part := list(islice(numbered, CHUNK)):
            chunk = read_chunk(self._registry, [item for _, item in part], moment)
            self._log.prepare(row.log_index for row in chunk.rows.values() if row.log_index is not None)
            judge = Judge(self._log, chunk)

            yield [
                tell(_verdict(judge, chunk, moment, position, item, matched))
                for (position, item), matched in zip(part, chunk.matched, strict=True)
            ]


def _verdict(judge: Judge, chunk: Chunk, moment: Moment, position: int, item: Item, matched: Matched) -> ItemVerdict:
    if matched.problem is not None:
        return ItemVerdict(position, item, Verdict.UNKNOWN, 0, (), matched.problem)
    rows = [chunk.rows[key] for key in matched.keys]
    if matched.document is not None:
        found = _judge_document(judge, chunk, moment, matched.document, rows)
        return ItemVerdict(position, item, found.verdict, len(rows), (_certified(item, found),))
    judged = [judge.row(row, check_seal(row.document, row.public_key), moment) for row in rows]
    if len(judged) > 1:
        judged = _without_other_versions(rows, judged)
    fitting = matched.fitting if matched.fitting > len(rows) else len(judged)
    verdict = judged[0].verdict if fitting == 1 else None if judged else Verdict.UNKNOWN
    return ItemVerdict(position, item, verdict, fitting, tuple(_certified(item, one) for one in judged))


def _judge_document(
    judge: Judge, chunk: Chunk, moment: Moment, handed_in: Document, rows: Sequence[VerificationRow]
) -> Verification:
    """The same steps as for a single one (services/verify.py)."""
    registered = None
    for row in rows:
        registered = judge.row(row, check_seal(row.document, row.public_key), moment)
        if handed_in.canonical == row.document:
            return registered
    key = chunk.keys.get(handed_in.verification_method or "")
    return judge.foreign(handed_in.document, key, registered, moment)


def _without_other_versions(rows: Sequence[VerificationRow], judged: Sequence[Verification]) -> list[Verification]:
    """Of each certificate's versions the one that counts: the oldest that none has taken the place of."""
    counting: dict[int, Verification] = {}
    for row, one in zip(rows, judged, strict=True):
        first = row.first_version_id or row.key
        superseded = one.status is not None and one.status.status is Status.SUPERSEDED
        if first not in counting or not superseded:
            counting[first] = one
    return list(counting.values())


def _certified(item: Item, found: Verification) -> Certified:
    if item.name is None or found.document is None:
        return Certified(found, None)
    holder = found.terms.get("holder")
    names = holder.get("name") if isinstance(holder, dict) else None
    registered = [one for one in names.values() if isinstance(one, str)] if isinstance(names, dict) else []
    return Certified(found, compare_names(item.name, registered))
