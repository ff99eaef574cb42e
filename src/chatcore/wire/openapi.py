"""The OpenAPI 3.1 document, made from the route table and the operations' own annotations."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from chatcore import policy
from chatcore.config import Limits
from chatcore.models import Attachment
from chatcore.operations import Spec
from chatcore.wire.examples import SHOWN, Examples
from chatcore.wire.problems import STATUS
from chatcore.wire.routes import ROUTES, OperationRoute, Route
from chatcore.wire.schemas import Schema, Schemas, plain, reference
from chatcore.wire.settings import HttpSettings

_DESCRIPTION: Final = """\
Conversations, messages, receipts, presence and files over HTTP. The realtime session, with the
same operations and the events, is described by `asyncapi.json` beside this document.

Times are RFC 3339 in UTC with milliseconds; ids and cursors are opaque; an absent field means
null; unknown fields are refused. Errors are problem details (RFC 9457) whose `code` is stable."""

_IDEMPOTENCY_KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same as the field `key`, quoted or bare; where both are given they agree.",
    "schema": {"type": "string"},
}


def document(limits: Limits, settings: HttpSettings) -> dict[str, Any]:
    """The whole document, for an engine with these limits behind HTTP with these settings."""
    writer = _Writer(Schemas(limits), settings)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = writer.entry(route)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "chatcore",
            "version": version("chatcore"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # Relative to this document, which lies in /v1 of wherever chatcore is mounted.
        "servers": [{"url": ".."}],
        "tags": [{"name": tag} for tag in sorted({_tag(route) for route in ROUTES})],
        "paths": paths,
        "components": {
            "schemas": writer.schemas.components,
            "responses": {_error_name(status): writer.error(status) for status in _ERRORS},
            "securitySchemes": writer.security_schemes(),
        },
    }


class _Writer:
    """Writes the entry of one route after the other, collecting what they refer to."""

    def __init__(self, schemas: Schemas, settings: HttpSettings) -> None:
        self.schemas = schemas
        self._settings = settings
        self._problem = schemas.problem()
        self._examples = Examples(schemas.components)

    def entry(self, route: Route) -> dict[str, Any]:
        """The operation object of a route."""
        found: dict[str, Any] = {"operationId": route.name, "tags": [_tag(route)]}
        if isinstance(route, OperationRoute):
            return found | self._operation(route)
        return found | self._special(route)

    def security_schemes(self) -> dict[str, Any]:
        """The ways to say who asks."""
        cookie = {"type": "apiKey", "in": "cookie", "name": self._settings.cookie_name}
        bearer = {"type": "http", "scheme": "bearer"}
        return {"bearer": bearer} | ({"cookie": cookie} if self._settings.cookies else {})

    def error(self, status: int) -> dict[str, Any]:
        """The response that errors of one status share."""
        codes = [code for code, number in STATUS.items() if number == status]
        described = ", ".join(f"`{code}`" for code in codes)
        headers = {"Retry-After": {"schema": {"type": "integer"}}} if status in (429, 503) else {}
        return {
            "description": f"Refused: {described}",
            **({"headers": headers} if headers else {}),
            "content": {"application/problem+json": {"schema": self._problem}},
        }

    def _operation(self, route: OperationRoute) -> dict[str, Any]:
        spec = route.operation.spec
        result = self.schemas.answered(spec.result)
        success = {
            "description": "Done",
            "content": self._json(result, self._examples.of(result)),
        }
        responses = {str(route.status): success}
        if route.status == 201 and route.name != "accounts.register":
            again = "It was there before: as it is now, with `replayed`"
            responses["200"] = success | {"description": again}
        if spec.deferred is not None:
            later = self.schemas.answered(spec.deferred)
            responses["202"] = {
                "description": "It waits: for its time, or for a moderator's verdict",
                "content": self._json(later, self._examples.of(later)),
            }
        public = policy.TABLE[route.operation].who == "anyone"
        found: dict[str, Any] = {
            "summary": plain(spec.summary),
            "security": [] if public else self._security(),
            "parameters": self._parameters(route),
            "responses": responses | _errors(route, spec, public=public),
        }
        schema = self.schemas.asked(route.operation, without=route.parameters)
        if route.has_body and schema["properties"]:
            example = self._examples.of(schema, more=SHOWN.get(route.name, ()))
            found["requestBody"] = {
                "required": bool(schema.get("required")),
                "content": self._json(schema, example),
            }
        return found

    def _parameters(self, route: OperationRoute) -> list[Schema]:
        fields = self.schemas.asked(route.operation, nullable=False)
        found = []
        for name, schema in fields["properties"].items():
            if name in route.parameters:
                found.append(self._parameter(name, "path", schema, required=True))
            elif not route.has_body:
                required = name in fields.get("required", ())
                found.append(self._parameter(name, "query", schema, required=required))
        return [*found, _IDEMPOTENCY_KEY] if route.operation.spec.key else found

    def _parameter(self, name: str, where: str, schema: Schema, *, required: bool) -> Schema:
        found = {"name": name, "in": where, "required": required, "schema": schema}
        if required:
            found["example"] = self._examples.of(schema, name)
        # ?ids=a,b: the server takes ids=a&ids=b as well.
        return found | ({"explode": False} if schema["type"] == "array" else {})

    def _json(self, schema: Schema, example: Any) -> dict[str, Any]:
        return {"application/json": {"schema": schema, "example": example}}

    def _security(self) -> list[dict[str, list[str]]]:
        return [{name: []} for name in self.security_schemes()]

    # What moves bytes, or speaks of the API itself.

    def _special(self, route: Route) -> dict[str, Any]:
        path = [self._parameter(name, "path", _TEXT, required=True) for name in route.parameters]
        match route.name:
            case "uploads.create":
                return self._upload()
            case "uploads.get" | "uploads.thumbnail":
                return self._download(route, path)
            case "stats.get":
                return self._stats(route)
        return {
            "summary": _SUMMARIES[route.name],
            "security": [],
            "responses": {
                "200": {"description": "Done", "content": {"application/json": {"schema": {}}}},
                **(_references(503) if route.name == "health.ready" else {}),
            },
        }

    def _stats(self, route: Route) -> dict[str, Any]:
        numbers = {"type": "object", "additionalProperties": {"type": "number"}}
        done = {"description": "Done", "content": {"application/json": {"schema": numbers}}}
        return {
            "summary": _SUMMARIES[route.name],
            "security": self._security(),
            "responses": {"200": done, **_references(401, 403, 422, 500, 503)},
        }

    def _upload(self) -> dict[str, Any]:
        file = {"type": "object", "properties": {"file": _BYTES}, "required": ["file"]}
        kept = self.schemas.answered(Attachment)
        name = self._parameter("name", "query", _TEXT, required=False) | {
            "description": "Of a raw body, where no Content-Disposition header gives it."
        }
        return {
            "summary": "Keep a file, to be sent with a message",
            "security": self._security(),
            "parameters": [name],
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": file}, "*/*": {"schema": _BYTES}},
            },
            "responses": {
                "201": {
                    "description": "Kept",
                    "content": self._json(kept, self._examples.of(kept)),
                },
                **_references(401, 403, 413, 422, 429, 500, 503),
            },
        }

    def _download(self, route: Route, path: list[Schema]) -> dict[str, Any]:
        content = {"description": "The bytes", "content": {"*/*": {"schema": _BYTES}}}
        part = {"206": content | {"description": "The range that was asked for"}}
        responses = {
            "200": content,
            "304": {"description": "As the reader has it"},
            **_references(401, 404, 422, 500, 503),
        }
        if route.name == "uploads.get":
            beyond = self.error(422) | {"description": "Refused: `invalid`, the range lies outside"}
            responses |= part | {"416": beyond}
        return {
            "summary": _SUMMARIES[route.name],
            "security": self._security(),
            "parameters": path,
            "responses": responses,
        }


_TEXT: Final[Schema] = {"type": "string"}
_BYTES: Final[Schema] = {"contentMediaType": "application/octet-stream"}
_ERRORS: Final = tuple(sorted(set(STATUS.values())))
_SUMMARIES: Final = {
    "documents.asyncapi": "The realtime session, as AsyncAPI 3.0",
    "documents.openapi": "The HTTP API, as OpenAPI 3.1",
    "stats.get": "What the engine has done and holds, as numbers: for operators",
    "health.live": "Whether the process answers",
    "health.ready": "Whether the database answers",
    "uploads.get": "A file's content, in whole or one range of it",
    "uploads.thumbnail": "A small picture of a file",
}


def _tag(route: Route) -> str:
    return route.name.partition(".")[0]


def _error_name(status: int) -> str:
    return f"Error{status}"


def _references(*statuses: int) -> dict[str, Schema]:
    return {str(status): reference(_error_name(status), "responses") for status in statuses}


def _errors(route: Route, spec: Spec, *, public: bool) -> dict[str, Schema]:
    """The errors that an operation may answer with, by status."""
    possible = {
        401: not public or spec.method == "accounts.login",
        403: not public or route.has_body,
        404: bool(route.parameters) or spec.users is not None,
        409: spec.writes,
        413: route.has_body,
    }
    return _references(*(status for status in _ERRORS if possible.get(status, True)))
