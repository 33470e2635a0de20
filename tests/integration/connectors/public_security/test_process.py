"""The whole chain as processes: inside network, gates, connector, Kafka; killed in the middle."""

import signal
from pathlib import Path

import pytest

from connectors.conformance.deliveries import acceptance, assignment
from hub.embedded.servers import Addresses
from schemas.identifiers import derived_id
from schemas.messages.base import ReferralKind
from tests.integration.connectors.public_security.system import matter
from tests.integration.connectors.public_security.test_gates import AWKWARD, inside, raise_matter, reading
from tests.integration.connectors.sdk.hub_hand import HubHand, Sent
from tests.integration.connectors.sdk.process import ConnectorProcess


def _is_over(sent: list[Sent]) -> bool:
    return any(one.type == "task.replied.v1" and one.data.get("outcome") for one in sent)


@pytest.mark.covers("DESIGN 2.1", "DESIGN 2.3")
async def test_a_task_is_worked_and_a_matter_raised_while_everything_dies(
    servers: Addresses, topic_prefix: str, tmp_path: Path
) -> None:
    async with (
        inside(tmp_path / "home", *AWKWARD, policies=None) as system,
        HubHand(servers.kafka, topic_prefix, "public_security") as hub,
    ):
        connector = ConnectorProcess(
            tmp_path,
            servers.kafka,
            topic_prefix,
            department="public_security",
            mapping="connectors.public_security.mapping:build",
            transport={
                "incoming": str(system.exchange / "out"),
                "outgoing": str(system.exchange / "in"),
                "receipt_wait": 1.0,
                "scan_interval": 0.05,
                "resend_after": 1.0,
            },
            resend_after=1,
        )
        await connector.start()
        try:
            assigned = assignment("F9", ReferralKind.TRANSFER)
            await hub.say(assigned.type, assigned.case, dict(assigned.data))
            await hub.read(lambda sent: any(one.type == "task.signed.v1" for one in sent))
            await connector.kill()
            await system.end(signal.SIGKILL)
            number = raise_matter(system, matter("示例：断电前"))
            await connector.start()
            await system.start()
            await hub.read(_is_over)
            sent = await hub.read(lambda sent: any(one.type == "referral.raised.v1" for one in sent))
            raised = next(one for one in sent if one.type == "referral.raised.v1")
            accepted = acceptance(raised.case, derived_id("public_security", raised.id, "referral"))
            await hub.say(accepted.type, raised.case, dict(accepted.data), actor="procuratorate")
            await connector.until(lambda: len(reading(system, lambda records: records.received_log())) == 2)
            held = reading(system, lambda records: records.received_log())
        finally:
            code = await connector.end()
    assert code == 0, connector.log()
    assert [(one.kind, one.number) for one in held][1] == ("accepted", number)
    of_task = [one for one in sent if one.case == assigned.case]
    ids = list(dict.fromkeys(one.id for one in of_task))
    types = [next(one.type for one in of_task if one.id == id_) for id_ in ids]
    assert [type_ for type_ in types if type_ != "task.received.v1"][:3] == [
        "task.signed.v1",
        "task.accepted.v1",
        "task.started.v1",
    ]
    received = next(one for one in of_task if one.type == "task.received.v1")
    assert received.data["local_number"] == held[0].number
