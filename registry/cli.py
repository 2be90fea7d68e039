"""The command `registry`: the same services as the web, at the terminal."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click

from keys import KeyStoreError
from registry.domain.certificate import Authorization
from registry.domain.errors import InvalidInput, RegistryError, StorageUnavailable, Violation
from registry.domain.lifecycle import Status
from registry.domain.public_id import MalformedPublicId, grouped
from registry.domain.reasons import REASONS, Act, Reason
from registry.domain.schemes import SCHEMES, Text
from registry.domain.verdict import Verdict
from registry.formats.certificate_request import read_issue_request
from registry.serve import require_free_port, serve_forever
from registry.services import api_keys, change_status, find, manage_issuers, set_up
from registry.services.context import Registry, Verb, open_registry, operator, operator_for
from registry.services.issue import issue
from registry.services.sample.load import load_samples
from registry.services.verify import Verification, Verifier
from registry.settings import read_settings

P = ParamSpec("P")
_DEMO_ISSUER = "cqc-sample"
_MAX_FILE_BYTES = 10_485_760
_DAY = click.DateTime(["%Y-%m-%d"])


class _NotFoundOut(click.ClickException):
    """The question could not be answered, which is not the same as 'no'."""

    exit_code = 2


class _RefusingGroup(click.Group):
    """Prints one line and exits with 1 where the registry refuses; a traceback is for mistakes of ours."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RegistryError as error:
            raise click.ClickException(error.diagnostics()) from error
        except KeyStoreError as error:
            raise click.ClickException(str(error)) from error


def _with_registry(command: Callable[Concatenate[Registry, P], None]) -> Callable[P, None]:
    """Hand the command the registry that the environment describes, if it is ready."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        registry = open_registry(read_settings(os.environ))
        set_up.require_ready(registry)
        command(registry, *args, **kwargs)

    return run


@click.group(cls=_RefusingGroup)
@click.version_option(package_name="certification-registry")
def main() -> None:
    """A public registry of signed certification credentials.

    Settings come from the environment: REGISTRY_DATABASE_URL, REGISTRY_BASE_URL, REGISTRY_DATA_DIR,
    REGISTRY_KEY_PASSPHRASE or REGISTRY_KEY_PASSPHRASE_FILE, and others that the README lists.

    Begin with 'registry demo' to look around, or with 'registry init', 'registry issuer add' and 'registry serve'.
    """


@main.command()
def init() -> None:
    """Prepare the database and the registry's own key. Safe to repeat, and needed after an upgrade."""
    made = set_up.initialize(open_registry(read_settings(os.environ)))
    click.echo("The database is up to date" + (", and the registry has its first key." if made else "."))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=os.cpu_count() or 1, show_default="one a core", help="Processes.")
@_with_registry
def serve(registry: Registry, host: str, port: int, workers: int) -> None:
    """Run the web server."""
    registry.keys.check()
    registry.database.close()
    serve_forever(registry.settings, host, port, workers)


@main.command()
@click.option("--port", default=8000, show_default=True)
@click.option("--enterprises", default=2000, show_default=True, help="How many sample enterprises.")
@click.option("--serve/--no-serve", "run_server", default=True, help="Start the server at the end.")
def demo(port: int, enterprises: int, run_server: bool) -> None:
    """Set up a registry with sample data and run it: nothing else is needed."""
    if run_server:
        require_free_port("127.0.0.1", port)
    _demo_environment(port)
    registry = open_registry(read_settings(os.environ))
    set_up.initialize(registry)
    with click.progressbar(length=1, label="Sample certificates", file=sys.stderr) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        load_samples(registry, enterprises, progress)
    token = api_keys.create_api_key(registry, _DEMO_ISSUER, Verb, "demo")
    click.echo(_demo_guide(registry, token))
    registry.database.close()
    if run_server:
        click.echo("The server runs until you press Ctrl+C.")
        serve_forever(registry.settings, "127.0.0.1", port, 1)


def _demo_environment(port: int) -> None:
    """Settings of the demo, where the environment has none: a folder of its own, and a passphrase of its own."""
    folder = Path(os.environ.setdefault("REGISTRY_DATA_DIR", str(Path("var/demo").resolve())))
    os.environ.setdefault("REGISTRY_BASE_URL", f"http://127.0.0.1:{port}")
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
    ]
    return "\n".join(lines)


@main.group()
def issuer() -> None:
    """Certification bodies."""


