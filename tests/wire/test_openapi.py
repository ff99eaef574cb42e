"""The OpenAPI document: valid, complete, and true to what the engine checks."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from chatcore import codec
from chatcore.config import Limits
from chatcore.errors import ChatError, Invalid
from chatcore.operations.base import wire_name
from chatcore.operations.checks import check
from chatcore.wire.openapi import document
from chatcore.wire.problems import STATUS, problem
from chatcore.wire.routes import ROUTES, OperationRoute
from chatcore.wire.schemas import Schemas, bounds
from chatcore.wire.settings import HttpSettings
from tests.wire.http_fakes import authenticated, message

LIMITS = Limits()
DOCUMENT = document(LIMITS, HttpSettings())
ENTRIES = {
    entry["operationId"]: entry for path in DOCUMENT["paths"].values() for entry in path.values()
}
OPERATIONS = [route for route in ROUTES if isinstance(route, OperationRoute)]


def validate(value: Any, schema: Any) -> None:
    """Raise where ``value`` isn't what ``schema`` says."""
    whole = {**schema, "components": DOCUMENT["components"]}
    Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def body_of(entry: Any) -> Any:
    """The media type object of a JSON request body."""
    return entry.get("requestBody", {}).get("content", {}).get("application/json")


def test_it_is_valid() -> None:
    """By the specification's own schema and rules; references lead somewhere."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_it_has_every_route() -> None:
    """Under the name that the realtime session calls it by, too."""
    assert sorted(ENTRIES) == sorted(route.name for route in ROUTES)
    for route in ROUTES:
        assert DOCUMENT["paths"][route.path][route.method.lower()]["operationId"] == route.name
        assert ENTRIES[route.name]["summary"]


@pytest.mark.parametrize("route", OPERATIONS, ids=lambda route: route.name)
def test_every_field_stands_somewhere(route: OperationRoute) -> None:
    """In the path, in the query or in the body: each once, and none is invented."""
    entry = ENTRIES[route.name]
    places = [one["name"] for one in entry["parameters"] if one["in"] in ("path", "query")]
    if (body := body_of(entry)) is not None:
        places += body["schema"]["properties"]
    fields = route.operation.__attrs_attrs__  # type: ignore[attr-defined]
    assert sorted(places) == sorted(wire_name(field.name) for field in fields)


@pytest.mark.parametrize("route", OPERATIONS, ids=lambda route: route.name)
def test_every_example_is_one(route: OperationRoute) -> None:
    """The request is taken by the engine's own checks, and request and answer fit their schemas."""
    entry = ENTRIES[route.name]
    values = {
        one["name"]: one["example"]
        for one in entry["parameters"]
        if "example" in one and one["in"] != "header"
    }
    if (body := body_of(entry)) is not None:
        validate(body["example"], body["schema"])
        values |= body["example"]
    check(codec.structure(values, route.operation), LIMITS)
    answer = entry["responses"][str(route.status)]["content"]["application/json"]
    validate(answer["example"], answer["schema"])


@pytest.mark.parametrize("value", [message(), authenticated()], ids=lambda one: type(one).__name__)
def test_answers_fit_their_schemas(value: Any) -> None:
    """What the codec writes is what the document says, required fields included."""
    schema = Schemas(LIMITS)
    found = schema.answered(type(value))
    plain = json.loads(codec.encode(value))
    validate(plain, found)
    name = next(iter(DOCUMENT["components"]["schemas"][type(value).__name__]["required"]))
    with pytest.raises(Exception, match="required"):
        validate({key: one for key, one in plain.items() if key != name}, found)


