"""`fengqiao audit redeliver`, `redeliver-approve` and `redeliver-send`. Thin."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub import loop
from hub.audit.redelivery import OrderFile, Wanted, count, now, records, require_two, send
from hub.audit.verify_shard import scope_of
from hub.bus.kafka_publisher import KafkaPublisher
from hub.bus.topics import TopicNames
from hub.command_home import HomeOption, settings_of
from hub.embedded.servers import Addresses
from hub.errors import ConfigurationError, HubError
from hub.home import DEFAULT_HOME
from hub.opened import opened
from hub.operations.case_view import case_view
from hub.operators import Operators, private_key
from hub.relay.signing import HubSigner
from hub.store.reading import ReadStore

OrderArgument = Annotated[
    Path, typer.Argument(metavar="ORDER", help="The file that `redeliver --order` wrote.")
]
_SHOWN = 20


def redeliver_command(
    to: Annotated[str, typer.Option(help="The department that lost something.")],
    case: Annotated[
        str | None, typer.Option(help="Only this case, by id or any department's number.")
    ] = None,
    sequences: Annotated[
        str | None,
        typer.Option(metavar="FIRST-LAST", help="With --case: only these of the department's numbers."),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option("--range", metavar="RANGE", help="Parts of the journal: SHARD/FIRST-LAST."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Only what the hub received from then on (UTC).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="Only what the hub received before then (UTC).")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; is signed, and kept in the history, sealed.")] = "",
    order: Annotated[
        Path | None, typer.Option(help="Write the order to this file, for two operators to sign.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
    database: Annotated[
        str | None, typer.Option(help="postgresql://… instead of the home's database.")
    ] = None,
) -> None:
    """Count what a department would be delivered again. Delivers nothing; with --order it writes what is to be signed."""
    with _one_line():
        if order is not None and not reason.strip():
            raise ConfigurationError(f"reason {reason!r}: say why, it is signed and recorded")
        if order is not None and order.exists():
            raise ConfigurationError(f"order {order}: is there already; give another name")
        address = database or Addresses.find(home).database
        loop.run(_redeliver(address, to, case, sequences, part or [], (since, until), reason, order))


async def _redeliver(
    address: str,
    to: str,
    case: str | None,
    sequences: str | None,
    parts: list[str],
    period: tuple[datetime | None, datetime | None],
    reason: str,
    order: Path | None,
) -> None:
    async with opened(ReadStore(address)) as store:
        shards = len((await store.standing()).heads)
        try:
            scopes, numbers = [scope_of(one, shards) for one in parts], _numbers(sequences, case)
        except ValueError as problem:
            raise ConfigurationError(str(problem)) from None
        named = None if case is None else (await case_view(store, case)).case
        since, until = (None if one is None else one.replace(tzinfo=UTC) for one in period)
        async with store.snapshot() as view:
            found = await count(view, Wanted(to, named, numbers, scopes, since, until))
    for item in found[:_SHOWN]:
        typer.echo(f"case {item.case}: {item.first} to {item.last}")
    if len(found) > _SHOWN:
        typer.echo(f"… and {len(found) - _SHOWN} cases more")
    whole = sum(item.last - item.first + 1 for item in found)
    typer.echo(f"{whole} records of {len(found)} cases for {to}; nothing was delivered")
    if order is not None:
        if not found:
            raise ConfigurationError(
                f"to {to}: nothing was ever sent to it that fits; there is nothing to order"
            )
        OrderFile.new(to, reason, found, now()).write(order)
        typer.echo(f"{order}: to be signed by two operators with `fengqiao audit redeliver-approve`")


def approve_command(
    order: OrderArgument,
    operator: Annotated[
        str, typer.Option(help="Your id, as `operator new` registered it with --may redeliver.")
    ],
    key: Annotated[Path, typer.Option(help="Your private key.")],
) -> None:
    """Sign an order to deliver again. Shows what is signed."""
    with _one_line():
        file = OrderFile.read(order)
        file.sign(operator, private_key(key))
        file.write(order)
        whole = sum(last - first + 1 for _, first, last in file.items)
        typer.echo(f"{whole} records of {len(file.items)} cases for {file.to}: {file.reason}")
        typer.echo(f"signed by {', '.join(name for name, _ in file.approvals)}")


def send_command(order: OrderArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Hand an order that two operators signed to intake; the relay then delivers. Sent again, it counts once."""
    with _one_line():
        outcomes = loop.run(_send(OrderFile.read(order), home))
    typer.echo(", ".join(f"{number} {name}" for name, number in sorted(outcomes.items())))
    if set(outcomes) - {"decided", "waiting"}:
        raise typer.Exit(1)


async def _send(file: OrderFile, home: Path) -> Mapping[str, int]:
    settings = settings_of(home)
    require_two(file, Operators(settings.operators_directory), now())
    signer = HubSigner.from_file(settings.hub_keyid, settings.hub_key)
    sending = records(file, TopicNames(settings.topic_prefix), signer, settings.shards)
    publisher = KafkaPublisher(settings.kafka_address, "fengqiao-desk")
    async with opened(ReadStore(settings.database)) as store:
        try:
            return await send(file, sending, publisher, store)
        finally:
            await publisher.stop()


def _numbers(text: str | None, case: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, last = text.partition("-")
    numbers = [first, last or first]
    if case is None or not all(number.isascii() and number.isdigit() for number in numbers):
        raise ValueError(f"sequences {text!r}: must be FIRST-LAST, with --case: they are numbers in one case")
    return int(numbers[0]), int(numbers[1])


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except HubError as problem:
        typer.echo(f"fengqiao: {problem}", err=True)
        raise typer.Exit(2) from None
