"""REST with JSON: lists by cursor, writes with an idempotency key, documents by themselves.

Knows nothing of what the JSON means: addresses, names of parameters and places in the answers come as
settings, so that a mapping or a profile can drive it.
"""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.sdk.ports import DeliveryRejected, TransportTrouble

_AWAY = frozenset({401, 403, 407, 408, 423, 425, 429})
"""Client errors that say nothing about the content, but who calls or when: they pass, or are mended."""

Json = Any


class RestSettings(BaseModel):
    """Where the system is and who calls. Problems name the field, the value and what is allowed.

    The bearer token stands in `token` or, better, in `token_file`, which is read at each call, so that a
    renewed token needs no restart. `timeout` bounds a whole call, `largest` the bytes of one answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str
    token: str | None = Field(default=None, repr=False)
    token_file: Path | None = None
    timeout: float = Field(
        default=10.0, gt=0, le=600, description="seconds for one call, connecting included"
    )
    largest: int = Field(default=64 * 1024 * 1024, gt=0, description="bytes")

    @field_validator("base_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).hostname:
            raise ValueError(f"{value!r} must be an http or https address")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.token is not None and self.token_file is not None:
            raise ValueError("token and token_file: give one of them")
        return self

    def authorization(self) -> dict[str, str]:
        """The header of a call. Raises TransportTrouble when the token file can't be read."""
        token = self.token
        if self.token_file is not None:
            try:
                token = self.token_file.read_text("utf-8").strip()
            except OSError as error:
                raise TransportTrouble(f"token_file {str(self.token_file)!r}: {error.strerror}") from None
        return {} if token is None else {"Authorization": f"Bearer {token}"}


