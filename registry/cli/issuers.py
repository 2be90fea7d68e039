"""`registry issuer`: certification bodies."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click

from keys import Custody
from registry.cli.terminal import DAY, operators_name, with_registry, with_registry_to_read
from registry.domain.certificate import Authorization
from registry.domain.look import TEMPLATES
from registry.domain.schemes import SCHEMES, Text
from registry.formats.data_integrity import Cryptosuite
from registry.formats.logo import MAX_LOGO_BYTES
from registry.services import four_eyes, issuer_look, manage_issuers
from registry.services.context import Registry, operator


@click.group()
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
@click.option("--from", "valid_from", type=DAY, required=True, help="First day of the authorization.")
@click.option("--accreditation-body")
@click.option("--accreditation-number")
@click.option(
    "--custody",
    type=click.Choice([one.value for one in Custody]),
    default=Custody.FILE.value,
    help="Where its key is made: in a file, on the token, or by the issuer itself (docs/own-keys.md).",
)
@with_registry
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
    custody: str,
) -> None:
    """Register a certification body under CODE, and make its first key."""
    day: date = valid_from.date()
    granted = [Authorization(one, day, None, accreditation_body, accreditation_number) for one in schemes]
    name, address = Text(name_zh, name_en), Text(address_zh, address_en)
    manage_issuers.add_issuer(
        registry, code, name, address, mark, granted, website, operators_name(), custody=Custody(custody)
    )
    click.echo(f"Issuer {code} is registered: {registry.base_url}/issuers/{code}")


@issuer.command("authorize")
@click.argument("code")
@click.option("--scheme", required=True, type=click.Choice(list(SCHEMES)))
@click.option("--from", "valid_from", type=DAY, required=True, help="First day of the authorization.")
@click.option("--until", "valid_until", type=DAY, help="Last day, where there is one.")
@click.option("--accreditation-body")
@click.option("--accreditation-number")
@with_registry
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
    manage_issuers.add_authorization(registry, code, granted, operators_name())
    click.echo(f"{code} may certify {scheme}.")


@issuer.command("cryptosuite")
@click.argument("code")
@click.argument("suite", type=click.Choice([str(one) for one in Cryptosuite]))
@with_registry
def set_cryptosuite(registry: Registry, code: str, suite: str) -> None:
    """Choose what the certification body CODE signs its certificates with from now on.

    eddsa-jcs-2022, over the JSON, is what new bodies have. eddsa-rdfc-2022, over RDF, takes a hundred times as long and
    is for those whose relying parties can check nothing else (docs/decisions/0008).
    """
    manage_issuers.set_cryptosuite(registry, code, Cryptosuite(suite), operators_name())
    click.echo(f"{code} signs with {suite} from now on. What is signed already stays as it is.")


@issuer.command("look")
@click.argument("code")
@click.option("--template", type=click.Choice(TEMPLATES))
@click.option("--colour", metavar="#RRGGBB", help="Of lines, titles and the seal.")
@with_registry_to_read
def set_look(registry: Registry, code: str, template: str | None, colour: str | None) -> None:
    """Choose how the printed certificates of the certification body CODE look; without options: tell."""
    actor = operator(registry, code, operators_name())
    if template is None and colour is None:
        look = issuer_look.look(registry, code)
    else:
        look = issuer_look.set_look(registry, actor, template, colour and colour.lower())
    click.echo(f"{code}: {look.template}, {look.colour}, {'with a logo' if look.logo else 'without a logo'}")


@issuer.command("logo")
@click.argument("code")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--remove", is_flag=True, help="Print without a logo.")
@with_registry_to_read
def set_logo(registry: Registry, code: str, file: Any, remove: bool) -> None:
    """Print the picture in FILE (PNG, JPEG or SVG) on the certificates of the certification body CODE.

    An SVG may have shapes and gradients; text has to be turned into outlines.
    """
    if (file is None) != remove:
        raise click.UsageError("Give a file, or --remove.")
    content = None if file is None else file.read(MAX_LOGO_BYTES + 1)
    issuer_look.set_logo(registry, operator(registry, code, operators_name()), content)
    click.echo(f"Certificates of {code} are printed {'without a' if remove else 'with this'} logo from now on.")


@issuer.command("four-eyes")
@click.argument("code")
@click.argument("switch", type=click.Choice(["on", "off"]))
@with_registry
def set_four_eyes(registry: Registry, code: str, switch: str) -> None:
    """Have withdrawals and bulk acts of the certification body CODE wait for a second officer (docs/audit.md)."""
    four_eyes.set_for(registry, operators_name(), code, switch == "on")
    click.echo(
        f"Withdrawals and bulk acts of {code} {'wait' if switch == 'on' else 'do not wait'} for a second officer."
    )


@issuer.command("list")
@with_registry
def list_issuers(registry: Registry) -> None:
    """List certification bodies."""
    for one in manage_issuers.list_issuers(registry):
        click.echo(f"{one.code:20} {one.cryptosuite}  {one.name.zh} {one.name.en or ''}")
