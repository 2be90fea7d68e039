"""Thirty-six divisions of GB/T 4754-2017 as the province has them: what firms there call themselves, make and do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from registry.domain.schemes import Text

# Scopes with a gap for goods, by sort of activity.
_ACTIVITIES: Mapping[str, tuple[Text, ...]] = {
    "making": (
        Text("{}的设计和生产", "Design and production of {}"),
        Text("{}的设计、生产和销售", "Design, production and sale of {}"),
        Text("{}的生产", "Production of {}"),
        Text("{}的生产和销售", "Production and sale of {}"),
    ),
    "processing": (
        Text("{}的加工", "Processing of {}"),
        Text("{}的加工和销售", "Processing and sale of {}"),
    ),
    "growing": (
        Text("{}的种植和销售", "Growing and sale of {}"),
        Text("{}的种植和初加工", "Growing and first processing of {}"),
    ),
    "farming": (Text("{}的养殖和销售", "Farming and sale of {}"), Text("{}的养殖", "Farming of {}")),
    "selling": (
        Text("{}的销售", "Sale of {}"),
        Text("{}的销售和配送服务", "Sale and delivery of {}"),
        Text("{}的采购和销售", "Purchasing and sale of {}"),
    ),
    "building": (
        Text("资质等级许可范围内的{}施工", "Execution of {} within the scope of the qualification"),
        Text("{}的设计和施工", "Design and execution of {}"),
    ),
    "providing": (
        Text("{}服务", "Provision of {}"),
        Text("资质范围内的{}服务", "Provision of {} as licensed"),
    ),
    "developing": (
        Text("{}的设计、开发和技术服务", "Design, development and technical support of {}"),
        Text("{}的开发和运行维护服务", "Development, operation and maintenance of {}"),
    ),
}


@dataclass(frozen=True, slots=True)
class Trade:
    """A line of business within an industry: its word in company names, and what such firms make or do."""

    word: Text
    goods: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Industry:
    """A division of the industry classification.

    `activities` are scopes with a gap for goods. `homes` are the prefectures where the industry gathers, as beginnings
    of GB/T 2260 codes. `appliances` are the goods that a household appliance certificate can be about.
    """

    code: str
    name: Text
    weight: int
    homes: tuple[str, ...]
    activities: tuple[Text, ...]
    trades: tuple[Trade, ...]
    appliances: frozenset[Text]

    @property
    def makes_things(self) -> bool:
        """Whether this is manufacturing (section C)."""
        return self.code.startswith("C")


# code, weight, activity, homes (- for none), name; then its trades: the word, and the goods (* for an appliance).
_TABLE = """
A01 20 growing 3311,3308 农业 Agriculture
 果蔬 Fruit and Vegetable: 杨梅 red bayberries, 柑橘 citrus fruit, 蔬菜 vegetables
 茶叶 Tea: 绿茶 green tea, 白茶 white tea
 粮油 Grain and Oil: 稻谷 paddy rice, 油菜籽 rapeseed
A04 16 farming 3309,3310 渔业 Fishery
 水产养殖 Aquaculture: 南美白对虾 whiteleg shrimp, 中华鳖 soft-shelled turtles
 渔业 Fishery: 大黄鱼 large yellow croaker, 梭子蟹 swimming crabs
C13 26 processing 3309,3308 农副食品加工业 Processing of farm products
 水产食品 Seafood: 速冻水产品 quick-frozen seafood, 鱼糜制品 surimi products
 粮油食品 Grain and Oil Foods: 大米 rice, 山茶油 camellia oil
 农产品 Farm Produce: 笋制品 bamboo shoot products, 蔬菜制品 vegetable products
C14 24 making 3307,3303 食品制造业 Foods
 食品 Foods: 糕点 pastries, 方便食品 convenience foods
 调味食品 Seasonings: 酱油 soy sauce, 复合调味料 compound seasonings
 休闲食品 Snack Foods: 蜜饯 candied fruit, 炒货 roasted nuts and seeds
C15 16 making 3306,3311 酒、饮料和精制茶制造业 Beverages and refined tea
 酒业 Wine: 黄酒 yellow rice wine, 果酒 fruit wine
 饮料 Beverages: 果蔬汁饮料 fruit and vegetable juices, 包装饮用水 bottled water
 茶业 Tea: 精制绿茶 refined green tea, 代用茶 herbal tea
