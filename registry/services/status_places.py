"""Giving each new certificate its place in the status lists."""

from __future__ import annotations

import secrets
from array import array

from sqlalchemy.exc import IntegrityError

from registry.services.context import Registry
from registry.store import status_lists as store
from registry.store.status_lists import StatusPlace


def reserve_places(registry: Registry, count: int) -> list[StatusPlace]:
    """`count` places that nobody was given before or will be given again, in one list or over several.

    Transactions of its own, before anything is signed: the certificate carries its place. Places of certificates
    that are not stored in the end stay empty, which tells nobody anything.
    """
    places: list[StatusPlace] = []
    while len(places) < count:
        with registry.database.transaction() as connection:
            taken = store.take_places(connection, count - len(places))
        if not taken:
            _open_list(registry)
        places += taken
    return places


def prepare_places(registry: Registry) -> None:
    """See that there is a list with places left, so that the first certificate need not wait for one."""
    with registry.database.read() as connection:
        left = store.places_left(connection)
    if not left:
        _open_list(registry)


def _open_list(registry: Registry) -> None:
    """Open a list with places in an order that nobody can guess (section 2.1: indexes are assigned randomly)."""
    order = _random_order(registry.settings.status_list_length)
    try:
        with registry.database.transaction() as connection:
            store.add_list(connection, order, registry.now())
    except IntegrityError:
        # Somebody else has opened it at the same moment; that one serves as well.
        return


def _random_order(length: int) -> list[int]:
    """All indexes in a random order, each order as likely as any other: sorted by random numbers of 64 bits.

    A third of the time of a shuffle, which asks the system for randomness once an index.
    """
    numbers = array("Q", secrets.token_bytes(8 * length))
    return sorted(range(length), key=numbers.__getitem__)
