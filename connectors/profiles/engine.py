"""A source and a sink from a profile, over the REST transport.

The transport's settings (`base_url`, `token_file` …, see `RestSettings`) come from the connector's
configuration; the profile holds nothing that differs between two installations of the same system.
"""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from connectors.errors import ConfigurationError
from connectors.profiles.checked import checked
from connectors.profiles.json_form import Fields, JsonForm
from connectors.profiles.profile import Documents, Profile, Rule, load_profile
from connectors.sdk.attachments import AttachmentDamaged, AttachmentMissing
from connectors.sdk.ids import referral_id
from connectors.sdk.ports import (
    Delivered,
    Delivery,
    DeliveryRejected,
    Kit,
    Link,
    Outgoing,
    Page,
    Sink,
    Source,
    TransportTrouble,
    Unmapped,
)
from connectors.sdk.writing import one_line
from connectors.transports.rest import Json, NotThere, RestSettings, RestSystem, at
from schemas.identifiers import mint_case_id

_RAISED = "referral.raised.v1"
_ASSIGNED = "task.assigned.v1"
_REFUSED = "message.refused.v1"


def build(kit: Kit, profile: Path) -> tuple[Source, Sink]:
    """The two ports of a profile.

    Raises ConfigurationError for the profile, the department or the settings.
    """
    loaded = load_profile(profile)
    if loaded.department != kit.department:
        raise ConfigurationError(
            f"profile {profile} is for {loaded.department!r}, not for {kit.department!r}"
        )
    settings = {name: value for name, value in kit.settings.items() if name != "kind"}
    try:
        rest = RestSettings.model_validate(settings)
    except ValidationError as error:
        raise ConfigurationError(f"transport: {one_line(error)}") from None
    system = RestSystem(rest, loaded.deliveries.writing)
    return ProfileSource(loaded, system, kit), ProfileSink(loaded, system, kit)


class ProfileSource:
    """Reads the system's list of changes.

    A page counts whole or not at all, but documents fetched for one that broke off are not fetched again,
    so a system that is often busy still gets through. A step on a matter raised in the same page finds its
    referral here, since the kit knows it only when the page is stored.
    """

    def __init__(self, profile: Profile, system: RestSystem, kit: Kit) -> None:
        self._profile, self._system, self._kit = profile, system, kit
        self._form = JsonForm(profile)
        self._fetched: dict[str, tuple[str, int]] = {}
        self._raised: dict[str, Link] = {}

    async def poll(self, cursor: str | None) -> Page:
        """One page; a change may come again. Raises TransportTrouble."""
        listed = await self._system.page(self._profile.changes.listing, cursor or None)
        self._raised.clear()
        items = [await self._item(change) for change in listed.items]
        self._fetched.clear()
        return Page(items, listed.cursor or "", listed.more)

    async def _item(self, change: Json) -> Outgoing | Unmapped:
        raw = json.dumps(change, ensure_ascii=False, sort_keys=True).encode()
        name = at(change, self._profile.changes.local_id)
        local_id = f"change/{name or hashlib.sha256(raw).hexdigest()}"
        try:
            if not name:
                raise ValueError(f"{self._profile.changes.local_id} {name!r} must be given")
            return await self._outgoing(change, local_id)
        except ValueError as problem:
            return Unmapped(local_id, str(problem), raw)

    async def _outgoing(self, change: Json, local_id: str) -> Outgoing:
        changes, form = self._profile.changes, self._form
        kind = at(change, changes.kind)
        if kind not in changes.kinds:
            raise ValueError(f"{changes.kind} {kind!r} must be one of {sorted(changes.kinds)}")
        type_ = changes.kinds[kind]
        given = form.read(change, self._profile.references, {})
        references = self._completed(given, raising=type_ == _RAISED)
        rules = {**self._profile.common, **self._profile.bodies[type_]}
        content = form.read(change, rules, references)
        kept = {name: references[name] for name in ("referral", "task") if references.get(name)}
        if type_ == _RAISED:
            kept = {"local_number": references["number"]}
        if content.get("papers"):
            content["papers"] = await self._papers(change, type_, content["papers"])
        occurred_at = form.read_one(change, changes.occurred_at, references)
        if not isinstance(occurred_at, datetime):
            raise ValueError(f"{changes.occurred_at.at} must be a moment")
        data = checked(type_, content | kept)
        if type_ == _RAISED:
            referral = referral_id(self._kit.department, local_id)
            self._raised[references["number"]] = Link(references["number"], references["case"], referral)
        return Outgoing(local_id, type_, references["case"], data, occurred_at)

    def _completed(self, given: Mapping[str, Any], raising: bool) -> Fields:
        """The references that the system echoes, completed by what the kit remembers of its number."""
        if not given.get("number"):
            raise ValueError(f"{self._profile.references['number'].at} must be given")
        minted = mint_case_id(self._kit.department, given["number"])
        link = self._kit.links.by_number(given["number"]) or self._raised.get(given["number"])
        if raising or link is None:
            return {"case": minted, **given}
        remembered = {"case": link.case, "referral": link.referral, "task": link.task}
        return {**remembered, **given}

    async def _papers(self, change: Json, type_: str, papers: list[Fields]) -> list[Fields]:
        """Fetch and store each paper's bytes; hash and size are computed from them, not believed."""
        documents = _documents(self._profile)
        listed = at(change, self._profile.bodies[type_]["papers"].at or "")
        stored = []
        for paper, there in zip(papers, listed, strict=True):
            id_ = at(there, documents.id)
            try:
                sha256, size = await self._fetch(documents.get.replace("{id}", quote(str(id_), safe="")))
            except NotThere as missing:
                raise ValueError(f"{documents.id} {id_!r}: {missing}") from None
            if paper.get("sha256", sha256) != sha256:
                raise ValueError(
                    f"{documents.id} {id_!r}: the document has SHA-256 {sha256}, not {paper['sha256']}"
                )
            stored.append({**paper, "sha256": sha256, "size": size})
        return stored

    async def _fetch(self, path: str) -> tuple[str, int]:
        if path not in self._fetched:
            content = await self._system.document(path)
            sha256 = await asyncio.to_thread(self._kit.attachments.put, content)
            self._fetched[path] = (sha256, len(content))
        return self._fetched[path]


