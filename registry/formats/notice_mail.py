"""Notices as an e-mail (RFC 5322): plain text, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from registry.domain.notices import NoticeKind


@dataclass(frozen=True, slots=True)
class MailedNotice:
    """What a line of the mail says: what is told about which day, of which certificate."""

    kind: NoticeKind
    about: date
    public_id: str
    number: str
    holder: str


_TITLES: Mapping[NoticeKind, tuple[str, str]] = {
    NoticeKind.EXPIRY: ("证书即将到期", "Certificates that end soon"),
    NoticeKind.SURVEILLANCE_DUE: ("监督审核即将到期", "Surveillance audits that are due"),
    NoticeKind.SUSPENSION_NEAR: (
        "监督审核逾期，证书将被暂停",
        "Certificates that will be suspended: their surveillance audits are overdue",
    ),
    NoticeKind.SUSPENDED: (
        "因未按期监督审核，证书已被暂停",
        "Certificates that were suspended: their surveillance audits were missed",
    ),
    NoticeKind.TRANSFERRED: (
        "已转至其他认证机构",
        "Certifications that another certification body has accepted",
    ),
}
# What is worst first.
_ORDER = (
    NoticeKind.SUSPENDED,
    NoticeKind.SUSPENSION_NEAR,
    NoticeKind.TRANSFERRED,
    NoticeKind.SURVEILLANCE_DUE,
    NoticeKind.EXPIRY,
)


def notice_mail(
    base_url: str,
    message_id: str,
    sender: str,
    recipients: Sequence[str],
    issuer: str,
    notices: Sequence[MailedNotice],
    at: datetime,
) -> EmailMessage:
    """One mail with all of these notices.

    Raises ValueError for an address that is none or would begin another header.
    """
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = message_id
    message["Date"] = format_datetime(at)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = f"{len(notices)} 条证书通知 / {len(notices)} notices about certificates"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(_lines(base_url, issuer, notices)) + "\n", cte="base64")
    return message


def _lines(base_url: str, issuer: str, notices: Sequence[MailedNotice]) -> list[str]:
    lines = [f"{issuer}：", "", f"来自 {base_url} 的通知。", f"Notices from {base_url}.", ""]
    for kind in _ORDER:
        of_kind = [one for one in notices if one.kind is kind]
        if of_kind:
            lines += [*_TITLES[kind], ""]
            for one in of_kind:
                lines += [f"  {one.about}  {one.number}  {one.holder}", f"    {base_url}/v/{one.public_id}"]
            lines.append("")
    return lines
