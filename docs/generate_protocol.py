"""Writes protocol.md beside this file: the reference of what goes over the wire.

Everything in it is read from the registry of operations, the route table and the limits, at every
build of the documentation, so that it can't say anything else than the code does.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import attrs

from chatcore import policy
from chatcore.config import Limits
from chatcore.errors import ChatError
from chatcore.events import event_types
from chatcore.operations import Operation, Spec, specs
from chatcore.wire import openapi
from chatcore.wire.problems import RPC_CODE, STATUS
from chatcore.wire.routes import ROUTES
from chatcore.wire.schemas import Schema, Schemas, plain
from chatcore.wire.session import METHODS, SILENT
from chatcore.wire.settings import HttpSettings

INTRODUCTION = """\
# Protocol

What a client may ask, what it is answered and what it is told, with the default limits. A running
server describes itself with its own limits: `GET /v1/openapi.json` (OpenAPI 3.1) and
`GET /v1/asyncapi.json` (AsyncAPI 3.0, the realtime session).

Every operation is an HTTP route and a method of the JSON-RPC 2.0 session on the WebSocket
`/v1/realtime`, with the same fields. Unknown fields are refused. Times are RFC 3339 in UTC with
milliseconds; ids and cursors are opaque strings. In answers and events an absent field means
null. In a `PATCH` an absent field stays as it is, and `null` clears it.
"""
SESSION = """\
The first request is `session.start`. These methods speak about the session itself; those marked
“hint” may come without `id`, as `typing.set` may, and are then not answered.
"""
EVENTS = {
    "conversation": "On a conversation's stream; `stream`, `prev` and `rev` stand beside.",
    "me": 'On one\'s own stream; `stream` is `"me"`, `prev` and `rev` stand beside.',
    "state": "State, without `rev`: nothing of it is pulled, but for `receipts.moved`, which has "
    "`stream`, `prev` and `receipt_rev`.",
    "session": "About the session itself.",
}
WHO = {
    "anyone": "anyone",
    "user": "whoever is signed in",
    "visitor": "whoever may come in, and members",
    "account": "whoever is signed in, and operators",
    "operator": "operators",
}
MEMBERS = {"member": "members", "admin": "admins and owners", "owner": "owners"}
HTTP = {route.name: f"`{route.method} {route.path}`" for route in ROUTES}


def table(*rows: Iterable[str]) -> Iterator[str]:
    """Rows as a Markdown table; the first one is its head."""
    for number, row in enumerate(rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
        if number == 0:
            yield f"|{'---|' * len(list(row))}"
    yield ""


def kind(schema: Schema) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#object-{name.lower()})"
    if "enum" in schema:
        return " · ".join(f"`{value}`" for value in schema["enum"])
    types = schema.get("type", "any")
    words = " or ".join([types] if isinstance(types, str) else types)
    if "items" in schema:
        words = f"list of {kind(schema['items'])}"
    return f"time ({words})" if schema.get("format") == "date-time" else words


def bounds(schema: Schema) -> str:
    """What JSON Schema says of a field's bounds, in a few words."""
    found = []
    for least, most, unit in (
        ("minLength", "maxLength", "characters"),
        ("minimum", "maximum", ""),
        ("minItems", "maxItems", "items"),
    ):
        if most in schema:
            found.append(f"{schema[least]:,} to {schema[most]:,} {unit}".strip())
    if "description" in schema:
        found.append(schema["description"].rstrip("."))
    return "; ".join(found)


def asked(schemas: Schemas, cls: type[Operation[Any]]) -> Iterator[str]:
    """The fields of an operation."""
    schema = schemas.asked(cls)
    rows = [("field", "type", "bounds", "default")]
    for name, one in schema["properties"].items():
        default = f"`{one['default']}`" if "default" in one else ""
        required = "**required**" if name in schema.get("required", ()) else default
        rows.append((f"`{name}`", kind(one), bounds(one), required))
    if len(rows) > 1:
        yield from table(*rows)


