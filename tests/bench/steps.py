"""What a lead writes about cases that are there: signed 签收, then any number of steps worth telling the sender."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from hub.bus.ports import OutRecord
from schemas.envelope import Envelope, Secrecy
from schemas.partitioner import partition_of
from tests.bench.referrals import LEAD, Signer, case_of, lead_task_of, referral_of

# Skewed access: so large a share of the messages is about so large a share of the cases.
HOT_MESSAGES, HOT_CASES = 0.8, 0.2


class Steps:
    """Messages of the lead about referrals by number (see `tests.bench.referrals`)."""

    def __init__(self, private_key: Path, keyid: str, shards: int) -> None:
        self._signer, self._shards = Signer(private_key, keyid), shards
        self._numbers = count(1)

    def signed(self, number: int, topic: str, time: datetime) -> OutRecord:
        """The lead took the task: always the same message for the same time."""
        return self._message(f"signed-{number}", "task.signed.v1", number, topic, time, {})

    def progressed(self, number: int, topic: str) -> OutRecord:
        """A step worth telling, another each time."""
        id_ = f"progressed-{next(self._numbers)}"
        return self._message(
            id_, "task.progressed.v1", number, topic, datetime.now(UTC), {"step": "hearing_notice"}
        )

    def _message(
        self, id_: str, type_: str, number: int, topic: str, time: datetime, data: dict[str, Any]
    ) -> OutRecord:
        case = case_of(number)
        value = to_json(
            {
                "legal_at": time.isoformat(timespec="seconds"),
                "referral": referral_of(number),
                "task": lead_task_of(number),
                **data,
            }
        )
        envelope = Envelope(
            id=id_, source=LEAD, type=type_, subject=case, time=time, secrecy=Secrecy.INTERNAL
        )
        headers = self._signer.headers(envelope, value)
        return OutRecord(topic, partition_of(case, self._shards), case.encode(), value, headers)


def skewed(cases: int, seed: int) -> Iterator[int]:
    """Numbers of referrals, for ever: most messages are about few of them."""
    chance, hot = random.Random(seed), max(1, int(cases * HOT_CASES))
    while True:
        if chance.random() < HOT_MESSAGES or hot == cases:
            yield chance.randint(1, hot)
        else:
            yield chance.randint(hot + 1, cases)


def uniform(cases: int, seed: int) -> Iterator[int]:
    """Numbers of referrals, for ever: each as likely as another."""
    chance = random.Random(seed)
    while True:
        yield chance.randint(1, cases)
