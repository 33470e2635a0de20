"""The store: pages and batches as a whole, each message once, order, receipts, holes."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from connectors.errors import ForeignStore, StoreInUse
from connectors.sdk.ports import Delivered, Link, Unmapped
from connectors.sdk.store import Store
from connectors.sdk.store.database import only_process
from connectors.sdk.store.inbox import Hole, Next
from connectors.sdk.store.outbox import Place
from schemas.messages.outbound import Receipt, ReceiptOutcome
from tests.unit.connectors.sdk.changes import DEPARTMENT, follow_up, raised, received, written


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "connector.db", DEPARTMENT)
    yield opened
    opened.close()


def _sent(store: Store, now: float, topic: str = "t") -> list[str]:
    """Send one round; the message ids."""
    messages = [one.message for one in store.outbox.next_round(100)]
    store.outbox.mark_sent([(m, Place(topic, 0, n)) for n, m in enumerate(messages)], now)
    return messages


def _receipt(offset: int, message: str | None, outcome: ReceiptOutcome, claim: str | None = None) -> Receipt:
    claimed = None if claim is None else sha256(claim.encode()).hexdigest()
    return Receipt(topic="t", partition=0, offset=offset, message=message, outcome=outcome, claim=claimed)


def _step(store: Store, case: str) -> Next:
    step = store.inbox.next(case, 1)
    assert isinstance(step, Next), step
    return step


def test_a_page_and_its_cursor_survive_together(tmp_path: Path, store: Store) -> None:
    assert store.cursor is None
    taken = store.take_page([written(raised("NB-1")), Unmapped("bad", "field: x", b"raw")], "17", 1)
    assert (taken.new, taken.known, taken.changed, taken.unmapped) == (1, 0, 0, 1)
    reopened = Store(tmp_path / "connector.db", DEPARTMENT)
    assert reopened.cursor == "17"
    assert [one.message for one in reopened.outbox.next_round(10)] == [written(raised("NB-1")).envelope.id]
    reopened.close()


def test_a_page_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(AttributeError):
        store.take_page([written(raised()), None], "17", 1)  # type: ignore[list-item]
    assert store.cursor is None
    assert store.outbox.next_round(10) == []


def test_a_change_read_again_is_taken_once_and_the_first_content_stays(store: Store) -> None:
    store.take_page([written(raised())], "1", 1)
    again = store.take_page([written(raised()), written(raised(title="改了"))], "1", 2)
    assert (again.new, again.known, again.changed) == (0, 1, 1)
    (kept,) = store.outbox.next_round(10)
    assert kept.data == written(raised()).data
    counts = store.counts()
    assert (counts["changed"], counts["unmapped"]) == (1, 0)
    assert "changed under the same local id" in counts["problems"][0]["problem"]


def test_an_unmapped_change_is_forgotten_once_it_maps(store: Store) -> None:
    store.take_page([Unmapped("raise/NB-1", "flow: 'x'", b"raw")], "1", 1)
    assert store.counts()["unmapped"] == 1
    store.take_page([written(raised("NB-1"))], "1", 2)
    assert store.counts()["unmapped"] == 0


def test_a_round_holds_the_first_of_each_case_only(store: Store) -> None:
    one, two = raised("NB-1"), raised("NB-2")
    after = follow_up("NB-1", 1)
    store.take_page([written(change) for change in (one, after, two)], "1", 1)
    assert _sent(store, 1) == [written(one).envelope.id, written(two).envelope.id]
    assert _sent(store, 1) == [written(after).envelope.id]
    assert _sent(store, 1) == []


def test_what_has_no_receipt_goes_again_with_all_of_its_case_behind_it(store: Store) -> None:
    changes = [raised("NB-1"), follow_up("NB-1", 1), raised("NB-2")]
    ids = [written(change).envelope.id for change in changes]
    store.take_page([written(change) for change in changes], "1", 0)
    assert _sent(store, 100) == [ids[0], ids[2]]
    assert _sent(store, 125) == [ids[1]]
    store.outbox.receipt(_receipt(9, ids[2], ReceiptOutcome.SUBMITTED), 126)
    assert store.outbox.send_again(30, 600, 129) == 0
    assert store.outbox.send_again(30, 600, 130) == 2
    assert _sent(store, 130) == [ids[0]]
    assert _sent(store, 130) == [ids[1]]
    assert store.outbox.send_again(30, 600, 189) == 0
    assert store.outbox.send_again(30, 600, 190) == 2


def test_what_is_new_does_not_overtake_what_has_no_receipt(store: Store) -> None:
    """The topic may have lost it: its case goes again from there, and only then comes what is new."""
    changes = [
        written(c) for c in (raised("NB-1"), follow_up("NB-1", 1), follow_up("NB-1", 2), raised("NB-2"))
    ]
    ids = [change.envelope.id for change in changes]
    store.take_page([*changes[:2], changes[3]], "1", 100)
    _sent(store, 100), _sent(store, 100)
    assert store.outbox.send_again(30, 600, 110) == 0
    store.take_page([changes[2]], "2", 110)
    assert store.outbox.send_again(30, 600, 110) == 2
    for due in ids[:3]:
        assert _sent(store, 111) == [due]
        assert store.outbox.send_again(30, 600, 112) == 0


def test_what_is_new_waits_for_no_receipt_that_may_be_on_its_way(store: Store) -> None:
    first, second = written(raised("NB-1")), written(follow_up("NB-1", 1))
    store.take_page([first], "1", 100)
    _sent(store, 100)
    store.take_page([second], "2", 101)
    assert store.outbox.send_again(30, 600, 101) == 0
    assert _sent(store, 101) == [second.envelope.id]


def test_looking_for_work_does_not_read_what_has_its_receipt(store: Store) -> None:
    """An outbox holds every message of years; each round asks it several times."""
    plans: list[str] = []
    execute = store._database.execute
    rows = store._database.rows

    def explain(sql: str, parameters: object = ()) -> None:
        plans.extend(row["detail"] for row in rows(f"EXPLAIN QUERY PLAN {sql}", parameters))

    store._database.execute = lambda sql, p=(): explain(sql, p) or execute(sql, p)
    store._database.rows = lambda sql, p=(): explain(sql, p) or rows(sql, p)
    store.outbox.send_again(30, 600, 1)
    store.outbox.next_round(10)
    assert any("outbox_open" in plan for plan in plans)
    assert [plan for plan in plans if "SCAN outbox" in plan] == []


def test_the_wait_for_a_receipt_doubles_up_to_the_longest(store: Store) -> None:
    store.take_page([written(raised())], "1", 0)
    waits = []
    now = 0
    for _ in range(5):
        _sent(store, now)
        waits.append(next(w for w in range(1000) if store.outbox.send_again(30, 100, now + w)))
        now += waits[-1]
    assert waits == [30, 60, 100, 100, 100]


@pytest.mark.parametrize("by_id", [True, False])
def test_a_receipt_ends_sending_by_id_or_by_place(store: Store, by_id: bool) -> None:
    store.take_page([written(raised())], "1", 0)
    (message,) = _sent(store, 1)
    assert not store.outbox.receipt(_receipt(5, "another", ReceiptOutcome.REFUSED), 2)
    named = _receipt(0, message if by_id else None, ReceiptOutcome.REFUSED, None if by_id else message)
    assert store.outbox.receipt(named, 2)
    assert store.outbox.send_again(1, 1, 1e9) == 0
    assert store.counts()["receipted"] == {"refused": 1}


@pytest.mark.parametrize("claim", [None, "another's"])
def test_a_place_that_is_another_s_by_now_ends_nothing(store: Store, claim: str | None) -> None:
    """The topic went back after ours was acknowledged there; somebody else's record came to lie in its place."""
    store.take_page([written(raised())], "1", 0)
    (message,) = _sent(store, 1)
    assert not store.outbox.receipt(_receipt(0, None, ReceiptOutcome.PARKED, claim), 2)
    assert store.outbox.send_again(1, 1, 1e9) == 1
    assert _sent(store, 1e9) == [message]