def operation(schemas: Schemas, spec: Spec) -> Iterator[str]:
    """One operation: where it stands, who may, what it takes and gives."""
    rule = policy.TABLE[spec.cls]
    yield f"### {spec.method}\n"
    yield f"{plain(spec.summary)}\n"
    who = WHO.get(rule.who) or MEMBERS[rule.least]
    key = " · takes `Idempotency-Key`" if spec.key else ""
    result = kind(schemas.answered(spec.result))
    if spec.deferred is not None:
        result += f" or {kind(schemas.answered(spec.deferred))} (202)"
    yield f"{HTTP[spec.method]} · {who} · answers {result}{key}\n"
    yield from asked(schemas, spec.cls)


def answered(schemas: Schemas) -> Iterator[str]:
    """The objects that answers and events are made of."""
    for name, schema in sorted(schemas.components.items()):
        yield f"(object-{name.lower()})=\n### {name}\n"
        if "description" in schema:
            yield f"{schema['description']}\n"
        rows = [("field", "type", "")]
        for field, one in schema["properties"].items():
            required = "always there" if field in schema.get("required", ()) else ""
            rows.append((f"`{field}`", kind(one), required))
        if len(rows) > 1:
            yield from table(*rows)


def errors() -> Iterator[str]:
    """Every code with its numbers."""
    titles = {cls.code: cls.title for cls in subclasses(ChatError)}
    head = ("code", "HTTP", "JSON-RPC", "means")
    codes = sorted(STATUS, key=lambda code: (STATUS[code], code))
    yield from table(
        head, *((f"`{one}`", str(STATUS[one]), str(RPC_CODE[one]), titles[one]) for one in codes)
    )


def subclasses(cls: type[ChatError]) -> Iterator[type[ChatError]]:
    """All below, the nearer ones last: a subclass that keeps its parent's code gives way to it."""
    for one in cls.__subclasses__():
        yield from subclasses(one)
        yield one


def events(schemas: Schemas) -> Iterator[str]:
    """Every event by what it is about."""
    known = event_types()
    for scope, words in EVENTS.items():
        rows = [("event", "carries", "")]
        for name, cls in known.items():
            if cls.scope == scope:
                carried = schemas.properties(cls)[0].items()
                fields = ", ".join(f"`{field}` {kind(one)}" for field, one in carried)
                said = plain(cls.__doc__).splitlines()[0] if cls.__doc__ else ""
                rows.append((f"`{name}`", fields, said))
        yield f"{words}\n"
        yield from table(*rows)


def page() -> str:
    """The whole page."""
    schemas = Schemas(limits := Limits())
    known = [spec for spec in specs() if spec.method in HTTP]
    lines = [INTRODUCTION, "## Errors\n", *errors()]
    for group, members in groupby(known, key=lambda spec: spec.group):
        lines.append(f"## {group.capitalize()}\n")
        for spec in members:
            lines += operation(schemas, spec)
    lines += ["## Files and the server itself\n", *table(("route", ""), *special())]
    lines += ["## The realtime session\n", SESSION]
    for method, cls in METHODS.items():
        hint = " (hint)" if method in SILENT else ""
        lines += [f"### {method}\n", f"{plain(cls.__doc__ or '')}{hint}\n", *asked(schemas, cls)]
    told = list(events(schemas))
    lines += ["## Events\n", *told, "## Objects\n", *answered(schemas)]
    rows = [(f"`{name}`", f"{value:,}") for name, value in attrs.asdict(limits).items()]
    lines += ["## Limits\n", *table(("limit", "default"), *rows)]
    return "\n".join(lines)


def special() -> Iterator[tuple[str, str]]:
    """The routes that are no operation, as the OpenAPI document speaks of them."""
    operations = {spec.method for spec in specs()}
    paths = openapi.document(Limits(), HttpSettings())["paths"]
    for route in ROUTES:
        if route.name not in operations:
            yield HTTP[route.name], paths[route.path][route.method.lower()]["summary"]


if __name__ == "__main__":
    Path(__file__).with_name("protocol.md").write_text(page(), encoding="utf-8")
