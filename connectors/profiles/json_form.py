"""Fields of the contract from and to a system's JSON, by a profile's rules."""

from collections.abc import Mapping
from typing import Any

from connectors.profiles.converters import CONVERTERS
from connectors.profiles.profile import Profile, Rule, Rules
from connectors.transports.rest import Json, at

Fields = dict[str, Any]


class JsonForm:
    """Reading and writing raise ValueError that names the place, the value and what is allowed."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def read(self, body: Json, rules: Rules, references: Mapping[str, Any]) -> Fields:
        """The fields that are there; null and "" count as missing."""
        fields: Fields = {}
        for name, rule in rules.items():
            value = self.read_one(body, rule, references)
            if value is not None:
                fields[name] = value
        return fields

    def read_one(self, body: Json, rule: Rule, references: Mapping[str, Any]) -> Any:
        """The value of one rule, None when it is missing."""
        if rule.value is not None:
            return rule.value
        if rule.template is not None:
            return _filled(rule.template, references)
        found = at(body, rule.at or "")
        if found is None or found == "":
            return None
        try:
            if rule.each is None and not rule.list_:
                return self._to_contract(rule, found)
            if not isinstance(found, list):
                raise ValueError(f"{found!r} must be a list")
            if rule.each is None:
                return [self._to_contract(rule, one) for one in found]
        except ValueError as problem:
            raise ValueError(f"{rule.at}: {problem}") from None
        return [self.read(one, self._profile.objects[rule.each], references) for one in found]

    def write(self, body: Fields, rules: Rules, fields: Mapping[str, Any]) -> None:
        """Put the fields that have a value at their places in `body`."""
        for name, rule in rules.items():
            if rule.at is None:
                continue
            value = fields.get(name) if rule.value is None else rule.value
            if rule.template is not None:
                value = _filled(rule.template, fields)
            if value is not None:
                _put(body, rule.at, self._to_system_all(rule, value))

    def _to_system_all(self, rule: Rule, value: Any) -> Json:
        if rule.each is not None:
            written: list[Fields] = []
            for one in value:
                written.append({})
                self.write(written[-1], self._profile.objects[rule.each], one)
            return written
        try:
            return (
                [self._to_system(rule, one) for one in value] if rule.list_ else self._to_system(rule, value)
            )
        except ValueError as problem:
            raise ValueError(f"{rule.at}: {problem}") from None

    def _to_contract(self, rule: Rule, value: Json) -> Any:
        if rule.codes is not None:
            return self._profile.codes[rule.codes].to_contract(value)
        return CONVERTERS[rule.as_].to_contract(value)

    def _to_system(self, rule: Rule, value: Any) -> Json:
        if rule.codes is not None:
            return self._profile.codes[rule.codes].to_system(value)
        return CONVERTERS[rule.as_].to_system(value)


class _Named(dict[str, Any]):
    """A template's names; one without a value is an error, never an empty text."""

    def __missing__(self, key: str) -> Any:
        raise ValueError(f"{key!r} has no value here")


def _filled(template: str, names: Mapping[str, Any]) -> str:
    return template.format_map(_Named({name: value for name, value in names.items() if value is not None}))


def _put(body: Fields, place: str, value: Json) -> None:
    *parents, last = place.split(".")
    for name in parents:
        body = body.setdefault(name, {})
    body[last] = value
