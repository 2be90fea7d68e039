"""Printing: from the signed document, as it stands now, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from registry.domain.errors import Conflict, NotFound
from registry.domain.public_id import MalformedPublicId, grouped, new_public_id
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.domain.verdict import Verdict
from registry.formats.pdf_attachment import credential_in_pdf
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry
from registry.services.find import stored_document
from registry.services.issue import issue
from registry.services.print_certificate import print_certificate
from registry.services.verify import Verifier
from registry.services.versions import reissue
from registry.store.models import Certificate, Credential
from tests.conftest import BASE_URL, Clock, sample_certificate
from tests.formats.printed import codes_on, pages_of


def printed(registry: Registry, public_id: str) -> bytes:
    return print_certificate(registry, Verifier(registry, 0), public_id).pdf


def test_a_printed_certificate_verifies_and_leads_to_its_page(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    made = print_certificate(registry, Verifier(registry, 0), grouped(public_id).lower())
    assert made.public_id == public_id
    credential = credential_in_pdf(made.pdf)
    assert credential == stored_document(registry, public_id)[1]
    assert Verifier(registry, 0).document(credential).verdict is Verdict.VALID
    assert codes_on(made.pdf) == [f"{BASE_URL}/v/{public_id}"]


def test_it_is_the_same_file_until_the_status_changes(registry: Registry, actor: Actor, clock: Clock) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    first = printed(registry, public_id)
    clock.advance(days=3)
    assert printed(registry, public_id) == first
    change_status(registry, actor, public_id, Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    suspended = pages_of(printed(registry, public_id))
    assert all("暂停" in page and "2026年3月5日" in page for page in suspended)
    change_status(registry, actor, public_id, Act.RESTORE, Reason.CORRECTIVE_ACTION_VERIFIED)
    assert printed(registry, public_id) == first


def test_what_has_run_out_or_been_replaced_is_marked(registry: Registry, actor: Actor, clock: Clock) -> None:
    old = issue(registry, actor, sample_certificate()).public_id
    new = reissue(registry, actor, old, sample_certificate(scope=Text("注塑件的生产")), Reason.CORRECTION).public_id
    assert "已被替换" in pages_of(printed(registry, old))[0]
    assert "revision2" in pages_of(printed(registry, new))[0]
    clock.advance(days=1000)
    assert "已过期" in pages_of(printed(registry, new))[0]


def test_the_words_come_from_the_signed_document_and_from_no_column(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    with registry.database.transaction() as connection:
        connection.execute(update(Certificate).values(holder_name="某某公司", holder_name_en="Somebody"))
    text = "".join(pages_of(printed(registry, public_id)))
    assert "宁波华丰精密机械有限公司" in text
    assert "某某公司" not in text


def test_what_fails_its_own_check_is_not_printed(registry: Registry, actor: Actor) -> None:
    public_id = issue(registry, actor, sample_certificate()).public_id
    altered = stored_document(registry, public_id)[1].replace("宁波华丰".encode(), "上海华丰".encode())
    with registry.database.transaction() as connection:
        connection.execute(update(Credential).values(document=altered))
    with pytest.raises(Conflict, match="fails the registry's own check"):
        printed(registry, public_id)


def test_a_character_that_can_not_be_drawn_is_told(registry: Registry, actor: Actor) -> None:
    certificate = replace(sample_certificate(), scope=Text("生产😀"))
    public_id = issue(registry, actor, certificate).public_id
    with pytest.raises(Conflict, match=r"can't be printed.*U\+1F600"):
        printed(registry, public_id)


def test_what_is_not_registered_is_not_printed(sqlite_registry: Registry) -> None:
    with pytest.raises(NotFound):
        printed(sqlite_registry, new_public_id(bytes(16)))
    with pytest.raises(MalformedPublicId):
        printed(sqlite_registry, "../../etc/passwd")
