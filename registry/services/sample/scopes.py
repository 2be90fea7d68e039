"""What sample certificates are about: scopes and sites in both languages, made of what a firm does."""

from __future__ import annotations

from random import Random

from registry.domain.certificate import EnterpriseSize, Site
from registry.domain.schemes import Text
from registry.services.sample.enterprises import Enterprise
from registry.services.sample.places import COUNTIES, address_in

# What a scheme adds to the activity of the firm.
_ADDITIONS = {
    "gbt19001-2016": Text("", ""),
    "gbt24001-2016": Text("所涉及的相关环境管理活动", " and the related environmental management"),
    "gbt45001-2020": Text(
        "所涉及的相关职业健康安全管理活动", " and the related occupational health and safety management"
    ),
}
_STARS = (Text("五星级", "five stars"), Text("四星级", "four stars"))
_IMPROVEMENTS = (
    Text("缩短{}的交付周期", "shorter delivery times for {}"),
    Text("降低{}的顾客投诉率", "fewer customer complaints about {}"),
    Text("提高{}的顾客满意度", "more satisfied customers of {}"),
)
_IMPROVEMENTS_OF_MAKERS = (
    Text("提高{}的一次交验合格率", "a higher first-pass yield of {}"),
    Text("降低{}的单位能耗", "less energy for each unit of {}"),
    *_IMPROVEMENTS,
)
_TRAININGS = (
    Text(
        "质量管理体系内部审核员，24学时，考核合格",
        "Internal auditor of quality management systems, 24 hours, passed",
    ),
    Text(
        "环境管理体系内部审核员，24学时，考核合格",
        "Internal auditor of environmental management systems, 24 hours, passed",
    ),
    Text(
        "质量、环境、职业健康安全管理体系内部审核员，40学时，考核合格",
        "Internal auditor of quality, environmental and occupational health and safety management systems,"
        " 40 hours, passed",
    ),
)
_MULTI_SITE_SHARES = {EnterpriseSize.MICRO: 0.01, EnterpriseSize.SMALL: 0.09}


def appliance_of(enterprise: Enterprise) -> Text | None:
    """The first of the firm's goods that a product certificate can be about."""
    return next((good for good in enterprise.goods if good in enterprise.industry.appliances), None)


def scope_of(enterprise: Enterprise, scheme: str, rng: Random) -> Text:
    """The scope of a certificate of `enterprise` against `scheme`."""
    if scheme == "gbt27922-2011":
        return _service_scope(enterprise, rng)
    if scheme == "gb4706.1-2005":
        return _product_scope(enterprise, rng)
    if scheme == "gbt19580-2012-case":
        return _recognition_scope(enterprise, rng)
    addition = _ADDITIONS[scheme]
    activity = _activity(enterprise)
    return Text(activity.zh + addition.zh, f"{activity.en}{addition.en}")


def training_scope(rng: Random) -> Text:
    """What a person was trained in."""
    return rng.choice(_TRAININGS)


def sites_of(enterprise: Enterprise, rng: Random) -> tuple[Site, ...]:
    """None for most; else the head office and where the work is done, each with the scope that applies there."""
    holder = enterprise.holder
    if holder.size is None or holder.address is None or rng.random() >= _MULTI_SITE_SHARES[holder.size]:
        return ()
    activity = _activity(enterprise)
    office = Text(
        f"与{activity.zh}有关的管理和商务活动",
        f"Management and commercial activities for the {_lower(activity)}",
    )
    sites = [Site(Text("总部", "Head office"), holder.address, office)]
    for index in range(rng.choice((1, 1, 2))):
        sites.append(_branch(enterprise, index, rng))
    return tuple(sites)


def _branch(enterprise: Enterprise, index: int, rng: Random) -> Site:
    """A plant or a branch in the same prefecture."""
    region = enterprise.county.code[:4]
    county = rng.choice([other for other in COUNTIES if other.code.startswith(region)])
    address = address_in(county, rng)
    if not enterprise.industry.makes_things:
        name = Text(f"第{'一二'[index]}分公司", f"Branch No. {index + 1}")
        return Site(name, address, _activity(enterprise))
    name = Text(f"{'一二'[index]}号厂区", f"Plant No. {index + 1}")
    good = enterprise.goods[index % len(enterprise.goods)]
    return Site(name, address, _filled(Text("{}的生产", "Production of {}"), good))


def _service_scope(enterprise: Enterprise, rng: Random) -> Text:
    stars = rng.choice(_STARS)
    return _filled(
        Text(f"{{}}的售后服务（{stars.zh}）", f"After-sales service for {{}} ({stars.en})"),
        _goods(enterprise),
    )


def _product_scope(enterprise: Enterprise, rng: Random) -> Text:
    good = appliance_of(enterprise) or enterprise.goods[0]
    first, second = (f"{enterprise.initials}-{number}" for number in sorted(rng.sample(range(100, 400, 5), 2)))
    return _filled(Text(f"{{}}（型号：{first}、{second}）", f"{{}}, models {first} and {second}"), good)


def _recognition_scope(enterprise: Enterprise, rng: Random) -> Text:
    choice = _IMPROVEMENTS_OF_MAKERS if enterprise.industry.makes_things else _IMPROVEMENTS
    improvement = rng.choice(choice)
    return _filled(
        Text(f"质量改进案例：{improvement.zh}", f"Quality improvement case: {improvement.en}"),
        enterprise.goods[0],
    )


def _activity(enterprise: Enterprise) -> Text:
    return _filled(enterprise.activity, _goods(enterprise))


def _goods(enterprise: Enterprise) -> Text:
    goods = enterprise.goods
    return Text("、".join(good.zh for good in goods), " and ".join(good.en or "" for good in goods))


def _filled(template: Text, goods: Text) -> Text:
    """Put goods into the gap; an English text begins with a capital, whatever came first."""
    en = (template.en or "").format(goods.en)
    return Text(template.zh.format(goods.zh), en[0].upper() + en[1:])


def _lower(text: Text) -> str:
    en = text.en or ""
    return en[:1].lower() + en[1:]