C17 70 making 3306,3304 纺织业 Textiles
 纺织 Textile: 涤纶面料 polyester fabrics, 真丝面料 silk fabrics
 针纺 Knitting: 针织布 knitted fabrics, 经编面料 warp-knitted fabrics
 家纺 Home Textile: 床上用品 bedding, 窗帘布 curtain fabrics
C18 50 making 3305,3302,3306 纺织服装、服饰业 Garments
 服饰 Garments: 职业装 workwear, 针织服装 knitwear
 童装 Children's Wear: 童装 children's wear, 婴幼儿服装 infants' wear
 袜业 Hosiery: 棉袜 cotton socks, 连裤袜 tights
C19 36 making 3303,3304 皮革、毛皮、羽毛及其制品和制鞋业 Leather, fur, feather products and footwear
 鞋业 Footwear: 皮鞋 leather shoes, 注塑鞋 injection-moulded shoes, 运动鞋 sports shoes
 皮革 Leather: 皮革服装 leather garments, 皮带 leather belts
 箱包 Bags and Luggage: 拉杆箱 trolley cases, 背包 backpacks
C20 18 making 3311,3305 木材加工和木、竹、藤、棕、草制品业 Wood and bamboo products
 竹制品 Bamboo Products: 竹地板 bamboo flooring, 竹制餐具 bamboo tableware
 木业 Wood: 胶合板 plywood, 木门 wooden doors
C21 28 making 3305 家具制造业 Furniture
 家具 Furniture: 木制家具 wooden furniture, 金属家具 metal furniture
 椅业 Seating: 办公椅 office chairs, 餐椅 dining chairs
 家居 Home Furnishing: 软体沙发 upholstered sofas, 床垫 mattresses
C22 20 making 3301,3308 造纸和纸制品业 Paper and paper products
 纸业 Paper: 特种纸 speciality paper, 生活用纸 household paper
 纸制品 Paper Products: 纸杯 paper cups, 纸袋 paper bags
 包装 Packaging: 瓦楞纸箱 corrugated boxes, 蜂窝纸板 honeycomb board
C23 20 making 3303 印刷和记录媒介复制业 Printing
 印刷 Printing: 包装印刷品 printed packaging, 画册 catalogues
 彩印 Colour Printing: 不干胶标签 self-adhesive labels, 彩色包装盒 colour-printed boxes
C24 36 making 3307,3302 文教、工美、体育和娱乐用品制造业 Stationery, crafts, sports goods and toys
 文具 Stationery: 圆珠笔 ball-point pens, 文件夹 folders
 工艺品 Crafts: 节日装饰品 festival decorations, 水晶工艺品 crystal crafts
 体育用品 Sporting Goods: 健身器材 fitness equipment, 滑板车 scooters
 玩具 Toys: 木制玩具 wooden toys, 塑料玩具 plastic toys
C26 24 making 3308,3306 化学原料和化学制品制造业 Chemicals
 化工 Chemical: 表面活性剂 surfactants, 染料 dyestuffs
 新材料 New Materials: 胶粘剂 adhesives, 有机硅密封胶 silicone sealants
 涂料 Coatings: 水性涂料 water-borne coatings, 粉末涂料 powder coatings
 日化 Household Chemicals: 洗涤用品 detergents, 空气清新剂 air fresheners
C27 12 making 3310 医药制造业 Pharmaceuticals
 药业 Pharmaceutical: 中药饮片 prepared Chinese crude drugs, 药用辅料 pharmaceutical excipients
 卫生材料 Hygienic Materials: 医用敷料 medical dressings, 医用口罩 medical masks
C28 12 making 3306,3301 化学纤维制造业 Chemical fibres
 化纤 Chemical Fibre: 涤纶丝 polyester yarn, 再生涤纶短纤 recycled polyester staple fibre
 氨纶 Spandex: 氨纶包覆纱 spandex covered yarn
C29 84 making 3310,3302 橡胶和塑料制品业 Rubber and plastic products
 塑料制品 Plastic Products: 塑料薄膜 plastic film, 日用塑料制品 plastic articles for daily use
 模塑 Moulding: 汽车用注塑件 injection-moulded parts for automobiles, 家电用注塑件 injection-moulded parts for appliances
 密封件 Seals: 橡胶密封件 rubber seals, 油封 oil seals
 管业 Pipe: 塑料管材 plastic pipes, 塑料管件 plastic pipe fittings
