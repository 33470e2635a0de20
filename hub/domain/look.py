"""One look of a person at cases, as the log of reads keeps it. The exact bytes are what the Merkle leaf covers."""

import msgspec
from msgspec import Struct, field


class Looker(Struct, frozen=True):
    """Who looks, what for, and under which matter or order (`reference`)."""

    operator: str
    purpose: str
    reference: str | None = None


class Look(Struct, omit_defaults=True):
    """`what`: the command or page. `cases`: whose content it shows. `asked`: with which words it was asked; persons by their
    token only. `opened`: sealed fields were opened.
    """

    seq: int
    at: str
    operator: str
    purpose: str
    what: str
    cases: list[str] = field(default_factory=list)
    reference: str | None = None
    asked: dict[str, str] = field(default_factory=dict)
    opened: bool = False

    def to_bytes(self) -> bytes:
        """The bytes that are stored and hashed."""
        return _ENCODER.encode(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Look":
        """Read the stored form. Raises ValueError."""
        return _DECODER.decode(raw)


_ENCODER, _DECODER = msgspec.json.Encoder(), msgspec.json.Decoder(Look)
