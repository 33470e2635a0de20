"""What `audit provisions` derives from the journal is what the relay wrote, record by record and field by field."""

import asyncio
import json

from typer.testing import CliRunner

from hub.audit.commands import app
from hub.audit.provisions import Provision, of_case
from hub.store.memory import MemoryStore
from tests.support.city import City
from tests.support.core import Core, memory_stores

PARTIES = [{"role": "petitioner", "name": "测试人甲", "phone": "13800000001"}]


async def played() -> tuple[Core, dict[tuple[str, int], Provision]]:
    """A referral with a copy, corrected, returned and taken up again, worked and confirmed; all of it relayed."""
    core = Core(memory_stores(MemoryStore(1), 1))
    more = {"parties": PARTIES, "officer": "王信访", "region": "990101", "summary": "楼上漏水"}
    ids = core.raise_("A1", **more)
    core.step(ids, "justice", "task.received", local_number="司1")
    core.step(ids, "justice", "task.signed", officer="李司法", note="已阅")
    told = {"referral": ids.referral, "legal_at": "2026-03-03T10:00:00+08:00", "reason": "填报有误"}
    changed = {"fields": ["region", "parties"], "region": "990202", "parties": PARTIES}
    core.say("petition", "referral.corrected", ids.case, told | changed)
    core.step(ids, "justice", "task.accepted")
    core.step(ids, "justice", "task.replied", reply="mediation_result", outcome="agreement", note="双方和解")
    core.step(ids, "petition", "reply.confirmed")
    await core.read()
    await core.relay()
    entries = await core.stores.journal.of_case(ids.case)
    return core, {(one.to, one.sequence): one for one in of_case(entries, core.rules)}


async def test_each_record_is_a_provision_and_has_its_fields() -> None:
    core, found = await played()
    written = {
        (department, int(attributes["sequence"])): (attributes, data)
        for department in core.rules.departments
        for attributes, data in core.told(department)
        if "sequence" in attributes
    }
    assert found.keys() == written.keys()
    assert len(found) >= 7
    for key, (attributes, data) in written.items():
        one = found[key]
        assert (one.type, one.at, one.case) == (attributes["type"], attributes["time"], attributes["subject"])
        assert set(one.fields) <= data.keys()
        assert data.keys() - set(one.fields) <= set(one.sealed), key
        assert (one.flow, one.basis is not None) == ("F20", True)


async def test_a_ceiling_bounds_what_is_provided() -> None:
    _, found = await played()
    assigned = found["justice", 1]
    assert assigned.type == "task.assigned.v1"
    assert assigned.by == "petition"
    assert "parties" in assigned.sealed
    assert {"region", "sender", "sender_number", "task"} <= set(assigned.fields)
    assert "officer" not in assigned.fields
    law = found["justice", 1].basis or ""
    assert law.strip() != ""


async def test_the_command(database: str) -> None:
    look = ["--operator", "市监督室 李某", "--purpose", "核对提供记录", "--database", database]

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["provisions", *arguments, *look], env={"COLUMNS": "200"})
        return result.exit_code, result.output

    async with City(database, shards=1) as city:
        raised = city.raise_referral("A1", "F20")
        sealed = city.raise_referral("A2", "F20")
        fact = {"fact": "record_sealed", "value": "juvenile", "legal_at": "2026-03-02T09:00:00+08:00"}
        city.say("petition", "case.fact_recorded", sealed.case, fact)
        city.work(raised, "task.signed")
        await city.drain(relay=True)
        await city.index()
    code, text = await asyncio.to_thread(run, "--department", "justice", "--json")
    assert code == 0, text
    assert {(one["case"], one["to"], one["relayed"]) for one in json.loads(text)} == {
        (raised.case, "justice", True)
    }
    code, text = await asyncio.to_thread(run, "--case", "A1", "--until", "2026-03-01")
    assert (code, "nothing was given" in text) == (0, True), text
    code, text = await asyncio.to_thread(run)
    assert (code, "give --case" in text) == (2, True), text
    # A sealed record is shown on a ground of the law alone, and found by no search.
    code, text = await asyncio.to_thread(run, "--case", "A2")
    assert (code, "record_sealed" in text, "judicial_case" in text) == (2, True, True), text
    code, text = await asyncio.to_thread(run, "--case", "A2", "--ground", "judicial_case")
    assert (code, "task.assigned" in text) == (0, True), text

    def searched(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, [*arguments, *look], env={"COLUMNS": "200"})
        return result.exit_code, result.output

    code, text = await asyncio.to_thread(searched, "search", "--flow", "F20", "--json")
    assert [hit["case"] for hit in json.loads(text)["hits"]] == [raised.case]
    code, text = await asyncio.to_thread(searched, "timeline", "A2")
    assert (code, "record_sealed" in text) == (2, True), text
    code, text = await asyncio.to_thread(searched, "as-of", "2026-03-03", "--json")
    assert [case["id"] for case in json.loads(text)["cases"]] == [raised.case]
    result = await asyncio.to_thread(
        CliRunner().invoke, app, ["reads", "--case", sealed.case, "--json", "--database", database]
    )
    (seen,) = json.loads(result.output)
    assert seen["asked"] == {"sealed": "juvenile", "ground": "judicial_case"}
