"""Who may be shown a sealed record 封存: whoever names a ground that the law gives for it. Nobody else, and no search."""

from hub.domain.record_sealing import RecordSealing, SealKind
from hub.errors import RecordSealed
from hub.store.read_holds import sealed_records
from hub.store.reading import Snapshot


async def admit(view: Snapshot, case: str, sealing: RecordSealing, ground: str | None) -> SealKind | None:
    """The kind of sealing on the record, when there is one and the ground opens it; None for an open record.

    Raises RecordSealed, which lists the grounds that would. The caller records the look with its ground.
    """
    sealed = await sealed_records(view, [case])
    if case not in sealed:
        return None
    kind, grounds = sealing.kind(sealed[case]), sealing.grounds_of(sealed[case])
    if kind is None or ground not in [one.code for one in grounds]:
        allowed = "; ".join(f"{one.code} ({one.title}, {one.article})" for one in grounds)
        asked = "no ground was given" if ground is None else f"ground {ground!r} is none of them"
        title = sealed[case] if kind is None else f"{kind.title}, {kind.article}"
        raise RecordSealed(f"record_sealed: case {case} ({title}): {asked}; allowed: --ground {allowed}")
    return kind
