"""How this system writes text, moments and flags into exchange tables.

Text is GBK. A character that GBK lacks is written `{U+20BB7}` (hexadecimal code point), and so is a `{` that
stands before `U+`, so that every text comes back as it was. Moments are Beijing local time without a zone.
"""

import re
from datetime import datetime

from deploy.sandbox.core.matter import BEIJING

_ESCAPE = re.compile(r"\{U\+([0-9A-F]{1,6})\}")


def to_gbk(text: str) -> bytes:
    """Loses nothing: `from_gbk` gives the same text back."""
    return b"".join(_character(char) for char in text.replace("{U+", "{U+7B}U+"))


def from_gbk(raw: bytes) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), raw.decode("gbk"))


def _character(char: str) -> bytes:
    try:
        return char.encode("gbk")
    except UnicodeEncodeError:
        return b"{U+%X}" % ord(char)


def stamp(moment: datetime) -> str:
    """`2026-11-22 17:30:05.120`, for add_time, update_time and upload_time."""
    return moment.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S.%f")[:23]


def compact(iso: str) -> str:
    """`20261122173005` of an ISO moment."""
    return datetime.fromisoformat(iso).astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def iso(compact_text: str) -> str:
    """The ISO moment of `20261122173005`. Raises ValueError."""
    return datetime.strptime(compact_text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING).isoformat()
