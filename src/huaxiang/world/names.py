"""The words of the demo world: topics, cities, couriers, brand names, templates. All brands are invented."""

from __future__ import annotations

from datetime import date

# Topic: English, Chinese, its two categories (slug, English, Chinese).
TOPICS = (
    ("beauty", "美妆", ("skincare", "Skin care", "护肤"), ("makeup", "Make-up", "彩妆")),
    ("fashion", "服饰", ("women", "Women's wear", "女装"), ("men", "Men's wear", "男装")),
    ("shoes", "鞋包", ("footwear", "Footwear", "鞋靴"), ("bags", "Bags", "箱包")),
    ("baby", "母婴", ("milk", "Infant milk", "奶粉"), ("toys", "Toys", "玩具")),
    ("digital", "数码", ("phones", "Phones", "手机"), ("audio", "Audio", "影音")),
    ("appliance", "家电", ("kitchen", "Kitchen appliances", "厨房电器"), ("air", "Air care", "空气电器")),
    ("food", "美食", ("snacks", "Snacks", "零食"), ("drinks", "Drinks", "饮料")),
    ("fresh", "生鲜", ("fruit", "Fruit", "水果"), ("seafood", "Seafood", "海鲜")),
    ("sports", "运动", ("fitness", "Fitness", "健身"), ("running", "Running", "跑步")),
    ("outdoors", "户外", ("camping", "Camping", "露营"), ("cycling", "Cycling", "骑行")),
    ("books", "图书", ("novels", "Novels", "小说"), ("children", "Children's books", "童书")),
    ("home", "家居", ("bedding", "Bedding", "床品"), ("decor", "Décor", "装饰")),
)
CATEGORIES = tuple(f"{topic[0]}/{c[0]}" for topic in TOPICS for c in (topic[2], topic[3]))
TYPICAL_PRICE = (  # minor units, per category in the order of CATEGORIES
    *(16_800, 9_900, 19_900, 17_900, 29_900, 39_900, 25_900, 8_900, 249_900, 59_900, 39_900, 89_900),
    *(2_900, 3_900, 4_900, 12_900, 15_900, 32_900, 36_900, 99_900, 3_500, 2_800, 29_900, 6_900),
)
# How much women and men look at each topic.
APPEAL = (
    (1.6, 1.5, 1.1, 1.1, 0.6, 0.7, 1.2, 1.0, 0.6, 0.5, 0.8, 1.0),
    (0.4, 0.6, 0.8, 0.5, 1.6, 0.8, 1.0, 0.7, 1.4, 1.1, 0.7, 0.6),
)
# Region code, Chinese, English, tier, province, relative population.
CITIES = (
    ("110000", "北京", "Beijing", 1, "北京", 22),
    ("310000", "上海", "Shanghai", 1, "上海", 25),
    ("440100", "广州", "Guangzhou", 1, "广东", 19),
    ("440300", "深圳", "Shenzhen", 1, "广东", 18),
    ("510100", "成都", "Chengdu", 2, "四川", 21),
    ("500000", "重庆", "Chongqing", 2, "重庆", 22),
    ("330100", "杭州", "Hangzhou", 2, "浙江", 12),
    ("420100", "武汉", "Wuhan", 2, "湖北", 13),
    ("320500", "苏州", "Suzhou", 2, "江苏", 13),
    ("610100", "西安", "Xi'an", 2, "陕西", 13),
    ("320100", "南京", "Nanjing", 2, "江苏", 9),
    ("430100", "长沙", "Changsha", 2, "湖南", 10),
    ("350200", "厦门", "Xiamen", 3, "福建", 5),
    ("340100", "合肥", "Hefei", 3, "安徽", 9),
    ("530100", "昆明", "Kunming", 3, "云南", 8),
    ("210200", "大连", "Dalian", 3, "辽宁", 7),
    ("370600", "烟台", "Yantai", 3, "山东", 7),
    ("330300", "温州", "Wenzhou", 3, "浙江", 9),
    ("450100", "南宁", "Nanning", 3, "广西", 9),
    ("620100", "兰州", "Lanzhou", 3, "甘肃", 4),
    ("320800", "淮安", "Huai'an", 4, "江苏", 5),
    ("350300", "莆田", "Putian", 4, "福建", 3),
    ("360400", "九江", "Jiujiang", 4, "江西", 5),
    ("410300", "洛阳", "Luoyang", 4, "河南", 7),
    ("430400", "衡阳", "Hengyang", 4, "湖南", 7),
    ("510700", "绵阳", "Mianyang", 4, "四川", 5),
    ("220200", "吉林", "Jilin", 4, "吉林", 4),
    ("150200", "包头", "Baotou", 4, "内蒙古", 3),
    ("341000", "黄山", "Huangshan", 5, "安徽", 2),
    ("533400", "迪庆", "Diqing", 5, "云南", 1),
    ("620900", "酒泉", "Jiuquan", 5, "甘肃", 1),
    ("652900", "阿克苏", "Aksu", 5, "新疆", 3),
    ("232700", "大兴安岭", "Da Hinggan Ling", 5, "黑龙江", 1),
    ("511900", "巴中", "Bazhong", 5, "四川", 3),
)
# Courier: id, Chinese, English, extra days, complaints per parcel relative to the best.
COURIERS = (
    ("c01", "飞燕速运", "Swallow Express", 0.0, 1.0),
    ("c02", "青鸟快递", "Bluebird", 0.2, 1.2),
    ("c03", "千里马", "Thousand Li", 0.3, 1.5),
    ("c04", "云雀物流", "Skylark", 0.5, 2.0),
    ("c05", "同路人", "Fellow Traveller", 0.8, 2.5),
    ("c06", "慢慢来", "Take It Easy", 1.6, 13.0),
)
EXPECTED_DAYS = (1, 2, 3, 4, 6)  # per city tier
BRAND_FIRST = "青云星澜禾木清岚知微山海明川素朴南乔北辰初见暖阳晨曦悦然轻舟听雨拾光知夏"
BRAND_LAST = "坊记社集家品物选铺社"
BRAND_EN = ("Qing", "Yun", "Xing", "Lan", "He", "Mu", "Wei", "Shan", "Hai", "Chuan", "Su", "Nan", "Bei")
BRAND_EN_LAST = ("lane", "works", "house", "made", "& Co", "goods", "studio", "farm")
COLOURS = ("黑", "白", "红", "蓝", "米", "灰", "绿")
SIZES = ("0", "XS", "S", "M", "L", "XL")
WORN = (2, 3, 4)  # categories that are worn, by their place: both of fashion, and footwear
FITS = ("修身", "标准", "宽松")
HOLIDAYS = (
    (date(2026, 1, 1), "元旦", "New Year", False),
    (date(2026, 2, 17), "春节", "Spring Festival", False),
    (date(2026, 4, 5), "清明节", "Qingming", False),
    (date(2026, 5, 1), "劳动节", "Labour Day", False),
    (date(2026, 6, 18), "年中购物节", "618 festival", True),
    (date(2026, 6, 19), "端午节", "Dragon Boat", False),
    (date(2026, 9, 25), "中秋节", "Mid-Autumn", False),
    (date(2026, 10, 1), "国庆节", "National Day", False),
    (date(2026, 11, 11), "购物节", "11.11 festival", True),
    (date(2025, 1, 1), "元旦", "New Year", False),
    (date(2025, 1, 29), "春节", "Spring Festival", False),
    (date(2025, 10, 1), "国庆节", "National Day", False),
    (date(2025, 11, 11), "购物节", "11.11 festival", True),
)
POSTS = {
    "original": ("今天入手了{}，分享一下感受", "{}合集，值得收藏", "关于{}，我有话说", "周末逛{}，收获满满"),
    "share": ("转发：{}好物推荐", "朋友们看看这个{}", "{}打折了，快来"),
    "comment": ("说得对，{}真不错", "{}一般般吧", "求链接！想买{}", "{}踩雷了，别买"),
    "question": ("{}有什么推荐吗？", "请问{}哪家好？"),
    "answer": ("{}我用过，推荐", "看预算，{}选中档就行"),
}
POSTS_THAT_PRAISE = (
    "{}合集，值得收藏",
    "周末逛{}，收获满满",
    "转发：{}好物推荐",
    "说得对，{}真不错",
    "{}我用过，推荐",
)
POSTS_THAT_COMPLAIN = ("{}一般般吧", "{}踩雷了，别买")
REVIEWS = (  # by mood: unhappy, so-so, happy; {} is the topic
    (
        "{}质量太差，和描述不符",
        "物流太慢了，等了一个星期",
        "客服态度不好，退货很麻烦",
        "性价比不高，不会再买",
        "有异味，已申请退款",
        "{}用了两天就坏了",
        "等了半个月的{}，拆开是破的",
        "这{}跟图片完全两样",
    ),
    (
        "{}还行吧，一般般",
        "价格合适，包装普通",
        "比预期差一点，凑合用",
        "颜色有点色差，其他还可以",
        "{}中规中矩吧",
    ),
    (
        "{}很好，会回购",
        "物流很快，第二天就到了",
        "质量不错，家人都喜欢",
        "性价比高，推荐\n已经买了第三次了",
        "送朋友的，包装精美，很满意",
        "{}买对了，家里人抢着用",
        "给老妈买的{}，她直夸好",
        "这{}比想象中还要好",
    ),
)
REVIEWS_MORE = (  # by mood: what often follows
    (
        "，打了三次电话没人理",
        "，边角都磕掉了",
        "，白花钱了",
        "，说好的赠品也没有",
        "，客服一直让我等",
        "，心累",
    ),
    ("，一分钱一分货", "，先用用看", "，没想象中那么好", "，对得起价格"),
    (
        "，店家还送了小样",
        "，手感没话说",
        "，比实体店便宜不少",
        "，孩子抱着不撒手",
        "，包得里三层外三层",
        "，第三次买了",
    ),
)
REVIEWS_END = (  # by mood: how some end
    ("。差评！", "。再也不来了", "。别买", "。退了"),
    ("。看后续吧", "。再说吧"),
    ("。五星好评！", "。推荐👍", "。下次还来", "。谢谢店家"),
)
QUERIES = ("{}", "{}推荐", "{}新款", "{}打折", "好用的{}", "{}礼物")
DIALOGUES = (  # by mood and topic as above
    (
        "{}怎么还不发货，都一个星期了",
        "{}是坏的，我要退货",
        "半天没人理，太失望了",
        "{}发错了，赶紧处理",
        "说好的优惠怎么没有，骗人",
    ),
    (
        "请问什么时候发货？",
        "可以开发票吗？",
        "{}尺码怎么选？",
        "亲，已为您登记",
        "退款多久到账？",
        "有优惠券吗？",
    ),
    ("{}收到了，很喜欢，谢谢", "服务真好，谢谢你们", "{}第二天就到了，太快了", "问题解决了，很满意"),
)
TICKET_TOPICS = ("物流", "质量", "退款", "发票", "尺码", "客服态度")
RETURN_REASONS = ("尺码不合适", "质量问题", "与描述不符", "不想要了", "七天无理由")
