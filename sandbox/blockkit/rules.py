"""The small vocabulary in which Block Kit's rules are written: checks that report with a JSON pointer.

A check is called with a value and its pointer and adds what is wrong to the report; the wording is
Slack's, as far as it is known, because people search for it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """What is wrong with one payload, and the ids that it used so far."""

    problems: list[str] = field(default_factory=list)
    block_ids: set[str] = field(default_factory=set)
    surface: str = "message"
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, problem: str, pointer: str) -> None:
        self.problems.append(f"{problem} [json-pointer:{pointer}]")


Check = Callable[[Report, Any, str], None]


def string(most: int | None = None, least: int = 1) -> Check:
    def check(report: Report, value: Any, at: str) -> None:
        if not isinstance(value, str):
            report.add("must provide a string", at)
        elif len(value) < least:
            report.add(f"must be more than {least - 1} characters", at)
        elif most is not None and len(value) > most:
            report.add(f"must be less than {most + 1} characters", at)

    return check


def matching(pattern: str, kind: str) -> Check:
    """A string of a certain form; `kind` names it in the message."""
    compiled = re.compile(pattern)

    def check(report: Report, value: Any, at: str) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            report.add(f"must be a valid {kind}", at)

    return check


def one_of(*allowed: str) -> Check:
    def check(report: Report, value: Any, at: str) -> None:
        if value not in allowed:
            report.add(f"must be one of {', '.join(allowed)}", at)

    return check


def boolean(report: Report, value: Any, at: str) -> None:
    if not isinstance(value, bool):
        report.add("must provide a boolean", at)


def integer(least: int | None = None, most: int | None = None) -> Check:
    def check(report: Report, value: Any, at: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report.add("must provide an integer", at)
        elif (least is not None and value < least) or (most is not None and value > most):
            report.add(f"must be between {least} and {most}", at)

    return check


def number(report: Report, value: Any, at: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        report.add("must provide a number", at)


def anything(report: Report, value: Any, at: str) -> None:
    """For parts that Slack does not look into."""


def array(item: Check, most: int | None = None, least: int = 1) -> Check:
    def check(report: Report, value: Any, at: str) -> None:
        if not isinstance(value, list):
            report.add("must provide an array", at)
            return
        if len(value) < least:
            report.add(f"no less than {least} items allowed", at)
        if most is not None and len(value) > most:
            report.add(f"no more than {most} items allowed", at)
        for index, each in enumerate(value):
            item(report, each, f"{at}/{index}")

    return check


def shape(
    required: Mapping[str, Check] | None = None,
    optional: Mapping[str, Check] | None = None,
    also: Sequence[Check] = (),
) -> Check:
    """An object with exactly these fields; `also` holds rules across fields."""
    needed, allowed = dict(required or {}), {**(required or {}), **(optional or {}), "type": anything}

    def check(report: Report, value: Any, at: str) -> None:
        if not isinstance(value, dict):
            report.add("must provide an object", at)
            return
        for name in needed:
            if value.get(name) is None:
                report.add(f"missing required field: {name}", at)
        for name, each in value.items():
            if name not in allowed:
                report.add(f"invalid additional property: {name}", at)
            elif each is not None:
                allowed[name](report, each, f"{at}/{name}")
        for rule in also:
            rule(report, value, at)

    return check


def at_least_one(*names: str) -> Check:
    def check(report: Report, value: Any, at: str) -> None:
        if not any(value.get(name) for name in names):
            report.add(f"missing required field: {names[0]}", at)

    return check


def only_one(*names: str) -> Check:
    """Exactly one of these fields must be there."""

    def check(report: Report, value: Any, at: str) -> None:
        given = [name for name in names if value.get(name) is not None]
        if len(given) != 1:
            report.add(f"must provide exactly one of {', '.join(names)}", at)

    return check


def by_type(kinds: Mapping[str, Check]) -> Check:
    """Dispatches on the object's `type`."""

    def check(report: Report, value: Any, at: str) -> None:
        if not isinstance(value, dict):
            report.add("must provide an object", at)
        elif not isinstance(value.get("type"), str):
            report.add("missing required field: type", at)
        elif value["type"] not in kinds:
            report.add(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            kinds[value["type"]](report, value, at)

    return check