C30 34 making 3305,3311 非金属矿物制品业 Non-metallic mineral products
 建材 Building Materials: 预拌混凝土 ready-mixed concrete, 加气混凝土砌块 aerated concrete blocks
 玻璃 Glass: 钢化玻璃 tempered glass, 中空玻璃 insulating glass
 陶瓷 Ceramics: 日用瓷 household porcelain, 工业陶瓷 industrial ceramics
 耐火材料 Refractories: 耐火砖 refractory bricks
C33 96 making 3307,3302,3304 金属制品业 Metal products
 五金 Hardware: 家具五金件 furniture fittings, 锁具 locks
 紧固件 Fasteners: 螺栓 bolts, 螺母 nuts
 工具 Tools: 手工具 hand tools, 园林工具 garden tools
 门窗 Door and Window: 防盗门 security doors, 防火门 fire doors
 杯业 Flask: 不锈钢真空杯 stainless steel vacuum flasks
C34 112 making 3302,3303,3310 通用设备制造业 General-purpose machinery
 精密机械 Precision Machinery: 减速机 speed reducers, 精密机械零件 precision machine parts
 阀门 Valve: 闸阀 gate valves, 球阀 ball valves
 轴承 Bearing: 深沟球轴承 deep-groove ball bearings, 滚针轴承 needle roller bearings
 泵业 Pump: 离心泵 centrifugal pumps, 潜水电泵 submersible pumps
 气动元件 Pneumatic Components: 气缸 pneumatic cylinders, 电磁阀 solenoid valves
 弹簧 Spring: 压缩弹簧 compression springs, 异形弹簧 special springs
C35 66 making 3310,3302 专用设备制造业 Special-purpose machinery
 模具 Mould: 注塑模具 injection moulds, 压铸模具 die-casting moulds
 缝制设备 Sewing Equipment: 工业缝纫机 industrial sewing machines, 绣花机 embroidery machines
 包装机械 Packaging Machinery: 包装机械 packaging machinery, 制袋机 bag-making machines
 环保设备 Environmental Equipment: 污水处理设备 sewage treatment equipment, 除尘设备 dust collectors
C36 62 making 3302,3303,3310 汽车制造业 Motor vehicles and parts
 汽车零部件 Auto Parts: 制动盘 brake discs, 转向节 steering knuckles
 汽配 Automotive Components: 汽车滤清器 automobile filters, 汽车线束 automobile wiring harnesses
 车饰 Auto Trim: 汽车内饰件 automobile interior trim, 汽车脚垫 car mats
 车灯 Auto Lamp: 汽车灯具 automobile lamps
C37 26 making 3309,3310 铁路、船舶、航空航天和其他运输设备制造业 Other transport equipment
 船舶配件 Marine Parts: 船用阀件 marine valve parts, 船用锚链 anchor chains
 摩托车配件 Motorcycle Parts: 摩托车减震器 motorcycle shock absorbers, 摩托车链条 motorcycle chains
 电动车 Electric Vehicle: 电动自行车配件 parts for electric bicycles
C38 110 making 3303,3302 电气机械和器材制造业 Electrical machinery and apparatus
 电器 Electrical Appliance: 电热水壶 electric kettles*, 电风扇 electric fans*, 电熨斗 electric irons*
 厨具 Kitchen Appliance: 吸油烟机 range hoods*, 电饭锅 rice cookers*
 小家电 Small Appliance: 室内加热器 room heaters*, 饮水机 water dispensers*
 电气 Electric: 低压断路器 low-voltage circuit breakers, 交流接触器 AC contactors
 电机 Motor: 微特电机 micromotors, 三相异步电动机 three-phase asynchronous motors
 照明 Lighting: LED灯具 LED lighting fixtures, 应急照明灯 emergency lamps
 电缆 Cable: 电线电缆 wires and cables
C39 42 making 3301,3304 计算机、通信和其他电子设备制造业 Computers, communication and electronic equipment
 电子 Electronics: 连接器 connectors, 电容器 capacitors, 印制电路板 printed circuit boards
 光电 Optoelectronics: 光纤跳线 optical patch cords, 光学镜头 optical lenses
 通信设备 Communication Equipment: 对讲机 two-way radios, 安防摄像机 security cameras
