"""Two engines on one file, as two processes would be: whatever happens first, one legal outcome."""

from collections.abc import Iterator
from functools import partial

import pytest
from attrs import evolve

from chatcore.blocking import BlockingEngine
from chatcore.models import ANONYMOUS, Actor, Message
from chatcore.operations import (
    AddReaction,
    CreateConversation,
    GetConversation,
    Leave,
    ListConversations,
    ListMembers,
    ListMessages,
    MarkReceipt,
    Register,
    SendMessage,
    UpdateMember,
)
from tests.concurrency.racing import Engines, race, two_engines
from tests.people import PASSWORD

ROUNDS = 5


@pytest.fixture
def engines(database: str) -> Iterator[Engines]:
    """Two that share a file and nothing else."""
    with two_engines(database) as opened:
        yield opened


@pytest.fixture
def people(engines: Engines) -> tuple[Actor, Actor]:
    """Ann and Ben."""
    return tuple(  # type: ignore[return-value]
        engines[0].execute(ANONYMOUS, Register(name, PASSWORD)).actor for name in ("ann", "ben")
    )


def test_one_direct_conversation(engines: Engines, people: tuple[Actor, Actor]) -> None:
    """Both begin it from both sides: one is new, the others find it."""
    ann, ben = people
    for _ in range(ROUNDS):
        found = race(
            *(
                partial(engine.execute, me, CreateConversation(kind="direct", user_id=you.id))
                for engine in engines
                for me, you in ((ann, ben), (ben, ann))
            )
        )
        assert len({one.id for one in found}) == 1
    listed = engines[0].execute(ann, ListConversations())
    assert len(listed.items) == 1


def test_one_message_a_key(engines: Engines, people: tuple[Actor, Actor]) -> None:
    """The same key on both engines is sent once; the others are told that it was."""
    ann, _ = people
    notes = engines[0].execute(ann, CreateConversation(kind="self"))

    def send(engine: BlockingEngine, key: str) -> Message:
        return engine.execute(ann, SendMessage(notes.id, "hello", key))

    for number in range(ROUNDS):
        found = race(*(partial(send, engine, f"k{number}") for engine in engines * 2))
        assert len({evolve(one, replayed=None) for one in found}) == 1
        assert [one.replayed for one in found].count(None) == 1
    seqs = [one.seq for one in engines[1].execute(ann, ListMessages(notes.id)).items]
    assert seqs == list(range(1, ROUNDS + 1))


def test_seqs_are_dense(engines: Engines, people: tuple[Actor, Actor]) -> None:
    """Sends through both take their numbers one after the other, none twice, none left out."""
    ann, ben = people
    direct = engines[0].execute(ann, CreateConversation(kind="direct", user_id=ben.id))
    found = race(
        *(
            partial(engine.execute, me, SendMessage(direct.id, str(n)))
            for n in range(ROUNDS)
            for engine in engines
            for me in (ann, ben)
        )
    )
    assert all(isinstance(one, Message) for one in found)
    assert sorted(one.seq for one in found) == list(range(1, len(found) + 1))
    assert sorted(one.rev for one in found) == list(range(2, len(found) + 2))
    state = engines[1].execute(ben, GetConversation(direct.id))
    assert (state.last_seq, state.rev) == (len(found), len(found) + 1)


def test_a_group_keeps_an_owner(engines: Engines, people: tuple[Actor, Actor]) -> None:
    """Two owners who give it up at once, or leave, can't both have their way."""
    ann, ben = people
    for _ in range(ROUNDS):
        group = engines[0].execute(
            ann, CreateConversation(kind="group", title="x", member_ids=(ben.id,))
        )
        engines[0].execute(ann, UpdateMember(group.id, ben.id, "owner"))
        race(
            partial(engines[0].execute, ann, UpdateMember(group.id, ann.id, "member")),
            partial(engines[1].execute, ben, UpdateMember(group.id, ben.id, "member")),
        )
        members = engines[0].execute(ann, ListMembers(group.id)).items
        assert [one.role for one in members].count("owner") == 1
        race(
            partial(engines[0].execute, ann, Leave(group.id)),
            partial(engines[1].execute, ben, Leave(group.id)),
        )
        assert group.id not in {
            one.id for one in engines[0].execute(ann, ListConversations()).items
        }


def test_receipts_and_reactions_lose_nothing(engines: Engines, people: tuple[Actor, Actor]) -> None:
    """Marks end at the highest, each reaction is counted."""
    ann, ben = people
    direct = engines[0].execute(ann, CreateConversation(kind="direct", user_id=ben.id))
    sent = [engines[0].execute(ann, SendMessage(direct.id, str(n))) for n in range(4)]
    race(
        *(
            partial(engine.execute, ben, MarkReceipt(direct.id, read_seq=n))
            for engine in engines
            for n in (2, 4, 1, 3)
        ),
        *(
            partial(engine.execute, me, AddReaction(direct.id, sent[0].id, "+"))
            for engine in engines
            for me in people
        ),
    )
    me = engines[0].execute(ben, GetConversation(direct.id)).me
    assert me is not None
    assert (me.read_seq, me.unread) == (4, 0)
    first = engines[1].execute(ann, ListMessages(direct.id)).items[0]
    assert [(one.key, one.count) for one in first.reactions] == [("+", 2)]
