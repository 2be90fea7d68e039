"""Having the newest checkpoint cosigned by the witnesses that the settings name."""

from __future__ import annotations

from collections.abc import Sequence

from registry.services.context import Registry
from registry.services.cosign import Answer, ConfiguredWitness, request_cosignatures
from registry.services.log.read import consistency_between
from registry.store import log


def cosign_newest(registry: Registry, witnesses: Sequence[ConfiguredWitness]) -> list[Answer]:
    """Ask those witnesses that have not cosigned the newest checkpoint yet, and keep what they sign.

    Returns all their answers; those with a problem can be asked again. Raises StorageUnavailable.
    """
    with registry.database.read() as connection:
        head = log.newest_head(connection)
        cosigned = log.cosigned_sizes(connection)
    if head is None or head.size == 0:
        return []
    missing = [one for one in witnesses if cosigned.get(one.key.vkey, 0) < head.size]
    size = head.size

    def prove(old: int) -> list[bytes]:
        with registry.database.read() as connection:
            return consistency_between(connection, old, size)

    answers = request_cosignatures(missing, head.note, cosigned, prove)
    with registry.database.transaction() as connection:
        for answer in answers:
            if answer.signature is not None:
                log.insert_cosignature(connection, size, answer.witness.key.vkey, answer.signature.line)
    return answers
