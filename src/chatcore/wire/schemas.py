"""JSON Schema of everything on the wire, from the annotations that the engine itself checks.

One dialect for both documents: what OpenAPI 3.1 (2020-12) and AsyncAPI 3 (draft 7) understand
alike. What is answered becomes a component by its class name; what is asked stays where it stands,
because there an absent field, a null and a default mean other things.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import attrs

from chatcore.config import Limits
from chatcore.events import Change, ReceiptsMoved, event_types
from chatcore.operations import Operation, Unset
from chatcore.operations.base import is_required, wire_name
from chatcore.operations.checks import Json, Key, Many, Number, Text, Whole, bound
from chatcore.wire.problems import STATUS
from chatcore.wire.requests import fields, unwrap

Schema = dict[str, Any]

_PLAIN: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}


def bounds(limits: Limits, one: Any) -> Schema:
    """What a field's declared bound says in JSON Schema."""
    match one:
        case Text():
            found: Schema = {"minLength": one.least, "maxLength": bound(limits, one.most)}
            if one.most_bytes is not None:
                found["description"] = f"At most {bound(limits, one.most_bytes)} bytes of UTF-8."
            return found
        case Key():
            return {
                "minLength": 1,
                "maxLength": bound(limits, one.most),
                "pattern": "^[!-~]+$",
            }
        case Whole():
            return {"minimum": one.least, "maximum": bound(limits, one.most)}
        case Number():
            return {"minimum": one.least, "maximum": one.most}
        case Many():
            return {
                "minItems": one.least,
                "maxItems": bound(limits, one.most),
                "uniqueItems": True,
            }
        case Json():
            return {"description": f"At most {bound(limits, one.most)} bytes of JSON."}
    raise TypeError(f"{one!r} is no bound")


def name_of(kind: Any) -> str:
    """The component's name of a class, ``MessagePage`` of ``Page[Message]``."""
    origin = get_origin(kind)
    if origin is None:
        return str(kind.__name__)
    return "".join(name_of(part) for part in get_args(kind)) + name_of(origin)


