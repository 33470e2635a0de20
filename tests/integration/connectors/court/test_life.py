"""The court and its connector as processes on the real Kafka: a prosecution from task to execution."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

from hub.embedded.servers import Addresses
from schemas.messages.outbound import TaskAssigned
from schemas.signature import verify
from tests.integration.connectors.court.bench import CourtBench, matter, running_court
from tests.integration.connectors.sdk.hub_hand import HubHand, Sent
from tests.integration.connectors.sdk.process import ConnectorProcess

COURT = "court"
RAISED = "referral.raised.v1"
LIFE = [
    "task.signed.v1",
    "task.accepted.v1",
    "task.started.v1",
    "task.replied.v1",
    "task.replied.v1",
]


def _prosecution(title: str) -> dict[str, Any]:
    task = TaskAssigned.model_validate(
        {
            "referral": str(uuid4()),
            "task": str(uuid4()),
            "role": "lead",
            "flow": "F6",
            "kind": "transfer",
            "sender": "procuratorate",
            "sender_number": "枫检刑受〔2026〕1号",
            "lead": COURT,
            "legal_at": "2026-11-02T09:30:00+08:00",
            "title": title,
            "in_custody": True,
            "parties": [{"role": "defendant", "name": "示例甲"}],
        }
    )
    return task.model_dump(mode="json", exclude_none=True)


def _connector(directory: Path, servers: Addresses, prefix: str, court: CourtBench) -> ConnectorProcess:
    return ConnectorProcess(
        directory,
        servers.kafka,
        prefix,
        department=COURT,
        key_id="court-2026",
        mapping="connectors.court.mapping:build",
        transport={"kind": "soap", "wsdl": court.wsdl},
    )


def _of_case(sent: list[Sent], case: str) -> list[Sent]:
    """The first record of each message of a case, in order."""
    first: dict[str, Sent] = {}
    for one in sent:
        if one.case == case:
            first.setdefault(one.id, one)
    return list(first.values())


def _done(sent: list[Sent], case: str) -> bool:
    return any(one.data.get("outcome") for one in _of_case(sent, case) if one.type == "task.replied.v1")


async def test_a_prosecution_is_lived_through_while_both_processes_are_killed(
    servers: Addresses, topic_prefix: str, tmp_path: Path
) -> None:
    cases = {str(uuid4()): _prosecution(f"示例：被告人甲盗窃案 {n}") for n in range(6)}
    court = CourtBench(tmp_path / "court", "--pace", "0.05", "--busy-every", "9")
    await court.come_back()
    connector = _connector(tmp_path, servers, topic_prefix, court)
    try:
        async with HubHand(servers.kafka, topic_prefix, COURT) as hub:
            await connector.start()
            for case, task in cases.items():
                await hub.say("task.assigned.v1", case, task)
            await hub.read(lambda sent: any(one.type == "task.signed.v1" for one in sent))
            await connector.kill()
            await court.go_away()
            await court.come_back()
            await connector.start()
            await hub.read(lambda sent: all(_done(sent, case) for case in cases))
            guilty = {
                case
                for case in cases
                if any(one.data.get("outcome") == "guilty" for one in _of_case(hub.sent, case))
            }
            assert guilty
            await hub.read(
                lambda sent: all(any(one.type == RAISED for one in _of_case(sent, case)) for case in guilty)
            )
            for case, task in cases.items():
                own = _of_case(hub.sent, case)
                # The technical receipt is the connector's own and may stand after the first steps.
                steps = [one.type for one in own if one.type in LIFE]
                assert steps == LIFE[: len(steps)]
                assert [one.type for one in own].count("task.received.v1") == 1
                for one in own:
                    assert verify(one.attributes, one.record.value, connector.key.public_key())
                for raised in (one.data for one in own if one.type == RAISED):
                    assert (raised["flow"], raised["opened_by"]) == ("F9", task["referral"])
                    assert raised["copies"] == ["procuratorate"]
            held = await court.held()
            assert len(held) == len(cases)
            assert len({one.local_number for one in held}) == len(cases)
        assert await connector.end() == 0
    finally:
        await connector.end()
        await court.go_away()
        court.records.close()


async def test_a_court_that_is_away_for_a_while_is_waited_for(
    servers: Addresses, topic_prefix: str, tmp_path: Path
) -> None:
    async with running_court(tmp_path / "court") as court, HubHand(servers.kafka, topic_prefix, COURT) as hub:
        connector = _connector(tmp_path, servers, topic_prefix, court)
        await court.go_away()
        await connector.start()
        case, task = str(uuid4()), _prosecution("示例：离线")
        try:
            await hub.say("task.assigned.v1", case, task)
            number = court.records.raise_matter(matter("示例：离线时立案"))
            await asyncio.sleep(1)
            await court.come_back()
            await hub.read(lambda sent: {one.type for one in sent} >= {"task.received.v1", RAISED})
            raised = next(one.data for one in hub.sent if one.type == RAISED)
            assert raised["local_number"] == number
        finally:
            assert await connector.end() == 0
