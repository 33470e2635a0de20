"""Orders of operators on a core: a registered operator, and the desk's record of what was ordered."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hub.bus.memory import MemoryRecord
from hub.bus.ports import OutRecord
from hub.bus.topics import DESK
from hub.domain.decision import CHINA, moment
from hub.operators import May, Operators, approved, new_operator, private_key
from schemas.partitioner import partition_of
from tests.support.core import Core

EVERYTHING = (May.ERASE, May.HOLD, May.SEAL, May.DATE)
ARTICLE = "个人信息保护法第47条"


class Desk:
    """Operator `wang_1` may do all, `li_2` may only hold. Their keys lie under a directory of the test."""

    def __init__(self, core: Core, root: Path) -> None:
        self.core, self._secrets, self._ordered = core, root / "secrets", 0
        new_operator("wang_1", list(EVERYTHING), root / "operators", self._secrets)
        new_operator("li_2", [May.HOLD], root / "operators", self._secrets)
        for file in (root / "operators").glob("*.yaml"):
            file.write_text(file.read_text().replace("valid_from: '20", "valid_from: '19"))
        self.operators = Operators(root / "operators")

    def record(self, type_: str, case: str, operator: str = "wang_1", **data: Any) -> OutRecord:
        """One order, not written yet. `approval`: something else than the operator's signature."""
        self._ordered += 1
        core = self.core
        forged = data.pop("approval", None)
        said = {
            "operator": operator,
            "article": ARTICLE,
            "reason": "本人申请",
            "legal_at": (core.at + timedelta(seconds=self._ordered)).astimezone(CHINA).isoformat(),
            **data,
        }
        said = approved(private_key(self._secrets / f"{operator}.pem"), type_, case, said)
        if forged is not None:
            said["approval"] = forged
        at: datetime = core.at
        value, headers = core.signer.message(f"order-{self._ordered}", type_, case, moment(at), said)
        shard = partition_of(case, core.shards)
        return OutRecord(core.names.hub(DESK), shard, case.encode(), value, headers)

    def order(self, type_: str, case: str, operator: str = "wang_1", **data: Any) -> MemoryRecord:
        """The same, written."""
        return self.core.bus.append(self.record(type_, case, operator, **data))

    def erase(self, case: str, operator: str = "wang_1", **data: Any) -> MemoryRecord:
        """An erasure."""
        return self.order("hub.data_erased.v1", case, operator, **data)

    async def read(self) -> None:
        """Run intake until all is read."""
        await self.core.read(self.core.intake(operators=self.operators))
