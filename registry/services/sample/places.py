"""Places in Zhejiang: prefectures and counties of GB/T 2260 with some of their towns, and addresses there.

Prefectures, counties and towns exist, so that maps and region filters have something to show. Roads and numbers are
drawn at will: an address is plausible, and no statement about anybody who may be found there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from registry.domain.schemes import Text


@dataclass(frozen=True, slots=True)
class Prefecture:
    """A city at prefecture level; `weight` is roughly its share of the enterprises in the province."""

    code: str
    name: Text
    weight: int


@dataclass(frozen=True, slots=True)
class County:
    """A district, a county or a city at county level, with some of its towns and subdistricts."""

    code: str
    name: Text
    towns: tuple[Text, ...]

    @property
    def prefecture(self) -> Prefecture:
        """The city at prefecture level that it belongs to."""
        return PREFECTURES[f"{self.code[:4]}00"]


# code, Chinese name, English name, weight
_PREFECTURES = """
330100 杭州市 Hangzhou 16
330200 宁波市 Ningbo 18
330300 温州市 Wenzhou 15
330400 嘉兴市 Jiaxing 10
330500 湖州市 Huzhou 7
330600 绍兴市 Shaoxing 9
330700 金华市 Jinhua 11
330800 衢州市 Quzhou 4
330900 舟山市 Zhoushan 3
331000 台州市 Taizhou 11
331100 丽水市 Lishui 4
"""

# code, Chinese name, English name; then the towns. The last character says in English what sort of place each is.
_COUNTIES = """
330106 西湖区 Xihu | 三墩镇 Sandun | 转塘街道 Zhuantang
330108 滨江区 Binjiang | 长河街道 Changhe | 浦沿街道 Puyan
330109 萧山区 Xiaoshan | 瓜沥镇 Guali | 临浦镇 Linpu | 衙前镇 Yaqian
330110 余杭区 Yuhang | 良渚街道 Liangzhu | 仓前街道 Cangqian | 瓶窑镇 Pingyao
330111 富阳区 Fuyang | 春江街道 Chunjiang | 新登镇 Xindeng | 场口镇 Changkou
330112 临安区 Lin'an | 青山湖街道 Qingshanhu | 於潜镇 Yuqian
330122 桐庐县 Tonglu | 横村镇 Hengcun | 分水镇 Fenshui
330182 建德市 Jiande | 乾潭镇 Qiantan | 梅城镇 Meicheng
330203 海曙区 Haishu | 集士港镇 Jishigang | 古林镇 Gulin | 高桥镇 Gaoqiao
330205 江北区 Jiangbei | 慈城镇 Cicheng | 洪塘街道 Hongtang
330206 北仑区 Beilun | 大碶街道 Daqi | 小港街道 Xiaogang
330211 镇海区 Zhenhai | 骆驼街道 Luotuo | 澥浦镇 Xiepu
330212 鄞州区 Yinzhou | 姜山镇 Jiangshan | 云龙镇 Yunlong | 五乡镇 Wuxiang
330225 象山县 Xiangshan | 石浦镇 Shipu | 西周镇 Xizhou
330226 宁海县 Ninghai | 西店镇 Xidian | 力洋镇 Liyang
330281 余姚市 Yuyao | 泗门镇 Simen | 马渚镇 Mazhu | 低塘街道 Ditang
330282 慈溪市 Cixi | 观海卫镇 Guanhaiwei | 周巷镇 Zhouxiang | 横河镇 Henghe | 附海镇 Fuhai
330303 龙湾区 Longwan | 永中街道 Yongzhong | 蒲州街道 Puzhou
330304 瓯海区 Ouhai | 郭溪街道 Guoxi | 泽雅镇 Zeya
330324 永嘉县 Yongjia | 瓯北街道 Oubei | 桥下镇 Qiaoxia | 桥头镇 Qiaotou
330326 平阳县 Pingyang | 鳌江镇 Aojiang | 萧江镇 Xiaojiang | 水头镇 Shuitou
330327 苍南县 Cangnan | 灵溪镇 Lingxi | 金乡镇 Jinxiang | 钱库镇 Qianku
330381 瑞安市 Rui'an | 塘下镇 Tangxia | 莘塍街道 Xincheng | 马屿镇 Mayu
330382 乐清市 Yueqing | 柳市镇 Liushi | 北白象镇 Beibaixiang | 虹桥镇 Hongqiao
330402 南湖区 Nanhu | 余新镇 Yuxin | 新丰镇 Xinfeng
330411 秀洲区 Xiuzhou | 王江泾镇 Wangjiangjing | 洪合镇 Honghe
330421 嘉善县 Jiashan | 姚庄镇 Yaozhuang | 干窑镇 Ganyao
330424 海盐县 Haiyan | 百步镇 Baibu | 沈荡镇 Shendang
330481 海宁市 Haining | 许村镇 Xucun | 袁花镇 Yuanhua | 长安镇 Chang'an
330482 平湖市 Pinghu | 新埭镇 Xindai | 新仓镇 Xincang
330483 桐乡市 Tongxiang | 濮院镇 Puyuan | 崇福镇 Chongfu | 洲泉镇 Zhouquan
330502 吴兴区 Wuxing | 织里镇 Zhili | 八里店镇 Balidian
330503 南浔区 Nanxun | 练市镇 Lianshi | 双林镇 Shuanglin | 菱湖镇 Linghu
330521 德清县 Deqing | 钟管镇 Zhongguan | 新市镇 Xinshi | 雷甸镇 Leidian
330522 长兴县 Changxing | 泗安镇 Si'an | 煤山镇 Meishan | 夹浦镇 Jiapu
330523 安吉县 Anji | 递铺街道 Dipu | 梅溪镇 Meixi | 天子湖镇 Tianzihu
330602 越城区 Yuecheng | 皋埠街道 Gaobu | 孙端街道 Sunduan
330603 柯桥区 Keqiao | 钱清街道 Qianqing | 安昌街道 Anchang | 漓渚镇 Lizhu
330604 上虞区 Shangyu | 崧厦街道 Songxia | 丰惠镇 Fenghui
330624 新昌县 Xinchang | 澄潭街道 Chengtan | 儒岙镇 Ru'ao
330681 诸暨市 Zhuji | 大唐街道 Datang | 店口镇 Diankou | 牌头镇 Paitou
330683 嵊州市 Shengzhou | 甘霖镇 Ganlin | 长乐镇 Changle | 崇仁镇 Chongren
330702 婺城区 Wucheng | 白龙桥镇 Bailongqiao | 汤溪镇 Tangxi
330703 金东区 Jindong | 孝顺镇 Xiaoshun | 曹宅镇 Caozhai
330723 武义县 Wuyi | 桐琴镇 Tongqin | 泉溪镇 Quanxi
330726 浦江县 Pujiang | 黄宅镇 Huangzhai | 郑宅镇 Zhengzhai
330781 兰溪市 Lanxi | 游埠镇 Youbu | 诸葛镇 Zhuge
330782 义乌市 Yiwu | 佛堂镇 Fotang | 苏溪镇 Suxi | 上溪镇 Shangxi
330783 东阳市 Dongyang | 横店镇 Hengdian | 南马镇 Nanma | 巍山镇 Weishan
330784 永康市 Yongkang | 古山镇 Gushan | 芝英镇 Zhiying | 龙山镇 Longshan
330802 柯城区 Kecheng | 航埠镇 Hangbu | 石梁镇 Shiliang
330803 衢江区 Qujiang | 廿里镇 Nianli | 高家镇 Gaojia
330822 常山县 Changshan | 辉埠镇 Huibu | 球川镇 Qiuchuan
330824 开化县 Kaihua | 华埠镇 Huabu | 马金镇 Majin
330825 龙游县 Longyou | 湖镇镇 Huzhen | 詹家镇 Zhanjia
330881 江山市 Jiangshan | 贺村镇 Hecun | 清湖街道 Qinghu
330902 定海区 Dinghai | 白泉镇 Baiquan | 金塘镇 Jintang
330903 普陀区 Putuo | 展茅街道 Zhanmao | 六横镇 Liuheng
330921 岱山县 Daishan | 高亭镇 Gaoting | 衢山镇 Qushan
330922 嵊泗县 Shengsi | 菜园镇 Caiyuan
331002 椒江区 Jiaojiang | 洪家街道 Hongjia | 下陈街道 Xiachen
331003 黄岩区 Huangyan | 新前街道 Xinqian | 院桥镇 Yuanqiao
331004 路桥区 Luqiao | 金清镇 Jinqing | 横街镇 Hengjie
331022 三门县 Sanmen | 健跳镇 Jiantiao
331023 天台县 Tiantai | 平桥镇 Pingqiao | 白鹤镇 Baihe
331024 仙居县 Xianju | 下各镇 Xiage | 横溪镇 Hengxi
331081 温岭市 Wenling | 泽国镇 Zeguo | 大溪镇 Daxi | 新河镇 Xinhe
331082 临海市 Linhai | 杜桥镇 Duqiao | 白水洋镇 Baishuiyang
331083 玉环市 Yuhuan | 楚门镇 Chumen | 清港镇 Qinggang | 沙门镇 Shamen
331102 莲都区 Liandu | 碧湖镇 Bihu | 联城街道 Liancheng
331121 青田县 Qingtian | 温溪镇 Wenxi | 船寮镇 Chuanliao
331122 缙云县 Jinyun | 壶镇镇 Huzhen | 新碧街道 Xinbi
331123 遂昌县 Suichang | 云峰街道 Yunfeng
331124 松阳县 Songyang | 古市镇 Gushi
331125 云和县 Yunhe | 石塘镇 Shitang | 白龙山街道 Bailongshan
331126 庆元县 Qingyuan | 竹口镇 Zhukou
331181 龙泉市 Longquan | 安仁镇 Anren | 查田镇 Zhatian
"""

_PROVINCE = Text("浙江省", "Zhejiang")
# A city at county level is known by its name alone.
_SORTS = {
    "区": " District",
    "县": " County",
    "市": "",
    "镇": " Town",
    "乡": " Township",
    "道": " Subdistrict",
}
_ROADS = (
    Text("工业路", "Gongye Road"),
    Text("创业路", "Chuangye Road"),
    Text("兴业路", "Xingye Road"),
    Text("振兴路", "Zhenxing Road"),
    Text("科技路", "Keji Road"),
    Text("人民路", "Renmin Road"),
    Text("建设路", "Jianshe Road"),
    Text("通港路", "Tonggang Road"),
    Text("开发大道", "Kaifa Avenue"),
    Text("滨海大道", "Binhai Avenue"),
    Text("迎宾大道", "Yingbin Avenue"),
    Text("环城北路", "North Huancheng Road"),
    Text("环城南路", "South Huancheng Road"),
    Text("文昌街", "Wenchang Street"),
    Text("府前街", "Fuqian Street"),
    Text("新兴一路", "Xinxing 1st Road"),
    Text("经三路", "Jing 3rd Road"),
    Text("纬五路", "Wei 5th Road"),
)
_HIGHEST_NUMBER = 399
_HIGHEST_BUILDING = 12


def _place(zh: str, en: str) -> Text:
    return Text(zh, en + _SORTS[zh[-1]])


def _read_prefecture(line: str) -> Prefecture:
    code, zh, en, weight = line.split()
    return Prefecture(code, Text(zh, en), int(weight))


def _read_county(line: str) -> County:
    head, *towns = line.split(" | ")
    code, zh, en = head.split()
    return County(code, _place(zh, en), tuple(_place(*town.split()) for town in towns))


PREFECTURES: Mapping[str, Prefecture] = {
    prefecture.code: prefecture for prefecture in map(_read_prefecture, _PREFECTURES.strip().splitlines())
}
COUNTIES: tuple[County, ...] = tuple(_read_county(line) for line in _COUNTIES.strip().splitlines())

_WEIGHTS = {
    county.code: county.prefecture.weight / sum(other.code[:4] == county.code[:4] for other in COUNTIES)
    for county in COUNTIES
}


def county_weights(homes: tuple[str, ...], favour: int) -> list[float]:
    """Cumulative weights of COUNTIES, for `Random.choices`.

    Those whose code begins with one of `homes` count `favour` times: industries gather in places.
    """
    return list(
        accumulate(
            _WEIGHTS[county.code] * (favour if homes and county.code.startswith(homes) else 1) for county in COUNTIES
        )
    )


def address_in(county: County, rng: Random) -> Text:
    """A plausible address in `county`, in both languages."""
    town, road = rng.choice(county.towns), rng.choice(_ROADS)
    number = rng.randint(1, _HIGHEST_NUMBER)
    zh, en = f"{road.zh}{number}号", f"No. {number} {road.en}"
    if rng.random() < 0.2:
        building = rng.randint(1, _HIGHEST_BUILDING)
        zh, en = f"{zh}{building}幢", f"Building {building}, {en}"
    city = county.prefecture.name
    return Text(
        f"{_PROVINCE.zh}{city.zh}{county.name.zh}{town.zh}{zh}",
        f"{en}, {town.en}, {county.name.en}, {city.en}, {_PROVINCE.en}, China",
    )
