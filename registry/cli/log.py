"""`registry log`: auditing the public log, mirroring it, and checking proofs from it."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import click

from keys import KeyStoreError
from registry.cli.terminal import MAX_FILE_BYTES, VerifierKeyText, progress_bar, with_registry_to_read
from registry.domain.errors import RegistryError
from registry.formats.canonical_json import MalformedJson
from registry.formats.signed_note import VerifierKey
from registry.formats.tlog_proof import MAX_PROOF_SIZE, InvalidLogProof, MalformedLogProof, TrustPolicy
from registry.services.context import Registry
from registry.services.log.audit import Audit, audit_log
from registry.services.log.check_proof import CheckedProof, check_proof
from registry.services.log.fetch import HttpLog
from registry.services.log.keys import verifier_keys
from registry.services.log.mirror import LogMisbehaves, mirror_log


class _Undecided(click.ClickException):
    """The question could not be answered, which is not the same as 'no'."""

    exit_code = 2


class _AuditingGroup(click.Group):
    """Exits with 1 where the answer is bad, and with 2 where there is none."""

    def invoke(self, ctx: click.Context) -> Any:
        """Raises click.ClickException."""
        try:
            return super().invoke(ctx)
        except (LogMisbehaves, InvalidLogProof) as error:
            raise click.ClickException(str(error)) from error
        except RegistryError as error:
            raise _Undecided(error.diagnostics()) from error
        except KeyStoreError as error:
            raise _Undecided(str(error)) from error
        except MalformedLogProof as error:
            raise _Undecided(f"The proof can't be read: {error}.") from error
        except MalformedJson as error:
            raise _Undecided(f"The credential can't be read: {error}.") from error


@click.group(cls=_AuditingGroup)
def log() -> None:
    """The public log: audit it, mirror it, check proofs from it (docs/log.md).

    'mirror' and 'check-proof' are for everybody and need no settings. All exit with 0 when all is well, with 1 when it
    is not, and with 2 when that could not be found out.
    """


@log.command()
@click.option("--mirror", type=click.Path(file_okay=False, path_type=Path), help="Compare with a mirror's folder too.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_registry_to_read
def verify(registry: Registry, mirror: Path | None, as_json: bool) -> None:
    """Audit the whole log against the database: every entry, tile and checkpoint, and every act in the register."""
    with progress_bar("Auditing") as progress:
        found = audit_log(registry, mirror, progress)
    click.echo(_audit_as_json(found) if as_json else _audit_as_text(found))
    sys.exit(1 if found.findings else 0)


@log.command()
@click.argument("url")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--vkey", "keys", multiple=True, required=True, type=VerifierKeyText(), help="A key of the log.")
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="Downloads at the same time.")
def mirror(url: str, folder: Path, keys: tuple[VerifierKey, ...], threads: int) -> None:
    """Copy the log at URL (https://…/log) into FOLDER and verify all of it; run it again to go on.

    A log that contradicts what it has signed before is refused, and the evidence kept. Any web server can serve the
    folder as it is.
    """
    with progress_bar("Mirroring") as progress:
        done = mirror_log(HttpLog(url), folder, keys, progress, threads)
    added = done.checkpoint.size - done.before
    click.echo(f"{done.checkpoint.origin}: {done.checkpoint.size:,} entries, {added:,} of them new, all verified.")


@log.command("check-proof")
@click.argument("file", type=click.File("rb"))
@click.option("--vkey", "keys", multiple=True, required=True, type=VerifierKeyText(), help="A key of the log.")
@click.option("--credential", type=click.File("rb"), help="The document that the proof must be about.")
@click.option("--witness", "witnesses", multiple=True, type=VerifierKeyText(), help="A witness key that you trust.")
@click.option("--quorum", type=click.IntRange(0), help="How many of them must have cosigned.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def check(
    file: Any,
    keys: tuple[VerifierKey, ...],
    credential: Any,
    witnesses: tuple[VerifierKey, ...],
    quorum: int | None,
    as_json: bool,
) -> None:
    """Check the tlog-proof in FILE offline: that its entry is in the log that signs with the key."""
    policy = TrustPolicy(keys, witnesses, len(witnesses) if quorum is None else quorum)
    document = credential.read(MAX_FILE_BYTES) if credential is not None else None
    found = check_proof(file.read(MAX_PROOF_SIZE + 1), policy, document)
    click.echo(_proof_as_json(found) if as_json else _proof_as_text(found))


@log.command()
@with_registry_to_read
def vkey(registry: Registry) -> None:
    """Print the log's verifier keys, one a line: what mirrors, witnesses and checkers of proofs must be told."""
    for key in verifier_keys(registry):
        click.echo(key.vkey)


def _audit_as_text(found: Audit) -> str:
    lines = [f"{finding.kind:10}  {finding.text}" for finding in found.findings]
    more = sum(found.counts.values()) - len(found.findings)
    if more:
        lines.append(f"and {more:,} more of the same kinds")
    compared = f"{found.size:,} entries and {found.certificates:,} certificates compared"
    waiting = f", {found.waiting:,} acts wait for their place" if found.waiting else ""
    verdict = "The log and the register do NOT agree" if found.findings else "The log and the register agree"
    return "\n".join([*lines, f"{verdict}: {compared}{waiting}. Root: {b64encode(found.root).decode()}"])


def _audit_as_json(found: Audit) -> str:
    answer = {
        "agree": not found.findings,
        "size": found.size,
        "root": b64encode(found.root).decode(),
        "certificates": found.certificates,
        "waiting": found.waiting,
        "counts": found.counts,
        "findings": [{"kind": finding.kind, "text": finding.text} for finding in found.findings],
    }
    return json.dumps(answer, ensure_ascii=False)


def _proof_as_text(found: CheckedProof) -> str:
    checkpoint = found.inclusion.checkpoint
    lines = [f"Entry {found.index} of {checkpoint.origin}, at size {checkpoint.size}:"]
    lines += [f"  {name:12} {value}" for name, value in found.entry.items()]
    lines += [f"  cosigned by  {one.key.name}" for one in found.inclusion.cosignatures]
    return "\n".join(lines)


def _proof_as_json(found: CheckedProof) -> str:
    answer = {
        "origin": found.inclusion.checkpoint.origin,
        "size": found.inclusion.checkpoint.size,
        "index": found.index,
        "entry": found.entry,
        "cosigned_by": [one.key.name for one in found.inclusion.cosignatures],
    }
    return json.dumps(answer, ensure_ascii=False)