@issuer.command("add")
@click.argument("code")
@click.option("--name-zh", required=True)
@click.option("--name-en")
@click.option("--address-zh", required=True)
@click.option("--address-en")
@click.option("--mark", required=True, help="The certification mark, as text.")
@click.option("--website")
@click.option("--scheme", "schemes", multiple=True, required=True, type=click.Choice(list(SCHEMES)))
@click.option("--from", "valid_from", type=_DAY, required=True, help="First day of the authorization.")
@click.option("--accreditation-body")
@click.option("--accreditation-number")
@_with_registry
def add_issuer(
    registry: Registry,
    code: str,
    name_zh: str,
    name_en: str | None,
    address_zh: str,
    address_en: str | None,
    mark: str,
    website: str | None,
    schemes: tuple[str, ...],
    valid_from: datetime,
    accreditation_body: str | None,
    accreditation_number: str | None,
) -> None:
    """Register a certification body under CODE, and make its first key."""
    day: date = valid_from.date()
    granted = [Authorization(one, day, None, accreditation_body, accreditation_number) for one in schemes]
    name, address = Text(name_zh, name_en), Text(address_zh, address_en)
    manage_issuers.add_issuer(registry, code, name, address, mark, granted, website)
    click.echo(f"Issuer {code} is registered: {registry.base_url}/issuers/{code}")


@issuer.command("authorize")
@click.argument("code")
@click.option("--scheme", required=True, type=click.Choice(list(SCHEMES)))
@click.option("--from", "valid_from", type=_DAY, required=True, help="First day of the authorization.")
@click.option("--until", "valid_until", type=_DAY, help="Last day, where there is one.")
@click.option("--accreditation-body")
@click.option("--accreditation-number")
@_with_registry
def authorize_issuer(
    registry: Registry,
    code: str,
    scheme: str,
    valid_from: datetime,
    valid_until: datetime | None,
    accreditation_body: str | None,
    accreditation_number: str | None,
) -> None:
    """Allow the certification body CODE a further scheme."""
    end = valid_until and valid_until.date()
    granted = Authorization(scheme, valid_from.date(), end, accreditation_body, accreditation_number)
    manage_issuers.add_authorization(registry, code, granted)
    click.echo(f"{code} may certify {scheme}.")


@issuer.command("list")
@_with_registry
def list_issuers(registry: Registry) -> None:
    """List certification bodies."""
    for one in manage_issuers.list_issuers(registry):
        click.echo(f"{one.code:20} {one.name.zh} {one.name.en or ''}")


@main.group()
def apikey() -> None:
    """API keys of issuers."""


@apikey.command("create")
@click.option("--issuer", "issuer_code", required=True)
@click.option("--verb", "verbs", multiple=True, type=click.Choice([verb.value for verb in Verb]), help="Default: all.")
@click.option("--label", default="", help="What it is for.")
@click.option("--expires", type=_DAY, help="The day (UTC) on which it ends.")
@_with_registry
def create_api_key(
    registry: Registry, issuer_code: str, verbs: tuple[str, ...], label: str, expires: datetime | None
) -> None:
    """Make an API key. It is shown once and can't be had again."""
    allowed = [Verb(verb) for verb in verbs] or list(Verb)
    end = expires and expires.replace(tzinfo=UTC)
    click.echo(api_keys.create_api_key(registry, issuer_code, allowed, label, end))


@apikey.command("list")
@click.option("--issuer", "issuer_code", required=True)
@_with_registry
def list_api_keys(registry: Registry, issuer_code: str) -> None:
    """List an issuer's API keys: public part, state, verbs, label. Secrets can't be shown."""
    for one in api_keys.list_api_keys(registry, issuer_code):
        state = "active" if api_keys.is_usable(one, registry.now()) else "ended"
        click.echo(f"{one.key_id}  {state:7} {one.created_at:%Y-%m-%d}  {' '.join(one.verbs)}  {one.label}")


@apikey.command("revoke")
@click.argument("key")
@_with_registry
def revoke_api_key(registry: Registry, key: str) -> None:
    """End an API key, named by its public part (the middle one)."""
    api_keys.revoke_api_key(registry, key)
    click.echo("Revoked.")


@main.command("issue")
@click.argument("file", type=click.File("rb"))
@click.option("--issuer", "issuer_code", required=True)
@_with_registry
def issue_file(registry: Registry, file: Any, issuer_code: str) -> None:
    """Issue the certificate in FILE ('-': standard input), JSON as the API takes it."""
    request = read_issue_request(file.read(_MAX_FILE_BYTES))
    row = issue(registry, operator(registry, issuer_code), **request)
    click.echo(f"{grouped(row.public_id)}  {registry.base_url}/v/{row.public_id}")


