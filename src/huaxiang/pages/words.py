"""How numbers, times and outcomes are written on pages, in both languages."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from huaxiang.contracts.model import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

THIN = "\u202f"  # narrow no-break space: groups digits without looking like a decimal sign in any language
NOTHING = "–"

OUTCOMES: Mapping[str, Text] = {
    "loaded": Text("loaded", "已装载"),
    "duplicates": Text("duplicate", "重复"),
    "superseded": Text("superseded", "已有更新版本"),
    "deleted": Text("deletions", "删除指令"),
    "quarantined": Text("quarantined", "隔离"),
    "filtered": Text("filtered", "映射滤除"),
}
LEAVING: Mapping[str, Text] = {
    "replaced": Text("replaced", "被替换"),
    "removed": Text("removed", "被删除"),
    "withdrawn": Text("withdrawn", "被撤回"),
    "erased": Text("erased", "被抹除"),
}
STATUS: Mapping[str, Text] = {
    "published": Text("Published", "已发布"),
    "held": Text("Held back", "暂缓发布"),
    "failed": Text("Failed", "失败"),
    "open": Text("Not finished yet", "尚未完成"),
}
COVERS: Mapping[str, Text] = {
    "everybody": Text("everybody: no row means none", "所有人：无记录即为零"),
    "accounts": Text("its own accounts: elsewhere unknown", "仅其自身账号：其余未知"),
}

PRIVACY: Mapping[str, Text] = {
    "direct-id": Text("direct identifier", "直接标识"),
    "quasi-id": Text("quasi-identifier", "准标识"),
    "sensitive": Text("sensitive", "敏感"),
}
"""Classes of a column; what is free is not said."""


def text_of(words: Any, otherwise: str = "") -> Text:
    """Return words from a summary as Text: a mapping with `en` and `zh`, or one string for both."""
    if isinstance(words, Text):
        return words
    if isinstance(words, str):
        return Text(words, words)
    if isinstance(words, dict) and (words.get("en") or words.get("zh")):
        en, zh = words.get("en"), words.get("zh")
        return Text(str(en or zh), str(zh or en))
    return Text(otherwise, otherwise)


def count(value: Any) -> str:
    """Write a number with thin separators: 1 204 311, 0.25; "–" where there is none."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return NOTHING
    written = (
        f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    )
    return written.replace(",", THIN).replace("-", "−")


def change(value: Any) -> str:
    """Write a difference with its sign: +212, −9, ±0."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return NOTHING
    return "±0" if value == 0 else f"+{count(value)}" if value > 0 else count(value)


def share(part: Any, whole: Any) -> str:
    """Write part of whole in per cent with two significant places; "–" where there is no whole."""
    if not whole or part is None:
        return NOTHING
    percent = 100 * part / whole
    if percent == 0:
        return f"0{THIN}%"
    written = f"{percent:.2f}" if percent < 10 else f"{percent:.1f}"
    return f"< 0.01{THIN}%" if 0 < percent < 0.005 else f"{written}{THIN}%"


def seconds(value: Any) -> Text:
    """Write a duration: 3.2 s, 58 s, 4 min 10 s, 1 h 20 min."""
    if not isinstance(value, int | float):
        return Text(NOTHING, NOTHING)
    if value < 9.95:
        return Text(f"{value:.1f}{THIN}s", f"{value:.1f}{THIN}秒")
    whole = round(value)
    minutes, rest = divmod(whole, 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return Text(f"{hours}{THIN}h {left}{THIN}min", f"{hours}{THIN}小时 {left}{THIN}分")
    if minutes:
        return Text(f"{minutes}{THIN}min {rest}{THIN}s", f"{minutes}{THIN}分 {rest}{THIN}秒")
    return Text(f"{whole}{THIN}s", f"{whole}{THIN}秒")


def memory(value: Any) -> str:
    """Write bytes in GiB or MiB."""
    if not isinstance(value, int | float) or value <= 0:
        return NOTHING
    return f"{value / 2**30:.1f}{THIN}GiB" if value >= 2**30 else f"{value / 2**20:.0f}{THIN}MiB"


def day(value: Any) -> Text:
    """Write an ISO date in words: 20 November 2026, 2026年11月20日; anything else as it came."""
    try:
        found = date.fromisoformat(str(value))
    except ValueError:
        return Text(str(value or NOTHING), str(value or NOTHING))
    return Text(f"{found.day} {found:%B %Y}", f"{found.year}年{found.month}月{found.day}日")


def moment(value: Any) -> str:
    """Write an ISO instant to the minute, with its offset where it has one."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value or NOTHING)
    offset = found.strftime("%z")
    zone = "" if not offset else " UTC" if offset in {"+0000", "-0000"} else f" UTC{offset[:3]}:{offset[3:5]}"
    return f"{found:%Y-%m-%d %H:%M}{zone}"


SOURCES: Mapping[str, Text] = {
    "measured": Text("measured", "实测"),
    "derived": Text("derived", "推导"),
    "declared": Text("declared", "申报"),
    "inferred": Text("inferred", "推断"),
    "modelled": Text("modelled", "模型"),
}
TOUCHED: Mapping[str, Text] = {
    "ad_seen": Text("saw an ad", "看到广告"),
    "share_seen": Text("saw a share", "看到分享"),
    "ad_clicked": Text("clicked an ad", "点击广告"),
    "share_clicked": Text("clicked a share", "点击分享"),
    "followed": Text("followed", "关注"),
    "commented": Text("commented", "评论"),
    "compared": Text("compared", "比较"),
    "viewed": Text("viewed", "浏览"),
    "asked": Text("asked", "咨询"),
}
CALLED: Mapping[str, Text] = {
    "after_sale": Text("after sale", "售后"),
    "answer": Text("answer", "回答"),
    "ask": Text("asked", "提问"),
    "cart": Text("put into the cart", "加购"),
    "click": Text("clicked", "点击"),
    "comment": Text("comment", "评论"),
    "compare": Text("compared", "比较"),
    "complaint": Text("complaint", "投诉"),
    "favourite": Text("favourite", "收藏"),
    "follow": Text("follow", "关注"),
    "gift_card": Text("gift card", "礼品卡"),
    "hide": Text("hid it", "隐藏"),
    "impression": Text("impression", "曝光"),
    "like": Text("like", "点赞"),
    "original": Text("original", "原创"),
    "question": Text("question", "提问"),
    "red_packet": Text("red packet", "红包"),
    "report": Text("reported it", "举报"),
    "search": Text("searched", "搜索"),
    "service": Text("service", "服务"),
    "share": Text("share", "分享"),
    "text": Text("text", "文字"),
    "unfollow": Text("unfollow", "取消关注"),
    "view": Text("view", "浏览"),
}
"""What events' columns may say, where their contracts list it; what tags may say too is named with the tags."""
TALKS: Mapping[str, Text] = {
    "recommended": Text("recommended it", "推荐"),
    "complained": Text("complained", "抱怨"),
    "mixed": Text("recommended and complained", "既推荐又抱怨"),
    "silent": Text("said nothing", "沉默"),
    "open": Text("still open", "尚在期内"),
    "unknown": Text("unknown", "未知"),
}
