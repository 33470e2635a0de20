"""The officers of a stand-in: they raise the planned matters and act on what arrives, as the policies say.

Each act is named after what caused it (`task/<n>`, `note/<delivery>/<n>`) and logged under that name once, so
that officers who were killed go on where they stopped, and nothing is done twice.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.sandbox.core.matter import Fields, Matter, Received, Record
from deploy.sandbox.core.policies import Act, Alternative, Policies, choose, draw_below
from deploy.sandbox.core.records import Records

_GONE = ("returned", "withdrawn", "cancelled")
_ANSWER_TO = {"propose_return": "return_decided", "request_supplement": "supplement_provided"}
_ON_A_TASK = ("decide_return", "provide_supplement", "confirm", "rework")
_PASSED_ON = ("title", "summary", "matter", "region", "parties", "in_custody", "track", "priority")


@dataclass(slots=True)
class Duty:
    """What is left to do about one thing that arrived: the acts from `position` on."""

    number: str
    name: str
    acts: Sequence[Act]
    note: Mapping[str, Any]
    position: int = 0


class Officers:
    """`run` works until it is cancelled, which loses nothing. `act_once` is the same by hand.

    `raise_every`: seconds between two planned matters at least; 0 raises one with each act.
    """

    def __init__(
        self,
        records: Records,
        policies: Policies,
        seed: int,
        pace: float = 0.05,
        plan: Sequence[Matter] = (),
        raise_every: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records, self._policies, self._seed, self._pace = records, policies, seed, pace
        self._policy = policies.of(records.department)
        self._plan = deque(matter for matter in plan if records.record_of_key(matter.key) is None)
        self._desk: deque[Duty] = deque()
        self._waiting: defaultdict[str, list[Duty]] = defaultdict(list)
        self._read = 0
        self._raise_every, self._clock, self._raise_at = raise_every, clock, clock()

    async def run(self) -> None:
        """Raises and acts, with `pace` seconds between acts, for ever."""
        while True:
            busy = self.act_once()
            await asyncio.sleep(self._pace if busy else max(self._pace, 0.05))

    def act_once(self) -> bool:
        """Raises the next planned matter if it is time and does the next due act. False when there was neither."""
        self._look()
        raised = bool(self._plan) and self._clock() >= self._raise_at
        if raised:
            self._raise_at += self._raise_every
            self._records.raise_matter(self._signed_off(self._plan.popleft()))
        while self._desk:
            duty = self._desk.popleft()
            record = self._records.record(duty.number)
            if duty.position >= len(duty.acts) or self._is_over(record):
                continue
            if (awaited := self._awaits(duty)) is not None:
                self._waiting[awaited].append(duty)
                continue
            waited = duty.acts[duty.position].do == "await"
            if not waited:
                self._do(duty, record)
            duty.position += 1
            self._desk.append(duty)
            if not waited:
                return True
        return raised

    def _look(self) -> None:
        """Puts on the desk what the deliveries since the last look ask for."""
        for delivery in self._records.received_log(self._read):
            self._read = delivery.ordinal
            if delivery.number is None:
                continue
            self._desk.extend(self._waiting.pop(delivery.number, ()))
            record = self._records.record(delivery.number)
            chosen = self._chosen(delivery, record)
            if chosen is None or not chosen.acts:
                continue
            name = "task" if delivery.kind == "task" else f"note/{delivery.delivery_id}"
            duty = Duty(record.number, name, chosen.acts, delivery.fields)
            duty.position = self._position(duty)
            self._desk.append(duty)

    def _position(self, duty: Duty) -> int:
        """How far earlier officers came: behind the last act that is logged, or whose matter is raised."""
        done = self._records.acts_done(duty.number)
        return max(
            (
                n + 1
                for n, act in enumerate(duty.acts)
                if f"{duty.name}/{n}" in done
                or (
                    act.do == "raise"
                    and self._records.record_of_key(f"{duty.number}/{act.fields['flow']}") is not None
                )
            ),
            default=0,
        )

    def _chosen(self, delivery: Received, record: Record) -> Alternative | None:
        if delivery.kind == "task":
            alternatives = self._policy.tasks.get(record.flow, {}).get(record.role or "lead", ())
            occasion = str(record.role)
        else:
            notes = self._policy.raised if record.direction == "raised" else self._policy.received
            alternatives = notes.get(record.flow, {}).get(delivery.kind, ())
            occasion = f"{delivery.kind}/{self._times_before(delivery)}"
        place = f"{self._records.department}/{record.flow}/{occasion}"
        return choose(alternatives, self._seed, place, record.title, delivery.fields)

    def _times_before(self, delivery: Received) -> int:
        """How often the same task brought such a note before: a second reply is judged anew."""
        return sum(
            other.ordinal < delivery.ordinal
            and other.kind == delivery.kind
            and other.fields.get("ext_task") == delivery.fields.get("ext_task")
            for other in self._records.received_log(number=delivery.number)
        )

    def _is_over(self, record: Record) -> bool:
        """A task that left ends its acts. A closed referral does not: follow-ups and co-handlers go on."""
        return record.direction == "received" and record.state in _GONE

    def _awaits(self, duty: Duty) -> str | None:
        """The number of the record on which something must arrive before the next act, if anything must."""
        act = duty.acts[duty.position]
        if act.do == "await":
            child = self._records.record_of_key(f"{duty.number}/{act.fields['flow']}")
            if child is None:
                raise ValueError(f"await: {duty.number} raised nothing under {act.fields['flow']!r} before")
            log = self._records.received_log(number=child.number)
            final = any(item.kind == "closed" or item.fields.get("outcome") for item in log)
            return None if final else child.number
        before = duty.acts[duty.position - 1].do if duty.position else ""
        answer = _ANSWER_TO.get(before)
        if answer is None:
            return None
        asked = sum(one.do == before for one in duty.acts[: duty.position])
        log = self._records.received_log(number=duty.number)
        return None if sum(item.kind == answer for item in log) >= asked else duty.number

    def _do(self, duty: Duty, record: Record) -> None:
        act, name = duty.acts[duty.position], f"{duty.name}/{duty.position}"
        if act.do == "raise":
            self._records.raise_matter(self._signed_off(self._follow_up(act, record)))
        elif act.do == "reply_again":
            replies = [step for step in self._records.steps_of(record.number) if step.fields.get("outcome")]
            again = {key: replies[-1].fields[key] for key in ("reply_code", "outcome", "papers", "result")}
            self._records.step(
                record.number, "reply", act=name, **again, **self._hand(record), **self._text(act, record)
            )
        else:
            fields = self._hand(record) | self._text(act, record)
            if act.papers:
                fields["papers"] = self._papers(act.papers, record.title)
            if act.do in _ON_A_TASK:
                fields["ext_task"] = duty.note["ext_task"]
            if act.do == "decide_return" and fields.get("reassign_to") == "suggested":
                fields |= self._answer_to_return(duty.note.get("suggested_to"), record)
            self._records.step(record.number, act.do, act=name, **fields)

    def _answer_to_return(self, suggested: str | None, record: Record) -> Fields:
        content = record.content
        steps = self._records.steps_of(record.number)
        holders = {content["lead"], *content["co_handlers"], *content["copies"]}
        holders |= {step.fields["reassign_to"] for step in steps if step.kind == "decide_return"}
        if suggested in holders:
            return {"agreed": False, "reassign_to": None, "reason": "所建议单位已在承办本事项，请继续办理"}
        return {"reassign_to": suggested}

    def _follow_up(self, act: Act, record: Record) -> Matter:
        passed_on = {
            name: record.content[name] for name in _PASSED_ON if record.content.get(name) is not None
        }
        return Matter(
            key=f"{record.number}/{act.fields['flow']}",
            ext_case=record.ext_case,
            opened_by=record.ext_referral,
            papers=self._papers(act.papers, record.title),
            **{**passed_on, **self._text(act, record)},
        )

    def _papers(self, codes: Sequence[str], title: str) -> list[Fields]:
        return [paper(code, self._policies.papers[code], title) for code in codes]

    def _signed_off(self, matter: Matter) -> Matter:
        fields = {name: getattr(matter, name) for name in Matter.__slots__}
        return Matter(**{**fields, "officer": matter.officer or self._officer(matter.title)})

    def _hand(self, record: Record) -> Fields:
        return {"officer": self._officer(record.title)}

    def _officer(self, title: str) -> str:
        officers = self._policy.officers
        return officers[draw_below(len(officers), self._seed, self._records.department, "officer", title)]

    def _text(self, act: Act, record: Record) -> Fields:
        """The act's own fields; texts may name {number} and {title}."""
        names = {"number": record.number, "title": record.title}
        return {
            name: value.format(**names) if isinstance(value, str) else value
            for name, value in act.fields.items()
        }


def paper(code: str, name: str, matter_title: str) -> Fields:
    """A made-up document: always the same text for the same matter, so that a checker knows its hash."""
    text = f"{name}\n事项：{matter_title}\n（沙盒示例文书，人名与事项均为虚构）\n"
    return {"code": code, "title": name, "media_type": "text/plain", "content": text}
