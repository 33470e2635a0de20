"""Identifiers of persons, organisations and court cases, with their check digits.

Sources: GB 11643-1999 (公民身份号码), GB 32100-2015 (统一社会信用代码), 法〔2015〕137号 (案号).
Region codes (GB/T 2260) are advisory: abolished counties stay in old numbers, so an unknown region is never
an error.
"""

import re
import unicodedata
from hashlib import sha1
from operator import mul
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from schemas.scalars import ONE_LINE

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# Region, a date of birth from 1800 to 2200, sequence, check character.
_RESIDENT_ID = re.compile(
    r"[0-9]{6}(1[89][0-9]{2}|2[01][0-9]{2}|2200)(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]"
)
_ID_CHECKS = "10X98765432"
# What the digits' code points make more than the digits themselves.
_ID_EXCESS = ord("0") * sum(_ID_WEIGHTS)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
CASE_NAMESPACE = uuid5(NAMESPACE_URL, "urn:fengqiao:case")
DERIVED_NAMESPACE = uuid5(NAMESPACE_URL, "urn:fengqiao:derived")
# The hexadecimal digit that holds the variant of RFC 9562: its upper two bits are 10.
_VARIANT = {f"{digit:x}": f"{digit & 0b0011 | 0b1000:x}" for digit in range(16)}
_CASE, _DERIVED = CASE_NAMESPACE.bytes, DERIVED_NAMESPACE.bytes
_COURT_CASE = re.compile(r"\([0-9]{4}\)\S{1,10}?[一-龥][0-9]{1,8}号(之[一二三四五六七八九十]+)?")
_UUID_PATTERN = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def resident_id_check(first17: str) -> str:
    """The check character of a 公民身份号码 (GB 11643-1999, ISO 7064 MOD 11-2)."""
    if len(first17) != len(_ID_WEIGHTS):
        raise ValueError(f"the first {len(_ID_WEIGHTS)} digits are needed, not {len(first17)}")
    if not (first17.isascii() and first17.isdigit()):
        raise ValueError("a 公民身份号码 has 17 digits before its check character")
    return _ID_CHECKS[(sum(map(mul, first17.encode(), _ID_WEIGHTS)) - _ID_EXCESS) % 11]


def resident_id(value: str) -> str:
    """Normalise and check a 公民身份号码. Raises ValueError that does not repeat the number."""
    number = value.strip().upper()
    if not _RESIDENT_ID.fullmatch(number):
        if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
            raise ValueError("公民身份号码 must be 17 digits and a check character 0-9 or X")
        raise ValueError("公民身份号码 holds no possible date of birth at places 7-14")
    if number[17] != resident_id_check(number[:17]):
        raise ValueError("公民身份号码 has a wrong check character")
    return number


def credit_code_check(first17: str) -> str:
    """The check character of a 统一社会信用代码 (GB 32100-2015)."""
    values = [_USCC_ALPHABET.index(char) for char in first17]
    total = sum(value * weight for value, weight in zip(values, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def credit_code(value: str) -> str:
    """Normalise and check a 统一社会信用代码. Raises ValueError."""
    code = value.strip().upper()
    if len(code) != 18 or any(char not in _USCC_ALPHABET for char in code):
        raise ValueError(f"统一社会信用代码 {value!r} must be 18 characters of {_USCC_ALPHABET}")
    if code[17] != credit_code_check(code[:17]):
        raise ValueError(f"统一社会信用代码 {value!r} has a wrong check character")
    return code


def court_case_number(value: str) -> str:
    """Normalise a 案号: full-width brackets, half-width digits, no spaces. Raises ValueError.

    `(2017)京04民终367号` becomes `（2017）京04民终367号`.
    """
    narrow = re.sub(r"\s", "", unicodedata.normalize("NFKC", value)).replace("〔", "(").replace("〕", ")")
    if not _COURT_CASE.fullmatch(narrow):
        raise ValueError(
            f"案号 {value!r} must look like （年）法院代字+类型代字+编号+号: （2017）京04民终367号"
        )
    return narrow.replace("(", "（", 1).replace(")", "）", 1)


def mint_case_id(department: str, local_number: str) -> str:
    """The case id that the first sender's connector mints: the same local number gives the same case again.

    UUIDv5 of `department/local_number`, to the byte: normalise the number (brackets, width) before.
    """
    return _uuid5_text(_CASE, f"{department}/{local_number}")


def derived_id(source: str, message_id: str, kind: str, ordinal: int = 0) -> str:
    """The id of what a message creates (referral, task, hub message): UUIDv5 of (source, id, kind, ordinal).

    A department's connector can compute the ids that its own message leads to.
    """
    return _uuid5_text(_DERIVED, f"{source}/{message_id}/{kind}/{ordinal}")


def _uuid5_text(namespace: bytes, name: str) -> str:
    """`str(uuid.uuid5(…))` without the objects in between: every message needs many ids."""
    text = sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def _uuid_text(value: str) -> str:
    if value.endswith("\n") or not re.match(_UUID_PATTERN, value):
        raise ValueError(f"{value!r} must be a UUID, 8-4-4-4-12 hexadecimal digits")
    return value.lower()


Uuid = Annotated[
    str,
    AfterValidator(_uuid_text),
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": _UUID_PATTERN}),
]
ResidentId = Annotated[str, AfterValidator(resident_id)]
CreditCode = Annotated[
    str,
    AfterValidator(credit_code),
    WithJsonSchema({"type": "string", "pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$", "x-check": "GB 32100-2015"}),
]
CourtCaseNumber = Annotated[str, AfterValidator(court_case_number)]
DepartmentId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
RegionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{3}){0,2}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Number = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True, pattern=ONE_LINE)
]
