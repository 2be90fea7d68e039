"""Names of the classes by which certificates are counted: industries (GB/T 4754-2017) and regions (GB/T 2260).

Enterprises are told apart by prefecture in Zhejiang and by province elsewhere: the register is Zhejiang's, and a
table of all prefectures would be mostly zeros.
"""

from __future__ import annotations

from collections.abc import Mapping

from registry.domain.schemes import Text

HOME_PROVINCE = "33"


def _table(lines: str) -> dict[str, Text]:
    """Lines of code, Chinese name and English name."""
    found = {}
    for line in lines.strip().splitlines():
        code, zh, en = line.split(maxsplit=2)
        found[code] = Text(zh, en)
    return found


SECTIONS: Mapping[str, Text] = _table("""
A 农、林、牧、渔业 Agriculture, forestry, animal husbandry and fishery
B 采矿业 Mining
C 制造业 Manufacturing
D 电力、热力、燃气及水生产和供应业 Electricity, heat, gas and water supply
E 建筑业 Construction
F 批发和零售业 Wholesale and retail trade
G 交通运输、仓储和邮政业 Transport, storage and post
H 住宿和餐饮业 Accommodation and catering
I 信息传输、软件和信息技术服务业 Information transmission, software and IT services
J 金融业 Finance
K 房地产业 Real estate
L 租赁和商务服务业 Leasing and business services
M 科学研究和技术服务业 Scientific research and technical services
N 水利、环境和公共设施管理业 Water, environment and public facilities
O 居民服务、修理和其他服务业 Household services, repair and other services
P 教育 Education
Q 卫生和社会工作 Health and social work
R 文化、体育和娱乐业 Culture, sports and entertainment
S 公共管理、社会保障和社会组织 Public administration and social organizations
T 国际组织 International organizations
""")

PREFECTURES: Mapping[str, Text] = _table("""
3301 杭州市 Hangzhou
3302 宁波市 Ningbo
3303 温州市 Wenzhou
3304 嘉兴市 Jiaxing
3305 湖州市 Huzhou
3306 绍兴市 Shaoxing
3307 金华市 Jinhua
3308 衢州市 Quzhou
3309 舟山市 Zhoushan
3310 台州市 Taizhou
3311 丽水市 Lishui
""")

PROVINCES: Mapping[str, Text] = _table("""
11 北京市 Beijing
12 天津市 Tianjin
13 河北省 Hebei
14 山西省 Shanxi
15 内蒙古自治区 Inner Mongolia
21 辽宁省 Liaoning
22 吉林省 Jilin
23 黑龙江省 Heilongjiang
31 上海市 Shanghai
32 江苏省 Jiangsu
33 浙江省 Zhejiang
34 安徽省 Anhui
35 福建省 Fujian
36 江西省 Jiangxi
37 山东省 Shandong
41 河南省 Henan
42 湖北省 Hubei
43 湖南省 Hunan
44 广东省 Guangdong
45 广西壮族自治区 Guangxi
46 海南省 Hainan
50 重庆市 Chongqing
51 四川省 Sichuan
52 贵州省 Guizhou
53 云南省 Yunnan
54 西藏自治区 Tibet
61 陕西省 Shaanxi
62 甘肃省 Gansu
63 青海省 Qinghai
64 宁夏回族自治区 Ningxia
65 新疆维吾尔自治区 Xinjiang
71 台湾省 Taiwan
81 香港特别行政区 Hong Kong
82 澳门特别行政区 Macao
""")


def region_of(code: str | None) -> str | None:
    """The class of a region code of six digits: a prefecture of Zhejiang or another province; None for none known."""
    if code is None:
        return None
    if code[:4] in PREFECTURES:
        return code[:4]
    return code[:2] if code[:2] in PROVINCES else None


def region_name(region: str) -> Text:
    """The name of a class that `region_of` returned."""
    return PREFECTURES.get(region) or PROVINCES[region]


def section_of(industry: str | None) -> str | None:
    """The section of an industry division (a letter and two digits); None for none known."""
    return industry[0] if industry and industry[0] in SECTIONS else None
