"""Made-up people: names marked 示例, an impossible region in the identity number, a right check digit."""

import random

from deploy.sandbox.core.matter import Fields

REGION = "990100"
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "安平宁和顺康乐静诚信明达文远思源知行若谷"
_STREETS = ("示例一路", "示例二路", "示例三路", "枫桥示例街", "示例新村", "示例河沿")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def person(draw: random.Random, role: str, serial: int) -> Fields:
    """One party. The region 990100 exists nowhere, so the number (GB 11643-1999) can be nobody's."""
    male = draw.random() < 0.5
    order = (serial % 450) * 2 + (1 if male else 0) + 99
    birth = f"{draw.randrange(1950, 2006)}{draw.randrange(1, 13):02d}{draw.randrange(1, 29):02d}"
    name = f"{draw.choice(_SURNAMES)}{draw.choice(_GIVEN)}{draw.choice(_GIVEN)}（示例）"
    address = f"{draw.choice(_STREETS)}{draw.randrange(1, 200)}号{draw.randrange(1, 9)}幢"
    return {
        "role": role,
        "name": name,
        "id_type": "111",
        "id_number": id_number(f"{REGION}{birth}{order:03d}"),
        "phone": f"1990000{serial % 10000:04d}",
        "address": f"枫桥市{address}",
        "gender": "1" if male else "2",
    }


def id_number(first17: str) -> str:
    """Adds the check character (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return first17 + _CHECKS[total % 11]