def _act_command(act: Act) -> None:
    """One command for each act on a certificate."""

    @main.command(act.value, help=f"{act.value.capitalize()} the certificate with this public ID.")
    @click.argument("public_id", metavar="ID")
    @click.option("--reason", required=True, type=click.Choice(sorted(reason.value for reason in REASONS[act])))
    @click.option("--note", help="Needed with the reason 'other'; never made public.")
    @_with_registry
    def run(registry: Registry, public_id: str, reason: str, note: str | None) -> None:
        actor = operator_for(registry, public_id)
        done = change_status.change_status(registry, actor, public_id, act, Reason(reason), note=note)
        click.echo(f"{grouped(done.certificate.public_id)} is {done.status.status} now.")


for _act in (Act.SUSPEND, Act.RESTORE, Act.WITHDRAW, Act.CANCEL):
    _act_command(_act)


@main.command()
@click.argument("what", metavar="ID-OR-FILE")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@_with_registry
def verify(registry: Registry, what: str, as_json: bool) -> None:
    """Verify a public id, or a credential in a file.

    Exits with 0 when it is valid, with 1 when it is not, and with 2 when that could not be found out.
    """
    verifier = Verifier(registry, remembered=0)
    try:
        found = _verify_what(verifier, what)
    except (MalformedPublicId, InvalidInput, StorageUnavailable) as error:
        raise _NotFoundOut(error.diagnostics()) from error
    click.echo(_as_json(found) if as_json else _as_text(found))
    sys.exit(0 if found.verdict is Verdict.VALID else 1)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # No file can have such a name.
        return False


def _verify_what(verifier: Verifier, what: str) -> Verification:
    path = Path(what)
    if _is_file(path):
        with path.open("rb") as file:
            body = file.read(_MAX_FILE_BYTES + 1)
        if len(body) > _MAX_FILE_BYTES:
            raise InvalidInput([Violation((), f"{what} is larger than {_MAX_FILE_BYTES} bytes: no credential")])
        return verifier.document(body)
    if "." in what or "/" in what:
        raise InvalidInput([Violation((), f"there is no file {what}")])
    return verifier.by_public_id(what)


def _as_text(found: Verification) -> str:
    lines = [found.verdict.value]
    if found.terms:
        holder = found.terms.get("holder", {}).get("name", {})
        lines.append(f"  {found.terms.get('number')}  {holder.get('zh')}  {holder.get('en') or ''}")
    lines += [f"  {one.name:10} {one.outcome.replace('_', ' '):12} {one.detail}" for one in found.checks]
    lines += [f"  differs at {one.pointer}: {one.registered!r} became {one.presented!r}" for one in found.differences]
    return "\n".join(lines)


def _as_json(found: Verification) -> str:
    checks = {one.name.value: {"result": one.outcome.value, "finding": one.finding.value} for one in found.checks}
    answer = {"verdict": found.verdict.value, "public_id": found.public_id, "checks": checks}
    return json.dumps(answer, ensure_ascii=False)


@main.group()
def keys() -> None:
    """Signing keys of issuers and of the registry itself ('registry')."""


@keys.command("list")
@_with_registry
def list_keys(registry: Registry) -> None:
    """List all keys with their state."""
    for record in registry.keys.records():
        click.echo(f"{record.name:24} {record.purpose:9} {record.state:12} {record.created_at:%Y-%m-%d}")


@keys.command("create")
@click.argument("owner")
@_with_registry
def create_key(registry: Registry, owner: str) -> None:
    """Make and publish a further key of OWNER, which signs from now on."""
    click.echo(f"Key {manage_issuers.create_key(registry, owner).name} is published.")


@keys.command("rotate")
@click.argument("owner")
@_with_registry
def rotate_key(registry: Registry, owner: str) -> None:
    """Make a new key of OWNER and retire the older ones. What they signed stays good."""
    click.echo(f"Key {manage_issuers.rotate_key(registry, owner).name} signs from now on.")


@keys.command("retire")
@click.argument("name")
@_with_registry
def retire_key(registry: Registry, name: str) -> None:
    """Let the key NAME sign no more. What it signed stays good."""
    click.echo(f"Key {manage_issuers.retire_key(registry, name).name} is retired.")


@keys.command("compromise")
@click.argument("name")
@click.option("--since", type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]), required=True, help="In UTC.")
@_with_registry
def compromise_key(registry: Registry, name: str, since: datetime) -> None:
    """Declare that others may have signed with the key NAME since a time."""
    manage_issuers.mark_key_compromised(registry, name, since.replace(tzinfo=UTC))
    click.echo(f"Certificates that {name} signed since {since:%Y-%m-%d %H:%M:%S} UTC are invalid now.")
