"""`registry own-key`: at the issuer's side, a key that no registry has; `prepare` and `submit` at the registry's."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from keys import Custody, FileKeyStore
from registry.cli.terminal import MAX_FILE_BYTES, operators_name, printable, with_registry
from registry.domain.errors import InvalidInput, Violation
from registry.domain.public_id import grouped
from registry.formats import canonical_json
from registry.formats.canonical_json import JsonObject, MalformedJson
from registry.formats.certificate_request import read_issue_request
from registry.formats.multikey import encode_public_key
from registry.services import own_key_signing, prepare, submit
from registry.services.context import Registry, open_keys, operator
from registry.settings import read_settings

_OUTPUT = click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="A file; else the terminal."
)


@click.group("own-key")
def own_key() -> None:
    """Keys that an issuer keeps, on its own machine: no registry and no network is needed. docs/own-keys.md."""


@own_key.command("create")
@click.argument("name")
@click.option("--issuer", required=True, help="The issuer's DID: did:web:registry.example.org:issuers:CODE")
@click.option(
    "--custody",
    type=click.Choice([Custody.FILE.value, Custody.TOKEN.value]),
    default=Custody.FILE.value,
    help="In the key folder, or on the PKCS#11 token.",
)
def create_own_key(name: str, issuer: str, custody: str) -> None:
    """Make the key NAME for one issuer, and print its public half."""
    record = own_key_signing.make_own_key(_keys(), name, issuer, Custody(custody), datetime.now(UTC))
    click.echo(encode_public_key(record.public_key))


@own_key.command("sign")
@click.argument("name")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--request", type=click.File("rb"), help="Sign only if it says what stands in this request, as it was sent."
)
@_OUTPUT
def sign_file(name: str, file: Any, request: Any, output: Path | None) -> None:
    """Sign with the key NAME what a registry handed out in FILE: a challenge, or a prepared certificate.

    Anything else is refused. What is signed is told on the way.
    """
    wanted = read_issue_request(request.read(MAX_FILE_BYTES))["certificate"] if request else None
    signed = own_key_signing.sign_handed_out(_keys(), name, file.read(MAX_FILE_BYTES), datetime.now(UTC), wanted)
    for line in signed.summary:
        click.echo(printable(line), err=True)
    write_json(signed.document, output)


@click.command("prepare")
@click.argument("file", type=click.File("rb"))
@click.option("--issuer", "issuer_code", required=True)
@click.option("--key", help="The name of one of its own keys; the newest unless told.")
@click.option("--replaces", metavar="ID", help="The certificate that it will supersede, for the reason in FILE.")
@_OUTPUT
@with_registry
def prepare_file(
    registry: Registry, file: Any, issuer_code: str, key: str | None, replaces: str | None, output: Path | None
) -> None:
    """Check the certificate in FILE, JSON as for 'registry issue', and hand out what its issuer has to sign."""
    request = read_issue_request(file.read(MAX_FILE_BYTES))
    actor = operator(registry, issuer_code, operators_name())
    prepared = prepare.prepare(registry, actor, **request, key=key, replaces=replaces)
    public_key = encode_public_key(prepared.key.published.public_key)
    handed_out = {
        "public_id": prepared.public_id,
        "number": prepared.number,
        "key": {"name": prepared.key.name, "public_key_multibase": public_key},
        **prepared.request.as_json(),
        "expires_at": prepared.expires_at.isoformat(),
    }
    write_json(handed_out, output)


@click.command("submit")
@click.argument("file", type=click.File("rb"))
@click.option("--issuer", "issuer_code", required=True)
@with_registry
def submit_file(registry: Registry, file: Any, issuer_code: str) -> None:
    """Issue a prepared certificate by the credential in FILE, which its issuer has signed."""
    credential = read_json_object(file.read(MAX_FILE_BYTES))
    public_id = str(credential.get("id", "")).rpartition("/")[2]
    row = submit.submit(registry, operator(registry, issuer_code, operators_name()), public_id, credential)
    click.echo(f"{grouped(row.public_id)}  {registry.base_url}/v/{row.public_id}")


def read_json_object(text: bytes) -> JsonObject:
    """Raises InvalidInput."""
    try:
        found = canonical_json.parse(text)
    except MalformedJson as error:
        raise InvalidInput([Violation((), str(error))]) from error
    if not isinstance(found, dict):
        raise InvalidInput([Violation((), "a JSON object is wanted")])
    return found


def write_json(content: JsonObject, output: Path | None) -> None:
    """To a file, or to the terminal. Raises click.ClickException."""
    text = orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"
    if output is None:
        sys.stdout.buffer.write(text)
        return
    try:
        output.write_bytes(text)
    except OSError as error:
        raise click.ClickException(f"{output} can't be written: {error.strerror}") from error


def _keys() -> FileKeyStore:
    return open_keys(read_settings(os.environ))
