"""Micro and small enterprises that do not exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from stdnum.cn import uscc

from registry.domain.certificate import EnterpriseSize, Holder, HolderId, HolderType
from registry.domain.schemes import Text
from registry.services.sample.industries import INDUSTRIES, Industry
from registry.services.sample.names import firm_name, legal_form, trade_name
from registry.services.sample.places import COUNTIES, County, address_in, county_weights

# The alphabet of GB 32100-2015, 4.2: digits and capitals without I, O, Z, S and V.
_SYMBOLS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# Organization codes are digits, or begin with MA and on; none begins so. Read it as "example".
ORGANIZATION_MARK = "XMPL"
_SERIAL_LENGTH = 4
MAX_ENTERPRISES = 200_000
# How much likelier an industry is where it gathers.
_FAVOUR_FOR_HOMES = 4
_MICRO_SHARE = 0.42
# How many goods a scope names: mostly one.
_GOODS_COUNTS = (1, 1, 2)

_INDUSTRY_WEIGHTS = list(accumulate(industry.weight for industry in INDUSTRIES))
_COUNTY_WEIGHTS = {industry.code: county_weights(industry.homes, _FAVOUR_FOR_HOMES) for industry in INDUSTRIES}


@dataclass(frozen=True, slots=True)
class Enterprise:
    """A firm, and what of its industry it makes or does; `initials` begin the names of its product models."""

    holder: Holder
    industry: Industry
    county: County
    goods: tuple[Text, ...]
    activity: Text
    initials: str


def sample_enterprises(count: int, rng: Random) -> Iterator[Enterprise]:
    """Draw `count` enterprises, all with names and credit codes of their own."""
    if count > MAX_ENTERPRISES:
        raise ValueError(f"at most {MAX_ENTERPRISES} enterprises can be told apart by name")
    # Spread over the whole range, as if others had registered in between.
    serials = rng.sample(range(len(_SYMBOLS) ** _SERIAL_LENGTH), count)
    names: set[str | None] = set()
    for serial in serials:
        yield _draw(serial, names, rng)


def _draw(serial: int, names: set[str | None], rng: Random) -> Enterprise:
    industry = rng.choices(INDUSTRIES, cum_weights=_INDUSTRY_WEIGHTS)[0]
    county = rng.choices(COUNTIES, cum_weights=_COUNTY_WEIGHTS[industry.code])[0]
    micro = rng.random() < _MICRO_SHARE
    while True:
        brand, trade = trade_name(rng), rng.choice(industry.trades)
        form = legal_form(industry, trade.word, micro, rng)
        name = firm_name(county, brand, trade.word, form, rng)
        if names.isdisjoint((name.zh, name.en)):
            break
    names.update((name.zh, name.en))
    holder = Holder(
        type=HolderType.ORGANIZATION,
        name=name,
        address=address_in(county, rng),
        identifier=HolderId("uscc", credit_code(form.type_code, county.code, serial)),
        region=county.code,
        industry=industry.code,
        size=EnterpriseSize.MICRO if micro else EnterpriseSize.SMALL,
    )
    goods = tuple(rng.sample(trade.goods, min(len(trade.goods), rng.choice(_GOODS_COUNTS))))
    return Enterprise(holder, industry, county, goods, rng.choice(industry.activities), _initials(brand))


def credit_code(type_code: str, region: str, serial: int) -> str:
    """A unified social credit code (GB 32100-2015) with both check characters right, and a marked middle."""
    digits = ""
    for _ in range(_SERIAL_LENGTH):
        serial, value = divmod(serial, len(_SYMBOLS))
        digits = _SYMBOLS[value] + digits
    organization = ORGANIZATION_MARK + digits
    body = f"{type_code}{region}{organization}{_organization_check(organization)}"
    return body + str(uscc.calc_check_digit(body))


def _organization_check(code: str) -> str:
    """The check character of an organization code (GB 11714-1997, 4.2), which stdnum does not have."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(symbol, 36) * weight for symbol, weight in zip(code, weights, strict=True))
    return "0123456789X0"[11 - total % 11]


def _initials(brand: Text) -> str:
    """Latin letters for a trade name: the first and one of the middle, as model names have them."""
    en = (brand.en or "").upper()
    return en[0] + en[len(en) // 2]
