"""How each department numbers its records. Series are gap-free per year."""

from collections.abc import Mapping
from datetime import datetime

_STYLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "petition": ("XF-{year}-{n:06d}", {}),
    "court": (
        "（{year}）枫9901{series}{n}号",
        {
            "F6": "刑初",
            "F9": "刑执",
            "F17": "民诉前调",
            "LSC": "民特",
            "F21": "信访",
            "F22": "信访",
            "": "民初",
        },
    ),
    "procuratorate": (
        "枫检{series}〔{year}〕{n}号",
        {"F1": "捕受", "F5": "退补", "F21": "控申受", "F22": "控申受", "": "刑受"},
    ),
    "public_security": ("A990100{year}{month:02d}{n:07d}", {}),
    "justice": ("枫{series}〔{year}〕{n}号", {"LSC": "确申", "": "调"}),
}


def series_of(department: str, flow: str) -> str:
    """The series that a flow's numbers come from: one counter per series and year."""
    series = _style(department)[1]
    return series.get(flow, series.get("", ""))


def number_of(department: str, series: str, n: int, at: datetime) -> str:
    """The n-th number of a series, e.g. `（2026）枫9901民特1号`."""
    return _style(department)[0].format(series=series, n=n, year=at.year, month=at.month)


def _style(department: str) -> tuple[str, Mapping[str, str]]:
    try:
        return _STYLES[department]
    except KeyError:
        raise ValueError(
            f"department {department!r} has no number style; known are {sorted(_STYLES)}"
        ) from None
