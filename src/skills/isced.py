"""ISCED 2011 levels and ISCED-F 2013 fields, broad and narrow: the classification of UNESCO, as facts with our own words.

A detailed field has four digits and belongs to the narrow field of its first three; it is taken by its form.
"""

from skills.errors import BadCredential

LEVELS: dict[int, tuple[str, str]] = {
    0: ("Early childhood education", "早期儿童教育"),
    1: ("Primary", "小学"),
    2: ("Lower secondary", "初中"),
    3: ("Upper secondary", "高中"),
    4: ("Post-secondary, not tertiary", "中学后非高等"),
    5: ("Short-cycle tertiary", "短期高等（专科）"),
    6: ("Bachelor’s or equivalent", "学士或同等"),
    7: ("Master’s or equivalent", "硕士或同等"),
    8: ("Doctoral or equivalent", "博士或同等"),
}

FIELDS: dict[str, tuple[str, str]] = {
    "00": ("Generic programmes", "通用课程"),
    "001": ("Basic programmes", "基础课程"),
    "002": ("Literacy and numeracy", "读写与算术"),
    "003": ("Personal skills and development", "个人技能与发展"),
    "01": ("Education", "教育"),
    "011": ("Education", "教育"),
    "018": ("Inter-disciplinary: education", "跨学科：教育"),
    "02": ("Arts and humanities", "艺术与人文"),
    "021": ("Arts", "艺术"),
    "022": ("Humanities (except languages)", "人文（语言除外）"),
    "023": ("Languages", "语言"),
    "028": ("Inter-disciplinary: arts and humanities", "跨学科：艺术与人文"),
    "03": ("Social sciences, journalism and information", "社会科学、新闻与信息"),
    "031": ("Social and behavioural sciences", "社会与行为科学"),
    "032": ("Journalism and information", "新闻与信息"),
    "038": ("Inter-disciplinary: social sciences and information", "跨学科：社会科学与信息"),
    "04": ("Business, administration and law", "商业、管理与法律"),
    "041": ("Business and administration", "商业与管理"),
    "042": ("Law", "法律"),
    "048": ("Inter-disciplinary: business and law", "跨学科：商业与法律"),
    "05": ("Natural sciences, mathematics and statistics", "自然科学、数学与统计"),
    "051": ("Biological and related sciences", "生物及相关科学"),
    "052": ("Environment", "环境"),
    "053": ("Physical sciences", "物质科学"),
    "054": ("Mathematics and statistics", "数学与统计"),
    "058": ("Inter-disciplinary: sciences and mathematics", "跨学科：科学与数学"),
    "06": ("Information and communication technologies", "信息与通信技术"),
    "061": ("Information and communication technologies", "信息与通信技术"),
    "068": ("Inter-disciplinary: information technologies", "跨学科：信息技术"),
    "07": ("Engineering, manufacturing and construction", "工程、制造与建筑"),
    "071": ("Engineering and engineering trades", "工程与工程行业"),
    "072": ("Manufacturing and processing", "制造与加工"),
    "073": ("Architecture and construction", "建筑与施工"),
    "078": ("Inter-disciplinary: engineering and construction", "跨学科：工程与建筑"),
    "08": ("Agriculture, forestry, fisheries and veterinary", "农林渔业与兽医"),
    "081": ("Agriculture", "农业"),
    "082": ("Forestry", "林业"),
    "083": ("Fisheries", "渔业"),
    "084": ("Veterinary", "兽医"),
    "088": ("Inter-disciplinary: agriculture and veterinary", "跨学科：农业与兽医"),
    "09": ("Health and welfare", "健康与福利"),
    "091": ("Health", "健康"),
    "092": ("Welfare", "福利"),
    "098": ("Inter-disciplinary: health and welfare", "跨学科：健康与福利"),
    "10": ("Services", "服务"),
    "101": ("Personal services", "个人服务"),
    "102": ("Hygiene and occupational health services", "卫生与职业健康服务"),
    "103": ("Security services", "安全服务"),
    "104": ("Transport services", "运输服务"),
    "108": ("Inter-disciplinary: services", "跨学科：服务"),
}
NARROW_DIGITS = 3


def known_field(code: str) -> str | None:
    """The broad or narrow field that a code of 2 to 4 digits lies in; None: the standard has none such."""
    found = code[:NARROW_DIGITS]
    return found if found in FIELDS and code.isascii() and code.isdigit() and len(code) <= NARROW_DIGITS + 1 else None


def check_education(kind: str, level: int | None, field: str | None) -> None:
    """A degree says its level, nothing else has one. Raises `BadCredential`."""
    if kind == "degree" and level is None:
        raise BadCredential(
            "A degree needs its ISCED level, from 0 to 8; a bachelor's is 6, a master's 7, a doctorate 8."
        )
    if kind != "degree" and (level is not None or field is not None):
        raise BadCredential(f"ISCED level and field are those of degrees, not of a {kind}.")
    if field is not None and known_field(field) is None:
        raise BadCredential(f"ISCED-F 2013 has no field {field}.")
