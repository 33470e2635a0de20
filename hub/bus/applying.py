"""Bringing a cluster's access lists, rates and users to what is declared, and saying what differs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.bus.access import AccessDeclaration, Grant
from hub.bus.access_admin import AccessAdmin
from hub.bus.access_reading import found_grants
from hub.bus.rates import found_rates, set_rates
from hub.bus.security import KafkaAddress
from hub.bus.users import make_users, password_file
from hub.errors import BusTrouble, ConfigurationError

_LOOKS, _PAUSE = 200, 0.05


@dataclass(slots=True)
class AccessApplied:
    """What `apply_access` did, in lines for a person. `left`: not declared, and not taken away."""

    made: list[str] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


async def apply_access(
    kafka: str | KafkaAddress, declared: AccessDeclaration, users: Path | None = None, prune: bool = False
) -> AccessApplied:
    """Grant what is missing, set rates that differ; with `prune` revoke what nobody declared on this hub's own resources.

    `users`: where the passwords of new SCRAM users go; None makes none. Idempotent; a run that broke off is finished
    by the next. When this returns, the broker that was asked knows of everything. What is granted more widely, and
    what is denied, is left to a person. Raises BusTrouble; ConfigurationError without an authorizer or without the
    right to do this.
    """
    found = await _found(kafka)
    admin = AccessAdmin(kafka)
    difference = declared.difference(found)
    applied = AccessApplied()
    if users is not None:
        made = await make_users(admin, declared.users, users)
        applied.made += [f"user {user}, password in {password_file(users, user)}" for user in made]
        applied.present += [f"user {user}" for user in declared.users if user not in made]
    await admin.allow(difference.missing)
    applied.made += _texts(difference.missing)
    applied.present += _texts(sorted(declared.grants & set(found)))
    if prune:
        await admin.revoke(difference.undeclared)
        applied.revoked += _texts(difference.undeclared)
    else:
        applied.left += _texts(difference.undeclared)
    applied.left += _texts(difference.beyond)
    await _until_read_back(kafka, set(difference.missing), set(difference.undeclared if prune else ()))
    rates = await found_rates(kafka, sorted(declared.rates))
    wrong = {user: rate for user, rate in declared.rates.items() if rates.get(user) != rate}
    await set_rates(kafka, wrong)
    for user, rate in sorted(declared.rates.items()):
        (applied.made if user in wrong else applied.present).append(_rate(user, rate))
    return applied


async def access_differences(kafka: str | KafkaAddress, declared: AccessDeclaration) -> list[str]:
    """What is not as declared. Changes nothing. Raises as `apply_access`."""
    difference = declared.difference(await _found(kafka))
    rates = await found_rates(kafka, sorted(declared.rates))
    return [
        *(f"missing: {grant}" for grant in difference.missing),
        *(f"not declared: {grant}" for grant in difference.undeclared),
        *(f"not declared, reaches beyond this hub: {grant}" for grant in difference.beyond),
        *(
            f"{_rate(user, rate)}: found {rates.get(user, 'none')}"
            for user, rate in sorted(declared.rates.items())
            if rates.get(user) != rate
        ),
    ]


async def _until_read_back(kafka: str | KafkaAddress, made: set[Grant], revoked: set[Grant]) -> None:
    """The controller answers before the brokers have heard of it."""
    if not made and not revoked:
        return
    for _ in range(_LOOKS):
        found = set(await _found(kafka))
        if made <= found and not revoked & found:
            return
        await asyncio.sleep(_PAUSE)
    raise BusTrouble(
        f"Kafka at {kafka} took {len(made | revoked)} changes of access lists but does not show them"
    )


async def _found(kafka: str | KafkaAddress) -> list[Grant]:
    if (found := await found_grants(kafka)) is None:
        raise ConfigurationError(f"Kafka at {kafka} has no authorizer: it keeps no access lists")
    return found


def _texts(grants: Sequence[Grant]) -> list[str]:
    return [str(grant) for grant in grants]


def _rate(user: str, rate: int) -> str:
    return f"User:{user} may write {rate} bytes a second and broker"
