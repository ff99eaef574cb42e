"""What may be wrong with a field, worked out from its annotation; and what is just right."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import frozen

from chatcore.config import Limits
from chatcore.operations.base import UNSET, Unset, is_required
from chatcore.operations.checks import Json, Key, Many, Number, Text, Whole, bound

# As they are, but for one that no text of the longest body could reach.
LIMITS = Limits(body_bytes=8_000)
NAN = float("nan")


@frozen
class Wrong:
    """A value that a field must not have."""

    value: Any
    path: str = ""
    """Where in the value the problem is."""
    code: str = "invalid"


def fields(cls: type) -> Iterator[tuple[str, Any]]:
    """A class's fields with their annotations."""
    hints = get_type_hints(cls, include_extras=True)
    return ((one.name, hints[one.name]) for one in attrs.fields(cls))


def split(annotation: Any) -> tuple[Any, list[Any], set[Any]]:
    """The bare type, its bounds, and the values that stand for absence."""
    bounds: list[Any] = []
    absent: set[Any] = set()
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *found = get_args(annotation)
            bounds += found
        elif get_origin(annotation) in (Union, UnionType):
            parts = get_args(annotation)
            absent |= {v for k, v in ((NoneType, None), (Unset, UNSET)) if k in parts}
            (annotation,) = (part for part in parts if part not in (NoneType, Unset))
        else:
            return annotation, bounds, absent


def wrong(annotation: Any) -> Iterator[Wrong]:
    """Values of wrong types and past bounds."""
    bare, bounds, absent = split(annotation)
    if None not in absent:
        yield Wrong(None)
    yield from _wrong_types(bare)
    for one in bounds:
        yield from _past(one, bare)
    if get_origin(bare) is tuple:
        (item, _) = get_args(bare)
        for inner in wrong(item):
            where = f".0{inner.path}"
            rest = tuple(several(item, max(_least(bounds) - 1, 0)))
            yield Wrong((inner.value, *rest), where if inner.code == "invalid" else "", inner.code)
    elif attrs.has(bare):
        base = right(bare)
        for name, inside in fields(bare):
            for inner in wrong(inside):
                changed = attrs.evolve(base, **{name: inner.value})
                yield Wrong(changed, f".{name}{inner.path}", inner.code)


def _wrong_types(bare: Any) -> Iterator[Wrong]:
    if hasattr(bare, "__supertype__"):
        yield from (Wrong(value) for value in (7, True, b"x", ["x"], {}))
        for impossible in ("", "x" * 129, "a\0", "\ud800"):
            yield Wrong(impossible, code="not_found")
        return
    by_type: dict[Any, tuple[Any, ...]] = {
        str: (7, True, b"x", ["x"], {}, NAN),
        int: ("1", 1.0, True, NAN, [], 1 + 0j),
        float: ("1", True, NAN, float("inf"), [], 1 + 0j),
        bool: (0, 1, "true", [], NAN),
        datetime: (
            datetime(2026, 1, 1),  # noqa: DTZ001 (what it is about)
            datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))),
            datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
            date(2026, 1, 1),
            "2026-01-01T00:00:00Z",
            0,
        ),
        tuple: ([], "x", {}, 7, frozenset()),
        dict: ([], "x", (), 7, None),
    }
    if get_origin(bare) is Literal:
        values: tuple[Any, ...] = ("zap", 7, True, [], {}, "")
    elif attrs.has(bare):
        values = ({}, [], "x", 7)
    else:
        values = by_type[get_origin(bare) or bare]
    yield from (Wrong(value) for value in values if value is not None)


