"""`registry bundle`: what a closed network needs, fetched where there is a connection."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from registry.cli.terminal import VerifierKeyText
from registry.domain.errors import InvalidInput, Violation
from registry.formats.signed_note import VerifierKey
from registry.formats.tlog_proof import TrustPolicy
from registry.formats.trust_bundle import MAX_BUNDLE_BYTES, MalformedBundle, TrustBundle, open_bundle, read_bundle
from registry.services.trust_bundle import fetch_bundle


@click.group()
def bundle() -> None:
    """Trust bundles: keys, status lists and the log's checkpoint, for verifying without a connection."""


@bundle.command("fetch")
@click.argument("address")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--log-key", "log_keys", multiple=True, type=VerifierKeyText(), help="A log key that you trust.")
@click.option("--witness", "witnesses", multiple=True, type=VerifierKeyText(), help="A witness key that you trust.")
@click.option("--quorum", type=click.IntRange(0), help="How many of them must have cosigned.  [default: all]")
def fetch(
    address: str,
    file: Path,
    log_keys: tuple[VerifierKey, ...],
    witnesses: tuple[VerifierKey, ...],
    quorum: int | None,
) -> None:
    """Fetch the trust bundle of the registry at ADDRESS, check all that is signed in it, and keep it in FILE."""
    trusted = None
    if log_keys or witnesses or quorum:
        trusted = TrustPolicy(log_keys, witnesses, len(witnesses) if quorum is None else quorum)
    body = fetch_bundle(address, trusted)
    partial = file.with_name(file.name + ".part")
    try:
        partial.write_bytes(body)
        partial.replace(file)
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}") from error
    click.echo(_told(file))


@bundle.command("show")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def show(file: Path) -> None:
    """Tell what is in a trust bundle, after checking all that is signed in it."""
    click.echo(_told(file))


def open_file(file: Path) -> TrustBundle:
    """A bundle from a file. Raises InvalidInput."""
    try:
        with file.open("rb") as opened:
            return open_bundle(read_bundle(opened.read(MAX_BUNDLE_BYTES + 1)))
    except (OSError, MalformedBundle) as error:
        raise InvalidInput([Violation((), f"{file}: {error}")]) from error


def _told(file: Path) -> str:
    opened = open_file(file)
    good_until = min((one.valid_until for one in opened.lists.values()), default=None)
    lines = [
        f"{opened.registry}, as of {opened.made_at:%Y-%m-%d %H:%M} UTC",
        f"  {len(opened.issuers)} issuers, {sum(len(one.keys) for one in opened.issuers.values())} keys",
        f"  {len(opened.lists)} status lists" + (f", good until {good_until:%Y-%m-%d %H:%M} UTC" if good_until else ""),
        f"  log of {opened.checkpoint.size} entries, cosignatures of trusted witnesses: {len(opened.cosignatures)}",
    ]
    if not opened.policy.witnesses:
        lines.append("  no witness was named: the log is believed for the registry's own signature alone")
    # To be compared where the file arrives.
    lines.append(f"  sha256 {hashlib.sha256(file.read_bytes()).hexdigest()}")
    return "\n".join(lines)
