"""`registry demo`: everything set up, with sample data."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from shlex import quote
from urllib.parse import unquote

import click

from registry.beside import worker_beside
from registry.cli.terminal import progress_bar
from registry.domain.errors import Misconfigured
from registry.domain.lifecycle import Status
from registry.serve import require_free_port, serve_forever
from registry.services import api_keys, find, set_up
from registry.services.context import CERTIFICATE_VERBS, Registry, open_registry, operator
from registry.services.sample.bank import sample_bank
from registry.services.sample.load import load_samples
from registry.services.sample.people import sample_people
from registry.settings import read_settings

_DEMO_ISSUER = "cqc-sample"
_FOR_THE_COMMAND_LINE = ("REGISTRY_DATA_DIR", "REGISTRY_BASE_URL", "REGISTRY_KEY_PASSPHRASE_FILE")


@click.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--enterprises", default=2000, show_default=True, help="How many sample enterprises.")
@click.option("--serve/--no-serve", "run_server", default=True, help="Start the server at the end.")
def demo(port: int, enterprises: int, run_server: bool) -> None:
    """Set up a registry with sample data and run it: nothing else is needed."""
    if run_server:
        require_free_port("127.0.0.1", port)
    chosen = "REGISTRY_BASE_URL" in os.environ
    _demo_environment(port)
    registry = open_registry(read_settings(os.environ))
    try:
        set_up.initialize(registry)
    except set_up.MadeForAnotherAddress as error:
        if chosen:
            raise
        made_for = unquote(error.did).rpartition(":")[2]
        folder = registry.settings.data_dir
        advice = f"remove that folder, or use --port {made_for}"
        raise Misconfigured(f"The demo in {folder} was made for another port: {advice}.") from error
    with progress_bar("Sample certificates") as progress:
        load_samples(registry, enterprises, progress)
    token = api_keys.create_api_key(registry, _DEMO_ISSUER, CERTIFICATE_VERBS, "demo")
    click.echo(_demo_guide(registry, token))
    click.echo(_people_guide(registry))
    click.echo(_bank_guide(registry))
    registry.database.close()
    if run_server:
        click.echo("The server runs until you press Ctrl+C.")
        with worker_beside():
            serve_forever(registry.settings, "127.0.0.1", port, 1)


def _demo_environment(port: int) -> None:
    """Settings of the demo, where the environment has none: a folder of its own, and a passphrase of its own."""
    folder = Path(os.environ.setdefault("REGISTRY_DATA_DIR", str(Path("var/demo").resolve())))
    os.environ.setdefault("REGISTRY_BASE_URL", f"http://127.0.0.1:{port}")
    # Signing in takes a password alone until somebody sets a second factor up.
    os.environ.setdefault("REGISTRY_SECOND_FACTOR", "optional")
    if "REGISTRY_KEY_PASSPHRASE" in os.environ or "REGISTRY_KEY_PASSPHRASE_FILE" in os.environ:
        return
    folder.mkdir(parents=True, exist_ok=True)
    passphrase = folder / "passphrase"
    if not passphrase.exists():
        passphrase.touch(mode=0o600)
        passphrase.write_text(secrets.token_urlsafe(32), "utf-8")
    os.environ["REGISTRY_KEY_PASSPHRASE_FILE"] = str(passphrase)


def _demo_guide(registry: Registry, token: str) -> str:
    """What to open, and a request that changes something."""
    actor = operator(registry, _DEMO_ISSUER)
    base = registry.base_url
    lines = ["", "The registry is set up with sample data. Open:", "", f"  Home page          {base}/"]
    example = None
    for status in (Status.VALID, Status.SUSPENDED, Status.WITHDRAWN, Status.SUPERSEDED, Status.EXPIRED):
        page = find.list_certificates(registry, actor, find.Filters(status, "gbt19001-2016"), None, 1)
        for item in page.items:
            lines.append(f"  {status.capitalize():10} example {base}/v/{item.certificate.public_id}")
            example = example or item.certificate.public_id
    lines += [
        f"  API documentation  {base}/api/",
        "",
        f"Withdraw the valid one with this API key of {_DEMO_ISSUER}, and look at its page again:",
        "",
        f"  curl -X POST {base}/api/v1/certificates/{example}/withdraw \\",
        f"    -H 'Authorization: Bearer {token}' \\",
        "    -H 'Content-Type: application/json' -d '{\"reason\": \"misuse_of_mark\"}'",
        "",
        "For the command line on this registry ('registry verify', 'registry keys list') in another terminal:",
        "",
        *(f"  export {name}={quote(os.environ[name])}" for name in _FOR_THE_COMMAND_LINE if name in os.environ),
        "",
    ]
    return "\n".join(lines)


def _bank_guide(registry: Registry) -> str:
    """A relying party to try things as."""
    code, token = sample_bank(registry)
    lines = [
        f"The sample bank {code} has an API key for all that relying parties can do:",
        "",
        f"  curl {registry.base_url}/api/v1/party -H 'Authorization: Bearer {token}'",
        "",
    ]
    return "\n".join(lines)


def _people_guide(registry: Registry) -> str:
    """How to sign in to the console."""
    password, people = sample_people(registry, _DEMO_ISSUER)
    lines = [
        f"Sign in to the console of {_DEMO_ISSUER} at {registry.base_url}/console/ with one of these addresses:",
        "",
        *(f"  {role:14} {email}" for role, email in people),
        "",
        f"  Password       {password}",
        "",
        "It is new each time the demo starts. The account page sets a second factor up; elsewhere than in the demo",
        "nobody signs in without one.",
        "",
    ]
    return "\n".join(lines)