def test_a_receipt_that_is_faster_than_the_acknowledgement_counts(store: Store) -> None:
    store.take_page([written(raised())], "1", 0)
    (message,) = [one.message for one in store.outbox.next_round(1)]
    store.outbox.receipt(_receipt(0, message, ReceiptOutcome.SUBMITTED), 1)
    store.outbox.mark_sent([(message, Place("t", 0, 0))], 2)
    assert store.counts()["outbox"] == {"new": 0, "sent": 0}
    assert store.outbox.next_round(1) == []


def test_only_parked_is_replaced_by_a_later_receipt(store: Store) -> None:
    store.take_page([written(raised())], "1", 0)
    (message,) = _sent(store, 1)
    outcomes = (ReceiptOutcome.PARKED, ReceiptOutcome.SUBMITTED, ReceiptOutcome.REFUSED)
    replaced = [store.outbox.receipt(_receipt(0, message, outcome), 2) for outcome in outcomes]
    assert replaced == [True, True, False]
    assert store.counts()["receipted"] == {"submitted": 1}


def test_data_is_dropped_only_after_submission(store: Store) -> None:
    store.take_page([written(raised("NB-1")), written(raised("NB-2"))], "1", 0)
    first, second = _sent(store, 1)
    store.outbox.receipt(_receipt(0, first, ReceiptOutcome.SUBMITTED), 10)
    store.outbox.receipt(_receipt(1, second, ReceiptOutcome.PARKED), 10)
    assert store.forget_data(10) == 0
    assert store.forget_data(11) == 1
    assert store.forget_data(11) == 0
    again = store.take_page([written(raised("NB-1"))], "1", 12)
    assert (again.new, again.known) == (0, 1)


