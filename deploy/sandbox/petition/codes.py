"""The petition system's own codes (bm). What they mean elsewhere is nobody's business here."""

from collections.abc import Mapping

UNITS: Mapping[str, str] = {
    "petition": "XFJ",
    "court": "FY",
    "procuratorate": "JCY",
    "public_security": "GAJ",
    "justice": "SFJ",
}
"""dw: units of the city. A unit that the list lacks keeps its own name."""

BUSINESS: Mapping[tuple[str, str], str] = {
    ("F21", "forward"): "ZS",
    ("F21", "assign"): "JB",
    ("F22", "forward"): "SFSS",
    ("F20", "entrust"): "FTDJ",
}
"""ywlx: what the office itself hands over: 转送, 交办, 涉法涉诉导入, 访调对接. Anything else is QT 其他."""

OTHER = "QT"

STEPS: Mapping[str, str] = {
    "raise": "DJ",
    "sign": "QS",
    "accept": "SL",
    "propose_return": "YY",
    "decide_return": "YYJD",
    "request_supplement": "BZ",
    "provide_supplement": "BC",
    "start": "KB",
    "progress": "JZ",
    "reply": "DF",
    "confirm": "QR",
    "rework": "CB",
    "extend": "YQ",
    "exclude": "KC",
    "restart": "CXJS",
    "hand_over": "YJ",
    "fact": "SS",
    "request_withdrawal": "CH",
    "decide_withdrawal": "CHJD",
    "correct": "GZ",
    "followup": "HF",
}
"""czlx: kinds of steps in the list of changes."""

RECEIVED: Mapping[str, str] = {
    "RW": "task",
    "QS": "signed",
    "SL": "accepted",
    "YY": "return_proposed",
    "YYJD": "return_decided",
    "BZ": "supplement_requested",
    "BC": "supplement_provided",
    "KB": "started",
    "JZ": "progressed",
    "DF": "replied",
    "QR": "confirmed",
    "CB": "rework",
    "CH": "withdrawal_requested",
    "CHJD": "withdrawn",
    "ZZ": "cancelled",
    "BJ": "closed",
    "JJ": "refused",
    "TZ": "note",
}
"""jslx: kinds of what comes in. TZ 通知 is for whatever has no kind of its own."""

ROLES: Mapping[str, str] = {"ZB": "lead", "XB": "co_handler", "CS": "copy"}
WAYS: Mapping[str, str] = {
    "ZS": "forward",
    "JB": "assign",
    "YS": "transfer",
    "QQ": "request",
    "WT": "entrust",
    "GZ": "notify",
}
GENDERS: Mapping[str, str] = {"男": "1", "女": "2", "未知": "0", "未说明": "9"}
TRACKS: Mapping[str, str] = {"PT": "ordinary", "YN": "complex"}
URGENCY: Mapping[str, str] = {"P": "normal", "J": "urgent", "Z": "emergency"}


def back(codes: Mapping[str, str]) -> dict[str, str]:
    """The list read the other way."""
    return {meaning: code for code, meaning in codes.items()}
