"""Ten thousand certificates in one call, against `cryptography` that verifies as many signatures alone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import orjson

from registry.services.context import Registry, RelyingParty, Scope
from registry.services.judge import Moment
from registry.services.portfolio.items import MAX_ITEMS, read_items
from registry.services.portfolio.verify import PortfolioVerifier
from registry.services.verify import Verifier
from registry.web.portfolio_answers import item_verdict

_ANYBODY = RelyingParty("benchmark", 0, "benchmark", frozenset(Scope))


def items_a_second(registry: Registry, public_ids: Sequence[str]) -> float:
    """From the body of the request to the last byte of the answer, with no signature remembered."""
    body = orjson.dumps([{"public_id": one} for one in public_ids[:MAX_ITEMS]])
    verifier = PortfolioVerifier(registry, Verifier(registry, 0).log)
    begin = time.perf_counter()
    moment = Moment.present(registry.now())
    chunks = verifier.verify(_ANYBODY, read_items(orjson.loads(body)), moment, item_verdict)
    counted = Counter(verdict for chunk in chunks for verdict, _ in chunk)
    elapsed = time.perf_counter() - begin
    if counted.keys() != {"valid"}:
        raise RuntimeError(f"not all are valid: {counted}")
    return counted.total() / elapsed
