"""The model of a profile, and its loader: every problem names file, line, field and what is allowed.

A profile holds no code. A *rule* says where one field of the contract stands in the system's JSON and which
converter or code list applies; the same rule serves reading (changes) and writing (deliveries).
"""

import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from connectors.errors import ConfigurationError
from connectors.profiles.converters import CONVERTERS
from connectors.transports.rest import Listing, Writing
from schemas.messages import BY_TYPE
from schemas.messages.base import Paper, Party

REFERENCES = frozenset({"number", "case", "referral", "task", "actor", "type", "message"})
"""What a rule may name beside the fields of the message:

our reference numbers and the delivery's own attributes.
"""

Location = tuple[str | int, ...]


class ProfileError(ConfigurationError):
    """A profile is wrong. Names the file and the line."""

    def __init__(self, file: Path, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}")
        self.file, self.line, self.problem = file, line, problem


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Rule(_Part):
    """One field. A text alone is short for `at`.

    `at`: dotted place in the JSON. `as`: a converter. `codes`: a code list. `each`: a list of objects of that
    name. `list`: a list of values. `value`: a constant. `template`: a text with names of `REFERENCES` in
    braces.
    """

    at: str | None = None
    as_: str = Field(default="as_is", alias="as")
    codes: str | None = None
    each: str | None = None
    list_: bool = Field(default=False, alias="list")
    value: str | int | bool | None = None
    template: str | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if self.as_ not in CONVERTERS:
            raise ValueError(f"as {self.as_!r} must be one of {sorted(CONVERTERS)}")
        ways = [name for name in ("codes", "each", "value", "template") if getattr(self, name) is not None]
        if len(ways) > 1:
            raise ValueError(f"give one of {ways}")
        if self.at is None and not ({"value", "template"} & set(ways)):
            raise ValueError("at must be given (or value or template)")
        if self.template is not None:
            parts = list(string.Formatter().parse(self.template))
            unknown = sorted({name for _, name, _, _ in parts if name is not None} - REFERENCES)
            if unknown or any(spec or conversion for _, _, spec, conversion in parts):
                raise ValueError(f"template {self.template!r} may hold {{name}} of {sorted(REFERENCES)} only")
        return self


def _short(value: object) -> object:
    return {"at": value} if isinstance(value, str) else value


Rules = dict[str, Annotated[Rule, BeforeValidator(_short)]]


class CodeList(_Part):
    """The system's codes on the left, the contract's on the right.

    `others`: what has no entry is an error (`refused`), or travels under the contract's code (`as_is`).
    """

    values: dict[str, str]
    others: Literal["refused", "as_is"] = "refused"

    def to_contract(self, code: object) -> str:
        """Raises ValueError that gives the value and what is allowed."""
        known = self.values.get(str(code))
        if known is None and self.others == "refused":
            raise ValueError(f"{code!r} must be one of {sorted(self.values)}")
        return str(code) if known is None else known

    def to_system(self, value: object) -> str:
        """Raises ValueError that gives the value and what is allowed."""
        for code, known in self.values.items():
            if known == value:
                return code
        if self.others == "refused":
            raise ValueError(f"{value!r} must be one of {sorted(self.values.values())}")
        return str(value)

    @model_validator(mode="after")
    def _goes_both_ways(self) -> Self:
        twice = {value for value in self.values.values() if list(self.values.values()).count(value) > 1}
        if twice:
            raise ValueError(f"values {sorted(twice)} stand for more than one code")
        return self


class Documents(_Part):
    """Where the bytes of a paper are: `id` is its name in the JSON of a paper, and `{id}` in `get` its value.

    `post` takes bytes and answers with the id at `answer`.
    """

    id: Annotated[str, Field(pattern=r"^[^.]+$")]
    get: Annotated[str, Field(pattern=r"\{id\}")]
    post: str
    answer: str


class Changes(_Part):
    """How changes are listed and read.

    `kinds`: the system's name of a change, and the contract's message.
    """

    listing: Listing
    local_id: str
    kind: str
    occurred_at: Annotated[Rule, BeforeValidator(_short)]
    kinds: dict[str, str]


class Call(_Part):
    """One way to write a delivery. `kind` is what the system calls it, written to `Deliveries.kind`."""

    path: str
    kind: str


class Deliveries(_Part):
    """How deliveries are written: by message type, and `others` for every type that is not named."""

    writing: Writing = Writing()
    kind: str
    number: str
    number_kind: str = "case_number"
    kinds: dict[str, Call]
    others: Call | None = None


class Profile(_Part):
    """One department system over the REST transport."""

    department: str
    transport: Literal["rest"]
    codes: dict[str, CodeList] = {}
    objects: dict[str, Rules] = {}
    references: Rules
    common: Rules
    bodies: dict[str, Rules]
    documents: Documents | None = None
    changes: Changes
    deliveries: Deliveries


def load_profile(path: Path) -> Profile:
    """Read and check a profile whole.

    Raises ProfileError at the first problem, ConfigurationError for no file.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"profile {path}: can't be read: {error}") from None
    try:
        lines = dict(_lines(yaml.compose(text, Loader=yaml.SafeLoader), ()))
        profile = Profile.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ProfileError(path, line, f"no YAML: {error.problem}") from None
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise ProfileError(path, _line(lines, first["loc"]), problem) from None
    for place, problem in _contradictions(profile):
        raise ProfileError(path, _line(lines, place), f"{'.'.join(map(str, place))}: {problem}")
    return profile


def _contradictions(profile: Profile) -> Iterator[tuple[Location, str]]:
    """Names that lead nowhere: message types, fields, code lists, objects."""
    papers, parties = set(Paper.model_fields), set(Party.model_fields)
    groups: list[tuple[Location, Rules, set[str] | None]] = [
        (("references",), profile.references, set(REFERENCES)),
        (("common",), profile.common, None),
        *((("objects", name), rules, papers | parties) for name, rules in profile.objects.items()),
    ]
    for type_, rules in profile.bodies.items():
        if type_ not in BY_TYPE:
            yield ("bodies", type_), f"must be one of {sorted(BY_TYPE)}"
            return
        groups.append((("bodies", type_), rules, set(BY_TYPE[type_].model.model_fields)))
    for place, rules, fields in groups:
        for name, rule in rules.items():
            if fields is not None and name not in fields:
                yield (*place, name), f"must be one of {sorted(fields)}"
            if rule.codes is not None and rule.codes not in profile.codes:
                yield (*place, name, "codes"), f"{rule.codes!r} must be one of {sorted(profile.codes)}"
            if rule.each is not None and rule.each not in profile.objects:
                yield (*place, name, "each"), f"{rule.each!r} must be one of {sorted(profile.objects)}"
    for kind, type_ in profile.changes.kinds.items():
        if type_ not in BY_TYPE or not BY_TYPE[type_].inbound or type_ not in profile.bodies:
            yield ("changes", "kinds", kind), f"{type_!r} must be one that a department sends and in bodies"
    for type_ in profile.deliveries.kinds:
        if type_ not in BY_TYPE or type_ not in profile.bodies:
            yield ("deliveries", "kinds", type_), "must be a message of the contract and in bodies"


def _lines(node: yaml.Node | None, place: Location) -> Iterator[tuple[Location, int]]:
    if node is None:
        return
    yield place, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            for inner, line in _lines(value, (*place, key.value)):
                if inner != (*place, key.value):
                    yield inner, line
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*place, index))


def _line(lines: Mapping[Location, int], place: Location) -> int:
    """The line of the place, or of the nearest part above it that stands in the file itself."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)
