"""The whole chain as processes, with a profile instead of code: bureau, connector, Kafka; both killed."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.conformance.deliveries import assignment
from hub.embedded.servers import Addresses
from schemas.messages.base import ReferralKind
from tests.integration.connectors.justice.system import PROFILE, Bureau
from tests.integration.connectors.sdk.hub_hand import HubHand
from tests.integration.connectors.sdk.process import ConnectorProcess


@pytest.fixture
async def bureau(tmp_path: Path) -> AsyncIterator[Bureau]:
    started = Bureau(tmp_path / "home", "--busy-every", "9", "--pace", "0.02")
    await started.start()
    yield started
    await started.end(signal.SIGKILL)


async def test_a_mediation_ends_in_a_request_to_the_court_while_everything_dies(
    servers: Addresses, topic_prefix: str, tmp_path: Path, bureau: Bureau
) -> None:
    """Story (d), from `task.assigned` on the department's topic to LSC on the other."""
    async with HubHand(servers.kafka, topic_prefix, "justice") as hub:
        connector = ConnectorProcess(
            tmp_path,
            servers.kafka,
            topic_prefix,
            department="justice",
            mapping=None,
            profile=str(PROFILE),
            transport={"base_url": bureau.address, "token_file": str(bureau.home / "token")},
            resend_after=1,
        )
        await connector.start()
        try:
            assigned = assignment("F17", ReferralKind.ENTRUST)
            story = {**assigned.data, "sender": "court", "title": "【示例d】邻里借款纠纷诉前委托调解"}
            await hub.say(assigned.type, assigned.case, story)
            await hub.read(lambda sent: any(one.type == "task.signed.v1" for one in sent))
            await connector.kill()
            await bureau.end(signal.SIGKILL)
            await connector.start()
            await bureau.start()
            sent = await hub.read(lambda sent: any(one.type == "referral.raised.v1" for one in sent))
        finally:
            code = await connector.end()
    assert code == 0, connector.log()
    assert {one.case for one in sent} == {assigned.case}
    first = {one.id: one for one in reversed(sent)}
    in_order = [one for one in sent if first[one.id] is one and one.type != "task.received.v1"]
    assert [one.type for one in in_order] == [
        "task.signed.v1",
        "task.accepted.v1",
        "task.started.v1",
        "task.replied.v1",
        "task.replied.v1",
        "referral.raised.v1",
    ]
    assert in_order[-1].data["flow"] == "LSC"
    assert in_order[-1].data["opened_by"] == assigned.data["referral"]
