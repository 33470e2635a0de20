"""The CloudEvents 1.0 envelope of every message and its Kafka binary binding.

Attributes travel as `ce_` headers, the data as the record's value (JSON), the case as the record's key.
Extension attributes of ours: `secrecy` (密级), `keyid` and `signature` (department's Ed25519 signature), and,
on the way out only, `actor` (the department whose step it is), `sequence` and `previous` (order per case
and recipient), and `redelivery` (the order by which a record is delivered again).
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from schemas.identifiers import DepartmentId
from schemas.scalars import ONE_LINE, Moment

CONTENT_TYPE: Final = "application/json"
_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]+")
Headers = list[tuple[str, bytes]]


class Secrecy(StrEnum):
    """密级. The hub carries the first two; what is higher is refused; only hash and sender are stored."""

    PUBLIC = "public"
    INTERNAL = "internal"
    SECRET = "secret"
    CONFIDENTIAL = "confidential"
    TOP_SECRET = "top_secret"


CARRIED = frozenset({Secrecy.PUBLIC, Secrecy.INTERNAL})
MessageId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
MessageType = Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z_]+\.v[1-9][0-9]?$")]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=160, pattern=ONE_LINE)]
TraceParent = Annotated[str, StringConstraints(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")]


class Envelope(BaseModel):
    """One message's attributes. Unknown `ce_` attributes are ignored; those here are checked."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    specversion: Literal["1.0"] = "1.0"
    """Version of CloudEvents."""
    id: MessageId
    """Id of the message, unique for its source for ever. The same id with other content is refused."""
    source: DepartmentId
    """Id of the department that says so; it must own the topic."""
    type: MessageType
    """Type and version of the message, e.g. `referral.raised.v1`; says which schema the data follow."""
    subject: Subject
    """Id of the case, and the record's key; a department that does not know it gives its own number."""
    time: Moment
    """When the source made the message. The legal moment of a step is in the data."""
    datacontenttype: Literal["application/json"] = CONTENT_TYPE
    """Media type of the data; travels as the header `content-type`."""
    secrecy: Secrecy
    """密级 of the message. Above `internal` it is refused."""
    traceparent: TraceParent | None = None
    """W3C trace context."""
    keyid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,80}$")] | None = None
    """Id of the registered key that signed the message."""
    signature: Annotated[str, StringConstraints(max_length=128)] | None = None
    """Detached Ed25519 signature, base64; see `x-signature` in asyncapi.yaml."""
    actor: DepartmentId | None = None
    """Only from the hub: the department whose step it is; absent for the hub's own messages."""
    sequence: Annotated[int, Field(ge=1)] | None = None
    """Only from the hub: number of the record among those to this department about this case."""
    previous: Annotated[int, Field(ge=0)] | None = None
    """Only from the hub: the sequence of the record before it, 0 for the first; a hole means loss."""
    redelivery: Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")] | None = None
    """Only from the hub: the record was sent before, and this order delivers it again; its id and sequence are the same."""

    def headers(self) -> Headers:
        """The Kafka headers of the binary binding, in the order of the attributes' names."""
        return [
            ("content-type" if name == "datacontenttype" else f"ce_{name}", text.encode())
            for name, text in self.attributes().items()
        ]

    def attributes(self) -> dict[str, str]:
        """Attribute texts by name, sorted, those without a value left out."""
        dumped = self.model_dump(mode="json", exclude_none=True)
        return {name: str(dumped[name]) for name in sorted(dumped)}

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes | None]]) -> Self:
        """Read the binary binding. Raises ValueError (pydantic's or ours) that names the attribute."""
        texts = attribute_texts(headers)
        if "specversion" not in texts:
            raise ValueError("attribute 'specversion' is missing; it must be '1.0'")
        return cls.model_validate(texts)


def attribute_texts(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """The `ce_` headers as texts by attribute name, exactly as they stand in the record.

    The media type comes without its parameter `charset=utf-8`, and as `application/json` when the header is
    absent. Raises ValueError for an attribute given twice, without a value, not in UTF-8 or with a name that
    CloudEvents does not allow. Other headers are left alone.
    """
    texts: dict[str, str] = {}
    for key, value in headers:
        name = _ATTRIBUTES.get(key)
        if name is None:
            if not key.startswith("ce_"):
                continue
            name = key[3:]
            if not _ATTRIBUTE_NAME.fullmatch(name):
                raise ValueError(f"attribute name {name!r} must be lower-case letters and digits")
        if name in texts:
            raise ValueError(f"attribute {name!r} is given twice")
        if value is None:
            raise ValueError(f"attribute {name!r} has no value")
        try:
            texts[name] = value.decode()
        except UnicodeDecodeError:
            raise ValueError(f"attribute {name!r} is not UTF-8") from None
    content_type = texts.get("datacontenttype", CONTENT_TYPE)
    if content_type != CONTENT_TYPE:
        content_type = re.sub(r"\s*;\s*charset=\"?utf-8\"?\s*$", "", content_type.lower()).strip()
    texts["datacontenttype"] = content_type
    return texts


# Header names of the attributes that the contract names.
_ATTRIBUTES = {"content-type": "datacontenttype"} | {
    f"ce_{name}": name for name in Envelope.model_fields if name != "datacontenttype"
}
