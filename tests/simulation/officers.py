"""The people of a department: they raise referrals, work tasks, answer requests, make mistakes, or never answer."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from connectors.sdk.ports import Delivery
from hub.domain.flow import Flow
from hub.domain.rules import Rules
from schemas.identifiers import derived_id, mint_case_id
from tests.simulation.loop import SimLoop
from tests.simulation.office import Office, keyed
from tests.simulation.plan import Matter

PATIENCE = 45.0
STATED = "2026-03-02T09:00:00+08:00"
SHA = "a" * 64


@dataclass(slots=True)
class Mine:
    """A referral that this department raised."""

    flow: Flow
    case: str
    referral: str
    reworked: bool = False


@dataclass(slots=True)
class Work:
    """A task that rests with this department. The futures are answers that are waited for."""

    flow: Flow
    case: str
    referral: str
    task: str
    role: str
    over: bool = False
    answers: dict[str, "asyncio.Future[Any]"] = field(default_factory=dict)


class Officers:
    """Everything they choose follows from the seed and from what it is about, so it does not depend on the rest."""

    def __init__(
        self,
        seed: int,
        office: Office,
        rules: Rules,
        loop: SimLoop,
        whisper: Callable[[str, "Work"], None],
    ) -> None:
        self.department, self.busy = office.department, 0
        self._seed, self._office, self._rules, self._loop = seed, office, rules, loop
        self._whisper = whisper
        self._mine: dict[str, Mine] = {}
        self._works: dict[str, Work] = {}
        office.on_delivery = self.hear

    def begin(self, matter: Matter) -> None:
        """Raise a referral when its time has come."""
        self._do(self._raise(matter))

    def hear(self, delivery: Delivery) -> None:
        """Something has come from the hub."""
        act = _HEARD.get(delivery.type)
        if act is not None:
            act(self, delivery)

    def learn(self, work: Work) -> None:
        """A paper has come by another way than the hub, maybe before the hub knows anything."""
        if work.task not in self._works:
            self._works[work.task] = work
            self._do(self._handle(work))

    def raise_unheard(self, number: str) -> None:
        """Raise a referral whose lead learns of it on paper at once."""
        random = keyed(self._seed, self.department, number)
        if (found := self._some_flow(random)) is not None:
            self.raise_now(*found, number=number, on_paper=True)

    async def _raise(self, matter: Matter) -> None:
        await asyncio.sleep(matter.at)
        self.raise_now(matter.flow, matter.lead, matter.co_handlers, matter.copies, number=matter.number)

    def raise_now(
        self,
        code: str,
        lead: str,
        co_handlers: tuple[str, ...] = (),
        copies: tuple[str, ...] = (),
        *,
        number: str,
        case: str | None = None,
        on_paper: bool = False,
    ) -> None:
        """Write the referral; at times the lead learns of it on paper too, at times it is corrected or taken back."""
        flow, random = self._rules.flows[code][0], keyed(self._seed, self.department, number, code)
        subject = case or mint_case_id(self.department, number)
        message = self._office.write(
            "referral.raised",
            subject,
            {
                "legal_at": STATED,
                "flow": code,
                "kind": flow.kinds[0],
                "local_number": number,
                "title": "模拟事项",
                "parties": [{"role": "party", "name": "测试人甲"}],
                "lead": lead,
                "co_handlers": list(co_handlers),
                "copies": list(copies),
                "papers": papers(*(p.code for p in flow.papers if p.required)),
            },
        )
        referral = derived_id(self.department, message, "referral")
        mine = self._mine[referral] = Mine(flow, subject, referral)
        if random.random() < 0.15 or on_paper:
            task = derived_id(self.department, message, "task")
            self._whisper(lead, Work(flow, subject, referral, task, "lead"))
        if random.random() < 0.12:
            self._do(self._correct(mine, random))
        if random.random() < 0.08:
            self._do(self._withdraw(mine, random))
        if (urging := keyed(self._seed, "urge", referral)).random() < 0.15:
            self._do(self._urge(mine, lead, urging))

    async def _correct(self, mine: Mine, random: Random) -> None:
        await asyncio.sleep(random.uniform(0, 20))
        self._referral_act(mine, "referral.corrected", fields=["title"], title="更正后的事项", reason="笔误")

    async def _withdraw(self, mine: Mine, random: Random) -> None:
        await asyncio.sleep(random.uniform(0, 25))
        self._referral_act(mine, "referral.withdrawal_requested", reason="撤回")

    async def _urge(self, mine: Mine, lead: str, random: Random) -> None:
        await asyncio.sleep(random.uniform(0, 40))
        self._referral_act(mine, "supervision.raised", step="urge", against=lead, reason="久无动静")

    def _supervised(self, delivery: Delivery) -> None:
        if delivery.data["against"] == self.department:
            self._do(self._answer_for(delivery))

    async def _answer_for(self, delivery: Delivery) -> None:
        random = keyed(self._seed, "supervised", delivery.data["supervision"])
        await self._think(random)
        if random.random() < 0.8:
            self._supervision(delivery, "supervision.answered", measures="已安排专人办理")

    def _got_answer(self, delivery: Delivery) -> None:
        if delivery.data["referral"] in self._mine:
            self._do(self._clear(delivery))

    async def _clear(self, delivery: Delivery) -> None:
        random = keyed(self._seed, "clear", delivery.data["supervision"])
        await self._think(random)
        if random.random() < 0.7:
            self._supervision(delivery, "supervision.cleared", ground="done", reason="已办理")

    def _supervision(self, delivery: Delivery, type_: str, **more: Any) -> None:
        named = {name: delivery.data[name] for name in ("referral", "supervision")}
        self._office.write(type_, delivery.case, {"legal_at": STATED, **named, **more})

    async def _handle(self, work: Work) -> None:
        """A receiver's way through its task."""
        random = keyed(self._seed, self.department, work.task)
        await self._think(random)
        if random.random() < 0.06:
            return  # never answers
        self._step(work, "task.signed")
        if work.role == "copy":
            return
        await self._think(random)
        if random.random() < 0.03:
            self._step(work, "task.started")  # not accepted yet: will be refused
        if random.random() < 0.15 and work.flow.return_reasons:
            reason = random.choice(work.flow.return_reasons).code
            self._step(work, "task.return_proposed", reason_code=reason, reason="不属本单位")
            if await self._answer(work, "return"):
                return
        self._step(work, "task.accepted")
        await self._think(random)
        if random.random() < 0.2:
            self._step(work, "task.supplement_requested", papers_wanted=["补充材料"])
            await self._answer(work, "supplement")
        if random.random() < 0.4:
            self._step(work, "task.started")
        for _ in range(random.choice((0, 0, 1, 2))):
            await self._think(random)
            self._step(
                work, "task.progressed", by_number=random.random() < 0.3, step="hearing_notice", papers=[]
            )
        await self._think(random)
        if not work.over:
            await self._reply(work, random)

    async def _reply(self, work: Work, random: Random) -> None:
        for reply in work.flow.replies:
            if reply.final:
                outcome = random.choice(work.flow.outcomes).code
                self._step(work, "task.replied", reply=reply.code, outcome=outcome)
                self._go_on(work, random)
            else:
                self._step(work, "task.replied", reply=reply.code)
                await self._think(random)

    def _go_on(self, work: Work, random: Random) -> None:
        """A result may lead to another referral in the same case."""
        if random.random() < 0.12 and (found := self._some_flow(random)) is not None:
            self.raise_now(*found, number=f"{work.task[:8]}-{found[0]}", case=work.case)

    def _some_flow(self, random: Random) -> tuple[str, str] | None:
        """A flow that this department may raise, and to whom."""
        mine = self._rules.departments[self.department]
        flows = [f for versions in self._rules.flows.values() for f in versions[:1] if mine.plays(f.senders)]
        random.shuffle(flows)
        for flow in flows:
            leads = [d.id for d in self._rules.departments.values() if d.plays(flow.lead) and d is not mine]
            if leads:
                return flow.flow, random.choice(leads)
        return None

    def _assigned(self, delivery: Delivery) -> None:
        data = delivery.data
        flow = self._rules.flows[data["flow"]][0]
        self.learn(Work(flow, delivery.case, data["referral"], data["task"], data["role"]))

    def _asked_to_take_back(self, delivery: Delivery) -> None:
        self._do(self._decide_return(delivery))

    async def _decide_return(self, delivery: Delivery) -> None:
        random, data = keyed(self._seed, "return", delivery.data["task"]), delivery.data
        if (mine := self._mine.get(data["referral"])) is None:
            return
        await self._think(random)
        agreed = random.random() < 0.7
        more: dict[str, Any] = {"agreed": agreed, "reason": "已审"}
        others = [
            d.id
            for d in self._rules.departments.values()
            if d.plays(mine.flow.lead) and d.id not in (self.department, delivery.actor)
        ]
        if agreed and others and random.random() < 0.7:
            more["reassign_to"] = random.choice(others)
        self._task_act(mine, data["task"], "return.decided", **more)

    def _asked_for_papers(self, delivery: Delivery) -> None:
        self._do(self._supplement(delivery))

    async def _supplement(self, delivery: Delivery) -> None:
        random, data = keyed(self._seed, "supplement", delivery.data["task"]), delivery.data
        if (mine := self._mine.get(data["referral"])) is not None and random.random() < 0.85:
            await self._think(random)
            self._task_act(mine, data["task"], "supplement.provided", papers=papers("supplement"))

    def _got_reply(self, delivery: Delivery) -> None:
        if delivery.data["referral"] in self._mine and delivery.data.get("outcome"):
            self._do(self._judge_reply(delivery))

    async def _judge_reply(self, delivery: Delivery) -> None:
        data = delivery.data
        random, mine = keyed(self._seed, "reply", data["task"]), self._mine[data["referral"]]
        await self._think(random)
        if not mine.reworked and mine.flow.limits.reworks and random.random() < 0.25:
            mine.reworked = True
            self._task_act(mine, data["task"], "rework.requested", reason="需重办")
        elif mine.flow.confirm.required and random.random() < 0.95:
            wanted = papers(*(p.code for p in mine.flow.confirm.papers))
            self._task_act(mine, data["task"], "reply.confirmed", papers=wanted)

    def _closed(self, delivery: Delivery) -> None:
        """Ask the citizen. One who is not satisfied opens the matter again, where the flow allows it."""
        mine = self._mine.get(delivery.data["referral"])
        if mine is not None and (random := keyed(self._seed, "followup", mine.referral)).random() < 0.4:
            self._referral_act(mine, "followup.recorded", reached=True, rating=random.choice((1, 4)))

    def _reworked(self, delivery: Delivery) -> None:
        if (work := self._works.get(delivery.data["task"])) is not None:
            self._do(self._reply_again(work))

    async def _reply_again(self, work: Work) -> None:
        random = keyed(self._seed, "again", work.task)
        await self._think(random)
        outcome = random.choice(work.flow.outcomes).code
        self._step(work, "task.replied", reply=work.flow.replies[-1].code, outcome=outcome)

    def _cancelled(self, delivery: Delivery) -> None:
        if (work := self._works.get(delivery.data["task"])) is not None:
            work.over = True
            for answer in work.answers.values():
                if not answer.done():
                    answer.set_result(True)

    def _answered(self, delivery: Delivery) -> None:
        work = self._works.get(delivery.data["task"])
        what = "return" if delivery.type == "return.decided.v1" else "supplement"
        if work is not None and (answer := work.answers.get(what)) is not None and not answer.done():
            answer.set_result(bool(delivery.data.get("agreed")))

    def _asked_to_let_go(self, delivery: Delivery) -> None:
        self._do(self._decide_withdrawal(delivery))

    async def _decide_withdrawal(self, delivery: Delivery) -> None:
        referral = delivery.data["referral"]
        random = keyed(self._seed, "withdrawal", referral)
        await self._think(random)
        data = {"legal_at": STATED, "referral": referral, "agreed": random.random() < 0.7, "reason": "已审"}
        self._office.write("referral.withdrawal_decided", delivery.case, data)

    async def _answer(self, work: Work, what: str) -> bool:
        """Wait for an answer, not for ever."""
        work.answers[what] = answer = self._loop.create_future()
        await asyncio.wait([answer], timeout=PATIENCE)
        return answer.done() and bool(answer.result()) and what == "return"

    def _step(self, work: Work, type_: str, by_number: bool = False, **more: Any) -> None:
        """A step on a task; `by_number`: the case is named by this department's own number of it."""
        if work.over:
            return
        case = f"alias:{self.department}:case_number:收{work.task[:8]}" if by_number else work.case
        data = {"legal_at": STATED, "referral": work.referral, "task": work.task, **more}
        self._office.write(type_, case, data)

    def _task_act(self, mine: Mine, task: str, type_: str, **more: Any) -> None:
        self._referral_act(mine, type_, task=task, **more)

    def _referral_act(self, mine: Mine, type_: str, **more: Any) -> None:
        self._office.write(type_, mine.case, {"legal_at": STATED, "referral": mine.referral, **more})

    async def _think(self, random: Random) -> None:
        await asyncio.sleep(random.uniform(0.1, 5.0))

    def _do(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.busy += 1
        self._loop.outside.spawn(self._done(coroutine))

    async def _done(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        finally:
            self.busy -= 1


def papers(*codes: str) -> list[dict[str, Any]]:
    """Papers with these codes."""
    return [{"code": c, "title": c, "sha256": SHA, "size": 1, "media_type": "application/pdf"} for c in codes]


_HEARD: dict[str, Callable[[Officers, Delivery], None]] = {
    "task.assigned.v1": Officers._assigned,
    "task.return_proposed.v1": Officers._asked_to_take_back,
    "task.supplement_requested.v1": Officers._asked_for_papers,
    "task.replied.v1": Officers._got_reply,
    "referral.closed.v1": Officers._closed,
    "rework.requested.v1": Officers._reworked,
    "task.cancelled.v1": Officers._cancelled,
    "return.decided.v1": Officers._answered,
    "supplement.provided.v1": Officers._answered,
    "referral.withdrawal_requested.v1": Officers._asked_to_let_go,
    "supervision.raised.v1": Officers._supervised,
    "supervision.answered.v1": Officers._got_answer,
}