def test_a_case_goes_on_in_order_and_drops_what_is_old(store: Store) -> None:
    store.inbox.take([received("c", 3, 2, "m3"), received("c", 1, 0, "m1"), received("c", 2, 1, "m2")], [], 0)
    for expected in ("m1", "m2", "m3"):
        step = _step(store, "c")
        assert step.message == expected
        store.take_delivered(step, Delivered(), None, None, 1)
    store.inbox.take([received("c", 2, 1, "late"), received("c", 3, 2, "m3")], [], 2)
    assert store.inbox.next("c", 2) is None
    assert store.counts()["inbox"] == {"pending": 0, "delivered": 3, "dropped": 1, "rejected": 0}


def test_a_hole_is_named_until_it_is_filled(store: Store) -> None:
    store.inbox.take([received("c", 5, 4)], [], 0)
    hole = store.inbox.next("c", 0)
    assert hole == Hole("c", 1, 4, 0, 0.0)
    assert isinstance(hole, Hole)
    store.inbox.asked(hole, 7)
    assert store.inbox.next("c", 8) == Hole("c", 1, 4, 1, 7)
    store.inbox.take([received("c", 4, 0)], [], 9)
    for sequence in (4, 5):
        step = _step(store, "c")
        assert step.sequence == sequence
        store.take_delivered(step, Delivered(), None, None, 9)
    assert store.counts()["holes"] == 0


def test_messages_without_a_sequence_wait_for_nothing(store: Store) -> None:
    store.inbox.take([received("c", 5, 4), received("c", 0, 0, "free")], [], 0)
    step = _step(store, "c")
    assert (step.message, step.sequence) == ("free", None)
    store.take_delivered(step, Delivered(), None, None, 1)
    assert isinstance(store.inbox.next("c", 1), Hole)


def test_a_rejected_message_blocks_its_case_until_it_is_retried_or_skipped(store: Store) -> None:
    store.inbox.take([received("c", 1, 0, "m1"), received("c", 2, 1, "m2")], [], 0)
    store.inbox.mark_rejected(_step(store, "c"), "field: value", 1)
    assert store.inbox.next("c", 1) is None
    assert store.inbox.retry("m1")
    assert not store.inbox.retry("m1")
    store.inbox.mark_rejected(_step(store, "c"), "field: value", 2)
    assert store.inbox.skip("m1", 3)
    assert _step(store, "c").message == "m2"


def test_a_rejected_message_without_a_sequence_blocks_nothing(store: Store) -> None:
    store.inbox.take([received("c", 0, 0, "free"), received("c", 1, 0, "m1")], [], 0)
    store.inbox.mark_rejected(_step(store, "c"), "field: value", 1)
    assert _step(store, "c").message == "m1"


def test_a_raised_number_is_linked_and_a_refusal_finds_it(store: Store) -> None:
    message = written(raised("NB-7"))
    store.take_page([message], "1", 0)
    link = Link("NB-7", message.envelope.subject, message.referral)
    assert store.links.by_number("NB-7") == store.links.by_referral(message.referral or "") == link
    known = store.refused(message.envelope.id)
    assert known == {"referral": message.referral, "local_number": "NB-7"}
    assert store.refused("unknown") == {}


def test_a_store_belongs_to_one_department_and_one_process(tmp_path: Path, store: Store) -> None:
    with pytest.raises(ForeignStore, match="belongs to department 'notebook', configured is 'court'"):
        Store(tmp_path / "connector.db", "court")
    path = tmp_path / "connector.db"
    with only_process(path), pytest.raises(StoreInUse), only_process(path):
        pass
    with only_process(path):
        pass
