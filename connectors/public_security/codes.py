"""The public security system's code lists: its code on the left, the contract's on the right.

What the contract knows and the list does not yet travels as "其他" (all nines) with the contract's code
beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CodeList:
    """One list. `other` is its code for what has none, always accompanied by the original code (原代码)."""

    title: str
    to_contract: Mapping[str, str]
    other: str = "9999"

    def read(self, code: str, original: str | None) -> str:
        """The contract's code. Raises ValueError that gives the value and what is allowed."""
        if code == self.other and original:
            return original
        try:
            return self.to_contract[code]
        except KeyError:
            raise ValueError(f"{self.title} {code!r} must be one of {sorted(self.to_contract)}") from None

    def write(self, value: str) -> tuple[str, str | None]:
        """The system's code, and the original code where the list has none."""
        for code, known in self.to_contract.items():
            if known == value:
                return code, None
        return self.other, value


def _numbered(title: str, first: int, *values: str) -> CodeList:
    return CodeList(title, {f"{first + at:04d}": value for at, value in enumerate(values)})


UNIT = CodeList(
    "单位代码",
    {
        "990100000000": "public_security",
        "990100100000": "petition",
        "990100200000": "court",
        "990100300000": "procuratorate",
        "990100400000": "justice",
    },
    other="999999999999",
)
FLOW = CodeList(
    "业务类别",
    {
        "0201": "F1",
        "0202": "F4",
        "0203": "F5",
        "0301": "F6",
        "0302": "F9",
        "0401": "F17",
        "0402": "LSC",
        "0501": "F20",
        "0502": "F21",
        "0503": "F22",
    },
)
KIND = CodeList(
    "移送方式",
    {"1": "forward", "2": "assign", "3": "transfer", "4": "request", "5": "entrust", "6": "notify"},
    other="9",
)
TASK_ROLE = CodeList("承办方式", {"1": "lead", "2": "co_handler", "3": "copy"}, other="9")
TRACK = CodeList("办理类型", {"1": "ordinary", "2": "complex"}, other="9")
PRIORITY = CodeList("紧急程度", {"1": "normal", "2": "urgent", "3": "emergency"}, other="9")
SECRECY = CodeList(
    "密级",
    {"0": "public", "1": "internal", "2": "secret", "3": "confidential", "4": "top_secret"},
    other="9",
)
PARTY_ROLE = _numbered(
    "人员类别",
    1,
    "suspect",
    "victim",
    "witness",
    "defendant",
    "convict",
    "petitioner",
    "respondent",
    "applicant",
    "plaintiff",
    "other_party",
    "party",
)
PAPER = _numbered(
    "文书代码",
    1001,
    "arrest_request",
    "case_file",
    "evidence",
    "decision",
    "execution_receipt",
    "prosecution_opinion",
    "litigation_file",
    "goods_list",
    "rights_notice",
    "return_decision",
    "outline",
    "supplement_report",
    "indictment",
    "sentencing_proposal",
    "hearing_notice",
    "judgment",
    "execution_notice",
    "indictment_copy",
    "registration_form",
    "notice_receipt",
    "custody_notice",
    "forward_letter",
    "petition_letter",
    "acceptance_notice",
    "opinion",
    "intake_reply",
    "result",
    "entrust_letter",
    "consent",
    "mediation_result",
)
REPLY = _numbered(
    "办理环节",
    2001,
    "decision",
    "rights_notice",
    "supplement_report",
    "hearing_notice",
    "judgment",
    "notice_receipt",
    "custody_notice",
    "acceptance_notice",
    "opinion",
    "intake_reply",
    "result",
    "consent_result",
    "mediation_result",
    "ruling",
)
OUTCOME = _numbered(
    "处理结果",
    3001,
    "approved",
    "not_approved_no_danger",
    "not_approved_evidence",
    "not_approved_no_crime",
    "prosecute",
    "no_prosecution_statutory",
    "no_prosecution_discretion",
    "no_prosecution_doubt",
    "no_prosecution_conditional",
    "moved_jurisdiction",
    "supplemented",
    "new_opinion",
    "case_dropped",
    "retransferred_reasoned",
    "guilty",
    "not_guilty",
    "imprisoned",
    "served_in_detention",
    "not_admitted",
    "settled",
    "partly_settled",
    "not_supported",
    "not_accepted",
    "litigation",
    "supervision",
    "investigation",
    "reconsideration",
    "explained",
    "concluded",
)
REASON = _numbered(
    "退回理由",
    4001,
    "not_in_remit",
    "papers_incomplete",
    "suspect_at_large",
    "goods_mismatch",
    "duplicate",
    "concluded",
)
