"""The plan: what each department's officers raise by themselves. Follow-up matters are the policies' part.

The mix follows printed counts of cities: neighbours 60.0 %, family 19.4 %, land 8.1 %, other 12.4 %; about a
third of all referrals come from the criminal line, which each F1 starts.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.sandbox.core.matter import Matter
from deploy.sandbox.core.officers import paper
from deploy.sandbox.core.people import REGION, person
from deploy.sandbox.core.policies import Policies

ASSIGN_TITLE = "【示例a】反映楼上夜间噪声及邻里相互滋扰的信访事项"
CUSTODY_TITLE = "【示例b】林某（示例）涉嫌盗窃提请批准逮捕"
MEDIATION_TITLE = "【示例d】邻里借款纠纷诉前委托调解"


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of dispute: parts of a thousand, codes of GB/T 31000 (as found in practice), what about."""

    weight: int
    codes: tuple[str, ...]
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """One way in which a department raises matters by itself."""

    department: str
    flow: str
    kind: str
    weight: int
    leads: tuple[str, ...]
    papers: tuple[str, ...]
    form: str
    roles: tuple[str, str]


SORTS = (
    Sort(
        600,
        ("0201", "0202", "0203"),
        ("楼上漏水", "通道堆物", "夜间噪声", "院墙采光", "油烟排放", "宅间排水"),
    ),
    Sort(194, ("0101", "0102", "0103"), ("赡养费", "分家析产", "子女探望", "婚约彩礼")),
    Sort(81, ("0401", "0499"), ("地界", "林地承包", "宅基地", "田间水路")),
    Sort(125, ("0402", "0503", "0502"), ("物业费", "停车位", "交通事故赔付", "装修工钱")),
)
CRIMES = ("盗窃", "诈骗", "故意伤害", "危险驾驶", "交通肇事", "寻衅滋事")
_CITIZENS = ("petitioner", "other_party")
CHANNELS = (
    Channel("petition", "F21", "assign", 34, ("court", "public_security", "justice", "procuratorate"),
            ("forward_letter", "petition_letter"), "反映{subject}问题的信访事项", _CITIZENS),
    Channel("petition", "F21", "forward", 14, ("public_security", "justice", "court"),
            ("forward_letter",), "关于{subject}的来信", _CITIZENS),
    Channel("petition", "F22", "forward", 6, ("court", "procuratorate", "public_security"),
            ("forward_letter", "petition_letter"), "不服{subject}处理的涉法涉诉来信", _CITIZENS),
    Channel("petition", "F20", "entrust", 18, ("justice",),
            ("entrust_letter", "consent"), "{subject}纠纷访调对接", _CITIZENS),
    Channel("court", "F17", "entrust", 14, ("justice",),
            ("entrust_letter", "complaint", "evidence"), "{subject}纠纷委托调解", ("plaintiff", "defendant")),
    Channel("public_security", "F1", "request", 14, ("procuratorate",),
            ("arrest_request", "case_file", "evidence"), "涉嫌{subject}提请批准逮捕", ("suspect", "victim")),
)  # fmt: skip


def plan(seed: int, n: int) -> dict[str, list[Matter]]:
    """The first `n` matters of a seed, by department: the stories first, then the mix. Pure."""
    if n < 0:
        raise ValueError(f"n {n} must be 0 or more")
    draw, titles = random.Random(seed), Policies.load().papers
    everything = [*_stories(draw, titles), *(_ordinary(draw, titles, serial) for serial in range(1, n + 1))][
        :n
    ]
    departments: dict[str, list[Matter]] = {name: [] for name in Policies.load().departments}
    for department, matter in everything:
        departments[department].append(matter)
    return departments


def _stories(draw: random.Random, titles: Mapping[str, str]) -> Sequence[tuple[str, Matter]]:
    assign = Matter(
        key="story/a",
        flow="F21",
        kind="assign",
        title=ASSIGN_TITLE,
        summary="信访人称楼上住户夜间噪声持续半年，双方已多次争执，请求依法处理。",
        matter="0203",
        region=REGION,
        parties=[person(draw, "petitioner", 1), person(draw, "other_party", 2)],
        papers=_papers(("forward_letter", "petition_letter"), titles, ASSIGN_TITLE),
        lead="court",
        co_handlers=["public_security"],
        copies=["procuratorate"],
        track="complex",
    )
    custody = Matter(
        key="story/b",
        flow="F1",
        kind="request",
        title=CUSTODY_TITLE,
        summary="犯罪嫌疑人已被刑事拘留，现提请批准逮捕。",
        region=REGION,
        parties=[person(draw, "suspect", 3), person(draw, "victim", 4)],
        papers=_papers(("arrest_request", "case_file", "evidence"), titles, CUSTODY_TITLE),
        lead="procuratorate",
        in_custody=True,
        priority="urgent",
    )
    mediation = Matter(
        key="story/d",
        flow="F17",
        kind="entrust",
        title=MEDIATION_TITLE,
        summary="原告请求归还借款，双方为邻居，适宜先行调解。",
        matter="0401",
        region=REGION,
        parties=[person(draw, "plaintiff", 5), person(draw, "defendant", 6)],
        papers=_papers(("entrust_letter", "complaint", "evidence"), titles, MEDIATION_TITLE),
        lead="justice",
    )
    return [("petition", assign), ("public_security", custody), ("court", mediation)]


def _ordinary(draw: random.Random, titles: Mapping[str, str], serial: int) -> tuple[str, Matter]:
    channel = draw.choices(CHANNELS, [one.weight for one in CHANNELS])[0]
    sort = draw.choices(SORTS, [one.weight for one in SORTS])[0]
    crime = channel.flow == "F1"
    subject = draw.choice(CRIMES if crime else sort.subjects)
    title = f"{channel.form.format(subject=subject)}（{serial:05d}）"
    lead = draw.choice(channel.leads)
    helpers = [name for name in CHANNELS[0].leads if name != lead]
    co_handlers = [draw.choice(helpers)] if channel.flow == "F21" and draw.random() < 0.06 else []
    copies = (
        ["procuratorate"] if channel.flow == "F22" and lead != "procuratorate" and draw.random() < 0.3 else []
    )
    return channel.department, Matter(
        key=f"plan/{serial}",
        flow=channel.flow,
        kind=channel.kind,
        title=title,
        summary=f"{subject}，双方各执一词，详见所附材料。（沙盒示例）",
        matter=None if crime else draw.choice(sort.codes),
        region=REGION,
        parties=[person(draw, role, 10 + serial * 2 + place) for place, role in enumerate(channel.roles)],
        papers=_papers(channel.papers, titles, title),
        lead=lead,
        co_handlers=co_handlers,
        copies=copies,
        in_custody=draw.random() < 0.8 if crime else None,
        track="complex" if co_handlers else "ordinary",
        priority="urgent" if draw.random() < 0.03 else "normal",
    )


def _papers(codes: Sequence[str], titles: Mapping[str, str], title: str) -> list[dict[str, object]]:
    return [paper(code, titles[code], title) for code in codes]
