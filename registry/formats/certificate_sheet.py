"""What is printed of a certificate: the words of its signed credential, in Chinese and in English, ready to be set.

Everything comes from the credential, but for three things that it can't say of itself: what has become of it since,
whether it is a sample, and how its issuer wants it to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from registry.domain.certificate import SAMPLE_ENDING, HolderType
from registry.domain.look import Look
from registry.domain.public_id import grouped
from registry.domain.schemes import Kind
from registry.domain.verdict import Verdict
from registry.formats import qr_code
from registry.formats.canonical_json import JsonObject
from registry.formats.credential import certificate_terms

_Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What has become of a certificate, and since which day."""

    verdict: Verdict
    since: date | None = None


def _words(zh: str, en: str) -> _Words:
    return {"zh": zh, "en": en}


_STATEMENTS: Mapping[Kind, _Words] = {
    Kind.MANAGEMENT_SYSTEM: _words(
        "的管理体系符合以下标准的要求", "operates a management system that meets the requirements of"
    ),
    Kind.PRODUCT: _words("的产品符合以下标准的要求", "makes products that meet the requirements of"),
    Kind.SERVICE: _words("提供的服务符合以下标准的要求", "provides services that meet the requirements of"),
    Kind.TRAINING: _words("已完成依据以下标准的培训", "has completed the training on"),
    Kind.RECOGNITION: _words("依据以下标准获得本项认可", "has been recognised with reference to"),
}
_LABELS: Mapping[str, _Words] = {
    "number": _words("证书编号", "Certificate No."),
    "id": _words("查验码", "Certificate id"),
    "address": _words("地址", "Address"),
    "scope": _words("认证范围", "Scope"),
    "see_annex": _words("见附件", "See the annex"),
    "scan": _words("扫码查验", "Scan to verify"),
    "accreditation": _words("认可", "Accreditation"),
    "status": _words("证书现时状态以此网址为准", "Its status now is told at"),
    "issuer_address": _words("认证机构地址", "Address of the certification body"),
    "annex": _words("证书附件", "Annex to the certificate"),
    "row": _words("序", "No."),
    "site": _words("场所及地址", "Site and address"),
    "site_scope": _words("该场所的认证范围", "Scope at the site"),
    "attached": _words(
        "经数字签名的证书数据附于本PDF文件之内；将本文件提交查验平台，即可确认其真伪。",
        "The digitally signed certificate is attached inside this PDF file, which the registry verifies as it is.",
    ),
}
_IDENTIFIERS: Mapping[str, _Words] = {
    "uscc": _words("统一社会信用代码", "Unified social credit code"),
    "lei": _words("全球法人识别编码", "Legal entity identifier"),
    "other": _words("登记号码", "Registration number"),
}
_DATES = (
    ("granted_on", _words("初次获证日期", "First granted")),
    ("decided_on", _words("本次认证决定日期", "Last decision")),
    ("valid_from", _words("有效期自", "Valid from")),
    ("valid_until", _words("有效期至", "Valid until")),
)
_NO_END = _words("长期有效", "No expiry date")
_STANDINGS: Mapping[Verdict, _Words] = {
    Verdict.SUSPENDED: _words("暂停", "SUSPENDED"),
    Verdict.WITHDRAWN: _words("撤销", "WITHDRAWN"),
    Verdict.CANCELLED: _words("注销", "CANCELLED"),
    Verdict.SUPERSEDED: _words("已被替换", "SUPERSEDED"),
    Verdict.EXPIRED: _words("已过期", "EXPIRED"),
    Verdict.NOT_YET_VALID: _words("尚未生效", "NOT YET VALID"),
}
_SAMPLE = _words("样例", "SAMPLE")


def certificate_sheet(
    document: JsonObject, public_id: str, address: str, standing: Standing, look: Look
) -> dict[str, Any]:
    """What templates/print/certificate.typ sets. `address`: where the certificate is verified.

    Raises KeyError where the credential is not one of this registry's.
    """
    terms = certificate_terms(document)
    body, sites = terms["certification_body"], terms.get("sites", [])
    return {
        "look": {"template": look.template, "colour": look.colour, "logo": look.logo},
        "title": _title(Kind(terms["kind"]), terms["scheme_name"]),
        "number": terms["number"],
        "revision": _revision(terms["revision"]),
        "id": grouped(public_id),
        "address": address,
        "qr": qr_code.svg(address).decode(),
        "issuer": {"name": body["name"], "address": body["address"], "mark": body["mark"]},
        "holder": _holder(terms["holder"]),
        "statement": {
            "lead": _words("兹证明", "This is to certify that"),
            "conforms": _STATEMENTS[Kind(terms["kind"])],
        },
        "standard": terms["standard"],
        "scope": terms["scope"],
        "dates": [{"label": label, "value": _day(terms.get(name))} for name, label in _DATES],
        "accreditation": terms.get("accreditation"),
        "sites": sites,
        "labels": {**_LABELS, "sites": _site_count(len(sites))},
        "standing": _standing(standing),
        "sample": _SAMPLE if body["code"].endswith(SAMPLE_ENDING) else None,
        "attachment": {"name": f"{public_id}.vc.json"},
    }


def _title(kind: Kind, scheme_name: Mapping[str, str]) -> dict[str, str]:
    title = {"zh": scheme_name["zh"] + "证书", "en": "Certificate"}
    name = scheme_name.get("en")
    if name is None:
        return title
    if kind is Kind.RECOGNITION:
        title["en"] = f"Certificate of {name[:1].lower()}{name[1:]}"
    else:
        title["en"] = name.removesuffix(" certification") + " certificate"
    return title


def _revision(revision: int) -> _Words | None:
    return None if revision == 1 else _words(f"第{revision}版", f"revision {revision}")


def _holder(holder: JsonObject) -> dict[str, Any]:
    identifier = holder.get("identifier")
    return {
        "person": holder["kind"] == HolderType.PERSON,
        "name": holder["name"],
        "address": holder.get("address"),
        "identifier": identifier and {"label": _IDENTIFIERS[identifier["scheme"]], "value": identifier["value"]},
    }


def _site_count(count: int) -> _Words:
    sites = "1 site" if count == 1 else f"{count} sites"
    return _words(f"覆盖{count}个场所，见附件", f"{sites}: see the annex")


def _standing(standing: Standing) -> dict[str, str] | None:
    words = _STANDINGS.get(standing.verdict)
    if words is None:
        return None
    if standing.since is None:
        return dict(words)
    day = _day(standing.since.isoformat())
    return {**words, "since": f"{day['zh']} · {day['en']}"}


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _day(written: str | None) -> _Words:
    """A day as certificates write it: 2025年1月8日, 8 January 2025."""
    if written is None:
        return _NO_END
    day = date.fromisoformat(written)
    return _words(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {_MONTHS[day.month - 1]} {day.year}")
