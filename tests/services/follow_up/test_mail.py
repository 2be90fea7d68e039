"""Notices by e-mail, to a real mail server on this machine."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from registry.domain.errors import Misconfigured
from registry.domain.notices import NoticeKind
from registry.formats.notice_mail import MailedNotice, notice_mail
from registry.services.context import Actor, Registry, operator
from registry.services.follow_up.mail import mail_notices
from registry.services.follow_up.notices import list_notices
from registry.services.follow_up.policy import change_policy
from registry.services.follow_up.remind import remind_of_ends
from registry.services.issue import issue_many
from registry.settings import MailServer, read_settings
from registry.worker import Worker
from tests.conftest import Clock, sample_certificate
from tests.services.follow_up.mail_servers import SENDER, mail_server
from tests.services.log.logs import end_of, fork
from tests.services.log.test_kill import _until

# aiosmtpd does not know that it stands behind TLS where that begins before it.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
TO = ("quality@example.org", "office@example.com.cn")


def with_mail(registry: Registry, server: MailServer) -> Registry:
    return replace(registry, settings=replace(registry.settings, mail=server))


def told(registry: Registry, actor: Actor, clock: Clock, count: int = 3, to: tuple[str, ...] = TO) -> None:
    """So many notices to the issuer `cqc`."""
    change_policy(registry, actor, {"mail_to": to})
    issue_many(registry, actor, [sample_certificate(f"M-{number:04}") for number in range(count)])
    clock.now = datetime(2027, 12, 20, 4, tzinfo=UTC)
    assert remind_of_ends(registry) == count


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_notices_are_mailed_once_in_both_languages(
    registry: Registry, actor: Actor, clock: Clock, tmp_path: Path, tls: str
) -> None:
    told(registry, actor, clock)
    with mail_server(tmp_path, tls) as (inbox, server):
        registry = with_mail(registry, server)
        assert mail_notices(registry) == 1
        assert mail_notices(registry) == 0
    (mail,), (recipients,) = inbox.mails, inbox.recipients
    assert tuple(recipients) == TO
    assert (mail["From"], mail["To"]) == (SENDER, ", ".join(TO))
    assert mail["Subject"] == "3 条证书通知 / 3 notices about certificates"
    assert mail["Message-ID"] == "<notices.cqc.1-3@registry.example>"
    body = mail.get_content()
    for words in ("证书即将到期", "Certificates that end soon", "M-0002", "宁波华丰", "https://registry.example/v/"):
        assert words in body


def test_without_a_mail_server_or_recipients_notices_are_only_listed(
    registry: Registry, actor: Actor, clock: Clock, tmp_path: Path
) -> None:
    told(registry, actor, clock, to=())
    assert mail_notices(registry) == 0
    with mail_server(tmp_path) as (inbox, server):
        mailing = with_mail(registry, server)
        assert mail_notices(mailing) == 0
        # What was told before there was anybody to mail it to stays where it is.
        change_policy(registry, actor, {"mail_to": TO})
        assert mail_notices(mailing) == 0
    assert inbox.mails == []
    assert len(list_notices(registry, actor, 0, 10)) == 3


def test_old_news_is_not_mailed_when_a_server_is_set_up(
    registry: Registry, actor: Actor, clock: Clock, tmp_path: Path
) -> None:
    told(registry, actor, clock)
    clock.advance(days=8)
    with mail_server(tmp_path) as (inbox, server):
        assert mail_notices(with_mail(registry, server)) == 0
    assert inbox.mails == []


def test_each_issuer_gets_its_own(registry: Registry, actor: Actor, clock: Clock, tmp_path: Path) -> None:
    told(registry, actor, clock, 1)
    other = operator(registry, "other")
    change_policy(registry, other, {"mail_to": ("theirs@example.org",)})
    issue_many(registry, other, [sample_certificate("OTHER-1")])
    remind_of_ends(registry)
    with mail_server(tmp_path) as (inbox, server):
        assert mail_notices(with_mail(registry, server)) == 2
    by_recipient = dict(zip([one[0] for one in inbox.recipients], inbox.mails, strict=True))
    assert "OTHER-1" in by_recipient["theirs@example.org"].get_content()
    assert "OTHER-1" not in by_recipient[TO[0]].get_content()


def test_many_notices_go_in_several_mails(sqlite_registry: Registry, clock: Clock, tmp_path: Path) -> None:
    told(sqlite_registry, operator(sqlite_registry, "cqc"), clock, 450)
    with mail_server(tmp_path) as (inbox, server):
        registry = with_mail(sqlite_registry, server)
        assert [mail_notices(registry) for _ in range(4)] == [1, 1, 1, 0]
    assert [mail["Message-ID"].split(".")[2].split("@")[0] for mail in inbox.mails] == ["1-200", "201-400", "401-450"]
    assert sum(mail.get_content().count("/v/") for mail in inbox.mails) == 450


def test_what_the_server_refuses_is_tried_again_later(
    sqlite_registry: Registry, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    actor = operator(sqlite_registry, "cqc")
    told(sqlite_registry, actor, clock)
    with mail_server(tmp_path) as (inbox, server):
        registry = with_mail(sqlite_registry, server)
        inbox.answer = "451 full at the moment"
        assert mail_notices(registry) == 0
        assert "full at the moment" in caplog.text
        inbox.answer = "250 kept"
        assert mail_notices(registry) == 0
        issue_many(registry, actor, [sample_certificate("LATER")])
        remind_of_ends(registry)
        clock.advance(minutes=10)
        assert mail_notices(registry) == 1
        assert inbox.mails[-1]["Message-ID"] == "<notices.cqc.1-3@registry.example>"
        assert mail_notices(registry) == 1
    assert "a password" not in caplog.text


def test_one_bad_address_keeps_nothing_from_the_others(
    sqlite_registry: Registry, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told(sqlite_registry, operator(sqlite_registry, "cqc"), clock)
    with mail_server(tmp_path) as (inbox, server):
        inbox.refused = {TO[0]}
        assert mail_notices(with_mail(sqlite_registry, server)) == 1
    assert inbox.recipients == [[TO[1]]]
    assert TO[0] in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        {"password": "another"},
        {"ca_file": None},
        {"host": "localhost.invalid"},
        {"port": 9},
        {"tls": "tls"},
    ],
)
def test_what_keeps_from_mailing_is_said_in_a_line(
    sqlite_registry: Registry, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture, change: dict[str, object]
) -> None:
    told(sqlite_registry, operator(sqlite_registry, "cqc"), clock)
    with mail_server(tmp_path) as (inbox, server):
        assert mail_notices(with_mail(sqlite_registry, replace(server, **change))) == 0  # type: ignore[arg-type]
    assert inbox.mails == []
    (record,) = [one for one in caplog.records if one.name.startswith("registry.")]
    assert "can't be mailed" in record.getMessage()
    assert "another" not in record.getMessage()


def test_a_server_without_tls_gets_no_password(sqlite_registry: Registry, clock: Clock, tmp_path: Path) -> None:
    told(sqlite_registry, operator(sqlite_registry, "cqc"), clock)
    with mail_server(tmp_path, "off", None) as (inbox, server):
        # Asked to talk securely with one that can't, it does not talk at all.
        assert mail_notices(with_mail(sqlite_registry, replace(server, tls="starttls"))) == 0
        clock.advance(minutes=10)
        assert mail_notices(with_mail(sqlite_registry, server)) == 1
    assert len(inbox.mails) == 1


def test_a_worker_killed_at_any_step_loses_no_mail_and_sends_the_same_one_again(
    registry: Registry, actor: Actor, clock: Clock, tmp_path: Path
) -> None:
    told(registry, actor, clock)
    with mail_server(tmp_path) as (inbox, server):
        registry = with_mail(registry, server)
        for step in range(1, 60):
            ended = end_of(fork(registry, _until(step, mail_notices)))
            clock.advance(minutes=6)
            if ended == 0:
                break
            assert ended == -signal.SIGKILL
            if inbox.mails and mail_notices(registry) == 0:
                break
        else:
            pytest.fail("it never came to its end")
    assert step > 4
    assert len(inbox.mails) >= 1
    assert {mail["Message-ID"] for mail in inbox.mails} == {"<notices.cqc.1-3@registry.example>"}


def test_no_text_of_a_certificate_makes_a_header(tmp_path: Path) -> None:
    notice = MailedNotice(NoticeKind.EXPIRY, date(2028, 1, 7), "X" * 15, "N-1\r\nBcc: a@b.example", "甲\n乙")
    at = datetime(2027, 12, 20, 4, tzinfo=UTC)
    mail = notice_mail("https://registry.example", "<1@registry.example>", SENDER, TO, "机构\nBcc: c", [notice], at)
    assert mail["Bcc"] is None
    assert b"\nBcc" not in mail.as_bytes()
    with pytest.raises(ValueError, match="linefeed"):
        notice_mail("https://registry.example", "<1@x>", SENDER, ("a@b.example\nBcc: c@d.example",), "-", [notice], at)


def test_the_worker_watches_reminds_and_mails(sqlite_registry: Registry, clock: Clock, tmp_path: Path) -> None:
    actor = operator(sqlite_registry, "cqc")
    change_policy(sqlite_registry, actor, {"mail_to": TO})
    issue_many(sqlite_registry, actor, [sample_certificate()])
    clock.now = datetime(2027, 12, 20, 4, tzinfo=UTC)
    with mail_server(tmp_path) as (inbox, server):
        worker = Worker(with_mail(sqlite_registry, server))
        worker.follow_up(0.0)
        worker.follow_up(59.0)
        assert len(inbox.mails) == 1
        worker.follow_up(60.0)
    assert len(inbox.mails) == 2
    assert {one.kind for one in list_notices(sqlite_registry, actor, 0, 10)} == {
        NoticeKind.EXPIRY,
        NoticeKind.SURVEILLANCE_DUE,
    }
    assert clock.now - timedelta(days=1) < clock.now


GOOD = {"REGISTRY_SMTP_HOST": "mail.example.org", "REGISTRY_SMTP_FROM": SENDER}


def test_the_mail_server_is_set_up_by_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("very secret\n")
    assert read_settings({}).mail is None
    assert read_settings(GOOD).mail == MailServer("mail.example.org", SENDER)
    tls = {**GOOD, "REGISTRY_SMTP_TLS": "tls", "REGISTRY_SMTP_USER": "me", "REGISTRY_SMTP_PASSWORD_FILE": str(secret)}
    found = read_settings(tls).mail
    assert found == MailServer("mail.example.org", SENDER, 465, "tls", "me", "very secret")
    assert "very secret" not in repr(found)


@pytest.mark.parametrize(
    "wrong",
    [
        {"REGISTRY_SMTP_FROM": ""},
        {"REGISTRY_SMTP_FROM": "a@example.org\nBcc: b@example.org"},
        {"REGISTRY_SMTP_TLS": "maybe"},
        {"REGISTRY_SMTP_USER": "me"},
        {"REGISTRY_SMTP_PASSWORD": "secret"},
        {"REGISTRY_SMTP_USER": "me", "REGISTRY_SMTP_PASSWORD": "secret", "REGISTRY_SMTP_TLS": "off"},
        {"REGISTRY_SMTP_PORT": "70000"},
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match="REGISTRY_SMTP_") as refused:
        read_settings({**GOOD, **wrong})
    assert "secret" not in str(refused.value)
