"""Certificates of every kind that the registry can issue, for the tests of formats."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from registry.domain.certificate import Authorization, Certificate, EnterpriseSize, Holder, HolderId, HolderType, Site
from registry.domain.public_id import ENTROPY_BYTES, new_public_id
from registry.domain.schemes import SCHEMES, Text
from registry.formats.bitstring_status_list import status_entries
from registry.formats.credential import IssuerProfile, build_credential

BASE_URL = "https://registry.example"
PUBLIC_ID = new_public_id(bytes(range(ENTROPY_BYTES)))
ISSUER = IssuerProfile(
    "cqc",
    Text("中国质量认证中心（样例）", "China Quality Certification Centre (Sample)"),
    Text("北京市丰台区南四环西路188号", "188 Nansihuan Xilu, Beijing"),
    "CQC",
    "https://www.example.com",
)
FULL = Certificate(
    number="00125Q30001R0S",
    scheme="gbt19001-2016",
    holder=Holder(
        HolderType.ORGANIZATION,
        Text("宁波华丰精密机械有限公司（样例）", "Ningbo Huafeng Precision Machinery (Sample)"),
        Text("浙江省宁波市慈溪市工业路18号", "No. 18 Gongye Road, Cixi"),
        HolderId("uscc", "91330282MA00000184"),
        "330282",
        "C34",
        EnterpriseSize.SMALL,
    ),
    scope=Text("汽车用注塑件的设计和生产", "Design and production of injection-moulded parts"),
    granted_on=date(2022, 1, 6),
    decided_on=date(2025, 1, 6),
    valid_from=date(2025, 1, 8),
    valid_until=date(2028, 1, 7),
    sites=(
        Site(Text("慈溪工厂", "Cixi plant"), Text("工业路18号", "18 Gongye Road"), Text("注塑件的生产", "Moulding")),
        Site(Text("北仑仓库"), Text("港口路1号"), Text("仓储")),
    ),
    revision=2,
)


def authorization(scheme: str, accredited: bool = True) -> Authorization:
    if accredited:
        return Authorization(scheme, date(2020, 1, 1), None, "CNAS", "C001-M")
    return Authorization(scheme, date(2020, 1, 1))


def certificate_for(scheme: str) -> Certificate:
    """One that the scheme's rules allow."""
    terms = SCHEMES[scheme]
    holder = Holder(HolderType.PERSON, Text("王小明", "Wang Xiaoming")) if terms.person else FULL.holder
    return replace(FULL, scheme=scheme, holder=holder, valid_until=FULL.valid_until if terms.needs_end else None)


def bare(scheme: str = "gbt19011-2021-training") -> Certificate:
    """As little as a certificate can say."""
    day = date(2026, 3, 2)
    person = Holder(HolderType.PERSON, Text("王小明"))
    return Certificate("1", scheme, person, Text("内部审核员培训"), day, day, day)


KINDS: dict[str, tuple[Certificate, Authorization]] = {
    **{scheme: (certificate_for(scheme), authorization(scheme)) for scheme in SCHEMES},
    "without accreditation": (FULL, authorization(FULL.scheme, accredited=False)),
    "without sites": (replace(FULL, sites=()), authorization(FULL.scheme)),
    "without English": (
        replace(FULL, holder=replace(FULL.holder, name=Text("甲"), address=Text("乙")), scope=Text("丙"), sites=()),
        authorization(FULL.scheme),
    ),
    "a person with nothing but a name": (bare(), authorization("gbt19011-2021-training", accredited=False)),
    "a foreign holder": (
        replace(FULL, holder=replace(FULL.holder, identifier=HolderId("other", "HRB 12345/B #7 杭州"))),
        authorization(FULL.scheme),
    ),
}


def credential(kind: str) -> dict[str, Any]:
    certificate, covered_by = KINDS[kind]
    return build_credential(certificate, ISSUER, covered_by, PUBLIC_ID, BASE_URL, status_entries(BASE_URL, 3, 94567))
