"""Logs of the home's own servers are kept as long as the file of retention says, and the one that is written to stays."""

import os
from datetime import datetime
from pathlib import Path

from hub.domain.decision import CHINA
from hub.embedded.kafka import _LOGGING
from hub.embedded.kafka_security import DENIALS
from hub.embedded.postgres import SETTINGS
from hub.operations.server_logs import past_logs

NOW = datetime(2026, 9, 1, 12, tzinfo=CHINA)


def log(directory: Path, name: str, last_line: datetime) -> str:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    os.utime(path, (last_line.timestamp(), last_line.timestamp()))
    return name


def past(directory: Path, months: int = 6) -> list[str]:
    return [str(one.path.relative_to(directory)) for one in past_logs(directory, NOW, months)]


def test_a_log_is_past_on_the_day_after_its_months(tmp_path: Path) -> None:
    over = log(tmp_path, "kafka.log.2026-02-28.1.gz", datetime(2026, 2, 28, 23, 59, tzinfo=CHINA))
    log(tmp_path, "kafka.log.2026-03-01.1.gz", datetime(2026, 3, 1, 0, 1, tzinfo=CHINA))
    log(tmp_path, "kafka.log.2026-08-31.1.gz", datetime(2026, 8, 31, 23, tzinfo=CHINA))
    assert past(tmp_path) == [over]
    assert past(tmp_path, 5) == [over, "kafka.log.2026-03-01.1.gz"]


def test_what_is_written_to_and_what_is_not_a_servers_log_stay(tmp_path: Path) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=CHINA)
    for name in (
        "kafka.log",
        "kafka.log.denied",
        "kafka.out",
        "postgres.out",
        "notes.log",
        "postgres/postgres-2020-01-01.log",
    ):
        log(tmp_path, name, long_ago)
    assert past(tmp_path) == []
    older = log(tmp_path, "postgres/postgres-2019-12-31.log", datetime(2019, 12, 31, tzinfo=CHINA))
    assert past(tmp_path) == [older]


def test_the_servers_begin_no_log_anew() -> None:
    """Six months by 网络安全法第21条: a name comes once, and what is full is put aside under its day."""
    assert SETTINGS["log_filename"] == "postgres-%Y-%m-%d.log"
    assert SETTINGS.get("log_truncate_on_rotation", "off") == "off"
    for logging in (_LOGGING, DENIALS):
        assert "%d{yyyy-MM-dd}.%i.gz" in logging
        assert "TimeBasedTriggeringPolicy" in logging
