"""Roads to mediation and on from it, between departments on a real Kafka and a real PostgreSQL."""

import pytest

from tests.support.town import Handed, Town

# 公调, 检调, 诉调, 访调: who entrusts whom under which flow, and the outcome that says an agreement was reached.
ROADS = {
    "F18": ("public_security", "mediation", "agreement_performed"),
    "F19": ("procuratorate", "mediation", "agreement"),
    "F17": ("court", "mediation", "agreement"),
    "F20": ("petition", "justice", "agreement"),
}


@pytest.mark.covers("N74", "N19", "H13", "H14", "H15", "H16")
@pytest.mark.parametrize("code", ROADS)
async def test_a_department_entrusts_mediation_and_learns_of_every_step_and_the_result(
    town: Town, code: str
) -> None:
    sender, lead, outcome = ROADS[code]
    handed = await town.hand(sender, code, lead, f"road-{code}")
    await town.answer(handed, outcome)
    referral = await town.referral(handed)
    assert (referral.state, referral.outcome, referral.lead) == ("closed", outcome, lead)
    await town.tell()
    at_lead = await town.got(lead, handed.case)
    assert at_lead[0][0] == "task.assigned"
    assert at_lead[0][1]["parties"] == [{"role": "party", "name": "测试员甲"}]
    required = {paper.code for paper in handed.flow.papers if paper.required}
    assert {paper["code"] for paper in at_lead[0][1]["papers"]} == required
    types = [type_ for type_, _ in await town.got(sender, handed.case)]
    replies = ["task.replied"] * sum(reply.required for reply in handed.flow.replies)
    assert types == ["task.received", "task.signed", "task.accepted", *replies, "referral.closed"]
    assert await town.got("housing", handed.case) == []
    # The law's clock of the mediation ran for the mediators.
    clocks = await town.clocks(handed)
    assert clocks == {"F17": {"J12a": lead, "J13": lead}}.get(code, {"J23": lead} | clocks)
    assert set(clocks.values()) <= {lead, sender}


async def agreed(town: Town, number: str) -> Handed:
    """The police entrusted mediation, and an agreement was reached that is still to be performed."""
    handed = await town.hand("public_security", "F18", "mediation", number)
    await town.answer(handed, "agreement")
    return handed


def opened(got: list[tuple[str, dict[str, object]]]) -> object:
    """What the last closing opens for a department."""
    return [data.get("opens") for type_, data in got if type_ == "referral.closed"][-1]


@pytest.mark.covers("N77", "H11")
async def test_an_agreement_opens_the_way_to_the_court_which_confirms_it(town: Town) -> None:
    mediated = await agreed(town, "sc-1")
    await town.tell()
    assert opened(await town.got("mediation", mediated.case)) == [{"flow": "LSC", "must": False}]
    assert opened(await town.got("public_security", mediated.case)) in (None, [])
    # An agreement can't be taken to the court by whoever was not told to.
    await town.hand("public_security", "LSC", "court", "sc-0", mediated)
    assert [reason for reason, _ in await town.refusals(mediated.case)] == ["sender_not_in_flow"]
    asked = await town.hand("mediation", "LSC", "court", "sc-2", mediated)
    assert (await town.referral(asked)).opened_by == mediated.referral
    await town.deliver(*town.steps(asked, "task.received", "task.signed"))
    assert await town.clocks(asked) == {"J9": "court"}
    await town.step(asked, "task.accepted")
    assert await town.clocks(asked) == {"J9": "court", "J7": "court"}
    await town.step(asked, "task.replied", reply="ruling", outcome="confirmed")
    ended = await town.referral(asked)
    assert (ended.state, ended.outcome) == ("closed", "confirmed")
    assert [one.clock for one in (await town.state(asked.case)).deadlines.values() if one.place >= 0] == []


@pytest.mark.covers("N79", "H12")
@pytest.mark.parametrize(
    ("outcome", "flow", "receiver", "clock", "last"),
    [
        ("to_litigation", "LLA", "court", "J1", "judged"),
        ("to_arbitration", "LAR", "arbitration", "J20a", "awarded"),
    ],
)
async def test_what_mediation_cannot_settle_is_led_into_a_suit_or_arbitration(
    town: Town, outcome: str, flow: str, receiver: str, clock: str, last: str
) -> None:
    handed = await town.hand("centre", "F24", "mediation", f"on-{flow}")
    await town.answer(handed, outcome)
    await town.tell()
    assert opened(await town.got("mediation", handed.case)) == [{"flow": flow, "must": True}]
    led = await town.hand("mediation", flow, receiver, f"led-{flow}", handed, copies=["centre"])
    await town.answer(led, last)
    ended = await town.referral(led)
    assert (ended.state, ended.outcome, ended.opened_by) == ("closed", last, handed.referral)
    assert (await town.clocks(led))[clock] == receiver
    await town.tell()
    # One case, from the dispatch to the judgment: who led it on learns the end, the centre has its copy.
    got = await town.got("mediation", led.case)
    assert [data["outcome"] for type_, data in got if type_ == "referral.closed"] == [outcome, last]
    assert ("task.assigned", flow) in [
        (type_, data.get("flow")) for type_, data in await town.got("centre", led.case)
    ]


