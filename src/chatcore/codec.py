"""JSON in and out, for the wire, the brokers and the key digests alike.

In: :func:`parse` refuses what JSON parsers like to let through (depth, NaN, duplicate keys, lone
surrogates, NUL), :func:`structure` makes an operation of it, refusing unknown fields. It coerces
nothing; types and bounds are checked on the operation itself (``operations.checks``).

Out: :func:`encode` writes a value as the contract says: None left out, times as RFC 3339 with
milliseconds, a trailing underscore dropped from names that are Python's keywords.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import attrs
import cattrs
import msgspec
from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.v import transform_error

from chatcore.config import Limits
from chatcore.errors import Invalid, Problem, TooLarge
from chatcore.events import Change, Event
from chatcore.models import Message
from chatcore.operations.base import Unset, wire_name
from chatcore.operations.checks import storable

T = TypeVar("T")

# A string without an end is one token up to the end: looking for its end again from each quote in
# it would take quadratic time.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_INDEX = re.compile(r"\[(\d+)\]")
_UNKNOWN = "unknown: "
_NAME_CHARS = 80
_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode


class _Malformed(ValueError):
    """Well-formed JSON that the contract refuses."""


def _keys(value: dict[str, Any] | list[Any], most: int) -> int:
    """How many keys ``value`` has at all depths, none of its objects more than ``most``."""
    count, items = 0, value
    if type(value) is dict:
        count, items = len(value), value.values()  # type: ignore[assignment]
        if count > most:
            raise _Malformed(f"more than {most} keys in one object")
    for item in items:
        if type(item) is dict or type(item) is list:
            count += _keys(item, most)
    return count


def _repeats(text: str, keys: int) -> bool:
    """Whether ``text`` writes more than the ``keys`` that were read: one stands twice."""
    # A colon follows each key. Most texts have no others; else those inside strings don't count.
    return text.count(":") != keys and _STRING.sub("", text).count(":") != keys


def _depth(text: str) -> int:
    """How deep the brackets outside strings nest."""
    # Fewer brackets than the limit can't nest deeper; counting is far cheaper than walking.
    deepest = level = 0
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "[" | "{":
                level += 1
                deepest = max(deepest, level)
            case "]" | "}":
                level -= 1
    return deepest


def _all_storable(value: Any) -> bool:
    match value:
        case str():
            return storable(value)
        case list():
            return all(map(_all_storable, value))
        case dict():
            return all(storable(key) and _all_storable(item) for key, item in value.items())
    return True


def parse(text: str | bytes, limits: Limits, *, most: int | None = None) -> Any:
    """The JSON value in ``text``, strictly.

    Raises :class:`TooLarge` over ``most`` bytes (default: ``limits.frame_bytes``) and
    :class:`Invalid` for everything else that is wrong.
    """
    most = limits.frame_bytes if most is None else most
    if len(text) > most or (isinstance(text, str) and len(text) * 4 > most < _size(text)):
        raise TooLarge(f"At most {most} bytes")
    try:
        if isinstance(text, bytes):
            text = text.decode()
        if text.count("[") + text.count("{") > limits.json_depth < _depth(text):
            raise _Malformed(f"nested more than {limits.json_depth} deep")
        value = _from_json(text)
        if type(value) in (dict, list) and _repeats(text, _keys(value, limits.json_keys)):
            raise _Malformed("a key stands twice in one object")
        # The parser refuses raw control characters and lone surrogates: an escape may be a NUL.
        if "\\" in text and not _all_storable(value):
            raise _Malformed("NUL and lone surrogates are not allowed")
    except (ValueError, RecursionError) as error:
        raise Invalid(f"Malformed JSON: {_trouble(error)}") from None
    return value


def _trouble(error: Exception) -> str:
    """What is wrong with the text, and where as far as the parser says."""
    if isinstance(error, _Malformed):
        return str(error)
    if isinstance(error, msgspec.ValidationError):
        return "a number is too large"
    _, _, where = str(error).partition("malformed: ")
    return f"not JSON: {where}" if where else "not JSON"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


# Structuring: JSON values into attrs classes.


def _as_is(value: Any, _: Any) -> Any:
    return value


def _structure_datetime(value: Any, _: Any) -> datetime:
    if not isinstance(value, str) or len(value) < len("2000-01-01T00:00:00Z"):
        raise ValueError("must be a time (RFC 3339)")
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a time (RFC 3339)") from None
    raise ValueError("must be a time with its offset (RFC 3339)")


def _origin(kind: Any) -> Any:
    return get_origin(kind)


def _unchecked(kind: Any) -> bool:
    """What ``operations.checks`` looks at alone: ids, choices and free JSON."""
    return _origin(kind) in (dict, Mapping, Literal) or hasattr(kind, "__supertype__")


def _items_hook(kind: Any, converter: cattrs.BaseConverter) -> Any:
    item = get_args(kind)[0]
    inner = converter.get_structure_hook(item)

    def structure_items(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            return value  # left to the type check, which says where
        found, errors = [], []
        for index, one in enumerate(value):
            try:
                found.append(inner(one, item))
            except Exception as error:
                error.add_note(IterableValidationNote("", index, item))
                errors.append(error)
        if errors:
            raise IterableValidationError("items", errors, kind)
        return tuple(found)

    return structure_items


def _optional_hook(kind: Any, converter: cattrs.BaseConverter) -> Any:
    (real,) = (part for part in get_args(kind) if part not in (NoneType, Unset))
    inner = converter.get_structure_hook(real)
    return lambda value, _: None if value is None else inner(value, real)


def _record_hook(kind: type[Any], converter: cattrs.BaseConverter) -> Any:
    renamed = {field.name: override(rename=wire_name(field.name)) for field in attrs.fields(kind)}
    make = make_dict_structure_fn(kind, converter, **_overrides(renamed))

    def structure_record(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("must be an object")
        return make(value, kind)

    return structure_record


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    for primitive in (str, int, float, bool):
        converter.register_structure_hook(primitive, _as_is)
    converter.register_structure_hook(datetime, _structure_datetime)
    converter.register_structure_hook_func(_unchecked, _as_is)
    hooks: list[tuple[Callable[[Any], bool], Callable[[Any, cattrs.BaseConverter], Any]]] = [
        (lambda kind: _origin(kind) is tuple, _items_hook),
        (lambda kind: _origin(kind) in (Union, UnionType), _optional_hook),
        (attrs.has, _record_hook),
    ]
    for fits, factory in hooks:
        converter.register_structure_hook_factory(fits, factory)
    return converter


def _overrides(named: dict[str, Any]) -> Any:
    """Keyword arguments for cattrs' generators, whose own options share their namespace."""
    return named


