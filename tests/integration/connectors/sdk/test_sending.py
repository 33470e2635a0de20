"""From the department system to Kafka: promise 1 (nothing acknowledged is lost) on the department's side."""

from connectors.sdk.ids import message_id, referral_id
from schemas.identifiers import mint_case_id
from schemas.partitioner import partition_of
from schemas.signature import verify
from tests.integration.connectors.sdk.conftest import Start
from tests.integration.connectors.sdk.hub_hand import PARTITIONS, HubHand, Sent


def _ids(sent: list[Sent]) -> set[str]:
    return {one.id for one in sent}


async def test_a_change_becomes_a_signed_message_on_the_partition_of_its_case(
    start: Start, hub: HubHand
) -> None:
    connector = await start()
    number = connector.notebook.raise_matter("示例：签名")
    (sent,) = await hub.read(lambda sent: len(sent) == 1)
    case = mint_case_id("notebook", number)
    assert (sent.type, sent.case, sent.attributes["source"]) == ("referral.raised.v1", case, "notebook")
    assert sent.id == message_id("notebook", "entry/1")
    assert sent.record.key == case.encode()
    assert sent.record.partition == partition_of(case, PARTITIONS)
    assert sent.data["title"] == "示例：签名"
    assert verify(sent.attributes, sent.record.value, connector.key.public_key())


async def test_without_a_receipt_the_same_bytes_go_again_and_with_one_no_more(
    start: Start, hub: HubHand
) -> None:
    connector = await start(resend_after=0.5)
    number = connector.notebook.raise_matter("示例：重发")
    connector.notebook.follow_up(number, "示例意见")
    sent = await hub.read(lambda sent: len(sent) >= 6)
    assert len(_ids(sent)) == 2
    for one in sent:
        first = next(other for other in sent if other.id == one.id)
        assert (one.record.value, one.attributes) == (first.record.value, first.attributes)
    raised = [one.type for one in sent]
    assert raised[:4] == ["referral.raised.v1", "followup.recorded.v1"] * 2
    by_place, by_id = sent[-1], next(one for one in sent if one.id != sent[-1].id)
    await hub.receipt(by_id)
    await hub.receipt(*[one for one in sent if one.id == by_place.id], outcome="refused", by_id=False)
    counts = await connector.until_status(lambda counts: sum(counts["receipted"].values()) == 2)
    assert counts["receipted"] == {"submitted": 1, "refused": 1}
    assert counts["outbox"] == {"new": 0, "sent": 0}


async def test_killed_again_and_again_it_loses_nothing_and_keeps_the_order(
    start: Start, hub: HubHand
) -> None:
    connector = await start()
    expected: dict[str, list[str]] = {}
    seq = 0
    for turn in range(4):
        for _ in range(15):
            number = connector.notebook.raise_matter(f"示例：第{turn}轮")
            for _ in range(3):
                connector.notebook.follow_up(number, "示例意见")
            case = mint_case_id("notebook", number)
            expected[case] = [message_id("notebook", f"entry/{seq + n}") for n in range(1, 5)]
            seq += 4
        await hub.read(lambda sent, seq=seq: len(_ids(sent)) > seq - 50)  # type: ignore[misc]
        await connector.kill()
        await connector.start()
    sent = await hub.read(lambda sent: len(_ids(sent)) == seq)
    first: dict[str, list[str]] = {}
    for one in sorted(sent, key=lambda one: (one.record.partition, one.record.offset)):
        order = first.setdefault(one.case, [])
        if one.id not in order:
            order.append(one.id)
    assert first == expected


async def test_a_lost_topic_is_filled_again_in_order(start: Start, hub: HubHand) -> None:
    connector = await start(resend_after=1.0, resend_longest=2.0)
    number = connector.notebook.raise_matter("示例：主题丢失")
    connector.notebook.follow_up(number, "示例意见一")
    connector.notebook.follow_up(number, "示例意见二")
    before = list(dict.fromkeys(one.id for one in await hub.read(lambda sent: len(_ids(sent)) == 3)))
    hub.sent.clear()
    await hub.lose_out()
    again = await hub.read(lambda sent: len(_ids(sent)) == 3)
    assert list(dict.fromkeys(one.id for one in again)) == before


async def test_what_cannot_be_mapped_is_set_aside_and_the_rest_goes_on(start: Start, hub: HubHand) -> None:
    connector = await start()
    connector.notebook.raise_matter("示例：前")
    connector.notebook.raise_matter("示例：不能映射", kind="unheard_of")
    connector.notebook.raise_matter("示例：后")
    sent = await hub.read(lambda sent: len(sent) == 2)
    # Two cases on two partitions, so in no order.
    assert {one.data["title"] for one in sent} == {"示例：前", "示例：后"}
    counts = await connector.until_status(lambda counts: counts["unmapped"] == 1)
    assert counts["problems"][0]["problem"] == "kind: 'unheard_of': allowed: raise, follow_up"


async def test_a_refusal_names_the_record_that_it_concerns(start: Start, hub: HubHand) -> None:
    connector = await start()
    number = connector.notebook.raise_matter("示例：被拒")
    connector.notebook.follow_up(number, "示例意见")
    sent = await hub.read(lambda sent: len(sent) == 2)
    case = mint_case_id("notebook", number)
    refusal = {"type": "…", "reason": "illegal_step", "detail": "…", "detail_zh": "…"}
    for one in sent:
        await hub.say("message.refused.v1", case, {"message": one.id, **refusal})
    await connector.until(lambda: len(connector.notebook.held()) == 2)
    referral = referral_id("notebook", "entry/1")
    for held in connector.notebook.held():
        assert held["number"] == number
        assert referral in held["data"]
