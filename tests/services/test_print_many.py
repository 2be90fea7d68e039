"""Many certificates into a ZIP: all that were asked for, in names that are safe, and what could not be printed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import Engine, event, select, update

from registry.domain.errors import NotPermitted
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import Text
from registry.formats.pdf_attachment import credential_in_pdf
from registry.services.change_status import change_status
from registry.services.context import Actor, Registry, operator
from registry.services.find import Filters, stored_document
from registry.services.issue import issue
from registry.services.issuer_look import set_look
from registry.services.print_certificate import print_certificate
from registry.services.print_many import NOT_PRINTED, Printed, print_zip
from registry.services.verify import Verifier
from registry.store.models import Certificate, Credential
from tests.conftest import sample_certificate
from tests.formats.printed import pages_of


def archive(registry: Registry, actor: Actor, filters: Filters | None = None, processes: int = 1) -> ZipFile:
    run = print_zip(registry, actor, filters or Filters(), processes=processes)
    return ZipFile(BytesIO(b"".join(run.parts)))


@pytest.fixture
def issued(registry: Registry, actor: Actor) -> list[str]:
    return [issue(registry, actor, sample_certificate(f"A-{number}")).public_id for number in range(3)]


def test_each_file_is_the_certificate_as_it_is_printed_alone(
    registry: Registry, actor: Actor, issued: list[str]
) -> None:
    set_look(registry, actor, "modern", "#0b6540")
    made = archive(registry, actor)
    assert made.testzip() is None
    assert made.namelist() == [f"A-{number}_{public_id}.pdf" for number, public_id in enumerate(issued)]
    for name, public_id in zip(made.namelist(), issued, strict=True):
        assert made.read(name) == print_certificate(registry, Verifier(registry, 0), public_id).pdf
        assert credential_in_pdf(made.read(name)) == stored_document(registry, public_id)[1]


def test_several_processes_give_the_same_archive(sqlite_registry: Registry) -> None:
    cqc = operator(sqlite_registry, "cqc")
    for number in range(20):
        issue(sqlite_registry, cqc, sample_certificate(f"A-{number}"))
    told: list[Printed] = []
    one, two = (
        b"".join(print_zip(sqlite_registry, cqc, Filters(), processes=processes, progress=told.append).parts)
        for processes in (1, 2)
    )
    assert one == two
    assert len(told) == 40


def test_only_what_is_asked_for_and_only_the_issuers_own(registry: Registry, actor: Actor, issued: list[str]) -> None:
    other = operator(registry, "other")
    issue(registry, other, sample_certificate("B-1"))
    change_status(registry, actor, issued[0], Act.SUSPEND, Reason.SURVEILLANCE_OVERDUE)
    assert len(archive(registry, actor, Filters(Status.VALID)).namelist()) == 2
    suspended = archive(registry, actor, Filters(Status.SUSPENDED))
    assert suspended.namelist() == [f"A-0_{issued[0]}.pdf"]
    assert "暂停" in pages_of(suspended.read(suspended.namelist()[0]))[0]
    assert len(archive(registry, other).namelist()) == 1
    assert archive(registry, actor, Filters(issued_from=date(2030, 1, 1))).namelist() == []


@pytest.mark.parametrize("number", ["../../etc/passwd", "..", "C:\\x", "a/b", "-rf", "编号（1）", ".hidden", 'x"y<z'])
def test_no_number_leads_out_of_the_folder(sqlite_registry: Registry, number: str) -> None:
    cqc = operator(sqlite_registry, "cqc")
    public_id = issue(sqlite_registry, cqc, sample_certificate(number)).public_id
    (name,) = archive(sqlite_registry, cqc).namelist()
    assert name.endswith(f"_{public_id}.pdf")
    assert not set(name) & set('/\\:"<>()（）')
    assert not name.startswith(".")
    assert ".." not in name


def test_what_can_not_be_printed_is_named_and_stops_nothing(
    registry: Registry, actor: Actor, issued: list[str]
) -> None:
    strange = issue(registry, actor, sample_certificate("S", scope=Text("生产😀")))
    altered = stored_document(registry, issued[1])[1].replace("宁波华丰".encode(), "上海华丰".encode())
    with registry.database.transaction() as connection:
        key = select(Certificate.id).where(Certificate.public_id == issued[1]).scalar_subquery()
        connection.execute(update(Credential).where(Credential.certificate_id == key).values(document=altered))
    told: list[Printed] = []
    run = print_zip(registry, actor, Filters(), processes=1, progress=told.append)
    made = ZipFile(BytesIO(b"".join(run.parts)))
    assert run.total == len(told) == 4
    assert len(made.namelist()) == 3
    lines = made.read(NOT_PRINTED).decode().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"A-1\t{issued[1]}\t")
    assert lines[1].startswith(f"S\t{strange.public_id}\t")
    assert "U+1F600" in lines[1]


def test_who_may_not_read_may_not_print(sqlite_registry: Registry) -> None:
    with pytest.raises(NotPermitted):
        print_zip(sqlite_registry, Actor("nobody", 1, frozenset()), Filters())


def test_queries_do_not_grow_with_the_certificates(registry: Registry, actor: Actor) -> None:
    def asked() -> int:
        count = 0

        def counted(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            nonlocal count
            # The part of the log that is still growing, 255 entries at most, is proven for each anew.
            count += "FROM log_" not in statement

        event.listen(Engine, "before_cursor_execute", counted)
        names = archive(registry, actor).namelist()
        event.remove(Engine, "before_cursor_execute", counted)
        assert names
        return count

    issue(registry, actor, sample_certificate("A-0"))
    few = asked()
    for number in range(1, 9):
        issue(registry, actor, sample_certificate(f"A-{number}"))
    assert asked() <= few


def test_nothing_is_made_before_somebody_takes_it(registry: Registry, actor: Actor, issued: list[str]) -> None:
    told: list[Printed] = []
    parts: Iterator[bytes] = print_zip(registry, actor, Filters(), processes=1, progress=told.append).parts
    assert told == []
    next(parts)
    assert len(told) == 1
