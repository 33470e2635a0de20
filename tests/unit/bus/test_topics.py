"""Names of topics, who owns them, how they are declared."""

import pytest

from hub.bus.topics import HUB_SOURCES, TIME, TopicNames

DEPARTMENTS = ["court", "petition"]


@pytest.mark.parametrize("prefix", ["", "t1.", "dept.x.out"])
def test_every_source_topic_has_one_owner_and_no_other_topic_has(prefix: str) -> None:
    names = TopicNames(prefix)
    for department in DEPARTMENTS:
        assert names.owner(names.out_of(department)) == department
        assert names.owner(names.into(department)) is None
    for own in HUB_SOURCES:
        assert names.owner(names.hub(own)) == "hub"
    assert names.owner(f"{prefix}something") is None


def test_intake_reads_what_departments_and_the_hub_write() -> None:
    names = TopicNames("p.")
    expected = ["p.dept.court.out", "p.dept.petition.out", *(f"p.{own}" for own in HUB_SOURCES)]
    assert names.sources(DEPARTMENTS) == sorted(expected)


def test_every_topic_is_declared_once_with_as_many_partitions_as_shards() -> None:
    declared = TopicNames().declared(DEPARTMENTS, 6)
    names = [topic.name for topic in declared]
    assert len(names) == len(set(names))
    assert {"dept.court.in", "dept.court.out", *HUB_SOURCES} <= set(names)
    assert {topic.partitions for topic in declared} == {6}
    for topic in declared:
        assert topic.settings["message.timestamp.type"] == "LogAppendTime"
        assert topic.settings["cleanup.policy"] == "delete"
        if topic.name != TIME:
            assert int(topic.settings["retention.ms"]) >= 30 * 86_400_000
