"""The topics page: every declared topic and setting."""

from hub.bus.topics import HUB_SOURCES, TIME, TopicNames
from hub.reference.topics import topics_reference


def test_every_topic_and_setting_is_named() -> None:
    text = topics_reference()
    for name in ("dept.<id>.in", "dept.<id>.out", *HUB_SOURCES):
        assert text.count(f"| `{name}` |") == 1
    for topic in TopicNames().declared(["court"], shards=6):
        for name, value in topic.settings.items():
            if (topic.name, name) == (TIME, "retention.ms"):
                assert "kept for an hour" in next(line for line in text.splitlines() if f"`{TIME}`" in line)
                continue
            (line,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
            assert line.split("|")[3 if topic.ours else 2].strip() == f"`{value}`"
