"""Python's search for cycles of garbage, put off while a batch is at work."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collected_later() -> Iterator[None]:
    """No search for cycles meanwhile, in the whole process.

    A batch makes hundreds of thousands of objects, of which none leads back to itself, and each search goes through all
    of them once more: a tenth of a batch's time. What others leave behind in these seconds is collected afterwards.
    """
    at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # Of several batches at once, the one that found it at work lets it go on.
        if at_work:
            gc.enable()
