"""A department's own records: what it raised, what came in, and the log of its officers' steps.

The department knows nothing of the hub: it numbers its matters itself, and echoes the opaque references
(`ext_case`, `ext_referral`, `ext_task`) that its connector wrote in.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from deploy.sandbox.core.matter import (
    COMMON_FIELDS,
    RECEIVED_KINDS,
    REFERENCES,
    ROLES,
    STEP_FIELDS,
    TASK_NOTES,
    Fields,
    Matter,
    Received,
    Record,
    Step,
    content_bytes,
)
from deploy.sandbox.core.numbers import number_of, series_of
from deploy.sandbox.core.shelf import Shelf

__all__ = ["Matter", "Received", "Record", "Records", "Step"]

_STATE_AFTER_STEP = {
    "sign": "signed",
    "accept": "accepted",
    "propose_return": "return_proposed",
    "request_supplement": "supplement_requested",
    "start": "started",
}
_STATE_AFTER_DELIVERY = {
    "supplement_provided": "supplement_provided",
    "rework": "rework",
    "withdrawn": "withdrawn",
    "cancelled": "cancelled",
    "closed": "closed",
}
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "task": ("ext_referral", "ext_task", "role", "flow"),
    **dict.fromkeys(TASK_NOTES, ("ext_task",)),
}
_MATTER_FIELDS = (
    "title",
    "summary",
    "matter",
    "region",
    "parties",
    "papers",
    "due_on",
    "in_custody",
    "track",
    "priority",
)


class Records(Shelf):
    """Every write is one transaction, durable on return. Calls block on disk; any thread may call."""

    def new_number(self, flow: str) -> str:
        """Takes the next number of the flow's series. Who takes one must use it: the series has no gaps."""
        with self._transaction():
            return self._next_number(flow)

    def raise_matter(self, matter: Matter) -> str:
        """Stores the matter and logs its "raise" step. Idempotent by `matter.key`; returns the own number."""
        with self._transaction():
            known = self._db.execute("select number from record where key = ?", (matter.key,)).fetchone()
            if known is not None:
                return str(known["number"])
            content = {
                name: value
                for name, value in asdict(matter).items()
                if name not in ("key", "officer", "document", "legal_at", "ext_case")
            }
            content |= {"papers": self._store_papers(matter.papers), "parties": list(matter.parties)}
            content |= {"legal_at": matter.legal_at or self._clock().isoformat(), "document": matter.document}
            number = self._add_record(
                matter.key, "raised", matter.flow, None, content, {"ext_case": matter.ext_case}
            )
            self._add_step(number, "raise", "raise", {**content, "officer": matter.officer, "note": None})
            return number

    def receive(self, kind: str, delivery_id: str, fields: Mapping[str, Any]) -> str | None:
        """Writes in one delivery, once per `delivery_id` (a "task" per `ext_task`). Returns the number.

        `ext_case` is required with every kind, `ext_task` with those of TASK_NOTES. A "task" also needs
        `ext_referral`, `ext_task`, `role` and `flow`, brings the matter's fields and `sender`,
        `sender_number`, and makes a record with an own number. The other kinds are attached to the record
        that `number`, `ext_task` or `ext_referral` names, else to the latest one of `ext_case`; they bring
        `actor`, `legal_at` and the fields of their kind under the names of the contract. A paper has
        `content`, or a `sha256` stored before. A "refused" or "note" of a case without a record here is kept
        without one (None). Raises ValueError for a wrong or missing field, KeyError when the named record
        does not exist.
        """
        _check_delivery(kind, delivery_id, fields)
        with self._transaction():
            known = self._db.execute(
                "select number from received where delivery_id = ?", (delivery_id,)
            ).fetchone()
            if known is not None:
                return None if known["number"] is None else str(known["number"])
            stored = (
                {**fields, "papers": self._store_papers(fields["papers"])}
                if fields.get("papers")
                else dict(fields)
            )
            number = self._receive_task(stored) if kind == "task" else self._attach(kind, stored)
            self._db.execute(
                "insert into received(delivery_id, number, kind, at, fields) values (?, ?, ?, ?, ?)",
                (delivery_id, number, kind, self._clock().isoformat(), _dump(stored)),
            )
            return number

    def step(self, number: str, kind: str, *, act: str | None = None, **fields: Any) -> Step:
        """Logs an officers' step on a record, once per `act` (a name of the caller's) where one is given.

        Raises ValueError for a kind or field that does not exist, KeyError for an unknown number.
        """
        if kind not in STEP_FIELDS or kind == "raise":
            raise ValueError(f"step kind {kind!r} must be one of {sorted(set(STEP_FIELDS) - {'raise'})}")
        allowed = {*STEP_FIELDS[kind], *COMMON_FIELDS}
        if unknown := sorted(set(fields) - allowed):
            raise ValueError(f"step {kind!r} has no field {unknown}; allowed are {sorted(allowed)}")
        with self._transaction():
            record = self.record(number)
            full: Fields = dict.fromkeys((*STEP_FIELDS[kind], *COMMON_FIELDS)) | fields
            if "papers" in full:
                full["papers"] = self._store_papers(full["papers"] or ())
            full["legal_at"] = full["legal_at"] or self._clock().isoformat()
            step = self._add_step(number, kind, act, full)
            state = "replied" if kind == "reply" and full["outcome"] else _STATE_AFTER_STEP.get(kind)
            if state is not None and record.direction == "received":
                self._db.execute("update record set state = ? where number = ?", (state, number))
            return step

    def add_paper(self, content: bytes) -> str:
        """Stores a document and returns its SHA-256 (hex). Idempotent."""
        digest = hashlib.sha256(content).hexdigest()
        with self._transaction():
            self._db.execute("insert or ignore into paper values (?, ?)", (digest, content))
        return digest

    def _receive_task(self, fields: Fields) -> str:
        known = self._db.execute(
            "select number from record where ext_task = ?", (fields["ext_task"],)
        ).fetchone()
        if known is not None:
            return str(known["number"])
        references = {name: fields[name] for name in REFERENCES}
        content = {name: value for name, value in fields.items() if name not in (*REFERENCES, "role", "flow")}
        content = {**dict.fromkeys(_MATTER_FIELDS), **content, "papers": fields.get("papers") or []}
        return self._add_record(
            fields["ext_task"], "received", fields["flow"], fields["role"], content, references
        )

    def _attach(self, kind: str, fields: Fields) -> str | None:
        number = self._find(fields)
        if number is None:
            if kind in ("refused", "note"):
                return None
            named = {name: fields.get(name) for name in ("number", *REFERENCES)}
            raise KeyError(f"delivery {kind!r}: no record at {self.department} matches {named}")
        self._remember(number, {name: fields.get(name) for name in REFERENCES})
        record = self.record(number)
        if record.direction == "raised":
            self._db.execute(
                "update record set ext_case = ?, ext_referral = coalesce(ext_referral, ?) where number = ?",
                (fields["ext_case"], fields.get("ext_referral"), number),
            )
        state = _STATE_AFTER_DELIVERY.get(kind)
        if kind == "return_decided" and record.direction == "received":
            state = "returned" if fields.get("agreed") else "return_refused"
        if state is not None and not (record.direction == "raised" and kind in ("rework", "cancelled")):
            self._db.execute("update record set state = ? where number = ?", (state, number))
        return number

    def _find(self, fields: Mapping[str, Any]) -> str | None:
        if fields.get("number"):
            return self.record(str(fields["number"])).number
        for kind in reversed(REFERENCES):
            if fields.get(kind):
                row = self._db.execute(
                    "select number from reference where kind = ? and value = ? order by rowid desc limit 1",
                    (kind, fields[kind]),
                ).fetchone()
                if row is not None:
                    return str(row["number"])
        return None

    def _remember(self, number: str, references: Mapping[str, str | None]) -> None:
        for kind, value in references.items():
            if value:
                self._db.execute(
                    "insert or ignore into reference(kind, value, number) values (?, ?, ?)",
                    (kind, value, number),
                )

    def _add_record(
        self,
        key: str,
        direction: str,
        flow: str,
        role: str | None,
        content: Fields,
        references: Mapping[str, str | None],
    ) -> str:
        number = self._next_number(flow)
        state = "raised" if direction == "raised" else "received"
        known = [references.get(name) for name in REFERENCES]
        values = (
            number,
            key,
            direction,
            flow,
            role,
            state,
            *known,
            _dump(content),
            self._clock().isoformat(),
        )
        self._db.execute("insert into record values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        self._remember(number, references)
        return number

    def _next_number(self, flow: str) -> str:
        series, at = series_of(self.department, flow), self._clock()
        row = self._db.execute(
            "insert into counter values (?, ?, 1) on conflict do update set last = last + 1 returning last",
            (series, at.year),
        ).fetchone()
        return number_of(self.department, series, row["last"], at)

    def _add_step(self, number: str, kind: str, act: str | None, fields: Fields) -> Step:
        if act is not None and (done := self._steps("number = ? and act = ?", number, act)):
            return done[0]
        record = self.record(number)
        echo = {name: getattr(record, name) for name in REFERENCES if fields.get(name) is None}
        count = self._db.execute("select count(*) as n from step where number = ?", (number,)).fetchone()["n"]
        key, at = f"{number}/{count + 1}", self._clock().isoformat()
        self._db.execute(
            "insert into step(key, number, kind, act, at, fields) values (?, ?, ?, ?, ?, ?)",
            (key, number, kind, act, at, _dump({**fields, **echo})),
        )
        return self._steps("key = ?", key)[0]

    def _store_papers(self, papers: Any) -> list[Fields]:
        stored = []
        for paper in papers:
            content = (
                content_bytes(paper)
                if paper.get("content") is not None
                else self.paper(str(paper.get("sha256")))
            )
            kept = {name: value for name, value in paper.items() if name != "content"}
            stored.append({**kept, "sha256": self.add_paper(content), "size": len(content)})
        return stored

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")


def _check_delivery(kind: str, delivery_id: str, fields: Mapping[str, Any]) -> None:
    if kind not in RECEIVED_KINDS:
        raise ValueError(f"kind {kind!r} must be one of {list(RECEIVED_KINDS)}")
    for name in ("ext_case", *_REQUIRED.get(kind, ())):
        if not fields.get(name):
            raise ValueError(f"{name} {fields.get(name)!r} of a {kind!r} must be given")
    if not delivery_id:
        raise ValueError(f"delivery_id {delivery_id!r} of a {kind!r} must be given")
    if kind == "task" and fields["role"] not in ROLES:
        raise ValueError(f"role {fields['role']!r} must be one of {list(ROLES)}")


def _dump(fields: Mapping[str, Any]) -> str:
    return json.dumps(
        {name: _without_content(value) if name == "papers" else value for name, value in fields.items()},
        ensure_ascii=False,
    )


def _without_content(papers: Any) -> list[Fields]:
    return [{name: value for name, value in paper.items() if name != "content"} for paper in papers or ()]
