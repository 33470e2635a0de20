"""The logs of a home's own Kafka and PostgreSQL: which of them need not be kept any more (网络安全法第21条: six months)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.domain.deadline_counting import add_months
from hub.domain.decision import CHINA

LOGS = "logs"
# What a server has turned its back on; what it writes now has no date in its name, or is the youngest of its kind.
_TURNED = ("kafka.log.*.gz", "kafka.log.denied.*.gz", "postgres/postgres-*.log")


@dataclass(frozen=True, slots=True)
class PastLog:
    """A file that nothing is written to any more. `ended`: when it last was; `size` in bytes."""

    path: Path
    ended: datetime
    size: int


def past_logs(directory: Path, now: datetime, months: int) -> list[PastLog]:
    """Files whose last line is at least so many months old, the oldest first. The youngest of each kind always stays.

    Reads names and times only.
    """
    past: set[PastLog] = set()
    for pattern in _TURNED:
        files = [_log(path) for path in directory.glob(pattern)]
        youngest = max(files, key=lambda one: one.ended, default=None)
        past.update(one for one in files if one is not youngest and _is_past(one, now, months))
    return sorted(past, key=lambda one: (one.ended, one.path))


def _is_past(one: PastLog, now: datetime, months: int) -> bool:
    return add_months(one.ended.date(), months, month_end=False) < now.astimezone(CHINA).date()


def _log(path: Path) -> PastLog:
    told = path.stat()
    return PastLog(path, datetime.fromtimestamp(told.st_mtime, CHINA), told.st_size)
