"""Envelopes of every shape that the contract allows, for Hypothesis."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from schemas.envelope import Envelope, Secrecy
from schemas.messages import KINDS

_OFFSETS = [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30))]
_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=40)


def envelopes(signature: bool = True) -> st.SearchStrategy[Envelope]:
    """Any valid envelope; without `signature`, an unsigned one."""
    base64 = st.from_regex(r"[A-Za-z0-9+/]{86}==", fullmatch=True)
    return st.builds(
        Envelope,
        id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True),
        source=st.from_regex(r"[a-z][a-z0-9_]{1,39}", fullmatch=True),
        type=st.sampled_from([kind.type for kind in KINDS]),
        subject=st.uuids().map(str) | _TEXT,
        time=st.datetimes(
            min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
            max_value=datetime(2100, 1, 1),  # noqa: DTZ001
            timezones=st.sampled_from(_OFFSETS),
        ),
        secrecy=st.sampled_from(Secrecy),
        traceparent=st.none() | st.from_regex(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True),
        keyid=st.none() | st.from_regex(r"[A-Za-z0-9._:-]{1,80}", fullmatch=True),
        signature=(st.none() | base64) if signature else st.none(),
        actor=st.none() | st.from_regex(r"[a-z][a-z0-9_]{1,39}", fullmatch=True),
        sequence=st.none() | st.integers(min_value=1, max_value=2**53),
        previous=st.none() | st.integers(min_value=0, max_value=2**53),
        redelivery=st.none() | st.uuids().map(str),
    )
