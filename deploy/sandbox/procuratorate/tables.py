"""The exchange tables 前置库: `_OUT` is written by this system, `_IN` by whoever joins it to others.

Everything is CHAR or VARCHAR, blank when missing; text columns are GBK bytes (see text.py). An `_OUT` row has
`upload_status` 0 until somebody has taken it (then 1, with `upload_time`); when the row is written again it
goes back to 0 and `update_time` moves. A row in `_IN` has `clzt` 0 until this system has taken it in
(1, with our numbers) or has refused it (2, with the reason in `clxx`); set back to 0 it is tried again.
"""

from sqlalchemy import (
    CHAR,
    BigInteger,
    Column,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

REFERENCES = ("wlajh", "wlywh", "wlrwh")
"""Opaque outside numbers of case, referral and task: echoed, never understood here."""


def _char(name: str, length: int) -> Column[str]:
    return Column(name, CHAR(length), nullable=False, server_default="")


def _line(name: str, length: int) -> Column[str]:
    return Column(name, String(length), nullable=False, server_default="")


def _text(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False, server_default="")


def _key(name: str, length: int) -> Column[str]:
    return Column(name, CHAR(length), primary_key=True)


def _numbers() -> list[Column[str]]:
    """统一受案号 is one per case, 部门受案号 one per record."""
    return [_char("tysah", 30), _line("bmsah", 100)]


def _references() -> list[Column[str]]:
    return [_char(name, 36) for name in REFERENCES]


def _upload() -> list[Column[str]]:
    return [
        _char("add_time", 23),
        _char("update_time", 23),
        _char("upload_time", 23),
        _char("upload_status", 1),
    ]


def _taken() -> list[Column[str] | Column[bytes]]:
    return [_char("add_time", 23), _char("clzt", 1), _text("clxx"), _char("clsj", 23)]


def _card() -> list[Column[str] | Column[bytes]]:
    """案卡: what a matter is about."""
    coded = [_line(name, 44) for name in ("ajlb", "ysfs", "zbdw", "fzcd", "jjcd", "sfzy")]
    lists = [_line("xbdw", 400), _line("csdw", 400)]
    plain = [_line("sflb", 40), _line("xzqh", 40), _char("flsj", 14), _char("qxrq", 8), _char("lyywh", 36)]
    return [*coded, *lists, *plain, *(_text(name) for name in ("ajmc", "ajzy", "ay", "wsh", "jbr", "bz"))]


def _act() -> list[Column[str] | Column[bytes]]:
    """A step's particulars; which of them a step fills in depends on its kind `czlx`."""
    coded = [_line(name, 44) for name in ("czlx", "hfdm", "jgdm", "lydm", "jydw", "sfty", "sfhf", "sfzy")]
    plain = [_line(name, 40) for name in ("jzdm", "sxdm", "sl", "dw", "kcdm", "ssdm", "sflb", "xzqh", "pf")]
    dates = [_char("flsj", 14), _char("qsrq", 8), _char("jzrq", 8)]
    texts = [
        _text(name)
        for name in ("jbr", "wsh", "bz", "nr", "clqd", "gzzd", "spr", "xcbr", "ssz", "ajmc", "ajzy")
    ]
    return [*coded, *plain, *dates, *texts]


def _party() -> list[Column[str] | Column[bytes]]:
    plain = [_line("dsrlx", 44), _line("zjlx", 44), _line("zjhm", 300), _char("xydm", 18)]
    return [*plain, _line("xb", 44), _char("csrq", 8), _line("lxdh", 300), _text("xm"), _text("dz")]


def _paper() -> list[Column[str] | Column[bytes]]:
    return [_line("wsdm", 44), _line("wslx", 100), _char("wsdx", 12), _text("wsmc"), _text("wsnr")]


def _milestone(prefix: str) -> list[Column[str] | Column[bytes]]:
    plain = [_char(f"{prefix}xh", 4), _char(f"{prefix}ls", 12), _char(f"{prefix}sj", 14)]
    return [*plain, *(_text(f"{prefix}{what}") for what in ("r", "wh", "bz"))]


def _step() -> list[Column[str]]:
    """操作序号 counts within the record from 1, 流水号 over the whole system."""
    return [_char("czxh", 4), _char("lsh", 12)]


_MILESTONES = [column for prefix in ("qs", "sl", "ks") for column in _milestone(prefix)]

cases_out = Table(
    "T_AJ_OUT",
    metadata,
    _key("xh", 16),
    *_step(),
    *_numbers(),
    _char("wlajh", 36),
    *_card(),
    _line("czr", 40),
    *_upload(),
)
acceptances_out = Table(
    "T_SA_OUT",
    metadata,
    _key("xh", 16),
    *_numbers(),
    *_references(),
    *_MILESTONES,
    _line("czr", 40),
    *_upload(),
)
acts_out = Table(
    "T_CZ_OUT",
    metadata,
    _key("xh", 16),
    *_step(),
    *_numbers(),
    *_references(),
    *_act(),
    _line("czr", 40),
    *_upload(),
)
parties_out = Table("T_DSR_OUT", metadata, _key("ssxh", 16), _key("sx", 3), *_party())
papers_out = Table("T_WS_OUT", metadata, _key("ssxh", 16), _key("sx", 3), *_paper())
deletions_out = Table(
    "T_SC_OUT",
    metadata,
    _key("xh", 16),
    _line("bm", 40),
    _char("scxh", 16),
    _line("bmsah", 100),
    _char("czxh", 4),
    _text("scyy"),
    *_upload(),
)

cases_in = Table(
    "T_AJ_IN",
    metadata,
    Column("lsh", BigInteger, Identity(), primary_key=True),
    _line("jhbh", 64),
    *_numbers(),
    *_references(),
    *_card(),
    _line("rwjs", 44),
    _line("fsdw", 44),
    _line("fsbh", 100),
    *_taken(),
    UniqueConstraint("jhbh"),
)
acts_in = Table(
    "T_CZ_IN",
    metadata,
    Column("lsh", BigInteger, Identity(), primary_key=True),
    _line("jhbh", 64),
    *_numbers(),
    *_references(),
    *_act(),
    _line("fsdw", 44),
    _line("bwlx", 60),
    _text("qtxx"),
    *_taken(),
    UniqueConstraint("jhbh"),
)
parties_in = Table("T_DSR_IN", metadata, _key("jhbh", 64), _key("sx", 3), *_party())
papers_in = Table("T_WS_IN", metadata, _key("jhbh", 64), _key("sx", 3), *_paper())

numbers = Table(
    "T_AJH", metadata, Column("bmsah", String(100), primary_key=True), _char("tysah", 30), _char("wlajh", 36)
)
progress = Table(
    "T_JD", metadata, Column("mc", String(20), primary_key=True), Column("wz", BigInteger, nullable=False)
)

for _table in (cases_out, acceptances_out, acts_out, deletions_out):
    Index(f"I_{_table.name}_SJ", _table.c.update_time, _table.c.xh)
    Index(f"I_{_table.name}_BH", _table.c.bmsah)
for _table in (cases_in, acts_in):
    Index(f"I_{_table.name}_ZT", _table.c.clzt, _table.c.lsh)
