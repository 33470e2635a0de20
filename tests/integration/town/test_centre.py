"""What a centre, a petition office and grids ask for: officers at windows, duty by grid, stock and flow, notices in parts."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from hub.audit.notice_commands import notice_pages
from hub.audit.room import looker, room
from hub.store.read_stock import stock
from hub.store.reading import ReadStore
from tests.support.core import papers
from tests.support.town import Handed, Town

MONDAY, TUESDAY, FRIDAY = "2026-03-02", "2026-03-03", "2026-03-06"
# Who is at the window, by lead and day: the manner and the officer.
POSTED = [
    ("labour", "2026-02-27", "resident", "L-1"),
    ("labour", MONDAY, "resident", "L-2"),
    ("housing", MONDAY, "rota", "H-1"),
    ("housing", TUESDAY, "rota", "H-2"),
    ("housing", FRIDAY, "on_call", "H-9"),
    ("justice", MONDAY, "on_call", "J-9"),
    ("town", MONDAY, None, None),
]


def morning(day: str) -> str:
    """When a hall takes something in."""
    return f"{day}T09:00:00+08:00"


@pytest.mark.covers("N27")
async def test_what_the_hall_takes_in_rests_on_the_officer_at_the_window(town: Town) -> None:
    taken = [
        (await town.hand("centre", "F24", lead, f"hall-{n}", legal_at=morning(day)), manner, officer)
        for n, (lead, day, manner, officer) in enumerate(POSTED)
    ]
    leader = await town.hand(
        "centre", "F24", "labour", "hall-l", legal_at=morning(MONDAY), leader="测试员丙", leader_id="D-1"
    )
    outside = await town.hand("village", "F24", "labour", "hall-o", legal_at=morning(MONDAY))
    await town.tell()
    for handed, manner, officer in [*taken, (leader, "reception", "D-1"), (outside, None, None)]:
        expected = [] if officer is None else [(officer, manner, handed.task)]
        for who in {handed.lead} if manner == "reception" else {handed.lead, handed.sender}:
            named = [
                (data["officer_id"], data["ground"], data["task"])
                for type_, data in await town.got(who, handed.case)
                if type_ == "owner.named"
            ]
            assert named == expected, (who, handed.lead)
        assert (await town.tasks(handed))[handed.lead].officer == officer


@pytest.mark.covers("N97")
async def test_a_matter_is_settled_in_the_grid_that_its_place_belonged_to_that_day(town: Town) -> None:
    found: dict[tuple[str, str], Handed] = {}
    for day in ("2026-02-28", "2026-03-01"):
        for region in ("990101001001", "990101001002"):
            handed = await town.hand(
                "town",
                "F24",
                "route",
                f"grid-{day}-{region}",
                matter="0201",
                region=region,
                legal_at=morning(day),
            )
            found[day, region] = await town.routed(handed)
    assert [handed.lead for handed in found.values()] == ["village", "village", "village", "village_2"]
    # Down to the grid; what the grid can't settle goes up to the town, not past it.
    down = found["2026-03-01", "990101001002"]
    await town.answer(down, "not_resolved")
    said = {"matter": "0201", "region": "990101001002", "weight": "minor", "legal_at": morning("2026-03-02")}
    too_far = await town.hand("village_2", "F24", "centre", "grid-far", after=down, **said)
    assert [reason for reason, _ in await town.refusals(down.case)] == ["above_its_level"]
    up = await town.hand("village_2", "F24", "town", "grid-up", after=down, **said)
    await town.answer(up, "resolved")
    case = await town.state(down.case)
    assert too_far.referral not in case.referrals
    assert [(one.lead, one.outcome) for one in case.referrals.values()] == [
        ("village_2", "not_resolved"),
        ("town", "resolved"),
    ]


@pytest.mark.covers("N15", "H24")
async def test_who_received_first_owns_it_and_it_is_counted_in_stock_and_flow(town: Town) -> None:
    before = datetime.now(UTC)
    given = await town.hand("petition", "F21", "public_security", "stock-1")
    await town.take(given)
    passed = await town.hand("petition", "F21", "public_security", "stock-2")
    await town.deliver(*town.steps(passed, "task.received", "task.signed"))
    asked = {"reason_code": "not_in_remit", "reason": "不属本机关"}
    await town.step(passed, "task.return_proposed", **asked)
    middle = datetime.now(UTC)
    await town.step(passed, "return.decided", "petition", agreed=True, reassign_to="procuratorate")
    assert (await town.referral(passed)).keeper == "public_security"
    await town.answer(given, "settled")
    gone = await town.hand("petition", "F21", "public_security", "stock-3")
    await town.step(gone, "referral.withdrawal_requested", "petition", reason="误转")
    await town.project()
    after = datetime.now(UTC) + timedelta(seconds=1)
    store = ReadStore(town.dsn)
    await store.start()
    try:
        async with store.snapshot() as view:
            rows = await stock(view, [(before, middle), (middle, after)], None, "F21")
    finally:
        await store.stop()
    assert all(row.at_start + row.opened == row.closed + row.otherwise + row.at_end for row in rows)
    counted = {
        (row.department, row.since == before): (
            row.at_start,
            row.opened,
            row.closed,
            row.otherwise,
            row.at_end,
        )
        for row in rows
    }
    assert counted == {
        ("public_security", True): (0, 1, 0, 0, 1),
        ("public_security", False): (1, 1, 1, 1, 0),
        ("procuratorate", True): (0, 1, 0, 0, 1),
        ("procuratorate", False): (1, 0, 0, 0, 1),
    }
    await town.tell()
    owned = [
        (data["owner"], data["ground"])
        for type_, data in await town.got("public_security", passed.case)
        if type_ == "ownership.changed"
    ]
    assert owned == [("public_security", "first_receiver")]


# The six parts: who, its role, which attachments it was given, whether it was given the party's name and number.
SIX = [
    ("housing", "lead", {"forward_letter", "petition_letter"}, True),
    ("labour", "co_handler", {"forward_letter", "petition_letter"}, True),
    ("court", "copy", {"forward_letter"}, False),
    ("procuratorate", "copy", {"forward_letter", "evidence"}, False),
    ("justice", "copy", {"forward_letter", "evidence"}, False),
    ("petition", "sender", {"forward_letter", "petition_letter", "evidence"}, True),
]


@pytest.mark.covers("N12", "H22")
async def test_a_notice_in_six_parts_holds_what_each_was_given(town: Town) -> None:
    letter, petition, evidence = papers("forward_letter", "petition_letter", "evidence")
    handed = await town.hand(
        "petition",
        "F21",
        "housing",
        "six-parts",
        co_handlers=["labour"],
        copies=["court", "procuratorate", "justice"],
        papers=[
            letter,
            {**petition, "to": ["lead", "labour"]},
            {**evidence, "to": ["procuratorate", "justice"]},
        ],
        parties=[{"role": "petitioner", "name": "测试员甲", "id_type": "414", "id_number": "T0001"}],
    )
    stray = await town.hand(
        "petition", "F21", "housing", "stray", papers=[letter, {**evidence, "to": ["court"]}]
    )
    assert await town.refusals(stray.case) == [("paper_for_nobody", ["lead"])]
    hidden = await town.hand(
        "petition", "F21", "housing", "hid", copies=["court"], papers=[{**letter, "to": ["court"]}]
    )
    assert [reason for reason, _ in await town.refusals(hidden.case)] == ["paper_missing"]
    await town.project()
    await town.tell()
    async with room(town.dsn, looker("测试监督员", "核对通知单")) as reading:
        pages = await notice_pages(reading, handed.case, None, town.sealer, town.rules)
        async with reading.store.snapshot() as view:
            looks = await view.rows("SELECT what, cases FROM access_record")
    assert [tuple(look) for look in looks] == [("case notices", [handed.case])]
    assert [name.split("-", 1)[1] for name in pages] == [
        f"{n:02}-{who}.html" for n, (who, *_) in enumerate(SIX, 1)
    ]
    for page, (who, role, attached, names_party) in zip(pages.values(), SIX, strict=True):
        shown = set(re.findall(r"<td>(forward_letter|petition_letter|evidence)</td>", page))
        assert (who, shown, "测试员甲" in page, "T0001" in page) == (who, attached, names_party, names_party)
        # Nothing but what it was given by the hub.
        if role != "sender":
            (got,) = [data for type_, data in await town.got(who, handed.case) if type_ == "task.assigned"]
            assert {paper["code"] for paper in got["papers"]} == attached
            assert all("to" not in paper for paper in got["papers"])
            assert ("name" in (got.get("parties") or [{}])[0]) == names_party
        assert 'lang="en"' in page
        assert "http" not in page
