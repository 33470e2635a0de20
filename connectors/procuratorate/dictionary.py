"""The procuratorate's code lists, as its vendor's interface document gives them, beside the contract's codes.

Towards the hub a code that is in no list is a problem that a person has to look at. Towards the procuratorate
a contract code that is in no list is written with a star before it, as agreed: nothing is lost, and it is
seen there.
"""

from collections.abc import Mapping

FLOWS = {
    "0201": "F1",
    "0301": "F4",
    "0303": "F5",
    "0305": "F6",
    "0701": "F9",
    "0901": "F17",
    "0902": "F20",
    "0801": "F21",
    "0802": "F22",
    "0903": "LSC",
}
WAYS = {
    "01": "forward",
    "02": "assign",
    "03": "transfer",
    "04": "request",
    "05": "entrust",
    "06": "notify",
}
UNITS = {
    "XF01": "petition",
    "FY01": "court",
    "JC01": "procuratorate",
    "GA01": "public_security",
    "SF01": "justice",
}
ROLES = {
    "1": "lead",
    "2": "co_handler",
    "3": "copy",
}
TRACKS = {
    "1": "ordinary",
    "2": "complex",
}
PRIORITIES = {
    "1": "normal",
    "2": "urgent",
    "3": "emergency",
}
PAPERS = {
    "1101": "arrest_request",
    "1001": "case_file",
    "1002": "evidence",
    "1102": "decision",
    "1103": "execution_receipt",
    "1201": "prosecution_opinion",
    "1003": "litigation_file",
    "1004": "goods_list",
    "1202": "rights_notice",
    "1301": "return_decision",
    "1302": "outline",
    "1303": "supplement_report",
    "1401": "indictment",
    "1402": "sentencing_proposal",
    "1403": "hearing_notice",
    "1404": "judgment",
    "1501": "execution_notice",
    "1405": "indictment_copy",
    "1502": "registration_form",
    "1503": "notice_receipt",
    "1504": "custody_notice",
    "1601": "forward_letter",
    "1602": "petition_letter",
    "1603": "acceptance_notice",
    "1604": "opinion",
    "1605": "intake_reply",
    "1606": "result",
}
REPLIES = {
    "01": "decision",
    "02": "rights_notice",
    "03": "supplement_report",
    "04": "hearing_notice",
    "05": "judgment",
    "06": "notice_receipt",
    "07": "custody_notice",
    "08": "acceptance_notice",
    "09": "opinion",
    "10": "intake_reply",
    "11": "result",
}
OUTCOMES = {
    "2011": "approved",
    "2012": "not_approved_no_danger",
    "2013": "not_approved_evidence",
    "2014": "not_approved_no_crime",
    "3011": "prosecute",
    "3012": "no_prosecution_statutory",
    "3013": "no_prosecution_discretion",
    "3014": "no_prosecution_doubt",
    "3015": "no_prosecution_conditional",
    "3016": "moved_jurisdiction",
    "3031": "supplemented",
    "3032": "new_opinion",
    "3033": "case_dropped",
    "3034": "retransferred_reasoned",
    "3051": "guilty",
    "3052": "not_guilty",
    "3053": "not_responsible",
    "3054": "withdrawal_allowed",
    "3055": "terminated",
    "7011": "imprisoned",
    "7012": "served_in_detention",
    "7013": "not_admitted",
    "8011": "settled",
    "8012": "partly_settled",
    "8013": "not_supported",
    "8014": "not_accepted",
    "8021": "litigation",
    "8022": "supervision",
    "8023": "investigation",
    "8024": "reconsideration",
    "8025": "explained",
    "8026": "concluded",
}
REASONS = {
    "T01": "not_in_remit",
    "T02": "papers_incomplete",
    "T03": "suspect_at_large",
    "T04": "goods_mismatch",
    "T05": "duplicate",
    "T06": "concluded",
    "T07": "art16",
    "T08": "defendant_absent",
    "T09": "no_new_facts",
}


def from_code(codes: Mapping[str, str], code: str) -> str:
    """The contract's code. Raises ValueError for one that the list lacks."""
    if code.startswith("*"):
        return code[1:]
    if code not in codes:
        raise ValueError(f"must be one of {sorted(codes)}, or start with a star")
    return codes[code]


def to_code(codes: Mapping[str, str], word: str) -> str:
    """The procuratorate's code, or the contract's with a star."""
    return next((code for code, known in codes.items() if known == word), f"*{word}")