@pytest.mark.covers("N75", "H17")
async def test_one_case_goes_through_peoples_administrative_and_judicial_mediation(town: Town) -> None:
    people = await town.hand("centre", "F24", "labour_mediation", "three-1")
    await town.answer(people, "not_resolved")
    await town.tell()
    assert {"flow": "F24", "must": False} in (opened(await town.got("centre", people.case)) or [])  # type: ignore[operator]
    administrative = await town.hand("centre", "F24", "labour", "three-2", people)
    await town.answer(administrative, "not_resolved")
    judicial = await town.hand("labour", "LLA", "court", "three-3", administrative)
    await town.answer(judicial, "settled")
    case = await town.state(people.case)
    assert [(one.lead, one.state, one.outcome) for one in case.referrals.values()] == [
        ("labour_mediation", "closed", "not_resolved"),
        ("labour", "closed", "not_resolved"),
        ("court", "closed", "settled"),
    ]
    back = [one.opened_by for one in case.referrals.values()]
    assert back == [None, people.referral, administrative.referral]
    # And the other way: the court entrusts its suit to the people's mediators, in the same case.
    again = await town.hand("court", "F17", "mediation", "three-4", judicial)
    await town.answer(again, "agreement")
    assert (await town.referral(again)).outcome == "agreement"


@pytest.mark.covers("N78", "H18")
async def test_mediation_and_legal_aid_hand_over_to_each_other(town: Town) -> None:
    mediated = await town.hand("court", "F17", "mediation", "aid-1")
    await town.take(mediated)
    asked = await town.hand("mediation", "LAD", "legal_aid", "aid-2", after=mediated)
    await town.answer(asked, "granted")
    assert await town.clocks(asked) == {"CH5": "legal_aid"}
    assert (await town.referral(asked)).outcome == "granted"
    # The mediation itself goes on with its own owner.
    assert (await town.referral(mediated)).state == "open"
    back = await town.hand("legal_aid", "LAM", "mediation", "aid-3", after=asked)
    await town.answer(back, "agreement")
    await town.tell()
    assert opened(await town.got("mediation", back.case)) == [{"flow": "LSC", "must": False}]


@pytest.mark.covers("N76", "N37", "N38", "H1", "H20")
async def test_the_centre_leads_committees_of_trades_and_what_a_grid_found_reaches_them(town: Town) -> None:
    # Found in the grid, reported to the town's centre, mediation convened there; it is too large for the town.
    found = await town.hand("village", "F24", "town", "grid-1")
    await town.take(found)
    convened = await town.hand("town", "F24", "mediation", "grid-2", after=found)
    await town.answer(convened, "sent_up")
    await town.step(found, "task.replied", reply="triage_result")
    await town.step(found, "task.replied", reply="handling_result", outcome="sent_up")
    await town.step(found, "reply.confirmed", "village")
    up = await town.hand("town", "F24", "centre", "grid-3", after=found, track="complex")
    await town.take(up)
    # 1+N: the county's centre gives it to the committee of the trade, another one helps.
    trade = await town.hand(
        "centre", "F24", "property_mediation", "grid-4", after=up, co_handlers=["labour_mediation"]
    )
    tasks = await town.tasks(trade)
    assert {who: task.role for who, task in tasks.items()} == {
        "property_mediation": "lead",
        "labour_mediation": "co_handler",
    }
    await town.answer(trade, "resolved")
    await town.tell()
    helper = await town.got("labour_mediation", trade.case)
    assert helper[0][0] == "task.assigned"
    # Whoever helps sees less than the lead: the flow says what.
    lead_sees = (await town.got("property_mediation", trade.case))[0][1]
    assert lead_sees["parties"] == [{"role": "party", "name": "测试员甲"}]
    assert [
        data["outcome"] for type_, data in await town.got("centre", trade.case) if type_ == "referral.closed"
    ] == ["resolved"]
    case = await town.state(found.case)
    assert [one.lead for one in case.referrals.values()] == [
        "town",
        "mediation",
        "centre",
        "property_mediation",
    ]
