"""What a person may be shown of cases, as a library: each look is noted before anything is returned. Reads only, but for that."""

from datetime import UTC, datetime

from hub.audit.as_of import Asked, states
from hub.audit.looking import Place, moment_of, no_token
from hub.audit.provisions import Provision, provisions
from hub.audit.room import Room
from hub.audit.search import Answer, Query, search
from hub.audit.story import Story, story
from hub.domain.case import Case
from hub.domain.look import Look, Looker
from hub.errors import ConfigurationError
from hub.operations.case_view import case_view
from hub.store.read_cases import case_entries
from hub.store.read_holds import sealed_records


async def timeline(
    where: Place, by: Looker, case: str, ground: str | None = None, people: bool = False
) -> tuple[Story, Look]:
    """The story of a case, by whatever names it. `people`: with the persons that messages name, by the home's key.

    Raises UnknownCase, RecordSealed, LookRefused, StoreTrouble, SealBroken.
    """
    sealer, rules = where.sealer() if people else None, where.rules()
    async with where.open(by) as reading:
        named = (await case_view(reading.store, case)).case
        look = await reading.look_at("audit timeline", named, ground, {"named": case}, people)
        async with reading.store.snapshot() as view:
            entries = await case_entries(view, named)
        contents = None if sealer is None else await reading.opened(entries, sealer)
        return story(named, entries, rules, contents), look


async def as_of(
    where: Place,
    by: Looker,
    time: str,
    case: str | None = None,
    department: str | None = None,
    flow: str | None = None,
    legal: bool = False,
    known: str | None = None,
    ground: str | None = None,
) -> tuple[Asked, list[Case]]:
    """The states of cases at a moment, as known then or, `legal`, as in law by what was `known`. Sealed ones by name only.

    Raises ConfigurationError for a moment, UnknownCase, RecordSealed, LookRefused, StoreTrouble.
    """
    at = moment_of("time", time, end=True)
    if known is not None and not legal:
        raise ConfigurationError(f"known {known!r}: only with --legal; else TIME says what was known")
    asked_known = None if known is None else moment_of("known", known, end=True)
    words = {"time": time, "legal": str(legal), "department": department, "flow": flow, "known": known}
    async with where.open(by) as reading:
        named = None if case is None else (await case_view(reading.store, case)).case
        asked = Asked(at, legal, asked_known, None if named is None else [named], department, flow)
        async with reading.store.snapshot() as view:
            found = [state async for state in states(view, asked, datetime.now(UTC))]
        sealed = await _noted(reading, "audit as-of", named, ground, [state.id for state in found], words)
    return asked, [state for state in found if state.id not in sealed]


async def find(where: Place, by: Looker, query: Query, limit: int) -> Answer:
    """Cases that fit. The note holds persons by a keyed hash only. Raises LookRefused, StoreTrouble, ConfigurationError."""
    token = where.sealer().person_token if query.of_persons else no_token
    async with where.open(by) as reading:
        async with reading.store.snapshot() as view:
            answer = await search(view, query, token, limit)
        await reading.look("audit search", [hit.case for hit in answer.hits], query.asked(token))
    return answer


async def provided(
    where: Place,
    by: Looker,
    case: str | None = None,
    department: str | None = None,
    since: str | None = None,
    until: str | None = None,
    ground: str | None = None,
) -> list[Provision]:
    """What departments were given; one of the bounds has to be set.

    Raises ConfigurationError, UnknownCase, RecordSealed, LookRefused, StoreTrouble.
    """
    first = None if since is None else moment_of("since", since)
    last = None if until is None else moment_of("until", until, end=True)
    if case is None and department is None and first is None and last is None:
        raise ConfigurationError("provisions: give --case, --department, --since or --until")
    rules = where.rules()
    async with where.open(by) as reading:
        named = None if case is None else (await case_view(reading.store, case)).case
        async with reading.store.snapshot() as view:
            found = [one async for one in provisions(view, rules, named, department, first, last)]
        words = {"department": department, "since": since, "until": until}
        cases = sorted({one.case for one in found})
        sealed = await _noted(reading, "audit provisions", named, ground, cases, words)
    return [one for one in found if one.case not in sealed]


async def _noted(
    reading: Room,
    what: str,
    named: str | None,
    ground: str | None,
    cases: list[str],
    words: dict[str, str | None],
) -> set[str]:
    """Note the look: at the named case on its ground, else at those that were found. Which of these are sealed: not shown."""
    said = {name: word for name, word in words.items() if word is not None}
    if named is not None:
        await reading.look_at(what, named, ground, said)
        return set()
    async with reading.store.snapshot() as view:
        sealed = set(await sealed_records(view, cases))
    await reading.look(what, [case for case in cases if case not in sealed], said)
    return sealed
