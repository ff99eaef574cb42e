"""The bounds of fields: declared on operations, enforced before anything runs.

    body: Annotated[str | None, Text("body_chars")] = None

A bound that is a name is looked up in :class:`chatcore.config.Limits`, so every host's own numbers
hold everywhere: over HTTP, over the realtime session and in Python. Types are checked here too,
and only here: the decoder coerces nothing, and Python callers pass values that it never saw.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, reduce
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
import msgspec
from attrs import frozen

from chatcore.config import Limits
from chatcore.errors import Invalid, NotFound, Problem
from chatcore.operations.base import Operation, Unset, is_required, wire_name

Report = Callable[[str, str], None]
"""Takes (path, message) of one problem."""
Check = Callable[[Any, str, Report], None]
Bound = str | int
"""The name of a limit, or a number."""

ID_CHARS = 128
"""The longest id that storage takes, a host's own user ids included."""
_KEY = re.compile(r"[\x21-\x7e]+")
_NAMES: Mapping[Any, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    dict: "an object",
}


def storable(text: str) -> bool:
    """Whether every database and every encoder takes it: no NUL, no lone surrogate."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def bound(limits: Limits, value: Bound) -> int:
    """The number behind a bound."""
    return int(getattr(limits, value)) if isinstance(value, str) else value


@frozen
class Text:
    """A string of ``least`` to ``most`` code points; no NUL, no lone surrogate."""

    most: Bound
    least: int = 1
    most_bytes: Bound | None = None

    def check(self, limits: Limits) -> Check:
        most, least = bound(limits, self.most), self.least
        most_bytes = None if self.most_bytes is None else bound(limits, self.most_bytes)

        def check(value: Any, path: str, report: Report) -> None:
            if not isinstance(value, str):
                return
            if len(value) < least:
                report(path, f"at least {least} characters" if least > 1 else "must not be empty")
            elif len(value) > most:
                report(path, f"at most {most} characters")
            elif not storable(value):
                report(path, "NUL and lone surrogates are not allowed")
            elif most_bytes is not None and len(value) * 4 > most_bytes < len(value.encode()):
                report(path, f"at most {most_bytes} bytes")

        return check


@frozen
class Key:
    """A client key: printable ASCII without spaces."""

    most: Bound = "key_chars"

    def check(self, limits: Limits) -> Check:
        most = bound(limits, self.most)

        def check(value: Any, path: str, report: Report) -> None:
            if isinstance(value, str) and not (len(value) <= most and _KEY.fullmatch(value)):
                report(path, f"1 to {most} printable ASCII characters")

        return check


@frozen
class Whole:
    """An integer within bounds, both included."""

    least: int = 0
    most: Bound = 2**53 - 1

    def check(self, limits: Limits) -> Check:
        least, most = self.least, bound(limits, self.most)

        def check(value: Any, path: str, report: Report) -> None:
            if isinstance(value, int) and not least <= value <= most:
                report(path, f"from {least} to {most}")

        return check


@frozen
class Number:
    """A number within bounds, both included; whole or not."""

    least: int
    most: int

    def check(self, limits: Limits) -> Check:
        least, most = self.least, self.most

        def check(value: Any, path: str, report: Report) -> None:
            if isinstance(value, (int, float)) and not least <= value <= most:
                report(path, f"from {least} to {most}")

        return check


@frozen
class Many:
    """A list of ``least`` to ``most`` different items."""

    most: Bound
    least: int = 0

    def check(self, limits: Limits) -> Check:
        most, least = bound(limits, self.most), self.least

        def check(value: Any, path: str, report: Report) -> None:
            if not isinstance(value, tuple):
                return
            if not least <= len(value) <= most:
                report(path, f"{least} to {most} items")
            elif len(set(map(repr, value))) != len(value):
                report(path, "items must differ")

        return check


@frozen
class Json:
    """A JSON object of at most ``most`` bytes once encoded."""

    most: Bound

    def check(self, limits: Limits) -> Check:
        most, depth = bound(limits, self.most), limits.json_depth

        def check(value: Any, path: str, report: Report) -> None:
            if not isinstance(value, dict):
                return
            if not _plain(value, depth):
                report(path, "only JSON values: no NUL, lone surrogates, NaN or deep nesting")
            elif len(msgspec.json.encode(value)) > most:
                report(path, f"at most {most} bytes of JSON")

        return check


def _plain(value: Any, depth: int) -> bool:
    """Whether ``value`` is made of storable JSON values, at most ``depth`` deep."""
    match value:
        case None | bool():
            return True
        case int():
            return -(2**53) < value < 2**53
        case float():
            return value == value and value not in (float("inf"), float("-inf"))
        case str():
            return storable(value)
        case list() | tuple():
            return depth > 0 and all(_plain(item, depth - 1) for item in value)
        case dict():
            return depth > 0 and all(
                isinstance(key, str) and storable(key) and _plain(item, depth - 1)
                for key, item in value.items()
            )
    return False


def _of_type(*types: type, but: type | None = None) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, types) or (but is not None and isinstance(value, but)):
            report(path, f"must be {_NAMES[types[-1]]}")

    return check


def _identifier(value: Any, path: str, report: Report) -> None:
    """Wrong type: invalid. A string that no id can be: the same not-found as an unknown one."""
    if not isinstance(value, str):
        report(path, "must be a string")
    elif not value or len(value) > ID_CHARS or not storable(value):
        raise NotFound


def _moment(value: Any, path: str, report: Report) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        return report(path, "must be a time with its offset (RFC 3339)")
    try:
        value.astimezone(UTC)
    except OverflowError:
        # Stored, it would break whatever reads it.
        report(path, "must be a time between the years 1 and 9999")


def _one_of(choices: tuple[Any, ...]) -> Check:
    words = ", ".join(str(choice) for choice in choices)

    def check(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, type(choices[0])) or value not in choices:
            report(path, f"one of {words}")

    return check


def _each(item: Check) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, tuple):
            return report(path, "must be a list")
        for index, entry in enumerate(value):
            item(entry, f"{path}.{index}", report)

    return check


def _nested(fields: tuple[tuple[str, Check], ...], cls: type) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        if not isinstance(value, cls):
            return report(path, "must be an object")
        for name, inner in fields:
            inner(getattr(value, name), f"{path}.{name}" if path else name, report)

    return check


def _optional(absent: Sequence[Any], inner: Check) -> Check:
    """``inner``, unless the value is one of ``absent``: None, UNSET, or both."""
    first, last = absent[0], absent[-1]

    def check(value: Any, path: str, report: Report) -> None:
        if value is not first and value is not last:
            inner(value, path, report)

    return check


def _both(first: Check, second: Check) -> Check:
    def check(value: Any, path: str, report: Report) -> None:
        first(value, path, report)
        second(value, path, report)

    return check


def _compile(annotation: Any, limits: Limits) -> Check:
    """The check of one annotation."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *bounds = get_args(annotation)
        inner, absent = _split(base)
        check = reduce(_both, (one.check(limits) for one in bounds), _compile(inner, limits))
        return _optional(absent, check) if absent else check
    if origin in (Union, UnionType):
        inner, absent = _split(annotation)
        return _optional(absent, _compile(inner, limits))
    if origin is Literal:
        return _one_of(get_args(annotation))
    if origin is tuple:
        return _each(_compile(get_args(annotation)[0], limits))
    if origin is dict:
        return _of_type(dict)
    if hasattr(annotation, "__supertype__"):
        return _identifier
    if attrs.has(annotation):
        return _nested(_fields(annotation, limits), annotation)
    return {
        str: _of_type(str),
        int: _of_type(int, but=bool),
        float: _of_type(int, float, but=bool),
        bool: _of_type(bool),
        datetime: _moment,
    }[annotation]


