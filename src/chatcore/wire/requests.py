"""From an HTTP request to an operation: path, query or JSON body, and the idempotency key.

Nothing is guessed: a query's text becomes what its field's annotation says or is refused, an
unknown name is refused, and where header and field both give a key they have to agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import attrs

from chatcore import codec
from chatcore.config import Limits
from chatcore.errors import Invalid, Problem
from chatcore.operations import Operation, Unset
from chatcore.operations.base import wire_name
from chatcore.wire.exchange import Request, read
from chatcore.wire.routes import OperationRoute

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_TOKENS = ("token", "access_token")


def unwrap(annotation: Any) -> Any:
    """The type inside ``Annotated`` and ``… | None | Unset``."""
    if get_origin(annotation) is Annotated:
        return unwrap(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (part for part in get_args(annotation) if part not in (NoneType, Unset))
        return unwrap(inner)
    return annotation


def _fields(cls: type) -> Mapping[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {wire_name(one.name): hints[one.name] for one in attrs.fields(cls)}


fields: Callable[[type], Mapping[str, Any]] = cache(_fields)
"""Each field's annotation, with its bounds, by its name on the wire."""


def query(request: Request, limits: Limits) -> list[tuple[str, str]]:
    """The query's pairs. Raises :class:`Invalid` where it is malformed or holds a token."""
    try:
        pairs = parse_qsl(
            request.query_string,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=limits.json_keys,
        )
    except ValueError:
        raise Invalid("Malformed query") from None
    for name, _ in pairs:
        if name in _TOKENS:
            # A URL ends up in logs, histories and referrers.
            raise Invalid.field(name, "a token is never taken from a URL")
    return pairs


def no_query(request: Request, limits: Limits) -> None:
    """Raise :class:`Invalid` where a query was sent to what takes none."""
    if problems := [Problem(name, "unknown") for name, _ in query(request, limits)]:
        raise Invalid(errors=problems)


async def operation(
    request: Request, route: OperationRoute, parameters: Mapping[str, str], limits: Limits
) -> Operation[Any]:
    """The operation that was asked for. Raises :class:`Invalid` and :class:`TooLarge`."""
    cls = route.operation
    if route.has_body:
        no_query(request, limits)
        given = await _json_object(request, limits)
    else:
        given = _from_query(query(request, limits), fields(cls))
        if await _json_object(request, limits):
            raise Invalid("This request takes no body")
    if misplaced := sorted(given.keys() & parameters.keys()):
        raise Invalid(errors=[Problem(name, "stands in the path") for name in misplaced])
    if cls.spec.key:
        given = _with_key(given, request)
    converted = {name: _convert(name, [value], fields(cls)) for name, value in parameters.items()}
    return codec.structure(given | converted, cls)


async def _json_object(request: Request, limits: Limits) -> dict[str, Any]:
    """The body, ``{}`` where there is none."""
    body = await read(request, limits.frame_bytes, limits.body_s)
    if not body:
        return {}
    if request.media_type != "application/json":
        raise Invalid("The body must have the Content-Type application/json")
    value = codec.parse(body, limits)
    if not isinstance(value, dict):
        raise Invalid.field("", "must be an object")
    return value


def _from_query(pairs: list[tuple[str, str]], known: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        given.setdefault(name, []).append(text)
    if problems := [Problem(name, "unknown") for name in given if name not in known]:
        raise Invalid(errors=problems)
    return {name: _convert(name, texts, known) for name, texts in given.items()}


def _convert(name: str, texts: list[str], known: Mapping[str, Any]) -> Any:
    """Text as the JSON value that the field ``name`` wants."""
    kind = unwrap(known[name])
    if get_origin(kind) is tuple:
        return list(_split(texts))
    if len(texts) > 1:
        raise Invalid.field(name, "given more than once")
    if kind is int:
        if not _INTEGER.fullmatch(texts[0]):
            raise Invalid.field(name, "must be an integer")
        return int(texts[0])
    if kind is bool:
        if texts[0] not in ("true", "false"):
            raise Invalid.field(name, "must be true or false")
        return texts[0] == "true"
    return texts[0]


def _split(texts: list[str]) -> Iterator[str]:
    """``?ids=a,b`` and ``?ids=a&ids=b`` are the same list, ``?ids=`` is an empty one."""
    for text in texts:
        if text:
            yield from text.split(",")


def _with_key(given: dict[str, Any], request: Request) -> dict[str, Any]:
    """``Idempotency-Key``, quoted (a structured field's string) or bare, as the field ``key``."""
    header = request.header("idempotency-key")
    if header is None:
        return given
    if header.startswith('"'):
        quoted = _QUOTED.fullmatch(header)
        if quoted is None:
            raise Invalid.field("key", "the Idempotency-Key header is no quoted string")
        header = re.sub(r"\\(.)", r"\1", quoted[1])
    if given.get("key") not in (None, header):
        raise Invalid.field("key", "differs from the Idempotency-Key header")
    return given | {"key": header}
