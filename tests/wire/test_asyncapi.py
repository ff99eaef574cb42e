"""The AsyncAPI document: sound, complete, and true to what goes over the socket."""

import json
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from chatcore import codec, events
from chatcore.config import Limits
from chatcore.models import Member, Presence, Receipt
from chatcore.operations import specs
from chatcore.operations.checks import check
from chatcore.wire.asyncapi import document
from chatcore.wire.routes import ROUTES
from chatcore.wire.session import METHODS, SILENT
from tests.wire.http_fakes import message

LIMITS = Limits()
DOCUMENT = document(LIMITS)
MESSAGES = DOCUMENT["components"]["messages"]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MEMBER = Member(
    conversation_id="c1",
    user_id="ada",
    role="owner",
    joined_at=NOON,
    joined_seq=0,
    delivered_seq=1,
    read_seq=1,
    rev=1,
)


def validate(value: Any, schema: Any) -> None:
    """Raise where ``value`` isn't what ``schema`` says."""
    Draft7Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def references(value: Any) -> Iterator[str]:
    """Every reference in the document."""
    match value:
        case {"$ref": str(target)}:
            yield target
        case dict():
            for one in value.values():
                yield from references(one)
        case list():
            for one in value:
                yield from references(one)


def resolve(reference: str) -> Any:
    """What a reference leads to."""
    found: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_references_lead_somewhere() -> None:
    """Every one, and those of the channel to messages."""
    found = list(references(DOCUMENT))
    assert found
    for reference in found:
        assert reference.startswith("#/")
        assert isinstance(resolve(reference), dict)
    assert set(DOCUMENT["channels"]["session"]["messages"]) == set(MESSAGES)


def test_every_operation_and_every_event_is_there() -> None:
    """What clients ask is received and replied to, what is announced is sent; nothing else is."""
    actions = {name: one["action"] for name, one in DOCUMENT["operations"].items()}
    asked = {name for name, action in actions.items() if action == "receive"}
    routed = {route.name for route in ROUTES}
    assert asked == {spec.method for spec in specs()} & routed | set(METHODS)
    assert actions.keys() - asked == set(events.event_types())
    for name in asked:
        reply = DOCUMENT["operations"][name]["reply"]["messages"]
        assert [resolve(one["$ref"])["$ref"].rpartition("/")[2] for one in reply] == [
            f"{name}.answer",
            "error",
        ]


@pytest.mark.parametrize("name", MESSAGES)
def test_every_example_is_one(name: str) -> None:
    """It fits the message's own schema."""
    (example,) = MESSAGES[name]["examples"]
    validate(example["payload"], MESSAGES[name]["payload"])


@pytest.mark.parametrize("spec", list(specs()), ids=lambda spec: spec.method)
def test_requests_are_taken(spec: Any) -> None:
    """The example's params pass the engine's own checks."""
    if spec.method in MESSAGES:
        params = MESSAGES[spec.method]["examples"][0]["payload"]["params"]
        check(codec.structure(params, spec.cls), LIMITS)


def test_an_id_may_be_left_out_of_hints_alone() -> None:
    """All other requests are answered, and need one."""
    for name, one in DOCUMENT["operations"].items():
        if one["action"] == "receive":
            required = MESSAGES[name]["payload"]["required"]
            assert ("id" in required) == (name not in SILENT)


@pytest.mark.parametrize(
    ("event", "stream", "prev", "rev"),
    [
        (events.MessageSent(message()), "c1", 4, 5),
        (
            events.MessageReacted(
                message(), events.ReactionChange(user_id="ada", key="x", added=True)
            ),
            "c1",
            5,
            6,
        ),
        (events.MemberLeft(MEMBER), "c1", 6, 7),
        (events.StreamAdvanced(), "c1", 7, 8),
        (events.MembershipChanged("c1"), "me", 1, 2),
        (events.MessageHidden("c1", "m1", True), "me", 2, 3),
        (
            events.ReceiptsMoved((Receipt(user_id="ada", delivered_seq=2, read_seq=1),)),
            "c1",
            1,
            2,
        ),
        (events.TypingChanged("ada", "text"), "c1", None, None),
        (events.PresenceChanged("ada", Presence(status="away")), None, None, None),
        (events.SessionClosing("slow"), None, None, None),
        (events.SessionReset("c1"), None, None, None),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_events_fit_their_schemas(
    event: events.Event, stream: str | None, prev: int | None, rev: int | None
) -> None:
    """What is written for a live event is what the document says, and not less."""
    payload = json.loads(codec.notification(event, stream, prev, rev))
    schema = MESSAGES[event.name]["payload"]
    validate(payload, schema)
    for name in schema["properties"]["params"]["required"]:
        less = {key: value for key, value in payload["params"].items() if key != name}
        with pytest.raises(Exception, match="required") as refused:
            validate({**payload, "params": less}, schema)
        assert refused.typename == "ValidationError"


@pytest.mark.slow
@pytest.mark.node
def test_it_is_valid_by_the_specification(tmp_path: Path) -> None:
    """The JSON Schema that AsyncAPI publishes for 3.0 has nothing against it."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", "@asyncapi/specs@6.11.1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if packed.returncode:
        pytest.skip("the package registry can't be reached: npm pack @asyncapi/specs")
    with tarfile.open(tmp_path / packed.stdout.strip()) as archive:
        file = archive.extractfile("package/schemas/3.0.0-without-$id.json")
        assert file is not None
        schema = json.load(file)
    assert list(Draft7Validator(schema).iter_errors(DOCUMENT)) == []