def _split(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The one real type of an optional annotation, and the values that stand for absence."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, ()
    parts = get_args(annotation)
    absent = tuple(
        value for kind, value in ((NoneType, None), (Unset, Unset.UNSET)) if kind in parts
    )
    (inner,) = (part for part in parts if part not in (NoneType, Unset))
    return inner, absent


def _fields(cls: type, limits: Limits) -> tuple[tuple[str, Check], ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple((field.name, _compile(hints[field.name], limits)) for field in attrs.fields(cls))


class _Checks:
    """The checks of one class, under some limits."""

    def __init__(self, cls: type, limits: Limits) -> None:
        fields = _fields(cls, limits)
        names = [name for name, _ in fields]
        # All values in one call. Two more than needed: a getter of one name gives no tuple.
        self.values = attrgetter(*names, "__class__", "__class__")
        defaults = {
            field.name: attrs.NOTHING if is_required(field) else field.default
            for field in attrs.fields(cls)
        }
        self.fields = [(defaults[name], wire_name(name), one) for name, one in fields]


_checks: Callable[[type, Limits], _Checks] = cache(_Checks)


def check(operation: Operation[Any], limits: Limits) -> None:
    """Raise :class:`Invalid` with every problem, or :class:`NotFound` for an impossible id."""
    problems: list[Problem] = []

    def report(path: str, message: str) -> None:
        problems.append(Problem(path, message))

    checks = _checks(type(operation), limits)
    for value, (default, path, one) in zip(checks.values(operation), checks.fields, strict=False):
        if value is not default:
            one(value, path, report)
    if problems:
        raise Invalid(errors=problems)
