"""The system's own code lists, by the words that its officers' records use.

A code that comes from outside and is in no list is kept with a star before it (`*new_paper`), as agreed with
the vendor: nothing is lost, and everybody sees that the dictionary has to be extended.
"""

from collections.abc import Mapping

FLOWS = {
    "F1": "0201",
    "F4": "0301",
    "F5": "0303",
    "F6": "0305",
    "F9": "0701",
    "F17": "0901",
    "F20": "0902",
    "F21": "0801",
    "F22": "0802",
    "LSC": "0903",
}
WAYS = {"forward": "01", "assign": "02", "transfer": "03", "request": "04", "entrust": "05", "notify": "06"}
UNITS = {
    "petition": "XF01",
    "court": "FY01",
    "procuratorate": "JC01",
    "public_security": "GA01",
    "justice": "SF01",
}
ROLES = {"lead": "1", "co_handler": "2", "copy": "3"}
TRACKS = {"ordinary": "1", "complex": "2"}
PRIORITIES = {"normal": "1", "urgent": "2", "emergency": "3"}
FLAGS = {"true": "1", "false": "0"}

PAPERS = {
    "arrest_request": "1101",
    "case_file": "1001",
    "evidence": "1002",
    "decision": "1102",
    "execution_receipt": "1103",
    "prosecution_opinion": "1201",
    "litigation_file": "1003",
    "goods_list": "1004",
    "rights_notice": "1202",
    "return_decision": "1301",
    "outline": "1302",
    "supplement_report": "1303",
    "indictment": "1401",
    "sentencing_proposal": "1402",
    "hearing_notice": "1403",
    "judgment": "1404",
    "execution_notice": "1501",
    "indictment_copy": "1405",
    "registration_form": "1502",
    "notice_receipt": "1503",
    "custody_notice": "1504",
    "forward_letter": "1601",
    "petition_letter": "1602",
    "acceptance_notice": "1603",
    "opinion": "1604",
    "intake_reply": "1605",
    "result": "1606",
}
REPLIES = {
    "decision": "01",
    "rights_notice": "02",
    "supplement_report": "03",
    "hearing_notice": "04",
    "judgment": "05",
    "notice_receipt": "06",
    "custody_notice": "07",
    "acceptance_notice": "08",
    "opinion": "09",
    "intake_reply": "10",
    "result": "11",
}
OUTCOMES = {
    "approved": "2011",
    "not_approved_no_danger": "2012",
    "not_approved_evidence": "2013",
    "not_approved_no_crime": "2014",
    "prosecute": "3011",
    "no_prosecution_statutory": "3012",
    "no_prosecution_discretion": "3013",
    "no_prosecution_doubt": "3014",
    "no_prosecution_conditional": "3015",
    "moved_jurisdiction": "3016",
    "supplemented": "3031",
    "new_opinion": "3032",
    "case_dropped": "3033",
    "retransferred_reasoned": "3034",
    "guilty": "3051",
    "not_guilty": "3052",
    "not_responsible": "3053",
    "withdrawal_allowed": "3054",
    "terminated": "3055",
    "imprisoned": "7011",
    "served_in_detention": "7012",
    "not_admitted": "7013",
    "settled": "8011",
    "partly_settled": "8012",
    "not_supported": "8013",
    "not_accepted": "8014",
    "litigation": "8021",
    "supervision": "8022",
    "investigation": "8023",
    "reconsideration": "8024",
    "explained": "8025",
    "concluded": "8026",
}
REASONS = {
    "not_in_remit": "T01",
    "papers_incomplete": "T02",
    "suspect_at_large": "T03",
    "goods_mismatch": "T04",
    "duplicate": "T05",
    "concluded": "T06",
    "art16": "T07",
    "defendant_absent": "T08",
    "no_new_facts": "T09",
}

MILESTONES = {"sign": "qs", "accept": "sl", "start": "ks"}
"""Steps that fill columns of the acceptance row 受案 in place; every other step is a row of its own."""

OPERATIONS = {
    "sign": "01",
    "accept": "02",
    "start": "03",
    "propose_return": "11",
    "decide_return": "12",
    "request_supplement": "21",
    "provide_supplement": "22",
    "progress": "31",
    "reply": "32",
    "confirm": "33",
    "rework": "34",
    "extend": "41",
    "exclude": "42",
    "restart": "43",
    "hand_over": "44",
    "fact": "51",
    "request_withdrawal": "61",
    "decide_withdrawal": "62",
    "correct": "71",
    "followup": "81",
}
NOTES = {
    "signed": "01",
    "accepted": "02",
    "started": "03",
    "return_proposed": "11",
    "return_decided": "12",
    "supplement_requested": "21",
    "supplement_provided": "22",
    "progressed": "31",
    "replied": "32",
    "confirmed": "33",
    "rework": "34",
    "withdrawal_requested": "61",
    "withdrawn": "62",
    "cancelled": "91",
    "closed": "92",
    "refused": "93",
    "note": "99",
}


def to_code(words: Mapping[str, str], word: str) -> str:
    return words.get(word, f"*{word}")


def from_code(words: Mapping[str, str], code: str) -> str:
    """Raises ValueError for a code that the list lacks."""
    if code.startswith("*"):
        return code[1:]
    for word, known in words.items():
        if known == code:
            return word
    raise ValueError(f"code {code!r} must be one of {sorted(words.values())}, or start with a star")