_structurer = _converter()
_hook: Callable[[Any], Any] = cache(_structurer.get_structure_hook)


def structure(value: Any, cls: type[T], path: str = "") -> T:
    """``value`` as a ``cls``. Raises :class:`Invalid` naming every field that doesn't fit."""
    try:
        return _hook(cls)(value, cls)  # type: ignore[no-any-return]
    except (ClassValidationError, IterableValidationError, ValueError) as error:
        raise Invalid(errors=_problems(error, path)) from None


def _problems(error: BaseException, path: str) -> list[Problem]:
    """cattrs' own report, "what @ $.where" a line, as problems."""
    problems = []
    for line in transform_error(error, path=f"${path and '.' + path}", format_exception=_words):
        message, _, where = line.rpartition(" @ $")
        at = _INDEX.sub(r".\1", where).lstrip(".")
        if not message.startswith(_UNKNOWN):
            problems.append(Problem(at, message))
            continue
        # A client made these names up: they are quoted on their way through the report.
        for name in msgspec.json.decode(message.removeprefix(_UNKNOWN)):
            problems.append(Problem(f"{at}.{name}" if at else name, "unknown"))
    return problems


def _words(error: BaseException, _: type | None) -> str:
    match error:
        case KeyError():
            return "required"
        case ForbiddenExtraKeysError():
            names = sorted(name[:_NAME_CHARS] for name in error.extra_fields)
            return _UNKNOWN + _to_json(names).decode()
    return str(error)


# Unstructuring: values into JSON.


@lru_cache(maxsize=1_024)
def rfc3339(moment: datetime) -> str:
    """UTC with milliseconds, as the contract wants every time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


# The answer to a send and its event carry the same message, a page is weighed before it is sent:
# each is encoded once. Held by identity, beside the value that keeps the identity.
_encoded: dict[int, tuple[Message, msgspec.Raw]] = {}
_MOST_ENCODED = 512


def _plainer() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_unstructure_hook(datetime, rfc3339)

    @converter.register_unstructure_hook_factory(attrs.has)
    def record(kind: type[Any]) -> Any:
        fields = {
            field.name: override(
                rename=wire_name(field.name),
                omit_if_default=field.default in (None, Unset.UNSET)
                and not field.metadata.get("null"),
            )
            for field in attrs.fields(kind)
        }
        return make_dict_unstructure_fn(kind, converter, **_overrides(fields))

    @converter.register_unstructure_hook_factory(lambda kind: _origin(kind) is tuple)
    def items(kind: Any) -> Any:
        item = get_args(kind)[0]
        generic = isinstance(item, TypeVar)
        inner = converter.unstructure if generic else converter.get_unstructure_hook(item)
        return lambda value: [inner(item) for item in value] if value else []

    unstructure_message = converter.get_unstructure_hook(Message)

    @converter.register_unstructure_hook
    def message(value: Message) -> msgspec.Raw:
        held = _encoded.get(id(value))
        if held is None or held[0] is not value:
            if len(_encoded) >= _MOST_ENCODED:
                _encoded.clear()
            held = _encoded[id(value)] = value, msgspec.Raw(_to_json(unstructure_message(value)))
        return held[1]

    @converter.register_unstructure_hook
    def change(value: Change) -> dict[str, Any]:
        params = {"stream": value.stream, _counter(value.event): value.rev}
        params.update(_plain(value.event))
        return {"method": value.event.name, "params": params}

    return converter


_unstructurer = _plainer()
_plain: Callable[[Any], Any] = _unstructurer.unstructure


def plain(value: Any) -> Any:
    """``value`` as dicts, lists, strings and numbers (messages encoded), for :func:`encode`."""
    return _plain(value)


def encode(value: Any) -> bytes:
    """``value``, a model, an event's params or plain data, as UTF-8 JSON on one line."""
    return _to_json(_plain(value))


def _counter(event: Event) -> str:
    """What an event's count is called: receipts have a counter of their own."""
    return "receipt_rev" if event.scope == "state" else "rev"


def notification(event: Event, stream: str | None, prev: int | None, rev: int | None) -> bytes:
    """A live event as one line of JSON-RPC.

    ``rev`` is called ``receipt_rev`` where the event speaks of receipts.
    """
    params: dict[str, Any] = {}
    if stream is not None:
        params["stream"] = stream
    if rev is not None:
        params["prev"] = prev
        params[_counter(event)] = rev
    params.update(_plain(event))
    return _to_json({"jsonrpc": "2.0", "method": event.name, "params": params})
