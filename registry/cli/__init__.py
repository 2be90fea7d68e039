"""The command `registry`: the same services as the web, at the terminal. One module a group of commands."""

from __future__ import annotations

import click

from registry.cli.accreditations import accreditation
from registry.cli.api_keys import apikey
from registry.cli.approvals import approvals
from registry.cli.audit import audit
from registry.cli.bulk import acts, export, import_file, template
from registry.cli.bundle import bundle
from registry.cli.certificates import ACTS, call_off, history, issue_file, reissue
from registry.cli.demo import demo
from registry.cli.follow_up import notices, policy, surveillance
from registry.cli.issuers import issuer
from registry.cli.keys import keys
from registry.cli.log import log
from registry.cli.own_key import own_key, prepare_file, submit_file
from registry.cli.parties import party
from registry.cli.prints import print_certificates
from registry.cli.reports import report
from registry.cli.server import init, serve
from registry.cli.terminal import RefusingGroup
from registry.cli.transfers import accept, hand_over, keep
from registry.cli.users import user
from registry.cli.verify import verify
from registry.cli.witness import witness
from registry.cli.worker import worker


@click.group(cls=RefusingGroup)
@click.version_option(package_name="certification-registry")
def main() -> None:
    """A public registry of signed certification credentials.

    Settings come from the environment: REGISTRY_DATABASE_URL, REGISTRY_BASE_URL, REGISTRY_DATA_DIR,
    REGISTRY_KEY_PASSPHRASE or REGISTRY_KEY_PASSPHRASE_FILE, and others that the README lists.

    Begin with 'registry demo' to look around, or with 'registry init', 'registry issuer add' and 'registry serve'.
    """


_COMMANDS = (
    init,
    serve,
    demo,
    issuer,
    accreditation,
    user,
    apikey,
    party,
    issue_file,
    prepare_file,
    submit_file,
    *ACTS,
    reissue,
    call_off,
    accept,
    hand_over,
    keep,
    history,
    surveillance,
    policy,
    notices,
    print_certificates,
    import_file,
    acts,
    export,
    template,
    verify,
    bundle,
    keys,
    own_key,
    log,
    audit,
    approvals,
    report,
    witness,
    worker,
)
for _command in _COMMANDS:
    main.add_command(_command)
