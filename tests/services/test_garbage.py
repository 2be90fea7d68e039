"""The search for cycles of garbage is put off for batches, and never for good."""

from __future__ import annotations

import gc
from contextlib import ExitStack

import pytest

from registry.services.garbage import collected_later


def test_it_is_put_off_and_goes_on() -> None:
    assert gc.isenabled()
    with collected_later():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error() -> None:
    with pytest.raises(ValueError, match="wrong"), collected_later():
        raise ValueError("wrong")
    assert gc.isenabled()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_it_goes_on_after_two_batches_at_once_whichever_ends_first(order: tuple[int, int]) -> None:
    batches = [ExitStack(), ExitStack()]
    for batch in batches:
        batch.enter_context(collected_later())
    for number in order:
        batches[number].close()
    assert gc.isenabled()


def test_who_has_put_it_off_for_himself_is_left_alone() -> None:
    gc.disable()
    try:
        with collected_later():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
