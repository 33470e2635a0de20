"""The profile of the justice bureau and the bureau's own words agree, each written from its own tables."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import connectors.profiles
from connectors.profiles.engine import ProfileSink, ProfileSource
from connectors.profiles.profile import Listing, load_profile
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.ids import referral_id
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import DeliveryRejected, Kit, Link, Outgoing, TransportTrouble, Unmapped
from connectors.transports.rest import Answer, Json, Listed, NotThere, RestSettings, RestSystem
from deploy.sandbox.core.matter import Matter
from deploy.sandbox.core.records import Records
from deploy.sandbox.justice.words import event, notice
from schemas.identifiers import mint_case_id
from schemas.messages import BY_TYPE
from schemas.messages.referral import ReferralRaised
from tests.unit.connectors.profiles import samples

PROFILE = load_profile(Path(connectors.profiles.__file__).with_name("justice.yaml"))


class System(RestSystem):
    """The bureau behind the transport's interface, without a network: keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__(RestSettings(base_url="http://127.0.0.1:1"))
        object.__setattr__(self, "events", [])
        object.__setattr__(self, "files", {})
        object.__setattr__(self, "written", [])

    events: list[Json]
    files: dict[str, bytes]
    written: list[tuple[str, Json, str]]

    async def page(self, listing: Listing, cursor: str | None) -> Listed:
        return Listed(self.events, "t1", False)

    async def document(self, path: str) -> bytes:
        try:
            return self.files[path.rpartition("/")[2]]
        except KeyError:
            raise NotThere(path) from None

    async def put_document(
        self, path: str, content: bytes, media_type: str, parameters: Mapping[str, str] | None = None
    ) -> Json:
        self.files["f1"] = content
        return {"data": {"fileId": "f1"}}

    async def write(self, path: str, body: Json, key: str, method: str = "POST") -> Answer:
        self.written.append((path, body, key))
        return Answer({"data": {"caseNo": "枫调〔2026〕1号"}}, False)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit("justice", MemoryLinks(), DirectoryAttachments(tmp_path / "attachments"))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = samples.open_records(tmp_path, "justice")
    yield opened
    opened.close()


async def _read(kit: Kit, system: System) -> list[Outgoing | Unmapped]:
    return list((await ProfileSource(PROFILE, system, kit).poll(None)).items)


def _listed(records: Records, system: System) -> list[dict[str, Any]]:
    steps = list(samples.steps_of(records))
    for step in steps:
        system.files.update({paper["sha256"]: paper["content"] for paper in step.fields.get("papers") or ()})
        system.events.append(event(step))
    return system.events


async def test_every_step_becomes_its_message_with_all_that_it_says(kit: Kit, records: Records) -> None:
    system = System()
    listed = _listed(records, system)
    raised, *others = await _read(kit, system)
    for out, wanted, shown in zip(others, samples.STEPS.values(), listed[1:], strict=True):
        assert isinstance(out, Outgoing), out
        assert out.local_id == f"change/{shown['eventId']}"
        assert out.case == samples.CASE
        assert out.occurred_at.timestamp() * 1000 == shown["occurredAt"]
        assert type(out.data) is BY_TYPE[out.type].model
        data = out.data.model_dump(mode="json")
        assert data["referral"] == samples.REFERRAL
        assert data.get("task", samples.TASK) == samples.TASK
        assert datetime.fromisoformat(data["legal_at"]) == datetime.fromisoformat(samples.LEGAL_AT)
        for name, value in {**wanted, "document": samples.ACT["document"]}.items():
            if name == "papers":
                assert [kit.attachments.get(paper["sha256"]) for paper in data["papers"]] == [samples.CONTENT]
            elif name != "ext_task":
                assert data[samples.RENAMED.get(name, name)] == value
    assert isinstance(raised, Outgoing)
    assert isinstance(raised.data, ReferralRaised)
    assert raised.case == mint_case_id("justice", raised.data.local_number)
    data = raised.data.model_dump(mode="json", exclude_none=True)
    assert {name: data[name] for name in samples.MATTER} == samples.MATTER
    assert data["parties"] == [samples.PERSON]


async def test_every_delivery_is_read_with_all_that_it_says(kit: Kit) -> None:
    system = System()
    sink = ProfileSink(PROFILE, system, kit)
    kit.links.put(Link("枫调〔2026〕1号", samples.CASE, samples.REFERRAL, samples.TASK))
    for delivery in samples.deliveries(kit.attachments.put(samples.CONTENT)):
        delivered = await sink.deliver(delivery)
        assert delivered.local_number == "枫调〔2026〕1号"
        path, body, key = system.written[-1]
        assert key == delivery.message_id
        kind, fields = notice(body)
        assert path.endswith("matters") == (kind == "task")
        assert fields["ext_case"] == samples.CASE
        assert fields.get("actor") == delivery.actor
        if kind not in ("task", "refused"):
            assert fields["number"] == "枫调〔2026〕1号"
        for name, value in delivery.data.items():
            if name in ("detail", "message", "type"):
                continue
            theirs = {"referral": "ext_referral", "task": "ext_task"}.get(name, name)
            if name == "papers":
                assert [paper["sha256"] for paper in fields["papers"]] == ["f1"]
                assert system.files["f1"] == samples.CONTENT
            else:
                assert fields[theirs] == value, (kind, name)


