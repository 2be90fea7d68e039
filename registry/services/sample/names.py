"""Names for firms and persons that nobody bears, each with the mark of a sample."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from registry.domain.schemes import Text
from registry.services.sample.industries import Industry
from registry.services.sample.places import County

MARK = Text("（样例）", " (Sample)")


@dataclass(frozen=True, slots=True)
class LegalForm:
    """What the law calls a firm. `type_code` begins its credit code (GB 32100: registration authority and sort)."""

    name: Text
    type_code: str


_COMPANY = LegalForm(Text("有限公司", "Co., Ltd."), "91")
_TECHNOLOGY = LegalForm(Text("科技有限公司", "Technology Co., Ltd."), "91")
_FACTORY = LegalForm(Text("厂", "Factory"), "91")
_STORE = LegalForm(Text("经营部", "Trading Store"), "92")
_COOPERATIVE = LegalForm(Text("专业合作社", "Specialized Cooperative"), "93")


def _read_syllables(listed: str) -> tuple[Text, ...]:
    """Read "华Hua 恒Heng"."""
    return tuple(Text(pair[0], pair[1:]) for pair in listed.split())


# A trade name takes one of each.
_FIRST = _read_syllables("""
华hua 恒heng 宏hong 金jin 鑫xin 德de 瑞rui 盛sheng 兴xing 新xin 嘉jia 佳jia 明ming 信xin
立li 卓zhuo 锦jin 丰feng 鸿hong 凯kai 启qi 汇hui 博bo 旭xu 越yue 亿yi 诚cheng 顺shun 泰tai
和he 腾teng 景jing 润run 沃wo 致zhi 乾qian
""")
_SECOND = _read_syllables("""
丰feng 源yuan 隆long 宇yu 辉hui 昌chang 祥xiang 诚cheng 鼎ding 峰feng 翔xiang 晟sheng 晨chen
锋feng 悦yue 川chuan 驰chi 伟wei 宝bao 旺wang 豪hao 杰jie 利li 申shen 朗lang 程cheng 禾he
森sen 铭ming 弘hong 群qun 松song
""")
# Trade names that everybody knows to be somebody's.
_TAKEN = """
恒源 顺丰 瑞丰 金利 华丰 华翔 华峰 华昌 华源 润禾 嘉利 新宝 泰豪 兴森 亿利 鸿利 德隆 宏利 丰利 和利 盛丰
"""

_SURNAMES = _read_syllables("""
王Wang 李Li 张Zhang 刘Liu 陈Chen 杨Yang 黄Huang 赵Zhao 吴Wu 周Zhou 徐Xu 孙Sun 马Ma 朱Zhu
胡Hu 郭Guo 何He 林Lin 高Gao 罗Luo 郑Zheng 梁Liang 谢Xie 宋Song 唐Tang 许Xu 韩Han 冯Feng
邓Deng 曹Cao 彭Peng 曾Zeng 肖Xiao 田Tian 董Dong 潘Pan 袁Yuan 蔡Cai 蒋Jiang 余Yu 于Yu 杜Du
叶Ye 程Cheng 魏Wei 苏Su 吕Lyu 丁Ding 任Ren 卢Lu 姚Yao 沈Shen 钟Zhong 姜Jiang 崔Cui 谭Tan
陆Lu 范Fan 汪Wang 金Jin
""")
# To tell namesakes apart, once every surname is used.
_ORDINALS = (Text("", ""), *_read_syllables("甲jia 乙yi 丙bing 丁ding 戊wu 己ji 庚geng 辛xin 壬ren 癸gui"))


def legal_form(industry: Industry, word: Text, micro: bool, rng: Random) -> LegalForm:
    """What sort of firm is usual in the industry: the smallest are often no companies."""
    drawn = rng.random()
    if word.zh.endswith("科技"):
        return _COMPANY
    section = industry.code[0]
    if section == "A":
        return _COOPERATIVE if drawn < (0.7 if micro else 0.3) else _COMPANY
    if section == "C" and drawn < (0.4 if micro else 0.08):
        return _FACTORY
    if section == "F" and micro and drawn < 0.4:
        return _STORE
    return _TECHNOLOGY if section == "C" and drawn > 0.9 else _COMPANY


def trade_name(rng: Random) -> Text:
    """Two lucky characters, such as 恒宇 / Hengyu."""
    while True:
        first, second = rng.choice(_FIRST), rng.choice(_SECOND)
        zh = first.zh + second.zh
        if first.en != second.en and zh not in _TAKEN:
            return Text(zh, f"{first.en}{second.en}".capitalize())


def firm_name(county: County, brand: Text, word: Text, form: LegalForm, rng: Random) -> Text:
    """Place, trade name, industry and legal form, as a register of companies demands it, and the mark."""
    city = county.prefecture.name
    short = county.name.zh[:-1]
    place = Text(city.zh[:-1], city.en)
    if rng.random() < 0.45:
        district = county.name.zh.endswith("区")
        name_en = (county.name.en or "").removesuffix(" District").removesuffix(" County")
        place = Text(f"{place.zh}{short}", f"{place.en} {name_en}") if district else Text(short, name_en)
    # A 泵业有限公司 but a 泵厂.
    trade_word = word.zh.removesuffix("业") if form is _FACTORY else word.zh
    return Text(
        f"{place.zh}{brand.zh}{trade_word}{form.name.zh}{MARK.zh}",
        f"{place.en} {brand.en} {word.en} {form.name.en}{MARK.en}",
    )


def person_name(index: int) -> Text:
    """The `index`-th person: a surname and, for a given name, 样例 (sample)."""
    surname = _SURNAMES[index % len(_SURNAMES)]
    ordinal = _ORDINALS[index // len(_SURNAMES) % len(_ORDINALS)]
    return Text(f"{surname.zh}样例{ordinal.zh}", f"{surname.en} Yangli{ordinal.en}{MARK.en}")
