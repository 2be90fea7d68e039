"""A file of certificates through the command line, as an operator sends it."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from registry.formats.certificate_table import COLUMNS, cells_of
from registry.formats.credential import stated_terms
from registry.services.context import Registry
from registry.services.find import stored_document
from tests.benchmarks.data import certificate

_COMMAND = (sys.executable, "-c", "from registry.cli import main; main()")


def write_file(path: Path, first: int, count: int) -> None:
    """A CSV of `count` certificates that nobody has issued, from a serial number on."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in COLUMNS])
        for serial in range(first, first + count):
            writer.writerow(cells_of({"certificate": stated_terms(certificate(serial))}))


def import_seconds(path: Path, environment: Mapping[str, str]) -> float:
    """How long the command takes, from its start to its end."""
    command = (*_COMMAND, "import", str(path), "--issuer", "bench")
    begin = time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def signing_seconds(registry: Registry, public_id: str, count: int) -> float:
    """How long `cryptography` alone signs as many messages of the size of a credential, on one core."""
    signer = registry.keys.signer("bench-1", registry.now())
    message = os.urandom(len(stored_document(registry, public_id)[1]))
    begin = time.perf_counter()
    for _ in range(count):
        signer.sign(message)
    return time.perf_counter() - begin
