"""The AsyncAPI 3.0 document of the realtime session: every request with its answer, every event."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final, get_args

from attrs import frozen

from chatcore.config import Limits
from chatcore.events import Event, ReceiptsMoved, TypingChanged, event_types
from chatcore.operations import Operation, Spec, specs
from chatcore.wire.examples import SHOWN, Examples
from chatcore.wire.routes import ROUTES
from chatcore.wire.schemas import Schema, Schemas, plain, reference
from chatcore.wire.session import METHODS, SILENT

_CHANNEL: Final = "session"
_STRING: Final[Schema] = {"type": "string"}
_COUNTER: Final[Schema] = {"type": "integer"}
_ID: Final[Schema] = {"type": ["integer", "string"]}
_CORRELATED: Final = {"correlationId": {"location": "$message.payload#/id"}}

_DESCRIPTION: Final = """\
JSON-RPC 2.0 over a WebSocket. A text frame holds one message; under the subprotocol `chatcore.v1`
it holds one or more, each on its own line. The first request is `session.start`, within the time
that the limits give. Server events are notifications; durable ones carry `prev` and `rev`: ignore
a `rev` that is held, apply where `prev` is held, and pull where it is ahead. The same operations
over HTTP are described by `openapi.json` beside this document."""


@frozen(kw_only=True)
class Call:
    """One method that a client may call in the session."""

    method: str
    summary: str
    params: Schema
    result: Schema


def document(limits: Limits) -> dict[str, Any]:
    """The whole document, for an engine with these limits."""
    schemas = Schemas(limits)
    problem = schemas.problem()
    examples = Examples(schemas.components)
    messages: dict[str, Any] = {"error": _refusal(problem)}
    operations: dict[str, Any] = {}
    for call in calls(schemas):
        messages[call.method] = _request(call, examples)
        messages[f"{call.method}.answer"] = _answer(call, examples)
        operations[call.method] = _asked(call)
    for name, event in event_types().items():
        messages[name] = _notification(name, event, schemas, examples)
        operations[name] = _announced(name)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "chatcore",
            "version": version("chatcore"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_CHANNEL: _channel(messages)},
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas.components},
    }


_ROUTED: Final = frozenset(route.name for route in ROUTES)
"""What has no route is for the host's own code."""


def calls(schemas: Schemas) -> Iterator[Call]:
    """The session's own methods, then every operation that a client may ask for."""
    for method, cls in METHODS.items():
        yield Call(
            method=method,
            summary=plain(cls.__doc__ or method),
            params=schemas.asked(cls),
            result=schemas.answered(_result(cls)),
        )
    for spec in specs():
        if spec.method in _ROUTED:
            yield Call(
                method=spec.method,
                summary=plain(spec.summary),
                params=schemas.asked(spec.cls),
                result=_answers(schemas, spec),
            )


def _answers(schemas: Schemas, spec: Spec) -> Schema:
    """What a registered operation answers, or answers instead where it has to wait."""
    answered = schemas.answered(spec.result)
    if spec.deferred is None:
        return answered
    return {"anyOf": [answered, schemas.answered(spec.deferred)]}


def _result(cls: type[Operation[Any]]) -> Any:
    """What ``Operation[…]`` was given: the session's own requests are in no registry."""
    return get_args(vars(cls)["__orig_bases__"][0])[0]


def _rpc(properties: dict[str, Schema], *required: str) -> Schema:
    """One JSON-RPC object."""
    return {
        "type": "object",
        "properties": {"jsonrpc": {"const": "2.0"}, **properties},
        "required": ["jsonrpc", *required],
    }


def _message(name: str, summary: str, payload: Schema, example: Any) -> dict[str, Any]:
    return {
        "name": name,
        "summary": summary,
        "payload": payload,
        "examples": [{"payload": example}],
    }


def _request(call: Call, examples: Examples) -> dict[str, Any]:
    properties = {"id": _ID, "method": {"const": call.method}, "params": call.params}
    required = ["id"] * (call.method not in SILENT) + ["method"]
    required += ["params"] * bool(call.params.get("required"))
    params = examples.of(call.params, more=SHOWN.get(call.method, ()))
    example = {"jsonrpc": "2.0", "id": 7, "method": call.method, "params": params}
    message = _message(call.method, call.summary, _rpc(properties, *required), example)
    return message | _CORRELATED


def _answer(call: Call, examples: Examples) -> dict[str, Any]:
    payload = _rpc({"id": _ID, "result": call.result}, "id", "result")
    example = {"jsonrpc": "2.0", "id": 7, "result": examples.of(call.result)}
    return _message(f"{call.method}.answer", "Done", payload, example) | _CORRELATED


def _refusal(problem: Schema) -> dict[str, Any]:
    """Any request may be answered with this. ``data`` is missing from the protocol's own errors."""
    error: Schema = {
        "type": "object",
        "properties": {"code": _COUNTER, "message": _STRING, "data": problem},
        "required": ["code", "message"],
    }
    nullable = {"type": ["integer", "string", "null"]}
    example = {
        "jsonrpc": "2.0",
        "id": 7,
        "error": {"code": -32601, "message": "Method not found"},
    }
    payload = _rpc({"id": nullable, "error": error}, "id", "error")
    return _message("error", "Refused", payload, example) | _CORRELATED


def _notification(
    name: str, event: type[Event], schemas: Schemas, examples: Examples
) -> dict[str, Any]:
    own, required = schemas.properties(event)
    where = _position(event)
    params: Schema = {
        "type": "object",
        "properties": where | own,
        "required": [*where, *required],
    }
    payload = _rpc({"method": {"const": name}, "params": params}, "method", "params")
    example = {"jsonrpc": "2.0", "method": name, "params": examples.of(params)}
    summary = plain(event.__doc__).splitlines()[0] if event.__doc__ else name
    return _message(name, summary, payload, example)


def _position(event: type[Event]) -> dict[str, Schema]:
    """What stands beside an event's own fields."""
    if event is ReceiptsMoved:
        return {"stream": _STRING, "prev": _COUNTER, "receipt_rev": _COUNTER}
    if event is TypingChanged:
        return {"stream": _STRING}
    stream: Schema = {"const": "me"} if event.scope == "me" else _STRING
    durable = event.scope in ("conversation", "me")
    return {"stream": stream, "prev": _COUNTER, "rev": _COUNTER} if durable else {}


def _channel(messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": "v1/realtime",
        "title": "The realtime session",
        "messages": {name: reference(name, "messages") for name in messages},
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _here(name: str) -> Schema:
    return {"$ref": f"#/channels/{_CHANNEL}/messages/{name}"}


def _asked(call: Call) -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{_CHANNEL}"}
    return {
        "action": "receive",
        "channel": channel,
        "summary": call.summary,
        "messages": [_here(call.method)],
        "reply": {
            "channel": channel,
            "messages": [_here(f"{call.method}.answer"), _here("error")],
        },
    }


def _announced(name: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{_CHANNEL}"},
        "messages": [_here(name)],
    }
