"""Stock and flow 减存量、控增量 from the projected referrals: what was open, came in, ended and is left."""

from dataclasses import dataclass
from datetime import datetime

from hub.store.reading import Snapshot

# `$1` and `$2`: where the periods begin and end.
_STOCK = """
WITH period AS (SELECT n, since, until FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS p(since, until, n))
SELECT r.lead, p.since, p.until,
    count(*) FILTER (WHERE r.raised_at < p.since) AS at_start,
    count(*) FILTER (WHERE r.raised_at >= p.since) AS opened,
    count(*) FILTER (WHERE r.ended_at < p.until AND r.state = 'closed') AS closed,
    count(*) FILTER (WHERE r.ended_at < p.until AND r.state <> 'closed') AS otherwise,
    count(*) FILTER (WHERE r.ended_at IS NULL OR r.ended_at >= p.until) AS at_end
FROM period p JOIN referral r ON r.raised_at < p.until AND (r.ended_at IS NULL OR r.ended_at >= p.since)
WHERE ($3::text IS NULL OR r.lead = $3) AND ($4::text IS NULL OR r.flow = $4)
GROUP BY r.lead, p.n, p.since, p.until ORDER BY r.lead, p.n"""


@dataclass(frozen=True, slots=True)
class Stock:
    """One department's referrals in a period: `at_start` + `opened` = `closed` + `otherwise` + `at_end`.

    `otherwise`: returned or withdrawn. By who is the lead now; one that was reopened counts as never ended.
    """

    department: str
    since: datetime
    until: datetime
    at_start: int
    opened: int
    closed: int
    otherwise: int
    at_end: int


async def stock(
    view: Snapshot, periods: list[tuple[datetime, datetime]], department: str | None, flow: str | None
) -> list[Stock]:
    """By lead and period, of one lead or flow if it is named. Periods in which a lead had nothing are left out."""
    since, until = [list(bound) for bound in zip(*periods, strict=True)]
    return [Stock(*row) for row in await view.rows(_STOCK, since, until, department, flow)]
