"""The group of intake workers as its coordinator keeps it: who has which shards, and who does not know yet."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from hub.bus.ports import Assigned
from tests.simulation.loop import PROCESS, Process, SimLoop

SESSION_SECONDS = 6.0


@dataclass(eq=False)
class Member:
    """`deaf_until`: up to then it does not hear that its shards are another's by now. `turn`: a client hears one thing after
    the other, also what came while it stood still.
    """

    source: Any
    process: Process
    on_assigned: Assigned
    on_revoked: Assigned
    shards: set[int] = field(default_factory=set)
    deaf_until: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def hear(self, what: Assigned, shards: set[int], name: str) -> "asyncio.Task[Any]":
        """Call back in its process."""
        return self.process.spawn(self._in_turn(what, shards), name)

    async def _in_turn(self, what: Assigned, shards: set[int]) -> None:
        async with self.turn:
            await what(shards)


class Group:
    """Deals the shards out by ranges. A member that does not answer within the session is passed over: a zombie."""

    def __init__(self, loop: SimLoop, shards: int) -> None:
        self._loop, self._shards = loop, shards
        self.members: list[Member] = []
        self._turn: asyncio.Future[None] | None = None
        self._shift = 0
        self.rebalances = 0

    def join(self, source: Any, on_assigned: Assigned, on_revoked: Assigned) -> None:
        """A worker comes."""
        self.members.append(Member(source, PROCESS.get(), on_assigned, on_revoked))
        self.rebalance()

    def leave(self, source: Any) -> None:
        """A worker goes."""
        self.members = [member for member in self.members if member.source is not source]
        self.rebalance()

    def gone(self, process: Process) -> None:
        """The session of a process that is no more has run out."""
        self.members = [member for member in self.members if member.process is not process]
        self.rebalance()

    def rebalance(self, shift: bool = False, zombie_for: float = 0.0) -> None:
        """Deal anew; `shift`: to others than before. `zombie_for`: those who lose a shard hear of it so much later."""
        self._shift += shift
        self._loop.outside.spawn(self._rebalance(zombie_for))

    async def _rebalance(self, zombie_for: float) -> None:
        self.rebalances += 1
        mine, turn = self._loop.create_future(), self._turn
        self._turn = mine
        try:
            if turn is not None:
                await turn
            await self._deal(zombie_for)
        finally:
            mine.set_result(None)

    async def _deal(self, zombie_for: float) -> None:
        members = [member for member in self.members if member.process.alive]
        due: dict[Member, set[int]] = {member: set() for member in members}
        for shard in range(self._shards if members else 0):
            due[members[(shard * len(members) // self._shards + self._shift) % len(members)]].add(shard)
        told = []
        for member in members:
            lost = member.shards - due[member]
            if not lost:
                continue
            member.shards -= lost
            deaf = max(zombie_for, member.deaf_until - self._loop.time())
            if deaf > 0:
                self._loop.outside.call_later(deaf, lambda m=member, s=lost: self._revoke(m, s))
            else:
                told.append(self._revoke(member, lost))
        waits = [task for task in told if task is not None]
        if waits:
            await asyncio.wait(waits, timeout=SESSION_SECONDS)
        for member in members:
            new = due[member] - member.shards
            if new and member.process.alive and member in self.members:
                member.shards |= new
                member.hear(member.on_assigned, set(due[member]), "assigned")

    def _revoke(self, member: Member, shards: set[int]) -> "asyncio.Task[Any] | None":
        really = shards - member.shards
        if not member.process.alive or not really:
            return None
        return member.hear(member.on_revoked, really, "revoked")
