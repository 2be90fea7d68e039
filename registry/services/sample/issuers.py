"""Three certification bodies that do not exist, and how each numbers its certificates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from registry.domain.certificate import Authorization, EnterpriseSize
from registry.domain.schemes import SCHEMES, Kind, Text

_FOUNDED = date(2017, 7, 3)
_ACCREDITATION_BODY = "CNAS（样例）"
# How an accreditation number ends, by what is accredited: management systems, services, products.
_ACCREDITED_KINDS = {Kind.MANAGEMENT_SYSTEM: "M", Kind.SERVICE: "S", Kind.PRODUCT: "P"}
# The letter of a scheme in a certificate number: quality, environment, health and safety, ...
_LETTERS = {
    "gbt19001-2016": "Q",
    "gbt24001-2016": "E",
    "gbt45001-2020": "S",
    "gbt27922-2011": "F",
    "gb4706.1-2005": "P",
    "gbt19011-2021-training": "T",
    "gbt19580-2012-case": "A",
}
_SIZES = {EnterpriseSize.MICRO: "X", EnterpriseSize.SMALL: "S"}
_FIRST_SERIAL = 101


@dataclass(frozen=True, slots=True)
class SampleIssuer:
    """A certification body of the samples. `mark` is what it prints where others print their logo."""

    code: str
    name: Text
    address: Text
    website: str
    mark: str
    authorizations: tuple[Authorization, ...]


@dataclass(frozen=True, slots=True)
class NumberParts:
    """What goes into a certificate number. `cycle` counts recertifications; `size` is None for persons."""

    scheme: str
    year: int
    serial: int
    cycle: int
    size: EnterpriseSize | None

    @property
    def letter(self) -> str:
        """The letter of the scheme."""
        return _LETTERS[self.scheme]


def _number_cqc(parts: NumberParts) -> str:
    """SQC-24Q10234R1S: year, scheme, serial, recertification, size of the holder."""
    size = "" if parts.size is None else _SIZES[parts.size]
    return f"SQC-{parts.year % 100:02}{parts.letter}{10_000 + parts.serial}R{parts.cycle}{size}"


def _number_yuezhou(parts: NumberParts) -> str:
    """YZS-Q-2024-00345-R1: scheme, year, serial, recertification."""
    return f"YZS-{parts.letter}-{parts.year}-{parts.serial:05}-R{parts.cycle}"


def _number_qianjiang(parts: NumberParts) -> str:
    """QJS42024Q00345/1: office, year, scheme, serial; the recertification, where there was one, after a slash."""
    again = f"/{parts.cycle}" if parts.cycle else ""
    return f"QJS4{parts.year}{parts.letter}{parts.serial:05}{again}"


_NUMBERINGS: Mapping[str, Callable[[NumberParts], str]] = {
    "cqc-sample": _number_cqc,
    "yuezhou-sample": _number_yuezhou,
    "qianjiang-sample": _number_qianjiang,
}
# Share of the enterprises that each has as customers.
_CUSTOMERS = {"cqc-sample": 55, "yuezhou-sample": 29, "qianjiang-sample": 16}


class Numbering:
    """Hands out certificate numbers: each issuer counts by year and scheme."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, int, str], int] = {}

    def next_number(self, issuer: str, scheme: str, year: int, cycle: int, size: EnterpriseSize | None) -> str:
        """The next number of an issuer for a certificate decided on in `year`."""
        series = (issuer, year, scheme)
        serial = self._last.get(series, _FIRST_SERIAL - 1) + 1
        self._last[series] = serial
        return _NUMBERINGS[issuer](NumberParts(scheme, year, serial, cycle, size))


def _authorize(scheme: str, accreditation: str | None) -> Authorization:
    """From when the issuer was founded or, where that came later, the standard published."""
    ending = _ACCREDITED_KINDS.get(SCHEMES[scheme].kind)
    valid_from = max(_FOUNDED, SCHEMES[scheme].published_on)
    if accreditation is None or ending is None:
        return Authorization(scheme, valid_from)
    return Authorization(
        scheme,
        valid_from,
        accreditation_body=_ACCREDITATION_BODY,
        accreditation_number=f"{accreditation}-{ending}",
    )


def _cqc() -> SampleIssuer:
    return SampleIssuer(
        code="cqc-sample",
        name=Text("样例质量认证中心", "Sample Quality Certification Centre"),
        address=Text("浙江省杭州市样例区样例路1号", "No. 1 Sample Road, Sample District, Hangzhou, Zhejiang, China"),
        website="https://cqc-sample.example",
        mark="CQC-SAMPLE",
        authorizations=tuple(_authorize(scheme, "SAMPLE-C001") for scheme in SCHEMES),
    )


def _yuezhou() -> SampleIssuer:
    accredited = ("gbt19001-2016", "gbt24001-2016", "gbt45001-2020")
    return SampleIssuer(
        code="yuezhou-sample",
        name=Text("越州样例认证有限公司", "Yuezhou Sample Certification Co., Ltd."),
        address=Text("浙江省绍兴市样例区样例路2号", "No. 2 Sample Road, Sample District, Shaoxing, Zhejiang, China"),
        website="https://yuezhou-sample.example",
        mark="YZ-SAMPLE",
        authorizations=(
            *(_authorize(scheme, "SAMPLE-C002") for scheme in accredited),
            _authorize("gbt27922-2011", None),
            _authorize("gbt19011-2021-training", None),
        ),
    )


def _qianjiang() -> SampleIssuer:
    schemes = ("gbt19001-2016", "gbt24001-2016", "gbt19580-2012-case")
    return SampleIssuer(
        code="qianjiang-sample",
        name=Text("钱江样例标准评价中心", "Qianjiang Sample Standards Assessment Centre"),
        address=Text("浙江省宁波市样例区样例路3号", "No. 3 Sample Road, Sample District, Ningbo, Zhejiang, China"),
        website="https://qianjiang-sample.example",
        mark="QJ-SAMPLE",
        authorizations=tuple(_authorize(scheme, None) for scheme in schemes),
    )


def sample_issuers() -> tuple[SampleIssuer, ...]:
    """The three certification bodies of the samples."""
    return (_cqc(), _yuezhou(), _qianjiang())


_SINCE: Mapping[tuple[str, str], date] = {
    (issuer.code, authorization.scheme): authorization.valid_from
    for issuer in sample_issuers()
    for authorization in issuer.authorizations
}
_SERVING: Mapping[str, tuple[str, ...]] = {
    scheme: tuple(issuer for issuer, served in _SINCE if served == scheme) for scheme in SCHEMES
}


def authorized_since(issuer: str, scheme: str) -> date:
    """From when on the issuer may certify `scheme`."""
    return _SINCE[issuer, scheme]


def draw_issuer(scheme: str, rng: Random, preferred: str | None = None) -> str:
    """One that may certify `scheme`: the `preferred`, if it may, or else any by share."""
    serving = _SERVING[scheme]
    if preferred in serving:
        return preferred
    return rng.choices(serving, [_CUSTOMERS[code] for code in serving])[0]
