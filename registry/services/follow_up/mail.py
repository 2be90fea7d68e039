"""Sending notices by e-mail, to whom the issuer's policy names, where the registry has a mail server.

Each mail is claimed before it is sent and settled after. A worker that dies in between leaves a claim that runs out;
the next one sends the same mail again, with the same Message-ID, by which mail programs know that they have it already.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

from registry.domain.errors import Misconfigured
from registry.formats.notice_mail import MailedNotice, notice_mail
from registry.services.context import Registry
from registry.settings import MailServer
from registry.store import notices as store
from registry.store.issuers import get_issuer
from registry.store.notices import Mailing, StoredNotice

_AT_ONCE = 200
_CLAIMED_FOR = timedelta(minutes=5)
_PUT_OFF_FOR = timedelta(minutes=10)
# What nobody could send for so long is only listed: no flood of old news when a mail server is set up.
_YOUNGER_THAN = timedelta(days=7)
_TIMEOUT_SECONDS = 15.0
_logger = logging.getLogger(__name__)


def mail_notices(registry: Registry) -> int:
    """Send what waits, one mail to each issuer with up to 200 notices; returns how many. Raises RegistryError.

    A mail that can't be sent is tried again ten minutes later.
    """
    server = registry.settings.mail
    if server is None:
        return 0
    sent = 0
    with registry.database.read() as connection:
        waiting = store.to_be_mailed(connection, registry.now())
    for mailing in waiting:
        sent += _mail(registry, server, mailing)
    return sent


def _mail(registry: Registry, server: MailServer, mailing: Mailing) -> int:
    now = registry.now()
    until = now + _CLAIMED_FOR
    bound = min(mailing.last, mailing.mailed + _AT_ONCE) if mailing.begun is None else mailing.begun
    with registry.database.transaction() as connection:
        if not store.claim_mailing(connection, mailing, bound, now, until):
            return 0
        policy = store.policy_of(connection, mailing.issuer_id).policy
        issuer = get_issuer(connection, mailing.issuer_id)
        found = store.notices_after(connection, mailing.issuer_id, mailing.mailed, bound - mailing.mailed)
    young = [one for one in found if one.recorded_at > now - _YOUNGER_THAN]
    problem = None
    if young and policy.mail_to:
        host = urlsplit(registry.base_url).hostname
        message_id = f"<notices.{issuer.code}.{mailing.mailed + 1}-{bound}@{host}>"
        mail = notice_mail(
            registry.base_url, message_id, server.sender, policy.mail_to, issuer.name.zh, _lines(young), now
        )
        problem = _send(server, mail, policy.mail_to)
    if problem is not None:
        _logger.warning("notices to %s can't be mailed: %s", issuer.code, problem)
    with registry.database.transaction() as connection:
        if problem is None:
            store.settle_mailing(connection, mailing.issuer_id, bound, until)
        else:
            store.put_off_mailing(connection, mailing.issuer_id, until, now + _PUT_OFF_FOR)
    return int(problem is None and bool(young and policy.mail_to))


def _lines(notices: Sequence[StoredNotice]) -> list[MailedNotice]:
    return [
        MailedNotice(
            one.kind, one.about, one.certificate.public_id, one.certificate.number, one.certificate.holder_name
        )
        for one in notices
    ]


def _send(server: MailServer, mail: EmailMessage, recipients: Sequence[str]) -> str | None:
    """Why it could not be sent; None where the server took it."""
    try:
        with _connected(server) as connection:
            if server.user is not None:
                connection.login(server.user, server.password or "")
            refused = connection.send_message(mail, server.sender, list(recipients))
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        # What a server answers may have anything in it, but hardly a password; one line of it is enough.
        return " ".join(str(error).split())[:300] or type(error).__name__
    for address in refused:
        _logger.warning("the mail server refuses %s", address)
    return None


def _connected(server: MailServer) -> smtplib.SMTP:
    """Raises smtplib.SMTPException, OSError, Misconfigured."""
    if server.tls == "off":
        return smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_SECONDS)
    try:
        context = ssl.create_default_context(cafile=server.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(f"REGISTRY_SMTP_CA_FILE {server.ca_file} can't be used: {error}") from error
    if server.tls == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_SECONDS, context=context)
    connection = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.starttls(context=context)
    except BaseException:
        connection.close()
        raise
    return connection
