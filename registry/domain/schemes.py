"""The schemes that the registry knows: a kind of certificate together with the standard it is granted against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """What sort of thing is certified."""

    MANAGEMENT_SYSTEM = "management_system"
    PRODUCT = "product"
    SERVICE = "service"
    TRAINING = "training"
    RECOGNITION = "recognition"


@dataclass(frozen=True, slots=True)
class Text:
    """A text in Chinese and, where there is one, in English."""

    zh: str
    en: str | None = None


@dataclass(frozen=True, slots=True)
class Scheme:
    """A standard with its issue status (ISO/IEC 17021-1, 8.2.2 e) and what a certificate against it is.

    `published_on` is when this version of the standard was published; `publisher` who keeps it.
    """

    code: str
    kind: Kind
    standard: str
    title: Text
    publisher: str
    published_on: date
    topic: str
    person: bool = False
    # The longest term in years; None: a certificate needs no end.
    years: int | None = 3

    @property
    def needs_end(self) -> bool:
        """Whether a certificate must have an expiry date."""
        return self.years is not None


_SAC = "国家标准化管理委员会 (Standardization Administration of China)"
_SCHEMES = (
    Scheme(
        "gbt19001-2016",
        Kind.MANAGEMENT_SYSTEM,
        "GB/T 19001-2016 / ISO 9001:2015",
        Text("质量管理体系认证", "Quality management system certification"),
        _SAC,
        date(2016, 12, 30),
        "governance.compliance",
    ),
    Scheme(
        "gbt24001-2016",
        Kind.MANAGEMENT_SYSTEM,
        "GB/T 24001-2016 / ISO 14001:2015",
        Text("环境管理体系认证", "Environmental management system certification"),
        _SAC,
        date(2016, 10, 13),
        "environment.emissions",
    ),
    Scheme(
        "gbt45001-2020",
        Kind.MANAGEMENT_SYSTEM,
        "GB/T 45001-2020 / ISO 45001:2018",
        Text("职业健康安全管理体系认证", "Occupational health and safety management system certification"),
        _SAC,
        date(2020, 3, 6),
        "social.safety",
    ),
    Scheme(
        "gbt27922-2011",
        Kind.SERVICE,
        "GB/T 27922-2011",
        Text("商品售后服务认证", "After-sales service certification"),
        _SAC,
        date(2011, 12, 30),
        "governance.compliance",
    ),
    Scheme(
        "gb4706.1-2005",
        Kind.PRODUCT,
        "GB 4706.1-2005 / IEC 60335-1:2004",
        Text("家用和类似用途电器安全产品认证", "Household electrical appliance safety product certification"),
        _SAC,
        date(2005, 8, 26),
        "social.safety",
        years=5,
    ),
    Scheme(
        "gbt19011-2021-training",
        Kind.TRAINING,
        "GB/T 19011-2021 / ISO 19011:2018",
        Text("管理体系内部审核员培训", "Management system internal auditor training"),
        _SAC,
        date(2021, 5, 21),
        "governance.compliance",
        person=True,
        years=None,
    ),
    Scheme(
        "gbt19580-2012-case",
        Kind.RECOGNITION,
        "GB/T 19580-2012",
        Text("质量提升优秀案例", "Recognition of an excellent quality improvement case"),
        _SAC,
        date(2012, 3, 9),
        "governance.compliance",
        years=None,
    ),
)
SCHEMES: Mapping[str, Scheme] = {scheme.code: scheme for scheme in _SCHEMES}
