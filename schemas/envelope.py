"""The CloudEvents 1.0 envelope of every message and its Kafka binary binding.

Attributes travel as `ce_` headers, the data as the record's value (JSON), the case as the record's key.
Extension attributes of ours: `secrecy` (密级), `keyid` and `signature` (department's Ed25519 signature),
and, on the way out only, `actor` (the department whose step it is), `sequence` and `previous` (order per case and recipient).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from schemas.identifiers import DepartmentId

CONTENT_TYPE = "application/json"
Headers = list[tuple[str, bytes]]


class Secrecy(StrEnum):
    """密级. The hub carries the first two; 秘密 and above are refused before anything but hash and sender is stored."""

    PUBLIC = "public"
    INTERNAL = "internal"
    SECRET = "secret"
    CONFIDENTIAL = "confidential"
    TOP_SECRET = "top_secret"


CARRIED = frozenset({Secrecy.PUBLIC, Secrecy.INTERNAL})
MessageId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
MessageType = Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z_]+\.v[1-9][0-9]?$")]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=160)]


class Envelope(BaseModel):
    """One message's attributes. Unknown `ce_` attributes are ignored; those here are checked."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=False)

    specversion: Literal["1.0"] = "1.0"
    id: MessageId
    source: DepartmentId
    type: MessageType
    subject: Subject
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = CONTENT_TYPE
    secrecy: Secrecy
    traceparent: Annotated[str, StringConstraints(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")] | None = None
    keyid: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,80}$")] | None = None
    signature: Annotated[str, StringConstraints(max_length=128)] | None = None
    actor: DepartmentId | None = None
    sequence: Annotated[int, Field(ge=1)] | None = None
    previous: Annotated[int, Field(ge=0)] | None = None

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
        return cls.model_validate(attribute_texts(headers))


def attribute_texts(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    """The `ce_` headers as texts by attribute name, exactly as they stand in the record.

    Raises ValueError for an attribute given twice, without a value or not in UTF-8. Other headers are left alone.
    """
    texts: dict[str, str] = {}
    for key, value in headers:
        if key == "content-type":
            name = "datacontenttype"
        elif key.startswith("ce_"):
            name = key[3:]
        else:
            continue
        if name in texts:
            raise ValueError(f"attribute {name!r} is given twice")
        if value is None:
            raise ValueError(f"attribute {name!r} has no value")
        try:
            texts[name] = value.decode()
        except UnicodeDecodeError:
            raise ValueError(f"attribute {name!r} is not UTF-8") from None
    content_type = texts.get("datacontenttype", CONTENT_TYPE)
    texts["datacontenttype"] = content_type.split(";")[0].strip().lower()
    return texts


def signed_attributes(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """The attributes that the signature covers: all but the signature itself, sorted by name."""
    return sorted((name, text) for name, text in texts.items() if name != "signature")
