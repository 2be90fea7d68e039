"""Importing a file of certificates: as a whole, in one transaction, or not at all.

A process that dies in the middle leaves nothing behind but places in the status lists that stay empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import groupby, islice

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from registry.domain.errors import Conflict
from registry.services.bulk.checked_file import CheckedFile, Progress, nothing_more, unseen
from registry.services.bulk.judge import BATCH, read_order
from registry.services.bulk.judge import Order as Request
from registry.services.context import Actor, Registry, Verb, audit
from registry.services.draft import Draft, Order, Pen, authorization_for, draft, open_pen, sign_ahead
from registry.services.issue import signing_time, store_signed
from registry.services.log.integrate import integrate_at_once
from registry.services.status_places import reserve_places
from registry.store.status_lists import StatusPlace


def import_checked(
    registry: Registry,
    actor: Actor,
    checked: CheckedFile,
    progress: Progress = unseen,
    finish: Callable[[Connection], None] = nothing_more,
) -> None:
    """Issue all new certificates of a checked file; `finish` is called at the end of the same transaction.

    Raises Conflict where the register has changed since the file was checked: check it again then. NotPermitted,
    keys.KeyStoreError.
    """
    actor.require(Verb.ISSUE)
    total = checked.counts.new
    pen = open_pen(registry, actor)
    now = signing_time(registry, pen)
    # Before the transaction, which on SQLite keeps all others from writing.
    places = iter(reserve_places(registry, total))
    try:
        with registry.database.transaction() as connection:
            done = 0
            for signed in sign_ahead(pen, _drafts(registry, pen, checked, places, now)):
                store_signed(registry, connection, actor, pen, signed)
                done += len(signed)
                progress(done, total)
            audit(connection, now, actor, "certificate.import", f"file of {total}", sha256=checked.digest)
            finish(connection)
    except IntegrityError as error:
        raise Conflict("Certificates with numbers of this file have been issued meanwhile; send it again.") from error
    integrate_at_once(registry)


def _drafts(
    registry: Registry, pen: Pen, checked: CheckedFile, places: Iterator[StatusPlace], now: datetime
) -> Iterator[Draft]:
    """The drafts of all new rows, batch by batch, each with its own reason and note."""
    requests = map(read_order, checked.requests())
    while batch := list(islice(requests, BATCH)):
        for (reason, note), group in groupby(batch, key=lambda one: (one.reason, one.note)):
            orders = [_order(pen, one) for one in group]
            yield from draft(registry, pen, orders, reason, note, now, places=islice(places, len(orders)))


def _order(pen: Pen, request: Request) -> Order:
    authorization = authorization_for(pen.authorizations, request.certificate)
    if authorization is None or (pen.accredited_only and authorization.accreditation_number is None):
        raise Conflict("What the issuer may certify has changed meanwhile; send the file again.")
    return Order(request.certificate, authorization)