class Schemas:
    """Makes schemas and collects the components that they refer to."""

    def __init__(self, limits: Limits) -> None:
        self.components: dict[str, Schema] = {}
        self._limits = limits

    # What is asked.

    def asked(
        self,
        operation: type[Operation[Any]],
        without: Collection[str] = (),
        *,
        nullable: bool = True,
    ) -> Schema:
        """The object of an operation's fields, save those that travel elsewhere.

        ``nullable``: whether null can be said at all; a URL's text can't.
        """
        return self._asked_object(operation, without, nullable)

    def _asked_object(self, cls: type, without: Collection[str], nullable: bool) -> Schema:
        known = {name: kind for name, kind in fields(cls).items() if name not in without}
        properties = {name: self._asked(kind, nullable) for name, kind in known.items()}
        required = []
        for one in attrs.fields(cls):
            name = wire_name(one.name)
            if name not in known:
                continue
            if is_required(one):
                required.append(name)
            elif one.default not in (None, (), Unset.UNSET):
                properties[name]["default"] = one.default
        return _object(properties, required) | {"additionalProperties": False}

    def _asked(self, annotation: Any, nullable: bool) -> Schema:
        """One field that a client sends."""
        origin = get_origin(annotation)
        if origin is Annotated:
            base, *declared = get_args(annotation)
            schema = self._asked(base, nullable)
            for one in declared:
                schema |= bounds(self._limits, one)
            return schema
        if origin in (Union, UnionType):
            schema = self._asked(unwrap(annotation), nullable)
            return _nullable(schema) if nullable and NoneType in get_args(annotation) else schema
        if origin is tuple:
            return {"type": "array", "items": self._asked(get_args(annotation)[0], nullable)}
        if attrs.has(annotation):
            return self._asked_object(annotation, (), nullable)
        return _leaf(annotation)

    # What is answered and announced.

    def answered(self, kind: Any) -> Schema:
        """A result's type, or a field of one; classes become components."""
        origin = get_origin(kind)
        if origin in (Union, UnionType):
            parts = [part for part in get_args(kind) if part is not NoneType]
            if len(parts) == 1:
                return self.answered(parts[0])
            return {"type": [_leaf(part)["type"] for part in parts]}
        if origin is tuple:
            return {"type": "array", "items": self.answered(get_args(kind)[0])}
        if attrs.has(origin or kind):
            return self._component(kind)
        return _leaf(kind)

    def problem(self) -> Schema:
        """What an error is told as, over HTTP and in the session alike."""
        text: Schema = {"type": "string"}
        one = _object({"path": text, "message": text}, ["path", "message"])
        known: dict[str, Schema] = {
            "type": {"type": "string", "format": "uri"},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "code": {"type": "string", "enum": sorted(STATUS)},
            "errors": {"type": "array", "items": one},
            "retry_after": {"type": "number", "minimum": 0},
        }
        self.components["Problem"] = _object(known, list(known)[:5]) | {
            "description": "Problem details (RFC 9457); `code` is stable, `retry_after` in seconds."
        }
        return reference("Problem")

    def properties(self, kind: Any) -> tuple[dict[str, Schema], list[str]]:
        """The properties of an answered class, and which of them are always there."""
        cls = get_origin(kind) or kind
        hints = get_type_hints(cls)
        parameters = dict(zip(getattr(cls, "__parameters__", ()), get_args(kind), strict=True))
        properties, required = {}, []
        for one in attrs.fields(cls):
            schema = self.answered(_fill(hints[one.name], parameters))
            if one.metadata.get("null"):
                schema = _nullable(schema)
            if one.default is not None or one.metadata.get("null"):
                required.append(wire_name(one.name))
            properties[wire_name(one.name)] = schema
        return properties, required

    def _component(self, kind: Any) -> Schema:
        name = name_of(kind)
        if name not in self.components:
            # Named before its properties are made: a class may hold itself.
            component: Schema = {}
            self.components[name] = component
            component |= self._change() if kind is Change else _object(*self.properties(kind))
            component |= _described(get_origin(kind) or kind)
        return reference(name)

    def _change(self) -> Schema:
        """Written as an event without ``prev``: its name, and its object as it is now."""
        pulled = ("conversation", "me")
        names = [
            name
            for name, event in event_types().items()
            if event.scope in pulled or event is ReceiptsMoved
        ]
        params = _object(
            {
                "stream": {"type": "string"},
                "rev": {"type": "integer"},
                "receipt_rev": {"type": "integer"},
            },
            ["stream"],
        )
        return _object(
            {"method": {"type": "string", "enum": names}, "params": params}, ["method", "params"]
        )


def reference(name: str, section: str = "schemas") -> Schema:
    """A reference to a component."""
    return {"$ref": f"#/components/{section}/{name}"}


def _object(properties: dict[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _leaf(kind: Any) -> Schema:
    """A type without fields of its own."""
    if get_origin(kind) is Literal:
        return {"type": "string", "enum": list(get_args(kind))}
    if get_origin(kind) is dict:
        return {"type": "object"}
    return dict(_PLAIN[getattr(kind, "__supertype__", kind)])


def _nullable(schema: Schema) -> Schema:
    types = schema["type"]
    schema = schema | {"type": [*([types] if isinstance(types, str) else types), "null"]}
    return schema | {"enum": [*schema["enum"], None]} if "enum" in schema else schema


def _fill(annotation: Any, parameters: Mapping[Any, Any]) -> Any:
    """A generic class's annotation with its parameters in place."""
    is_open = bool(getattr(annotation, "__parameters__", ()))
    return annotation[tuple(parameters.values())] if is_open else annotation


def plain(text: str) -> str:
    """A docstring's words as Markdown, which both documents speak."""
    return inspect.cleandoc(text).replace("``", "`")


def _described(cls: type) -> Schema:
    return {"description": plain(cls.__doc__).splitlines()[0]} if cls.__doc__ else {}
