"""What a department lost is delivered again: counted first, signed by two operators, in the journal, marked, harmless."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from hub.audit.commands import app
from hub.audit.redelivery import OrderFile, Wanted, count, records, require_two
from hub.audit.shard_state import Scope
from hub.audit.verify import verify
from hub.bus.memory import MemoryPublisher, MemoryRecord
from hub.domain.entry import Entry
from hub.domain.redelivery import Again, Order, belongs
from hub.errors import ConfigurationError
from hub.operators import May, Operators, new_operator, private_key
from tests.support.city import City, Raised

NOW = datetime(2026, 3, 9, tzinfo=UTC)


@dataclass
class Two:
    """`li` and `wang` may redeliver, `zhou` may hold; `double` is registered with the key of `li`."""

    root: Path

    def register(self, city: City) -> None:
        """With this city."""
        directory = self.root / "operators"
        for name, may in (("li", May.REDELIVER), ("wang", May.REDELIVER), ("zhou", May.HOLD)):
            new_operator(name, [may], directory, self.root)
        (directory / "double.yaml").write_text(
            (directory / "li.yaml").read_text().replace(": li", ": double")
        )
        for file in directory.glob("*.yaml"):
            file.write_text(file.read_text().replace("valid_from: '20", "valid_from: '19"))
        city.operators = Operators(directory)

    def key(self, name: str) -> Ed25519PrivateKey:
        """Of an operator."""
        return private_key(self.root / f"{name}.pem")

    def sign(self, file: OrderFile, *names: str) -> None:
        """Sign an order."""
        for name in names:
            file.sign(name, self.key({"double": "li"}.get(name, name)))


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(tmp_path)


async def busy(city: City) -> list[Raised]:
    raised = []
    for number in range(4):
        raised.append(city.raise_referral(f"A{number}"))
        city.work(raised[-1])
    await city.drain(relay=True)
    return raised


def into(city: City, department: str) -> list[MemoryRecord]:
    topic = city.names.into(department)
    return [record for (name, _), log in sorted(city.bus.logs.items()) if name == topic for record in log]


def mark(record: MemoryRecord) -> str | None:
    found = dict(record.headers).get("ce_redelivery")
    return None if found is None else found.decode()


def identity(record: MemoryRecord) -> tuple[object, ...]:
    return record.key, record.value, tuple(h for h in record.headers if h[0] != "ce_redelivery")


async def ordered(city: City, items: list[Again] | None = None) -> OrderFile:
    async with city.store.snapshot() as view:
        found = items or await count(view, Wanted("public_security"))
    return OrderFile.new("public_security", "恢复备份后缺失", found, NOW)


async def publish(city: City, file: OrderFile) -> None:
    await MemoryPublisher(city.bus).publish(records(file, city.names, city.signer, city.shards))
    await city.drain(relay=True)


@pytest.mark.covers("promise 1")
async def test_ordered_by_two_the_same_records_come_again_marked(database: str, two: Two) -> None:
    async with City(database, shards=2) as city:
        two.register(city)
        await busy(city)
        before = into(city, "public_security")
        file = await ordered(city)
        assert sum(last - first + 1 for _, first, last in file.items) == len(
            [r for r in before if "ce_sequence" in dict(r.headers)]
        )
        two.sign(file, "li", "wang")
        assert require_two(file, city.operators, NOW) == ["li", "wang"]
        await publish(city, file)
        again = into(city, "public_security")
        marked = [record for record in again if mark(record) == file.order]
        assert {identity(r) for r in marked} == {
            identity(r) for r in before if "ce_sequence" in dict(r.headers)
        }
        await publish(city, file)
        assert len([r for r in into(city, "public_security") if mark(r)]) == len(marked)
        others = [r for who in ("court", "procuratorate") for r in into(city, who) if mark(r)]
        assert others == []
        assert (await verify(city.store)).differences == []


async def _refused(city: City) -> list[str]:
    async with city.pool.connection() as connection:
        entries = await connection.fetch(
            "SELECT entry FROM journal WHERE outcome = 'refused' ORDER BY shard, seq"
        )
    found = [Entry.from_bytes(row[0]) for row in entries]
    return [f"{entry.reason}: {entry.detail}" for entry in found]


@pytest.mark.parametrize(
    "case", ["one", "twice", "one key", "stranger", "may not", "other sequences", "other reason"]
)
async def test_what_two_did_not_sign_is_refused_and_nothing_goes_out(
    database: str, two: Two, case: str
) -> None:
    async with City(database, shards=2) as city:
        two.register(city)
        await busy(city)
        told = len(into(city, "public_security"))
        file = await ordered(city)
        two.sign(file, "li")
        if case == "twice":
            file.approvals.append(file.approvals[0])
        elif case == "one key":
            two.sign(file, "double")
        elif case == "stranger":
            file.sign("nobody", Ed25519PrivateKey.generate())
        elif case == "may not":
            two.sign(file, "zhou")
        elif case != "one":
            two.sign(file, "wang")
            if case == "other sequences":
                file.items[0] = (file.items[0][0], 1, 1)
            else:
                file.reason += "。"
        with pytest.raises(ConfigurationError, match="must be signed by 2 operators"):
            require_two(file, city.operators, NOW)
        await publish(city, file)
        assert len(await _refused(city)) == len(file.items)
        assert all("operators signed the order, 2 must" in said for said in await _refused(city))
        assert len(into(city, "public_security")) == told


async def test_a_case_that_is_not_in_the_signed_order_is_refused(database: str, two: Two) -> None:
    async with City(database, shards=1) as city:
        two.register(city)
        await busy(city)
        file = await ordered(city)
        two.sign(file, "li", "wang")
        [one, *_] = records(file, city.names, city.signer, 1)
        data = file.content().data(file.approvals)[0] | {"to_sequence": 1}
        value, headers = city.signer.message(
            "x", "hub.redelivery_ordered.v1", file.items[0][0], file.made_at, data
        )
        one.value, one.headers = value, headers
        await MemoryPublisher(city.bus).publish([one])
        await city.drain(relay=True)
        assert await _refused(city) == ["not_authorised: the case is not in the order that was signed"]


async def test_more_than_was_sent_is_refused(database: str, two: Two) -> None:
    async with City(database, shards=1) as city:
        two.register(city)
        [raised, *_] = await busy(city)
        file = await ordered(city, [Again(raised.case, 1, 99)])
        two.sign(file, "li", "wang")
        await publish(city, file)
        async with city.pool.connection() as connection:
            found = await connection.fetchval("SELECT reason FROM inbox WHERE source = 'hub'")
        assert found == "illegal_step"


async def test_what_is_counted(database: str, two: Two) -> None:
    async with City(database, shards=1) as city:
        raised = await busy(city)
        middle = city.at - timedelta(hours=5)
        async with city.store.snapshot() as view:
            whole = {item.case: item for item in await count(view, Wanted("public_security"))}
            assert set(whole) == {one.case for one in raised}
            one = raised[1].case
            assert await count(view, Wanted("public_security", case=one)) == [whole[one]]
            some = await count(view, Wanted("public_security", case=one, sequences=(2, 3)))
            assert some == [Again(one, 2, 3)]
            early = await count(view, Wanted("public_security", until=middle))
            late = await count(view, Wanted("public_security", since=middle))
            parts = [(item.last - item.first + 1) for item in (*early, *late)]
            assert sum(parts) == sum(item.last - item.first + 1 for item in whole.values())
            head = (await city.store.standing()).heads[0]
            half = [Scope(0, 1, head // 2)]
            assert {i.case for i in await count(view, Wanted("public_security", scopes=half))} < set(whole)
            assert await count(view, Wanted("nobody")) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13])
def test_every_case_of_an_order_belongs_to_it_and_no_other(size: int) -> None:
    order = Order(
        "o", "court", "2026-03-02T00:00:00Z", "r", [Again(f"c{n}", n + 1, n + 2) for n in range(size)]
    )
    for item, data in zip(order.items, order.data([]), strict=True):
        assert belongs(item.case, data)
        assert not belongs("other", data)
        assert not belongs(item.case, data | {"to_sequence": 99})


async def test_the_commands(database: str, two: Two, tmp_path: Path) -> None:
    async with City(database, shards=1) as city:
        two.register(city)
        raised = await busy(city)
    order, key = tmp_path / "order.json", tmp_path / "li.pem"

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(arguments))
        return result.exit_code, result.output

    redeliver = ["redeliver", "--to", "public_security", "--database", database]
    code, text = await asyncio.to_thread(run, *redeliver)
    assert (code, "of 4 cases for public_security; nothing was delivered" in text) == (0, True), text
    for wrong, words in (
        (["--sequences", "1-2"], "sequences '1-2'"),
        (["--range", "7"], "range '7'"),
        (["--order", str(order)], "reason ''"),
        (["--order", str(order), "--reason", "r", "--since", "2030-01-01"], "nothing was ever sent"),
    ):
        code, text = await asyncio.to_thread(run, *redeliver, *wrong)
        assert (code, words in text) == (2, True), text
    said = ["--case", raised[0].case, "--order", str(order), "--reason", "恢复备份"]
    code, text = await asyncio.to_thread(run, *redeliver, *said)
    assert code == 0, text
    code, text = run("redeliver-approve", str(order), "--operator", "li", "--key", str(key))
    assert (code, "1 cases for public_security: 恢复备份" in text, "signed by li" in text) == (
        0,
        True,
        True,
    ), text
    with pytest.raises(ConfigurationError, match="signed by li"):
        require_two(OrderFile.read(order), city.operators, NOW)