async def test_a_step_without_references_is_completed_by_what_the_kit_remembers(
    kit: Kit, records: Records
) -> None:
    system = System()
    signed = _listed(records, system)[1]
    signed["refs"] = {}
    system.events[:] = [signed]
    kit.links.put(Link(signed["caseNo"], samples.CASE, samples.REFERRAL, samples.TASK))
    (out,) = await _read(kit, system)
    assert isinstance(out, Outgoing)
    assert out.case == samples.CASE
    assert out.data.model_dump()["task"] == samples.TASK


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ("eventType", "SINGING", "eventType 'SINGING' must be one of"),
        ("caseNo", "", "caseNo must be given"),
        ("occurredAt", "gestern", "occurredAt: 'gestern' must be milliseconds since 1970"),
        ("detail.mode", "YOUJI", "detail.mode: 'YOUJI' must be one of"),
        ("detail.deadline", "2026-12-31", "detail.deadline: '2026-12-31' must be yyyy/MM/dd"),
        ("detail.detained", "yes", "detail.detained: 'yes' must be Y or N"),
        ("detail.assistOrgs", "RMFY", "detail.assistOrgs: 'RMFY' must be a list"),
        ("detail.subject", None, "title: Field required"),
        ("detail.materials", [{"materialType": "x", "fileId": "gone"}], "fileId 'gone'"),
    ],
)
async def test_a_wrong_field_is_named_with_its_value_and_the_rest_goes_on(
    kit: Kit, records: Records, place: str, value: Json, problem: str
) -> None:
    system = System()
    raised = _listed(records, system)[0]
    *parents, last = place.split(".")
    (raised[parents[0]] if parents else raised)[last] = value
    unmapped, *others = await _read(kit, system)
    assert isinstance(unmapped, Unmapped)
    assert problem in unmapped.problem
    assert all(isinstance(one, Outgoing) for one in others)


async def test_a_document_that_is_not_here_yet_is_trouble(kit: Kit) -> None:
    (delivery, *_) = samples.deliveries("0" * 64)
    with pytest.raises(TransportTrouble, match="no document with SHA-256"):
        await ProfileSink(PROFILE, System(), kit).deliver(delivery)


async def test_a_code_that_the_system_does_not_have_is_rejected(kit: Kit) -> None:
    (delivery, *_) = samples.deliveries(kit.attachments.put(samples.CONTENT))
    fields = {name: getattr(delivery, name) for name in delivery.__slots__}
    wrong = type(delivery)(**{**fields, "data": {**delivery.data, "track": "winding"}})
    with pytest.raises(DeliveryRejected, match=r"detail.handling: 'winding' must be one of"):
        await ProfileSink(PROFILE, System(), kit).deliver(wrong)


async def test_a_step_on_a_matter_raised_in_the_same_page_finds_its_referral(
    kit: Kit, records: Records
) -> None:
    system = System()
    raised = next(samples.steps_of(records))
    records.step(raised.number, "request_withdrawal", reason="示例")
    for step in records.steps_of(raised.number):
        system.files.update({paper["sha256"]: paper["content"] for paper in step.fields.get("papers") or ()})
        system.events.append(event(step))
    first, second = await _read(kit, system)
    assert isinstance(first, Outgoing)
    assert isinstance(second, Outgoing)
    assert second.case == first.case
    assert second.data.model_dump()["referral"] == referral_id("justice", first.local_id)


class BreaksOff(System):
    """Every second document is not to be had at the first asking."""

    async def document(self, path: str) -> bytes:
        self.written.append((path, None, ""))
        if len(self.written) % 2 == 0:
            raise TransportTrouble("busy")
        return await super().document(path)


async def test_documents_of_a_page_that_broke_off_are_not_fetched_again(kit: Kit, records: Records) -> None:
    system = BreaksOff()
    papers = [{**samples.PAPER, "title": f"文书{n}", "content": f"示例{n}"} for n in range(4)]
    number = records.raise_matter(Matter(key="m", **{**samples.MATTER, "papers": papers}))
    for step in records.steps_of(number):
        system.files.update({paper["sha256"]: paper["content"] for paper in step.fields["papers"]})
        system.events.append(event(step))
    source = ProfileSource(PROFILE, system, kit)
    for _ in range(3):
        with pytest.raises(TransportTrouble):
            await source.poll(None)
    (item,) = (await source.poll(None)).items
    assert isinstance(item, Outgoing)
    asked = [path for path, _, _ in system.written]
    assert max(asked.count(path) for path in asked) == 2
