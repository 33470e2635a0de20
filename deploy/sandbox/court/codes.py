"""The court's own code lists. Open ones have `99` 其他, with the plain word in a second element beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

OTHER = "99"


@dataclass(frozen=True, slots=True)
class CodeList:
    """Code by the word that the officers' books use. A closed list knows no other words."""

    title: str
    codes: Mapping[str, str]
    open: bool = False

    def word_of(self, code: str) -> str | None:
        """The word of a code, None for one that the list does not have."""
        return next((word for word, own in self.codes.items() if own == code), None)


FLOWS = CodeList(
    "流程代码",
    {
        "F1": "0101",
        "F4": "0104",
        "F5": "0105",
        "F6": "0601",
        "F9": "0901",
        "F17": "1701",
        "F20": "2001",
        "F21": "2101",
        "F22": "2102",
        "LSC": "3101",
    },
)
WAYS = CodeList(
    "移交方式",
    {"forward": "1", "assign": "2", "transfer": "3", "request": "4", "entrust": "5", "notify": "6"},
)
ROLES = CodeList("主协办类型", {"lead": "1", "co_handler": "2", "copy": "3"})
TRACKS = CodeList("繁简分流", {"ordinary": "0", "complex": "1"})
PRIORITIES = CodeList("紧急程度", {"normal": "0", "urgent": "1", "emergency": "2"})
PARTY_ROLES = CodeList(
    "诉讼地位",
    {
        "applicant": "01",
        "respondent": "02",
        "plaintiff": "03",
        "defendant": "04",
        "suspect": "11",
        "victim": "12",
        "petitioner": "21",
        "other_party": "29",
    },
    open=True,
)
REPLIES = CodeList(
    "答复类别",
    {
        "acceptance_notice": "11",
        "opinion": "12",
        "intake_reply": "21",
        "result": "22",
        "hearing_notice": "31",
        "judgment": "32",
        "ruling": "41",
        "consent_result": "51",
        "mediation_result": "52",
        "notice_receipt": "61",
        "custody_notice": "62",
    },
    open=True,
)
OUTCOMES = CodeList(
    "结案方式",
    {
        "settled": "0101",
        "partly_settled": "0102",
        "not_supported": "0103",
        "not_accepted": "0104",
        "litigation": "0201",
        "supervision": "0202",
        "investigation": "0203",
        "reconsideration": "0204",
        "explained": "0205",
        "concluded": "0206",
        "guilty": "0301",
        "not_guilty": "0302",
        "not_responsible": "0303",
        "withdrawal_allowed": "0304",
        "terminated": "0305",
        "confirmed": "0401",
        "rejected": "0402",
        "withdrawn": "0403",
        "agreement": "0501",
        "no_agreement": "0502",
        "refused": "0503",
        "unreachable": "0504",
        "expired": "0505",
        "refused_signature": "0506",
        "other": "0507",
        "imprisoned": "0601",
        "served_in_detention": "0602",
        "not_admitted": "0603",
    },
    open=True,
)
REASONS = CodeList(
    "退回理由",
    {
        "not_in_remit": "01",
        "duplicate": "02",
        "concluded": "03",
        "art16": "04",
        "defendant_absent": "05",
        "no_new_facts": "06",
        "papers_incomplete": "07",
        "refused": "08",
        "unreachable": "09",
    },
    open=True,
)
PAPERS = CodeList(
    "材料类型",
    {
        "forward_letter": "101",
        "petition_letter": "102",
        "acceptance_notice": "111",
        "opinion": "112",
        "intake_reply": "113",
        "result": "114",
        "entrust_letter": "201",
        "complaint": "202",
        "application": "203",
        "agreement": "204",
        "ruling": "205",
        "indictment": "301",
        "case_file": "302",
        "evidence": "303",
        "sentencing_proposal": "304",
        "hearing_notice": "305",
        "judgment": "306",
        "execution_notice": "401",
        "indictment_copy": "402",
        "registration_form": "403",
    },
    open=True,
)
CHANGES = CodeList(
    "状态代码",
    {
        "sign": "120",
        "accept": "130",
        "start": "140",
        "propose_return": "150",
        "decide_return": "151",
        "request_supplement": "160",
        "provide_supplement": "161",
        "raise": "170",
        "progress": "200",
        "reply": "210",
        "confirm": "220",
        "rework": "221",
        "extend": "310",
        "exclude": "311",
        "restart": "312",
        "hand_over": "320",
        "fact": "330",
        "request_withdrawal": "410",
        "decide_withdrawal": "411",
        "correct": "420",
        "followup": "430",
    },
)
DELIVERIES = CodeList(
    "业务类型",
    {
        "task": "01",
        "signed": "11",
        "accepted": "12",
        "return_proposed": "13",
        "return_decided": "14",
        "supplement_requested": "15",
        "supplement_provided": "16",
        "started": "17",
        "progressed": "18",
        "replied": "19",
        "confirmed": "20",
        "rework": "21",
        "withdrawal_requested": "22",
        "withdrawn": "23",
        "cancelled": "24",
        "closed": "30",
        "refused": "31",
        "note": "90",
    },
)
