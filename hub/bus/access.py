"""Who may do what on Kafka, and how much. Declared here, made by `fengqiao topics apply`.

A department's principal writes its own `.out`, reads its own `.in` in groups of its own, reads the hub's checkpoints and
writes what it signs under them, and no more (promise 8); its byte rate keeps its flood from the others. The hub's
principal has no rate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub.bus.topics import CHECKPOINTS, COSIGNATURES, TIME, TopicNames
from hub.errors import ConfigurationError


class Resource(StrEnum):
    """What a right is about, in Kafka's words."""

    TOPIC = "topic"
    GROUP = "group"
    CLUSTER = "cluster"


class Right(StrEnum):
    """What is allowed, in Kafka's words. READ and WRITE bring DESCRIBE with them."""

    ALL = "all"
    READ = "read"
    WRITE = "write"
    CREATE = "create"
    DELETE = "delete"
    ALTER = "alter"
    DESCRIBE = "describe"
    CLUSTER_ACTION = "cluster_action"
    DESCRIBE_CONFIGS = "describe_configs"
    ALTER_CONFIGS = "alter_configs"
    IDEMPOTENT_WRITE = "idempotent_write"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One line of an access list. `principal` with its kind: `User:court`. `denied`: it takes away.

    `prefixed`: about everything whose name begins with `name`. `host` is `*`, any, in everything that is declared.
    """

    principal: str
    resource: Resource
    name: str
    right: Right
    prefixed: bool = False
    denied: bool = False
    host: str = "*"

    def __str__(self) -> str:
        what = f"{self.resource} {self.name}{'…' if self.prefixed else ''}"
        from_where = "" if self.host == "*" else f" from {self.host}"
        return f"{self.principal} {'must not' if self.denied else 'may'} {self.right} {what}{from_where}"


@dataclass(frozen=True, slots=True)
class AccessDeclaration:
    """All rights and rates of one hub. `rates`: bytes a second and broker that a principal may write."""

    grants: frozenset[Grant]
    rates: Mapping[str, int]
    users: Sequence[str]
    names: TopicNames
    group: str

    @classmethod
    def of(
        cls, names: TopicNames, departments: Iterable[str], hub: str, group: str, rate: int
    ) -> "AccessDeclaration":
        """For these departments. `hub`: the hub's principal; `group`: the intake group.

        Raises ConfigurationError when the hub would share its principal with a department.
        """
        listed = sorted(departments)
        if hub in listed:
            raise ConfigurationError(
                f"kafka_principal: {hub!r}: must be nobody else's; it is a department's id"
            )
        grants = _of_hub(names, listed, hub, group)
        for department in listed:
            grants += _of_department(names, department)
        return cls(frozenset(grants), dict.fromkeys(listed, rate), [hub, *listed], names, group)

    def difference(self, found: Iterable[Grant]) -> "AccessDifference":
        """What is missing, what nobody declared, and what reaches further than this hub's own resources."""
        present = set(found)
        missing = self.grants - present
        undeclared: set[Grant] = set()
        beyond: set[Grant] = set()
        for grant in present - self.grants:
            if not self._concerns(grant):
                continue
            (undeclared if self._is_ours(grant) and not grant.denied else beyond).add(grant)
        return AccessDifference(sorted(missing), sorted(undeclared), sorted(beyond))

    def _own_beginnings(self) -> list[str]:
        return [f"{self.names.prefix}dept.", *_own_topics(self.names)]

    def _is_ours(self, grant: Grant) -> bool:
        """About this hub's topics and groups alone."""
        if grant.resource is Resource.CLUSTER:
            return False
        if grant.resource is Resource.GROUP and grant.name == self.group and not grant.prefixed:
            return True
        return any(grant.name.startswith(beginning) for beginning in self._own_beginnings())

    def _concerns(self, grant: Grant) -> bool:
        """Touches this hub at all, by more than looking at what there is."""
        if self._is_ours(grant):
            return True
        if grant.right in (Right.DESCRIBE, Right.DESCRIBE_CONFIGS) and not grant.denied:
            return False
        if grant.resource is Resource.CLUSTER:
            # Rights over the cluster are the administrator's matter, unless one of ours has them.
            return grant.principal in {f"User:{user}" for user in self.users}
        own = [*self._own_beginnings(), self.group]
        return grant.name == "*" or (grant.prefixed and any(one.startswith(grant.name) for one in own))


@dataclass(frozen=True, slots=True)
class AccessDifference:
    """`undeclared` is about this hub's resources alone and can be revoked; `beyond` is left to a person."""

    missing: list[Grant]
    undeclared: list[Grant]
    beyond: list[Grant]


def _own_topics(names: TopicNames) -> list[str]:
    """The hub's own: what is declared without any department."""
    return [topic.name for topic in names.declared([], shards=1)]


def _of_department(names: TopicNames, department: str) -> list[Grant]:
    principal = f"User:{department}"
    return [
        Grant(principal, Resource.TOPIC, names.out_of(department), Right.WRITE),
        Grant(principal, Resource.TOPIC, names.into(department), Right.READ),
        Grant(principal, Resource.TOPIC, names.hub(CHECKPOINTS), Right.READ),
        Grant(principal, Resource.TOPIC, names.hub(COSIGNATURES), Right.WRITE),
        Grant(principal, Resource.GROUP, names.groups_of(department), Right.READ, prefixed=True),
    ]


def _of_hub(names: TopicNames, departments: Sequence[str], hub: str, group: str) -> list[Grant]:
    principal = f"User:{hub}"
    own = _own_topics(names)
    read = [topic for topic in own if topic != names.hub(TIME)]
    read += (names.out_of(department) for department in departments)
    written = [topic for topic in own if topic != names.hub(COSIGNATURES)]
    write = [*written, *(names.into(department) for department in departments)]
    return [
        *(Grant(principal, Resource.TOPIC, topic, Right.READ) for topic in read),
        *(Grant(principal, Resource.TOPIC, topic, Right.WRITE) for topic in write),
        Grant(principal, Resource.GROUP, group, Right.READ),
        Grant(principal, Resource.GROUP, names.hub(COSIGNATURES), Right.READ),
    ]
