"""Finding cases: by number in any department, person, officer, place, matter, flow, kind, state and period."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from pydantic_core import to_json
from rich.table import Table

from hub.domain.decision import CHINA
from hub.domain.person import CREDIT_CODE, ID_NUMBER, NAME, OFFICERS, PHONE, normal, normal_number
from hub.errors import ConfigurationError
from hub.store import read_search
from hub.store.read_holds import sealed_records
from hub.store.read_search import Filters, FoundReferral
from hub.store.reading import Snapshot

OFFICER = "officer"
Token = Callable[[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked; all of it must hold. A person may be given by several things, of which each must be named in the case.

    `officer`: who acted for a department. `period`: of the referral's legal moment, the end not included.
    """

    number: str | None = None
    person: str | None = None
    id_number: str | None = None
    phone: str | None = None
    credit_code: str | None = None
    officer: str | None = None
    place: str | None = None
    matter: str | None = None
    kind: str | None = None
    flow: str | None = None
    state: str | None = None
    department: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def tokens(self, token: Token) -> dict[str, bytes]:
        """The persons asked for, by field, as the index knows them."""
        given = {
            NAME: self.person,
            ID_NUMBER: self.id_number,
            PHONE: self.phone,
            CREDIT_CODE: self.credit_code,
        }
        found = {field: token(field, normal(field, text)) for field, text in given.items() if text}
        return found | ({OFFICER: token(NAME, normal(NAME, self.officer))} if self.officer else {})

    def asked(self, token: Token) -> dict[str, str]:
        """The same for the log of reads: persons by their tokens, never by name."""
        hidden = {"person", ID_NUMBER, PHONE, CREDIT_CODE, OFFICER}
        plain = {
            field: value.isoformat() if isinstance(value, datetime) else value
            for field, value in asdict(self).items()
            if value is not None and field not in hidden
        }
        return plain | {field: found.hex() for field, found in self.tokens(token).items()}

    @property
    def of_persons(self) -> bool:
        """Whether it asks for a person, which needs the key of the index."""
        return any((self.person, self.id_number, self.phone, self.credit_code, self.officer))


@dataclass(frozen=True, slots=True)
class Named:
    """Where a person who was asked for is named: `field` of the question, the place in the message, the message."""

    field: str
    place: str
    source: str
    message: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A case with those of its referrals that fit, and where the persons asked for are named in it."""

    case: str
    referrals: tuple[FoundReferral, ...]
    named: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`more`: there are more than the limit. `behind`: entries that the indexes do not know yet."""

    hits: tuple[Hit, ...]
    more: bool
    behind: int


async def search(view: Snapshot, query: Query, token: Token, limit: int = 100) -> Answer:
    """The cases that fit, the latest first, `limit` referrals at most.

    A case that has no referral yet (its messages wait or were refused) is found by number or person; one whose record is
    sealed 封存 is not found. Raises ConfigurationError for a question that asks nothing, StoreTrouble.
    """
    if not any(asdict(query).values()):
        raise ConfigurationError(
            "search: give at least one of number, person, place, matter, kind, flow, period …"
        )
    cases: set[str] | None = None
    if query.number is not None:
        cases = set(await read_search.numbered(view, normal_number(query.number), None))
    named: dict[str, list[Named]] = {}
    tokens = query.tokens(token)
    if tokens:
        named, with_all = await _persons(view, tokens)
        cases = with_all if cases is None else cases & with_all
    by = Filters(
        None if cases is None else sorted(cases),
        query.flow,
        query.kind,
        query.matter,
        query.place,
        query.since,
        query.until,
        query.state,
        query.department,
    )
    found = [] if cases == set() else await read_search.referrals(view, by, limit + 1)
    bare = cases or set() if by == Filters(by.cases) else set()
    sealed = await sealed_records(view, sorted({one.case for one in found} | bare))
    found, bare = [one for one in found if one.case not in sealed], bare - sealed.keys()
    return Answer(_hits(found[:limit], bare, named), len(found) > limit, await read_search.behind(view))


async def _persons(view: Snapshot, tokens: dict[str, bytes]) -> tuple[dict[str, list[Named]], set[str]]:
    """Where each is named, by case; and the cases that name all of them, an officer as an officer."""
    named: dict[str, list[Named]] = {}
    for one in await read_search.mentions(view, sorted(set(tokens.values()))):
        for field, token in tokens.items():
            if one.token == token and (field == OFFICER) == (one.place in OFFICERS):
                named.setdefault(one.case, []).append(Named(field, one.place, one.source, one.message))
    return named, {case for case, found in named.items() if {each.field for each in found} == tokens.keys()}


def _hits(found: Sequence[FoundReferral], bare: set[str], named: dict[str, list[Named]]) -> tuple[Hit, ...]:
    by_case: dict[str, list[FoundReferral]] = {}
    for one in found:
        by_case.setdefault(one.case, []).append(one)
    for case in sorted(bare - by_case.keys()):
        by_case[case] = []
    return tuple(Hit(case, tuple(some), tuple(named.get(case, ()))) for case, some in by_case.items())


def answer_json(answer: Answer) -> bytes:
    """The answer as one JSON object."""
    return to_json(asdict(answer), indent=2)


def answer_table(answer: Answer) -> Table:
    """For a terminal, days in China."""
    table = Table()
    for heading in ("案件", "流程 方式", "来文单位 → 主办\n编号", "状态", "法定日期", "属地 类别", "所涉"):
        table.add_column(heading, overflow="fold")
    for hit in answer.hits:
        named = "\n".join(dict.fromkeys(f"{each.field} {each.place}" for each in hit.named))
        for one in hit.referrals:
            table.add_row(
                hit.case,
                f"{one.flow} {one.kind}",
                f"{one.sender} → {one.lead}\n{one.local_number}",
                one.state + (f"\n{one.outcome}" if one.outcome else ""),
                one.legal_at.astimezone(CHINA).strftime("%Y-%m-%d"),
                " ".join(filter(None, (one.region, one.matter, one.cause))),
                named,
            )
        if not hit.referrals:
            table.add_row(hit.case, "", "", "尚无移送", "", "", named)
    return table
