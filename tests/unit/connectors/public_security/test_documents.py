"""The connector's documents and the department's own agree: each was written from its own tables."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from connectors.public_security.mapping import Documents, build
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import Kit, Link
from connectors.transports.package import Package
from connectors.transports.package_receipts import PackageReceipt, Result
from deploy.sandbox.core.records import Records
from deploy.sandbox.public_security.documents import (
    read_delivery,
    read_receipts,
    receipts_document,
    step_document,
)
from schemas.identifiers import mint_case_id
from schemas.messages import BY_TYPE
from schemas.messages.referral import ReferralRaised
from tests.unit.connectors.profiles import samples


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit("public_security", MemoryLinks(), DirectoryAttachments(tmp_path / "attachments"))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = samples.open_records(tmp_path, "public_security")
    yield opened
    opened.close()


def test_every_step_becomes_its_message_with_all_that_it_says(kit: Kit, records: Records) -> None:
    dialect = Documents(kit)
    raised, *others = samples.steps_of(records)
    for step, wanted in zip(others, samples.STEPS.values(), strict=True):
        papers = {paper["sha256"]: paper["content"] for paper in step.fields.get("papers") or ()}
        out = dialect.outgoing(Package("BW_1", step_document(step), papers), "package/BW_1")
        assert out.case == samples.CASE
        assert out.occurred_at == datetime.fromisoformat(step.at)
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
    papers = {paper["sha256"]: paper["content"] for paper in raised.fields["papers"]}
    out = dialect.outgoing(Package("BW_1", step_document(raised), papers), "package/BW_1")
    assert isinstance(out.data, ReferralRaised)
    assert out.case == mint_case_id("public_security", raised.number)
    data = out.data.model_dump(mode="json", exclude_none=True)
    assert {name: data[name] for name in samples.MATTER} == samples.MATTER
    assert data["parties"] == [samples.PERSON]
    assert data["copies"] == ["petition"]


def test_every_delivery_is_read_with_all_that_it_says(kit: Kit) -> None:
    sha256 = kit.attachments.put(samples.CONTENT)
    dialect = Documents(kit)
    assignment, *others = samples.deliveries(sha256)
    kit.links.put(Link("A9901002026110000001", samples.CASE, samples.REFERRAL, samples.TASK))
    for delivery in (assignment, *others):
        document, contents = dialect.document(delivery)
        kind, delivery_id, fields = read_delivery(document)
        assert delivery_id == delivery.message_id
        assert fields["ext_case"] == samples.CASE
        assert fields.get("actor") == delivery.actor
        if delivery.type not in ("task.assigned.v1", "message.refused.v1"):
            assert fields["number"] == "A9901002026110000001"
        for name, value in delivery.data.items():
            theirs = {"referral": "ext_referral", "task": "ext_task"}.get(name, name)
            if name == "detail":
                continue
            assert fields[theirs] == value, (kind, name)
        assert set(contents) == {paper["sha256"] for paper in delivery.data.get("papers", ())}


def test_a_type_without_a_form_travels_whole_as_a_notice(kit: Kit) -> None:
    (delivery,) = [one for one in samples.deliveries("0" * 64) if one.type == "task.signed.v1"]
    notice = type(delivery)(
        **{**{n: getattr(delivery, n) for n in delivery.__slots__}, "type": "deadline.warned.v1"}
    )
    kind, _, fields = read_delivery(Documents(kit).document(notice)[0])
    assert kind == "note"
    assert fields["type"] == "deadline.warned.v1"
    assert samples.REFERRAL in fields["data"]


def test_receipts_are_understood_both_ways(kit: Kit) -> None:
    ours = [
        PackageReceipt("BW_0000000001", Result.TAKEN),
        PackageReceipt("BW_2", Result.DAMAGED, None, "cut\x00"),
    ]
    assert read_receipts(Documents(kit).receipts(ours)) == [("BW_0000000001", "taken"), ("BW_2", "damaged")]
    theirs = receipts_document([("BW_m-1", "taken", "A99", None), ("BW_m-2", "refused", None, "无此案件")])
    assert Documents(kit).read_receipts(theirs) == [
        PackageReceipt("BW_m-1", Result.TAKEN, "A99"),
        PackageReceipt("BW_m-2", Result.REFUSED, None, "无此案件"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("<bwlx>YS01", "<bwlx>YS77", "bwlx 'YS77' must be one of"),
        ("<ywlb>0502", "<ywlb>7777", "ywlb: 业务类别 '7777' must be one of"),
        ("<czsj>", "<czsj>x", "must be a moment yyyyMMddHHmmss"),
        ("<zyzt>0", "<zyzt>否", "zyzt '否' must be 0 or 1"),
        ("<blqx>20261231", "<blqx>2026-12-31", "blqx '2026-12-31' must be a moment yyyyMMdd"),
        ("<ajmc>示例事项", "<ajmc>", "title: Field required"),
        ("<qhdm>990100", "<qhdm>99", "region '99': String should match pattern"),
        ("</ajxt>", "", "not XML"),
    ],
)
def test_a_wrong_element_is_named_with_its_value(
    kit: Kit, records: Records, old: str, new: str, problem: str
) -> None:
    raised = next(samples.steps_of(records))
    document = step_document(raised).decode()
    assert old in document
    with pytest.raises(ValueError, match=problem):
        Documents(kit).outgoing(Package("BW_1", document.replace(old, new, 1).encode()), "package/BW_1")


def test_the_number_of_a_person_stays_out_of_the_problem(kit: Kit, records: Records) -> None:
    raised = next(samples.steps_of(records))
    number = samples.PERSON["id_number"]
    document = step_document(raised).decode().replace(number, number[:-1] + "*")
    with pytest.raises(ValueError, match=r"parties.0: .*公民身份号码") as caught:
        Documents(kit).outgoing(Package("BW_1", document.encode()), "package/BW_1")
    assert number[:10] not in str(caught.value)


def test_a_paper_whose_bytes_did_not_come_is_named(kit: Kit, records: Records) -> None:
    raised = next(samples.steps_of(records))
    with pytest.raises(ValueError, match=r"ws '意见书': wjzy [0-9a-f]{64} must be in the package"):
        Documents(kit).outgoing(Package("BW_1", step_document(raised)), "package/BW_1")


def test_entities_of_a_document_are_not_expanded(kit: Kit) -> None:
    bomb = (
        b'<!DOCTYPE ajxt [<!ENTITY a SYSTEM "file:///etc/passwd">]><ajxt><tou><bwlx>&a;</bwlx></tou></ajxt>'
    )
    with pytest.raises(ValueError, match="ajxt must hold tou"):
        Documents(kit).outgoing(Package("BW_1", bomb), "package/BW_1")


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    attachments = DirectoryAttachments(tmp_path)
    for settings, problem in (
        ({"incoming": "a"}, "outgoing"),
        ({"incoming": "a", "outgoing": "b", "speed": 3}, "speed"),
        ({"incoming": "a", "outgoing": "b", "package_limit": 5}, "package_limit: 5: .*16384"),
        ({"incoming": "a", "outgoing": "b", "receipt": "收"}, "receipt: '收'"),
    ):
        with pytest.raises(ConfigurationError, match=problem):
            build(Kit("public_security", MemoryLinks(), attachments, settings))
