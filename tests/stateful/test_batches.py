"""What is asked at once: the same as if it had been asked one after the other."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from itertools import permutations
from sqlite3 import OperationalError
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatcore.errors import ChatError
from chatcore.models import Actor, Conversation
from chatcore.operations import (
    AddMembers,
    CreateConversation,
    GetConversation,
    Leave,
    ListConversations,
    ListMessages,
    MarkReceipt,
    NewSettings,
    Operation,
    RemoveMember,
    SendMessage,
)
from tests.stateful import faces
from tests.stateful.doors import Refused
from tests.stateful.faces import Expected
from tests.stateful.intents import Intent, Known, intents
from tests.stateful.model import Model
from tests.stateful.rooms import Letter, Room
from tests.stateful.world import World

Asked = tuple[Actor, Operation[Any]]

_TIMES = 20
_UNBOUNDED = 10_000


def _group(world: World, people: list[Actor]) -> Conversation:
    members = tuple(actor.id for actor in people[1:])
    operation = CreateConversation(kind="group", title="All", member_ids=members)
    made = world.run(people[0], operation)
    assert isinstance(made, Conversation)
    return made


def test_one_key_at_once_is_one_message(world: World) -> None:
    """The same key twenty times in one batch gives one message, twenty times."""
    people = world.people(2)
    room = _group(world, people)
    asked: list[Asked] = [(people[0], SendMessage(room.id, "Hello", key="k"))] * _TIMES
    outcomes = world.run_all(asked)
    assert {one.id for one in outcomes} == {outcomes[0].id}
    assert [one.replayed for one in outcomes] == [None] + [True] * (_TIMES - 1)
    page = world.run(people[1], ListMessages(room.id))
    assert [(one.seq, one.id) for one in page.items] == [(1, outcomes[0].id)]


def test_two_keys_with_other_content_at_once(world: World) -> None:
    """Of two contents under one key in one batch, the first is sent and the other refused."""
    (alone,) = world.people(1)
    room = _group(world, [alone])
    contents = [SendMessage(room.id, body, key="k") for body in ("one", "two", "one")]
    sent, refused, again = world.run_all([(alone, one) for one in contents])
    assert refused.code == "key_reused"
    assert sent.id == again.id


def test_two_who_begin_to_talk_share_one_conversation(world: World) -> None:
    """A direct conversation created from both sides at once, many times, is one."""
    ann, ben = world.people(2)
    sides: list[Asked] = [
        (ann, CreateConversation(kind="direct", user_id=ben.id)),
        (ben, CreateConversation(kind="direct", user_id=ann.id)),
    ]
    outcomes = world.run_all(sides * _TIMES)
    assert len({one.id for one in outcomes}) == 1
    assert [one.replayed for one in outcomes].count(None) == 1
    for actor in (ann, ben):
        listed = world.run(actor, ListConversations())
        assert [one.id for one in listed.items] == [outcomes[0].id]


def test_what_one_asks_keeps_its_order(world: World) -> None:
    """Writes of one actor in one batch follow each other, whatever each of them is."""
    people = world.people(3)
    room = _group(world, people[:2])
    ann, new = people[0], people[2]
    outcomes = world.run_all(
        [
            (ann, SendMessage(room.id, "before")),
            (ann, MarkReceipt(room.id, read_seq=1)),
            (ann, AddMembers(room.id, (new.id,))),
            (ann, SendMessage(room.id, "welcome")),
            (ann, RemoveMember(room.id, new.id)),
            (ann, SendMessage(room.id, "gone")),
            (ann, MarkReceipt(room.id, read_seq=3)),
        ]
    )
    assert not [one for one in outcomes if isinstance(one, ChatError)]
    assert outcomes[2].items[0].joined_seq == 1
    assert [outcomes[index].seq for index in (0, 3, 5)] == [1, 2, 3]
    assert outcomes[6].receipt.read_seq == 3


def test_who_comes_back_within_a_batch_is_heard_again(world: World) -> None:
    """Somebody who is removed and added in one batch hears what is sent after."""
    ann, ben = people = world.people(2)
    room = _group(world, people)
    connection, _ = world.connect(ben, None)
    world.run_all(
        [
            (ann, RemoveMember(room.id, ben.id)),
            (ann, AddMembers(room.id, (ben.id,))),
        ]
    )
    world.drain(connection)
    world.run(ann, SendMessage(room.id, "Hello again"))
    (line,) = world.drain(connection)
    assert "Hello again" in line
    world.disconnect(connection)


def test_the_last_two_leave_at_once(world: World) -> None:
    """Of a group whose members all leave in one batch nothing is left."""
    people = world.people(3)
    room = _group(world, people)
    outcomes = world.run_all([(actor, Leave(room.id)) for actor in people])
    assert not [one for one in outcomes if isinstance(one, ChatError)]
    found = world.run_all([(actor, GetConversation(room.id)) for actor in people])
    assert [one.code for one in found] == ["not_found"] * 3


# Any batch.


def _begin(world: World) -> tuple[Known, Model]:
    """Three people, a group with a few messages, and the model of it."""
    people = world.people(3)
    known = Known(people)
    model = Model([actor.id for actor in people])
    group = CreateConversation(
        kind="group",
        title="All",
        member_ids=(people[1].id, people[2].id),
        settings=NewSettings(history="shared"),
    )
    steps: list[Asked] = [(people[0], group)]
    for actor, operation in steps:
        outcome, made = world.run(actor, operation), model.run(actor.id, operation)
        made.id = outcome.id
        known.learn(operation, outcome)
    room = known.rooms[0]
    known.members[room] = [actor.id for actor in people]
    for actor in people:
        operation = SendMessage(room, known.text())
        outcome, made = world.run(actor, operation), model.run(actor.id, operation)
        made.id = outcome.id
        known.learn(operation, outcome)
    return known, model


def _orders(asked: list[Asked]) -> Iterator[tuple[int, ...]]:
    """The orders in which each actor's own operations keep theirs."""
    for order in permutations(range(len(asked))):
        own: dict[str, list[int]] = {}
        for index in order:
            own.setdefault(asked[index][0].id, []).append(index)
        if all(indices == sorted(indices) for indices in own.values()):
            yield order