class ProfileSink:
    """Writes deliveries under their message id as idempotency key."""

    def __init__(self, profile: Profile, system: RestSystem, kit: Kit) -> None:
        self._profile, self._system, self._kit = profile, system, kit
        self._form = JsonForm(profile)

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Idempotent by message id, documents by content. Raises TransportTrouble, DeliveryRejected."""
        deliveries = self._profile.deliveries
        call = deliveries.kinds.get(delivery.type, deliveries.others)
        if call is None:
            raise DeliveryRejected(f"type {delivery.type!r} must be one of {sorted(deliveries.kinds)}")
        try:
            body = await self._body(delivery, call.kind)
        except (AttachmentMissing, AttachmentDamaged) as missing:
            raise TransportTrouble(f"{delivery.type} {delivery.message_id}: {missing}") from missing
        except ValueError as problem:
            raise DeliveryRejected(f"{delivery.type} {delivery.message_id}: {problem}") from problem
        answer = await self._system.write(call.path, body, delivery.message_id)
        number = at(answer.body, deliveries.number)
        return Delivered(None if number is None else str(number), deliveries.number_kind)

    async def _body(self, delivery: Delivery, kind: str) -> Fields:
        data = delivery.data
        references = {
            "number": self._number(delivery),
            "case": delivery.case,
            "referral": data.get("referral"),
            "task": data.get("task"),
            "actor": delivery.actor,
            "type": delivery.type,
            "message": delivery.message_id,
        }
        body: Fields = {}
        self._form.write(body, {"kind": Rule(at=self._profile.deliveries.kind)}, {"kind": kind})
        self._form.write(body, self._profile.references, references)
        rules = {**self._profile.common, **self._profile.bodies.get(delivery.type, {})}
        self._form.write(body, rules, {**references, **data})
        if data.get("papers") and "papers" in rules:
            await self._post_papers(at(body, rules["papers"].at or ""), data["papers"])
        return body

    async def _post_papers(self, written: list[Fields], papers: list[Mapping[str, Any]]) -> None:
        documents = _documents(self._profile)
        for there, paper in zip(written, papers, strict=True):
            content = await asyncio.to_thread(self._kit.attachments.get, paper["sha256"])
            answer = await self._system.put_document(documents.post, content, paper["media_type"])
            there[documents.id] = at(answer, documents.answer)

    def _number(self, delivery: Delivery) -> str | None:
        """The system's own number of the record that a delivery is about, None for a new task."""
        if delivery.type == _ASSIGNED:
            return None
        links, data = self._kit.links, delivery.data
        link = links.by_task(data.get("task") or "") or links.by_referral(data.get("referral") or "")
        if link is not None:
            return link.local_number
        return data.get("local_number") if delivery.type == _REFUSED else None


def _documents(profile: Profile) -> Documents:
    if profile.documents is None:
        raise ValueError("documents: the profile says of none, but papers came")
    return profile.documents