class Listing(BaseModel):
    """How changes are listed: the path, the names of its parameters, and the places of the answer's parts.

    A place is a dotted path such as `data.items`; "" is the answer itself. Where an answer has no `next` the
    old cursor stays; where `more` has no place, a full page means that there is more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    items: str
    next: str
    more: str | None = None
    cursor_parameter: str = "cursor"
    limit_parameter: str | None = "limit"
    limit: int = Field(default=50, ge=1, le=10_000)
    parameters: dict[str, str] = {}


class Writing(BaseModel):
    """How writes are answered.

    `key_header` carries the idempotency key. An answer with `repeated_status` whose `repeated_place` holds
    `repeated_value` says that the key was used before: the write counts as done. `refusal_places` are where a
    refusal names the field, its value, what is allowed, and the text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key_header: str = "Idempotency-Key"
    repeated_status: int = 409
    repeated_place: str | None = None
    repeated_value: str | None = None
    refusal_places: dict[str, str] = Field(
        default={"field": "field", "value": "value", "allowed": "allowed", "text": "message"}
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a listing."""

    items: list[Json]
    cursor: str | None
    more: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A write that was carried out, now or, when `repeated`, before."""

    body: Json
    repeated: bool


class NotThere(LookupError):
    """The system has nothing to give at this address."""


@dataclass(frozen=True)
class RestSystem:
    """One system. A call waits at most `timeout` seconds; cancelling it leaves open whether a write was done.

    No connection outlives a call: the ports have no close, so a kept one would be left behind.
    """

    settings: RestSettings
    writing: Writing = field(default_factory=Writing)
    _tls: ssl.SSLContext | bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        secure = self.settings.base_url.startswith("https")
        object.__setattr__(self, "_tls", ssl.create_default_context() if secure else False)

    async def page(self, listing: Listing, cursor: str | None) -> Listed:
        """One page after `cursor` (None for the start). Raises TransportTrouble, also for what is no page."""
        parameters = dict(listing.parameters)
        if listing.limit_parameter is not None:
            parameters[listing.limit_parameter] = str(listing.limit)
        if cursor is not None:
            parameters[listing.cursor_parameter] = cursor
        status, content = await self._call("GET", listing.path, parameters=parameters)
        if status >= 300:
            raise TransportTrouble(f"GET {listing.path}: answered {status}: {_excerpt(content)}")
        body = _json(content, f"GET {listing.path}")
        items = at(body, listing.items)
        if not isinstance(items, list):
            raise TransportTrouble(f"GET {listing.path}: {listing.items!r} of the answer is no list")
        after = at(body, listing.next)
        more = len(items) >= listing.limit if listing.more is None else bool(at(body, listing.more))
        return Listed(items, cursor if after is None else str(after), more)

    async def write(self, path: str, body: Json, key: str, method: str = "POST") -> Answer:
        """Writes one thing under an idempotency key; the same call may be made again.

        Raises TransportTrouble (away, or who calls is not known) or DeliveryRejected (any other 4xx).
        """
        headers = {self.writing.key_header: key}
        status, content = await self._call(method, path, headers=headers, body=body)
        return self._answer(status, content, f"{method} {path}")

    async def put_document(
        self, path: str, content: bytes, media_type: str, parameters: Mapping[str, str] | None = None
    ) -> Json:
        """Posts a document as it is; gives the JSON that answers. Raises as `write`."""
        headers = {"Content-Type": media_type}
        status, raw = await self._call("POST", path, parameters=parameters, headers=headers, content=content)
        return self._answer(status, raw, f"POST {path}").body

    async def document(self, path: str) -> bytes:
        """A document's bytes. Raises TransportTrouble, NotThere (any 4xx about the content)."""
        return await self._read(path, None)

    async def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Json:
        """Any other JSON. Raises TransportTrouble, NotThere (any 4xx about the content)."""
        return _json(await self._read(path, parameters), f"GET {path}")

    async def _read(self, path: str, parameters: Mapping[str, str] | None) -> bytes:
        status, content = await self._call("GET", path, parameters=parameters)
        if status >= 400:
            raise NotThere(f"GET {path}: answered {status}: {_excerpt(content)}")
        if status >= 300:
            raise TransportTrouble(f"GET {path}: answered {status}: {_excerpt(content)}")
        return content

    def _answer(self, status: int, content: bytes, call: str) -> Answer:
        if status < 300:
            return Answer(_json(content, call), repeated=False)
        if status < 400:
            raise TransportTrouble(f"{call}: answered {status}: {_excerpt(content)}")
        try:
            body = _json(content, call)
        except TransportTrouble:
            body = None
        writing = self.writing
        if status == writing.repeated_status and (
            writing.repeated_place is None or at(body, writing.repeated_place) == writing.repeated_value
        ):
            return Answer(body, repeated=True)
        told = {name: at(body, place) for name, place in writing.refusal_places.items()}
        named = [
            f"{name} {told[name]!r}" for name in ("field", "value", "allowed") if told.get(name) is not None
        ]
        text = told.get("text") or (_excerpt(content) if body is None or not named else "")
        raise DeliveryRejected(f"{call}: answered {status}: {', '.join(named)}{' ' if named else ''}{text}")

    async def _call(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Json = None,
        content: bytes | None = None,
    ) -> tuple[int, bytes]:
        """One request: status and bytes. 5xx and what says nothing about the content is TransportTrouble."""
        call, settings = f"{method} {path}", self.settings
        client = httpx.AsyncClient(
            base_url=settings.base_url,
            headers=settings.authorization(),
            timeout=settings.timeout,
            verify=self._tls,
        )
        try:
            async with asyncio.timeout(settings.timeout), client:
                request = client.build_request(
                    method, path, params=parameters, headers=headers, json=body, content=content
                )
                answer = await client.send(request, stream=True)
                received = bytearray()
                async for chunk in answer.aiter_bytes():
                    received += chunk
                    if len(received) > settings.largest:
                        raise TransportTrouble(f"{call}: answer is larger than {settings.largest} bytes")
        except TimeoutError:
            raise TransportTrouble(f"{call}: no answer within {settings.timeout} s") from None
        except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
            raise TransportTrouble(f"{call}: {type(error).__name__}: {error}") from error
        if answer.status_code >= 500 or answer.status_code in _AWAY:
            raise TransportTrouble(f"{call}: answered {answer.status_code}: {_excerpt(bytes(received))}")
        return answer.status_code, bytes(received)


def at(body: Json, place: str) -> Json:
    """What stands at a dotted place of JSON; None where there is nothing. Numbers step into lists."""
    for name in place.split(".") if place else ():
        if isinstance(body, dict):
            body = body.get(name)
        elif isinstance(body, list) and name.isdigit() and int(name) < len(body):
            body = body[int(name)]
        else:
            return None
    return body


def _json(content: bytes, call: str) -> Json:
    try:
        return json.loads(content) if content else None
    except ValueError:
        raise TransportTrouble(f"{call}: the answer is no JSON: {_excerpt(content)}") from None


def _excerpt(content: bytes) -> str:
    return repr(content[:200].decode("utf-8", "replace"))