def _play(model: Model, asked: list[Asked], order: tuple[int, ...]) -> tuple[Model, list[Any]]:
    """What the model answers in this order, and what it is then."""
    played = deepcopy(model)
    answers: dict[int, Any] = {}
    for index in order:
        actor, operation = asked[index]
        try:
            made = played.run(actor.id, operation)
        except Refused as refusal:
            answers[index] = str(refusal)
            continue
        answers[index] = Expected(played, actor.id, _UNBOUNDED).answer(operation, made)
        for one in made if isinstance(made, list) else [made]:
            if isinstance(one, (Room, Letter)) and one.id is None:
                one.id = f"new {index}"  # type: ignore[assignment]
    return played, [answers[index] for index in range(len(asked))]


def _seen(known: Known, model: Model) -> list[Any]:
    """How everybody should find the group."""
    (room,) = (room for room in model.rooms if room.id == known.rooms[0])
    found: list[Any] = []
    for actor in known.people:
        if room.gone or actor.id not in room.seats:
            found += ["not_found", "not_found"]
        else:
            mine = Expected(model, actor.id, _UNBOUNDED)
            letters = [mine.message(room, letter) for letter in room.visible(actor.id)]
            found += [mine.conversation(room), letters]
    return found


def _told(asked: list[Asked], answers: list[Any]) -> list[Any]:
    """The answers; receipts marked together may be answered with where they all have led."""
    return [
        "marked" if isinstance(operation, MarkReceipt) and isinstance(answer, dict) else answer
        for (_, operation), answer in zip(asked, answers, strict=True)
    ]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=st.lists(intents(), min_size=2, max_size=5))
def test_a_batch_is_some_sequence(world: World, wishes: list[Intent]) -> None:
    """What comes of a batch, answers and all, is what comes of some order of its operations."""
    known, model = _begin(world)
    asked = [made for one in wishes if (made := known.operation(one)) is not None]
    model.now = world.clock.now()
    outcomes = [faces.answered(one) for one in world.run_all(asked)]
    looks = (GetConversation(known.rooms[0]), ListMessages(known.rooms[0], limit=100))
    after = world.run_all([(actor, look) for actor in known.people for look in looks])
    seen = [faces.answered(one) for one in after]
    for order in _orders(asked):
        played, answers = _play(model, asked, order)
        if (_told(asked, answers), _seen(known, played)) == (_told(asked, outcomes), seen):
            return
    raise AssertionError((asked, outcomes, seen))


# Commits that fail.


@contextmanager
def _failing_commit(world: World, *, before: bool = False) -> Iterator[pytest.MonkeyPatch]:
    """The next commit of the chat store reports an error, before or after it is done."""
    dialect = world.engine.chat_store._database.writer.dialect  # type: ignore[attr-defined]
    commit, failed = dialect.do_commit, []

    def broken(connection: Any) -> None:
        if not (before and not failed):
            commit(connection)
        if not failed:
            failed.append(True)
            raise OperationalError("disk I/O error")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialect, "do_commit", broken)
        yield patch


@pytest.mark.parametrize("before", [True, False], ids=["not committed", "committed"])
def test_a_commit_whose_answer_is_lost_does_nothing_twice(world: World, before: bool) -> None:
    """Where a commit fails, its batch is there once, answered and announced, either way."""
    people = world.people(2)
    room = _group(world, people)
    connection, _ = world.connect(people[1], None)
    with _failing_commit(world, before=before):
        outcomes = world.run_all([(actor, SendMessage(room.id, "Hello")) for actor in people])
    assert [one.seq for one in outcomes] == [1, 2]
    page = world.run(people[0], ListMessages(room.id))
    assert [one.id for one in page.items] == [one.id for one in outcomes]
    assert [json.loads(line)["params"]["rev"] for line in world.drain(connection)] == [2, 3]
    world.disconnect(connection)


def test_what_became_of_a_commit_may_stay_unknown(world: World) -> None:
    """Where the batch can't be asked for either, nobody claims to know, and nothing runs again."""
    people = world.people(2)
    room = _group(world, people)
    reader = world.engine.chat_store._database.reader.dialect  # type: ignore[attr-defined]
    execute = reader.do_execute

    def broken(cursor: Any, statement: str, *rest: Any) -> None:
        if "batches" in statement:
            raise OperationalError("disk I/O error")
        execute(cursor, statement, *rest)

    asked = [(actor, SendMessage(room.id, "Hello", key="k")) for actor in people]
    with _failing_commit(world) as patch:
        patch.setattr(reader, "do_execute", broken)
        outcomes = world.run_all(asked)
    assert [one.code for one in outcomes] == ["unknown_outcome"] * 2
    again = world.run_all(asked)
    assert [(one.seq, one.replayed) for one in again] == [(1, True), (2, True)]