def _past(one: Any, bare: Any) -> Iterator[Wrong]:
    """Values one past a bound."""
    match one:
        case Text():
            most = bound(LIMITS, one.most)
            yield from (Wrong(value) for value in ("x" * (most + 1), "a\0", "\ud800"))
            yield from [Wrong("x" * (one.least - 1))] if one.least else ()
            if one.most_bytes is not None:
                yield Wrong(_wide(bound(LIMITS, one.most_bytes) + 1))
        case Key():
            most = bound(LIMITS, one.most)
            for value in ("", "x" * (most + 1), "a b", "é", "a\n", "\x7f", "a\0"):
                yield Wrong(value)
        case Whole():
            most = bound(LIMITS, one.most)
            yield from (Wrong(value) for value in (one.least - 1, most + 1, 10**100, -(10**100)))
        case Number():
            yield from (Wrong(value) for value in (one.least - 1, one.most + 0.5, -(10**100)))
        case Many():
            most, item = bound(LIMITS, one.most), get_args(bare)[0]
            yield Wrong(tuple(several(item, most + 1)))
            yield Wrong(tuple(several(item, 1)) * max(one.least, 2))
            yield from [Wrong(tuple(several(item, one.least - 1)))] if one.least else ()
        case Json():
            yield from map(Wrong, _wrong_json(bound(LIMITS, one.most)))


def _wrong_json(most: int) -> Iterator[Any]:
    yield {"a": "x" * (most - 7)}
    for value in (NAN, float("inf"), -float("inf"), 2**53, -(2**53), "\0", "\ud800", object()):
        yield {"a": value}
        yield {"a": [{"b": value}]}
    yield from ({1: 2}, {"a\0": 1}, {"\ud800": 1}, {"a": {None: 1}}, {"a": {1}}, {"a": b"x"})
    deep: Any = {}
    for _ in range(LIMITS.json_depth + 1):
        deep = {"a": deep}
    yield deep


def at_bounds(annotation: Any) -> Iterator[Any]:
    """Values at a bound, which are just right."""
    bare, bounds, _ = split(annotation)
    for one in bounds:
        match one:
            case Text():
                yield "x" * bound(LIMITS, one.most)
                yield "x" * max(one.least, 1)
                if one.most_bytes is not None:
                    yield _wide(bound(LIMITS, one.most_bytes))
            case Key():
                yield from ("!", "~" * bound(LIMITS, one.most))
            case Whole():
                yield from (one.least, bound(LIMITS, one.most))
            case Number():
                yield from (one.least, one.most, float(one.most), one.most / 3)
            case Many():
                for count in (one.least, bound(LIMITS, one.most)):
                    yield tuple(several(get_args(bare)[0], count))
            case Json():
                yield {"a": "x" * (bound(LIMITS, one.most) - 8)}


def named_limits(annotation: Any) -> Iterator[str]:
    """The limits behind a field's bounds."""
    bare, bounds, _ = split(annotation)
    for one in bounds:
        yield from (name for name in (one.most, getattr(one, "most_bytes", None)) if name)
    if get_origin(bare) is tuple:
        yield from named_limits(get_args(bare)[0])
    elif attrs.has(bare):
        for _, inside in fields(bare):
            yield from named_limits(inside)


def _wide(size: int) -> str:
    """A short string that takes ``size`` bytes."""
    return "😀" * (size // 4) + "x" * (size % 4)


def several(item: Any, count: int) -> Iterator[Any]:
    """Different right values."""
    for number in range(count):
        bare, _, _ = split(item)
        if attrs.has(bare):
            yield attrs.evolve(right(bare), **{next(fields(bare))[0]: f"x{number}"})
        else:
            yield number if bare is int else f"x{number}"


def right(cls: type) -> Any:
    """An instance with nothing but its required fields, all right."""
    required = {one.name for one in attrs.fields(cls) if is_required(one)}
    return cls(**{name: _right(kind) for name, kind in fields(cls) if name in required})


def _least(bounds: list[Any]) -> int:
    """How many items a list has at least."""
    return max((one.least for one in bounds if isinstance(one, Many)), default=0)


def _right(annotation: Any) -> Any:
    bare, bounds, _ = split(annotation)
    if get_origin(bare) is Literal:
        return get_args(bare)[0]
    if get_origin(bare) is tuple:
        return tuple(several(get_args(bare)[0], max(_least(bounds), 1)))
    return {bool: True, int: 1, float: 1.5}.get(bare, "xx")
