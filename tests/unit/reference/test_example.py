"""The mapping that the guide shows works as it stands there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connectors.conformance.deliveries import assignment, cancellation
from connectors.sdk.attachments import DirectoryAttachments
from connectors.sdk.links import MemoryLinks
from connectors.sdk.ports import Kit, Link, Outgoing, Sink, Source, Unmapped
from hub.reference.commands import ROOT
from schemas.messages.base import ReferralKind

LINK = Link("MZ-1", "3a1b6a52-1f0a-5c1e-9d56-0d3a2c4f5e6d", "r-1", "t-1")


@pytest.fixture
def ports(tmp_path: Path) -> tuple[Source, Sink, Path]:
    text = (ROOT / "docs/how-to/connect-a-system.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, "connect-a-system.md", "exec"), names)
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    links = MemoryLinks()
    links.put(LINK)
    kit = Kit("civil_affairs", links, DirectoryAttachments(tmp_path / "papers"), {"directory": str(tmp_path)})
    source, sink = names["build"](kit)
    return source, sink, tmp_path


async def test_changes_are_read_once_in_order_and_a_bad_one_holds_up_none(
    ports: tuple[Source, Sink, Path],
) -> None:
    source, _, root = ports
    told = {
        "step": "visited",
        "legal_at": "2026-11-22T09:00:00+08:00",
        "referral": "8" * 8 + "-0000-4000-8000-" + "8" * 12,
    }
    told["task"] = told["referral"]
    change = {"number": "MZ-1", "type": "task.progressed.v1", "data": told, "at": "2026-11-22T09:00:00+08:00"}
    (root / "out/001.json").write_text("{", "utf-8")
    (root / "out/002.json").write_text(json.dumps(change), "utf-8")
    page = await source.poll(None)
    bad, good = page.items
    assert isinstance(bad, Unmapped)
    assert isinstance(good, Outgoing)
    assert (good.local_id, good.case, good.type) == ("002.json", LINK.case, "task.progressed.v1")
    assert (await source.poll(page.cursor)).items == []


async def test_a_delivery_made_twice_is_one_file_and_a_task_gets_a_number(
    ports: tuple[Source, Sink, Path],
) -> None:
    _, sink, root = ports
    assigned = assignment("F21", ReferralKind.ASSIGN)
    numbers = {(await sink.deliver(assigned)).local_number for _ in range(2)}
    assert numbers == {f"MZ-{assigned.data['task'][:8]}"}
    assert (await sink.deliver(cancellation(assigned))).local_number is None
    assert len(list((root / "in").glob("*.json"))) == 2
    stored = json.loads((root / "in" / f"{assigned.message_id}.json").read_text("utf-8"))
    assert stored == assigned.data