C40 30 making 3303,3301,3302 仪器仪表制造业 Instruments and meters
 仪表 Instrument: 燃气表 gas meters, 压力表 pressure gauges
 光学 Optical: 眼镜镜片 spectacle lenses, 太阳镜 sunglasses
 自动化 Automation: 温度控制器 temperature controllers, 电动执行器 electric actuators
E49 22 building - 建筑安装业 Building installation
 机电安装 Mechanical and Electrical Installation: 机电安装工程 mechanical and electrical installation works
 消防工程 Fire Protection: 消防设施工程 fire protection works
 智能化工程 Intelligent Engineering: 建筑智能化工程 intelligent building works
E50 24 building - 建筑装饰、装修和其他建筑业 Building decoration
 装饰 Decoration: 建筑装饰装修工程 building decoration works
 幕墙 Curtain Wall: 建筑幕墙工程 curtain wall works, 金属门窗工程 metal door and window works
 园林 Landscape: 园林绿化工程 landscaping works
F51 46 selling 3307,3302 批发业 Wholesale
 贸易 Trading: 日用百货 articles of daily use, 办公用品 office supplies
 五金 Hardware: 五金工具 hardware and tools, 劳动防护用品 protective equipment
 建材 Building Materials: 钢材 steel, 管材 pipes
F52 22 selling - 零售业 Retail
 家电 Home Appliance: 家用电器 household appliances, 空调 air conditioners
 食品 Foods: 预包装食品 pre-packaged foods
 医疗器械 Medical Devices: 医疗器械 medical devices
G54 26 providing 3302 道路运输业 Road transport
 物流 Logistics: 道路普通货物运输 general road freight transport, 冷链运输 cold chain transport
 运输 Transport: 集装箱道路运输 road transport of containers
G59 16 providing 3302,3309 装卸搬运和仓储业 Loading and warehousing
 仓储 Warehousing: 普通货物仓储 storage of general goods, 电商仓配 e-commerce fulfilment
 装卸 Cargo Handling: 货物装卸 cargo handling
I65 52 developing 3301 软件和信息技术服务业 Software and information technology services
 软件 Software: 计算机应用软件 application software, 企业管理软件 enterprise management software
 信息技术 Information Technology: 信息系统 information systems, 数据分析平台 data analysis platforms
 智能科技 Intelligent Technology: 工业互联网平台 industrial internet platforms, 智能仓储系统 intelligent warehouse systems
K70 18 providing - 房地产业 Real estate
 物业管理 Property Management: 住宅物业管理 residential property management, 办公楼物业管理 office property management
 物业服务 Property Services: 医院物业管理 hospital property management, 学校物业管理 school property management
M74 26 providing 3301 专业技术服务业 Professional technical services
 检测技术 Testing Technology: 机械零部件检测 testing of mechanical parts, 水质检测 water quality testing
 工程咨询 Engineering Consulting: 建设工程监理 construction supervision, 工程造价咨询 construction cost consulting
 测绘 Surveying: 工程测量 engineering surveys
N77 20 providing - 生态保护和环境治理业 Environmental protection
 环境科技 Environmental Technology: 污水处理设施运营 operation of sewage treatment plants
 环保 Environmental Protection: 废气治理 waste gas treatment, 固体废物处理 solid waste treatment
 生态科技 Ecological Technology: 河道保洁 river cleaning, 土壤修复 soil remediation
"""


def _read_text(pair: str) -> Text:
    zh, en = pair.strip().rstrip("*").split(" ", 1)
    return Text(zh, en)


def _read_trade(line: str) -> Trade:
    word, goods = line.split(":")
    return Trade(_read_text(word), tuple(map(_read_text, goods.split(","))))


def _read_industry(block: str) -> Industry:
    head, *lines = block.splitlines()
    code, weight, activity, homes, name = head.split(" ", 4)
    listed = [good for line in lines for good in line.split(":")[1].split(",")]
    return Industry(
        code,
        _read_text(name),
        int(weight),
        () if homes == "-" else tuple(homes.split(",")),
        _ACTIVITIES[activity],
        tuple(map(_read_trade, lines)),
        frozenset(_read_text(good) for good in listed if good.endswith("*")),
    )


# An industry begins with a line that is not indented.
INDUSTRIES: tuple[Industry, ...] = tuple(map(_read_industry, re.split(r"\n(?! )", _TABLE.strip())))
