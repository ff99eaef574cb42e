"""Blocks and contacts under two engines at once: whatever comes first, one legal outcome."""

from chatcore.errors import Forbidden
from chatcore.models import Contact, Message
from chatcore.operations import (
    AddBlock,
    CreateConversation,
    GetConversation,
    ListContacts,
    ListMessages,
    RemoveBlock,
    RemoveContact,
    RequestContact,
    RespondContact,
    SendMessage,
)
from tests.concurrency.racing import ROUNDS, Engines, ask, codes, race, register


@ROUNDS
def test_a_block_against_a_send(engines: Engines, rounds: int) -> None:
    """A message is there, or refused; after the block none comes through."""
    one, other = engines
    ann, ben = register(one, "ann", "ben")
    talk = one.execute(ann, CreateConversation(kind="direct", user_id=ben.id))
    sent = 0
    for number in range(rounds):
        outcome, block = race(
            ask(one, ben, SendMessage(talk.id, f"{number}")), ask(other, ann, AddBlock(ben.id))
        )
        assert codes([block]) == ["ok"]
        assert isinstance(outcome, (Message, Forbidden))
        sent += isinstance(outcome, Message)
        late = codes(race(*(ask(at, ben, SendMessage(talk.id, "late")) for at in engines)))
        assert late == ["forbidden"] * 2
        other.execute(ann, RemoveBlock(ben.id))
        assert one.execute(ann, GetConversation(talk.id)).last_seq == sent
    assert len(one.execute(ann, ListMessages(talk.id, limit=100)).items) == min(sent, 100)


@ROUNDS
def test_both_ask_at_once(engines: Engines, rounds: int) -> None:
    """Then both are contacts, and who asked is agreed."""
    one, other = engines
    ann, ben = register(one, "ann", "ben")
    for _ in range(rounds):
        found = race(ask(one, ann, RequestContact(ben.id)), ask(other, ben, RequestContact(ann.id)))
        assert all(isinstance(side, Contact) for side in found)
        mine, theirs = (
            engine.execute(actor, ListContacts()).items[0]
            for engine, actor in ((other, ann), (one, ben))
        )
        assert mine.state == theirs.state == "accepted"
        assert mine.incoming != theirs.incoming
        one.execute(ann, RemoveContact(ben.id))


@ROUNDS
def test_answers_that_cross(engines: Engines, rounds: int) -> None:
    """A yes against withdrawing, and against a block: both sides tell the same in the end."""
    one, other = engines
    ann, ben = register(one, "ann", "ben")
    for _ in range(rounds):
        for against in (RemoveContact(ben.id), AddBlock(ben.id)):
            one.execute(ann, RequestContact(ben.id))
            yes, ended = race(ask(one, ben, RespondContact(ann.id, True)), ask(other, ann, against))
            assert codes([ended]) == ["ok"]
            assert codes([yes]) in (["ok"], ["not_found"])
            sides = [
                [contact.state for contact in one.execute(actor, ListContacts()).items]
                for actor in (ann, ben)
            ]
            # A contact that was agreed before the block stays one.
            stays = isinstance(against, AddBlock) and codes([yes]) == ["ok"]
            assert sides == ([["accepted"]] * 2 if stays else [[], []])
            if isinstance(against, AddBlock):
                one.execute(ann, RemoveBlock(ben.id))
            if stays:
                one.execute(ann, RemoveContact(ben.id))
