"""What arrived is counted as a receiver counts it: by the sequence of each case."""

from tests.bench.promises import Arrived, _take

COURT, POLICE = "dept.court.in", "dept.public_security.in"


def _read(*sequences: tuple[str, bytes, int]) -> Arrived:
    found, last = Arrived(), {}
    for topic, case, sequence in sequences:
        _take(found, last, (topic, case), sequence)
    return found


def test_each_case_and_receiver_counts_by_itself() -> None:
    found = _read((COURT, b"a", 1), (COURT, b"b", 1), (POLICE, b"a", 1), (COURT, b"a", 2))
    assert found == Arrived(first=4, again=0, holes=0)


def test_a_record_sent_twice_is_no_second_arrival() -> None:
    assert _read((COURT, b"a", 1), (COURT, b"a", 2), (COURT, b"a", 1)) == Arrived(first=2, again=1, holes=0)
    assert _read((COURT, b"a", 1), (COURT, b"a", 1)) == Arrived(first=1, again=1, holes=0)


def test_a_missing_record_is_a_hole() -> None:
    assert _read((COURT, b"a", 1), (COURT, b"a", 3)) == Arrived(first=2, again=0, holes=1)
    assert _read((COURT, b"a", 2)).holes == 1
