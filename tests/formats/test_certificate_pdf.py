"""The printed certificate: every word of the credential is on it, and the credential is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from pypdf import PdfReader

from registry.domain.certificate import MAX_SITES, Certificate, Site
from registry.domain.look import TEMPLATES, Look
from registry.domain.public_id import grouped
from registry.domain.schemes import SCHEMES, Text
from registry.domain.verdict import Verdict
from registry.formats.canonical_json import canonicalize
from registry.formats.certificate_pdf import NotPrintable, certificate_pdf
from registry.formats.certificate_sheet import Standing, certificate_sheet
from registry.formats.credential import IssuerProfile, build_credential, certificate_terms
from registry.formats.pdf_attachment import credential_in_pdf
from tests.formats.certificates import BASE_URL, FULL, ISSUER, PUBLIC_ID, authorization, certificate_for
from tests.formats.printed import codes_on, drawn_pages_of, fonts_in, pages_of, without_blanks

ADDRESS = f"{BASE_URL}/v/{PUBLIC_ID}"
MADE_AT = datetime(2025, 1, 8, 4, 0, tzinfo=UTC)
IN_FORCE = Standing(Verdict.VALID)


def document_of(certificate: Certificate, issuer: IssuerProfile = ISSUER, *, accredited: bool = True) -> dict[str, Any]:
    return build_credential(certificate, issuer, authorization(certificate.scheme, accredited), PUBLIC_ID, BASE_URL)


def printed(document: dict[str, Any], standing: Standing = IN_FORCE, look: Look | None = None) -> bytes:
    sheet = certificate_sheet(document, PUBLIC_ID, ADDRESS, standing, look or Look())
    return certificate_pdf(sheet, canonicalize(document), MADE_AT)


def words_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        for one in value.values():
            yield from words_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from words_of(one)
    elif isinstance(value, str):
        yield value


def said_by(document: dict[str, Any]) -> list[str]:
    """What of a credential must be found on paper."""
    terms = certificate_terms(document)
    holder, body = terms["holder"], terms["certification_body"]
    told = [holder["name"], holder.get("address"), terms["scope"], terms.get("sites"), terms.get("accreditation")]
    told += [body["name"], body["address"], body["mark"], terms["number"], terms["standard"]]
    told += [holder.get("identifier", {}).get("value"), grouped(PUBLIC_ID), ADDRESS]
    days = [terms[name] for name in ("granted_on", "decided_on", "valid_from", "valid_until") if name in terms]
    told += [f"{int(day[:4])}年{int(day[5:7])}月{int(day[8:])}日" for day in days]
    return [without_blanks(words) for words in words_of(told)]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_word_of_the_credential_is_on_paper(scheme: str, template: str) -> None:
    document = document_of(certificate_for(scheme))
    pdf = printed(document, look=Look(template))
    for read in (pages_of, drawn_pages_of):
        text = "".join(read(pdf))
        assert [words for words in said_by(document) if words not in text] == []
    assert SCHEMES[scheme].title.zh + "证书" in pages_of(pdf)[0]


def test_the_credential_is_inside_to_the_byte_and_nothing_else() -> None:
    document = document_of(FULL)
    pdf = printed(document)
    assert credential_in_pdf(pdf) == canonicalize(document)
    attached = PdfReader(BytesIO(pdf)).attachment_list
    assert [one.name for one in attached] == [f"{PUBLIC_ID}.vc.json"]


def test_it_says_that_it_is_a_pdf_for_archives_with_an_associated_file() -> None:
    reader = PdfReader(BytesIO(printed(document_of(FULL))))
    catalogue: Any = reader.trailer["/Root"]
    metadata = catalogue["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert catalogue["/AF"][0].get_object()["/AFRelationship"] == "/Source"
    assert catalogue["/Lang"].lower() == "zh-cn"
    assert catalogue["/MarkInfo"]["/Marked"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_camera_reads_the_address_from_the_page(template: str) -> None:
    assert codes_on(printed(document_of(FULL), look=Look(template))) == [ADDRESS]


@pytest.mark.parametrize("template", TEMPLATES)
def test_fonts_are_inside_and_only_what_is_used_of_them(template: str) -> None:
    fonts = fonts_in(printed(document_of(FULL), look=Look(template)))
    assert fonts
    for name, program in fonts.items():
        assert name[7] == "+", "a subset has a tag of six letters"
        assert program is not None
        assert len(program.get_data()) < 200_000


def test_the_same_certificate_gives_the_same_bytes_and_another_status_others() -> None:
    document = document_of(FULL)
    assert printed(document) == printed(document)
    assert printed(document) != printed(document, Standing(Verdict.WITHDRAWN, date(2026, 3, 4)))


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.SUSPENDED, ("暂停", "SUSPENDED")),
        (Verdict.WITHDRAWN, ("撤销", "WITHDRAWN")),
        (Verdict.CANCELLED, ("注销", "CANCELLED")),
        (Verdict.SUPERSEDED, ("已被替换", "SUPERSEDED")),
        (Verdict.EXPIRED, ("已过期", "EXPIRED")),
        (Verdict.NOT_YET_VALID, ("尚未生效", "NOTYETVALID")),
    ],
)
def test_what_is_not_in_force_says_so_on_every_page_in_both_languages(verdict: Verdict, words: tuple[str, str]) -> None:
    plain, marked = (pages_of(printed(document_of(FULL), Standing(one))) for one in (Verdict.VALID, verdict))
    assert len(marked) == 2
    for page, without in zip(marked, plain, strict=True):
        for word in words:
            assert word in page
            assert word not in without


def test_samples_are_marked_and_others_are_not() -> None:
    sample = document_of(FULL, replace(ISSUER, code="cqc-sample", name=Text("认证中心", "Body")))
    other = document_of(FULL, replace(ISSUER, name=Text("认证中心", "Body")))
    assert all("SAMPLE" in page for page in pages_of(printed(sample)))
    assert not any("SAMPLE" in page for page in pages_of(printed(other)))


def test_without_accreditation_the_page_claims_none() -> None:
    accredited, plain = (printed(document_of(FULL, accredited=one)) for one in (True, False))
    assert "认可Accreditation" in pages_of(accredited)[0]
    assert "CNAS" in pages_of(accredited)[0]
    assert "认可" not in "".join(pages_of(plain))
    assert "CNAS" not in "".join(pages_of(plain))


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_ornament_lies_under_the_words_of_the_annex(template: str) -> None:
    annex = pypdfium2.PdfDocument(printed(document_of(FULL), look=Look(template)))[1]
    picture = annex.render(scale=0.5).to_pil().convert("L")
    middle = picture.crop((picture.width // 4, 0, picture.width * 3 // 4, picture.height)).histogram()
    assert sum(middle[:150]) < 0.06 * sum(middle)


def test_a_certificate_without_an_end_says_so() -> None:
    page = pages_of(printed(document_of(certificate_for("gbt19580-2012-case"))))[0]
    assert "长期有效Noexpirydate" in page


def test_two_hundred_sites_are_listed_with_number_and_id_on_every_page() -> None:
    sites = tuple(
        Site(
            Text(f"第{number}号工厂", f"Plant number {number}"),
            Text(f"浙江省宁波市工业路{number}号"),
            Text(f"第{number}种零件的生产", f"Production of part {number}"),
        )
        for number in range(1, MAX_SITES + 1)
    )
    document = document_of(replace(FULL, sites=sites))
    pages = pages_of(printed(document))
    assert [words for words in said_by(document) if words not in "".join(pages)] == []
    assert len(pages) > 5
    for number, page in enumerate(pages, start=1):
        assert FULL.number in page
        assert grouped(PUBLIC_ID) in page
        assert f"第{number}页，共{len(pages)}页" in page


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_longest_texts_leave_the_first_page_whole(template: str) -> None:
    long = replace(
        FULL,
        number="N" * 64,
        holder=replace(
            FULL.holder, name=Text("名" * 200, "Name " * 39 + "Name"), address=Text("址" * 200, "Road " * 39 + "Road")
        ),
        scope=Text("围" * 4000, "scope " * 666),
        sites=(),
    )
    pdf = printed(document_of(long), look=Look(template))
    pages = pages_of(pdf)
    assert "名" * 200 in pages[0]
    assert "址" * 200 in pages[0]
    assert "2028年1月7日" in pages[0]
    assert codes_on(pdf) == [ADDRESS]
    assert "见附件" in pages[0]
    assert "".join(pages[1:]).count("围") >= 4000
    assert "附件" in pages[1]


def test_a_scope_of_some_length_stays_on_the_first_page() -> None:
    middling = replace(FULL, scope=Text("汽车用注塑件的设计和生产；" * 20), sites=())
    pages = pages_of(printed(document_of(middling)))
    assert len(pages) == 1
    assert "汽车用注塑件的设计和生产；" * 20 in pages[0]


def test_rare_characters_of_names_are_drawn() -> None:
    rare = "㛃䶮𬭊𫖯龘堃喆赟翀頔祎劼𠅤"
    document = document_of(replace(FULL, holder=replace(FULL.holder, name=Text(rare, "É. Müller & Søn Łódź"))))
    text = drawn_pages_of(printed(document))[0]
    assert rare in text
    assert "É.Müller&SønŁódź" in text


@pytest.mark.parametrize("character", ["\U00030000", "😀", "\ue000", "\u0e01"])
def test_a_character_that_no_font_has_is_named_and_never_left_out(character: str) -> None:
    document = document_of(replace(FULL, scope=Text(f"生产{character}")))
    with pytest.raises(NotPrintable, match=f"U\\+{ord(character):04X}"):
        printed(document)


def test_texts_are_texts_and_never_commands() -> None:
    hostile = '#panic("x") *b* $x^2$ = [ ] { } \\ #include "/etc/passwd" "; <a> @b // c'
    document = document_of(replace(FULL, scope=Text("范围" + hostile, hostile), sites=()))
    text = drawn_pages_of(printed(document))[0]
    assert without_blanks("范围" + hostile) in text


@pytest.mark.parametrize("colour", ["#0b6540", "#7a1f1f"])
def test_the_colour_of_the_issuer_changes_the_look_and_no_word(colour: str) -> None:
    document = document_of(FULL)
    assert printed(document, look=Look(colour=colour)) != printed(document)
    assert pages_of(printed(document, look=Look(colour=colour))) == pages_of(printed(document))


def test_its_metadata_names_it_and_when_it_was_made() -> None:
    reader = PdfReader(BytesIO(printed(document_of(FULL))))
    assert reader.metadata is not None
    assert reader.metadata.title == f"质量管理体系认证证书 {FULL.number}"
    assert reader.metadata.creation_date == MADE_AT


def test_what_is_printed_is_json_that_says_what_is_signed() -> None:
    sheet = certificate_sheet(document_of(FULL), PUBLIC_ID, ADDRESS, IN_FORCE, Look())
    assert json.loads(json.dumps(sheet)) == sheet
