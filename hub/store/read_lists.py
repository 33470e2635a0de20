"""The three lists 三张清单 from the projected tables: tasks, duties, problems. Each answer is bounded."""

from dataclasses import dataclass
from datetime import datetime

from hub.store.reading import Snapshot

_OPEN = "('assigned', 'delivered', 'signed', 'accepted', 'handling', 'replied')"
# One row a task that has not ended, the one that is due first before the others. Its limits are among those of its case, which
# lie together by their id.
_TASKS = f"""
SELECT t.case_id, t.referral, t.id, t.flow, t.sender, t.department, t.role, t.state, t.since, t.local_number,
    d.due, d.computed, coalesce(d.breached, 0) AS breached, s.step AS supervision
FROM task t
LEFT JOIN LATERAL (
    SELECT min(due) FILTER (WHERE next IS NOT NULL) AS due, count(*) FILTER (WHERE breached_at IS NOT NULL) AS breached,
        (array_agg(computed ORDER BY due) FILTER (WHERE next IS NOT NULL))[1] AS computed
    FROM deadline WHERE id > t.case_id || '/' AND id < t.case_id || '0' AND task = t.id AND ended_at IS NULL
        AND clock <> 'supervision_stands') d ON true
LEFT JOIN LATERAL (
    SELECT step FROM supervision WHERE case_id = t.case_id AND task = t.id AND state <> 'cleared'
    ORDER BY raised_at DESC LIMIT 1) s ON true
WHERE t.state IN {_OPEN} AND t.role <> 'copy' AND ($1::text IS NULL OR t.department = $1)
ORDER BY d.due NULLS LAST, t.assigned_at, t.id LIMIT $2"""
# Whom a limit binds that has not ended: by when, by which rule.
_DUTIES = """
SELECT d.owner, d.clock, d.due, d.computed, d.state, d.provisional, d.case_id, t.referral, d.task, t.flow, t.sender
FROM deadline d JOIN task t ON t.id = d.task
WHERE d.state <> 'ended' AND d.clock <> 'supervision_stands' AND ($1::text IS NULL OR d.owner = $1)
ORDER BY d.due, d.id LIMIT $2"""
# What went wrong and is not mended: limits that are breached, steps of supervision that stand, citizens not satisfied.
_PROBLEMS = """
SELECT * FROM (
    SELECT 'late' AS kind, d.clock AS what, d.owner AS department, d.breached_at AS since, d.case_id, t.referral, d.task
    FROM deadline d JOIN task t ON t.id = d.task
    WHERE d.breached_at IS NOT NULL AND d.state <> 'ended' AND ($1::text IS NULL OR d.owner = $1)
    UNION ALL
    SELECT 'supervised', step, against, raised_at, case_id, referral, task FROM supervision
    WHERE state <> 'cleared' AND ($1::text IS NULL OR against = $1)
    UNION ALL
    SELECT 'not_satisfied', f.rating::text, r.lead, f.at, f.case_id, f.referral, NULL
    FROM followup f JOIN referral r ON r.id = f.referral
    WHERE f.satisfied = false AND ($1::text IS NULL OR r.lead = $1) AND NOT EXISTS (
        SELECT 1 FROM followup g WHERE g.referral = f.referral AND g.rating IS NOT NULL AND (g.shard, g.seq) > (f.shard, f.seq))
) AS found ORDER BY since, case_id, kind, what LIMIT $2"""


@dataclass(frozen=True, slots=True)
class ListedTask:
    """任务清单: a task that has not ended. `due`: the next limit on it, `computed` where a person set that; `breached`: how many
    have passed.
    """

    case: str
    referral: str
    task: str
    flow: str
    sender: str
    department: str
    role: str
    state: str
    since: datetime
    local_number: str | None
    due: datetime | None
    computed: datetime | None
    breached: int
    supervision: str | None


@dataclass(frozen=True, slots=True)
class ListedDuty:
    """责任清单: who must act by when, by which clock of the law, rung or answer. `computed`: where a person set `due`."""

    department: str
    clock: str
    due: datetime
    computed: datetime | None
    state: str
    provisional: bool
    case: str
    referral: str
    task: str
    flow: str
    sender: str


@dataclass(frozen=True, slots=True)
class ListedProblem:
    """问题清单. `kind`: `late`, `supervised` or `not_satisfied`; `what`: the clock, the step, the rating."""

    kind: str
    what: str
    department: str
    since: datetime
    case: str
    referral: str
    task: str | None


Listed = ListedTask | ListedDuty | ListedProblem


async def tasks(view: Snapshot, department: str | None, limit: int) -> list[Listed]:
    """What is to be done, what is due first before the rest."""
    return [ListedTask(*row) for row in await view.rows(_TASKS, department, limit)]


async def duties(view: Snapshot, department: str | None, limit: int) -> list[Listed]:
    """Who must act by when."""
    return [ListedDuty(*row) for row in await view.rows(_DUTIES, department, limit)]


async def problems(view: Snapshot, department: str | None, limit: int) -> list[Listed]:
    """What is late, supervised, or left a citizen not satisfied, the oldest first."""
    return [ListedProblem(*row) for row in await view.rows(_PROBLEMS, department, limit)]