def test_bounds_are_those_of_the_engine() -> None:
    """At the most that a schema allows the engine agrees, and one past it both refuse."""
    send = next(route for route in OPERATIONS if route.name == "messages.send")
    schema = ENTRIES["messages.send"]["requestBody"]["content"]["application/json"]["schema"]
    ids = {"conversation_id": "c1"}
    for name, fits, over in (
        ("body", "x" * 4_000, "x" * 4_001),
        ("key", "k" * 64, "k" * 65),
        ("key", "k", "a key"),
        ("read_seq", 0, -1),
        ("read_seq", 2**53 - 1, 2**53),
        ("mentions", [str(n) for n in range(50)], [str(n) for n in range(51)]),
        ("mentions", ["a", "b"], ["a", "a"]),
        ("kind", "poll", "verse"),
        ("custom", {"a": 1}, [1]),
        ("reply_to", "m1", 1),
    ):
        validate({name: fits}, schema)
        check(codec.structure(ids | {name: fits}, send.operation), LIMITS)
        with pytest.raises(Exception, match=r".+") as refused:
            validate({name: over}, schema)
        assert refused.typename == "ValidationError"
        with pytest.raises(Invalid):
            check(codec.structure(ids | {name: over}, send.operation), LIMITS)


def test_other_limits_make_another_document() -> None:
    """The numbers are the host's own."""
    entry = document(Limits(body_chars=7), HttpSettings())["paths"]
    path = "/v1/conversations/{conversation_id}/messages"
    body = entry[path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["body"]["maxLength"] == 7


def test_absent_null_and_default() -> None:
    """What may be absent isn't required, what a PATCH clears may be null, defaults are told."""
    update = body_of(ENTRIES["users.update"])["schema"]
    assert "required" not in update
    assert update["properties"]["bio"]["type"] == ["string", "null"]
    assert update["properties"]["display_name"]["type"] == "string"
    send = body_of(ENTRIES["messages.send"])["schema"]
    assert send["properties"]["kind"]["default"] == "text"
    delete = {one["name"]: one for one in ENTRIES["messages.delete"]["parameters"]}
    assert delete["for"]["schema"]["default"] == "everyone"
    assert delete["reason"]["schema"]["type"] == "string"
    presence = {one["name"]: one for one in ENTRIES["presence.get"]["parameters"]}
    assert presence["user_ids"]["explode"] is False
    page = DOCUMENT["components"]["schemas"]["MessagePage"]
    assert page["required"] == ["items", "next"]
    assert "null" in page["properties"]["next"]["type"]


def test_every_error_is_there() -> None:
    """Each code has a response of its status, and a problem is what the schema says."""
    responses = DOCUMENT["components"]["responses"]
    for code, status in STATUS.items():
        assert f"`{code}`" in responses[f"Error{status}"]["description"]
    schema = DOCUMENT["components"]["schemas"]["Problem"]
    assert schema["properties"]["code"]["enum"] == sorted(STATUS)
    error = Invalid.field("body", "too long")
    error.retry_after = 1.5
    validate(problem(error), schema)
    for kind in ChatError.__subclasses__():
        assert kind.code in STATUS


def test_who_has_to_sign_in() -> None:
    """Everybody, but for what opens a session, says whether a name is free, and health."""
    public = {name for name, entry in ENTRIES.items() if not entry["security"]}
    assert public == {
        "accounts.check",
        "accounts.guest",
        "accounts.login",
        "accounts.register",
        "accounts.request_reset",
        "accounts.reset",
        "documents.asyncapi",
        "documents.openapi",
        "health.live",
        "health.ready",
    }
    assert ENTRIES["users.me"]["security"] == [{"bearer": []}, {"cookie": []}]


def test_without_cookies_there_is_one_way_to_sign_in() -> None:
    """The scheme of the cookie goes where cookies are off, and has the name of the setting."""
    found = document(LIMITS, HttpSettings(cookies=False))
    assert list(found["components"]["securitySchemes"]) == ["bearer"]
    assert found["paths"]["/v1/me"]["get"]["security"] == [{"bearer": []}]
    found = document(LIMITS, HttpSettings(cookie_name="chat"))
    assert found["components"]["securitySchemes"]["cookie"]["name"] == "chat"


def test_an_unknown_bound_is_an_error() -> None:
    """A kind of bound that the documents can't show fails the build, not the reader."""
    with pytest.raises(TypeError, match="no bound"):
        bounds(LIMITS, object())
