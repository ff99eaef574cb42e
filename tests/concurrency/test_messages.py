"""Two engines meet over messages: an edit and a deletion, votes, replies, pins, forwards."""

from chatcore.config import Limits
from chatcore.models import Message
from chatcore.operations import (
    CreateConversation,
    DeleteMessage,
    EditMessage,
    ForwardMessage,
    GetMessage,
    ListMessages,
    ListRevisions,
    NewPoll,
    PinMessage,
    SendMessage,
    Vote,
)
from tests.concurrency.racing import ROUNDS, ask, codes, race, register, tally, two_engines


@ROUNDS
def test_edit_against_delete(database: str, rounds: int) -> None:
    """Deleted is the end: an edit comes before it or not at all, and leaves no text behind."""
    with two_engines(database) as (one, other):
        ann, ben = register(one, "ann", "ben")
        group = one.execute(
            ann, CreateConversation(kind="group", title="group", member_ids=(ben.id,))
        )
        for _ in range(rounds):
            sent = one.execute(ann, SendMessage(group.id, "first"))
            assert isinstance(sent, Message)
            outcomes = race(
                ask(one, ann, EditMessage(group.id, sent.id, "second")),
                ask(other, ann, DeleteMessage(group.id, sent.id)),
            )
            assert codes(outcomes) in (["ok", "ok"], ["conflict", "ok"])
            left = other.execute(ben, GetMessage(group.id, sent.id))
            assert left.deleted is not None
            assert (left.body, left.edited_at) == (None, None)
            assert left.version == (3 if codes(outcomes)[0] == "ok" else 2)
            assert one.execute(ann, ListRevisions(group.id, sent.id)).items == ()


@ROUNDS
def test_edit_against_edit(database: str, rounds: int) -> None:
    """Of two edits of the same version one wins, and the history has both texts that were shown."""
    with two_engines(database) as (one, other):
        (ann,) = register(one, "ann")
        notes = one.execute(ann, CreateConversation(kind="self"))
        for _ in range(rounds):
            sent = one.execute(ann, SendMessage(notes.id, "first"))
            assert isinstance(sent, Message)
            outcomes = race(
                ask(one, ann, EditMessage(notes.id, sent.id, "one", version=1)),
                ask(other, ann, EditMessage(notes.id, sent.id, "other", version=1)),
            )
            assert tally(outcomes) == {"ok": 1, "version_conflict": 1}
            (winner,) = (found for found in outcomes if isinstance(found, Message))
            history = other.execute(ann, ListRevisions(notes.id, sent.id)).items
            assert [found.body for found in history] == ["first", winner.body]


@ROUNDS
def test_votes_are_counted_exactly(database: str, rounds: int) -> None:
    """However many vote at once, from wherever: each counts once, where they voted last."""
    with two_engines(database) as engines:
        people = register(engines[0], "ann", "ben", "cem", "dan")
        group = engines[0].execute(
            people[0],
            CreateConversation(
                kind="group", title="group", member_ids=tuple(one.id for one in people[1:])
            ),
        )
        poll = NewPoll(question="?", options=("a", "b"))
        for number in range(rounds):
            sent = engines[0].execute(people[0], SendMessage(group.id, kind="poll", poll=poll))
            assert isinstance(sent, Message)
            votes = [
                ask(engines[(index + number) % 2], voter, Vote(group.id, sent.id, (index % 2,)))
                for index, voter in enumerate(people)
            ]
            assert tally(race(*votes)) == {"ok": 4}
            shown = engines[1].execute(people[0], GetMessage(group.id, sent.id)).poll
            assert shown is not None
            assert ([option.count for option in shown.options], shown.voters) == ([2, 2], 4)


@ROUNDS
def test_replies_against_the_roots_deletion(database: str, rounds: int) -> None:
    """The count is that of the replies that got in, whichever came first."""
    with two_engines(database) as (one, other):
        ann, ben = register(one, "ann", "ben")
        group = one.execute(
            ann, CreateConversation(kind="group", title="group", member_ids=(ben.id,))
        )
        for _ in range(rounds):
            root = one.execute(ann, SendMessage(group.id, "root"))
            assert isinstance(root, Message)
            outcomes = race(
                ask(one, ben, SendMessage(group.id, "reply", thread_id=root.id)),
                ask(other, ben, SendMessage(group.id, "reply", thread_id=root.id)),
                ask(other, ann, DeleteMessage(group.id, root.id)),
            )
            assert set(codes(outcomes[:2])) <= {"ok", "conflict"}
            assert codes(outcomes[2:]) == ["ok"]
            left = one.execute(ben, GetMessage(group.id, root.id))
            inside = one.execute(ben, ListMessages(group.id, thread_id=root.id)).items
            assert len(inside) == codes(outcomes).count("ok") - 1
            assert (left.thread.count if left.thread else 0) == len(inside)


@ROUNDS
def test_pins_never_pass_their_number(database: str, rounds: int) -> None:
    """Two last pins at once: there is room for one."""
    with two_engines(database, limits=Limits(pins=1)) as (one, other):
        (ann,) = register(one, "ann")
        for _ in range(rounds):
            group = one.execute(ann, CreateConversation(kind="group", title="group"))
            sent = [one.execute(ann, SendMessage(group.id, text)) for text in ("a", "b")]
            pins = [PinMessage(group.id, message.id) for message in sent]  # type: ignore[union-attr]
            outcomes = race(ask(one, ann, pins[0]), ask(other, ann, pins[1]))
            assert tally(outcomes) == {"ok": 1, "conflict": 1}
            listed = one.execute(ann, ListMessages(group.id, pinned=True)).items
            assert len(listed) == 1


@ROUNDS
def test_a_forward_is_sent_once(database: str, rounds: int) -> None:
    """The same forward from two devices is one message in each place."""
    with two_engines(database) as (one, other):
        (ann,) = register(one, "ann")
        source, target = (
            one.execute(ann, CreateConversation(kind="group", title=title))
            for title in ("source", "target")
        )
        for number in range(rounds):
            sent = one.execute(ann, SendMessage(source.id, "once"))
            assert isinstance(sent, Message)
            forward = ForwardMessage(source.id, sent.id, (target.id,), f"k{number}")
            first, second = race(ask(one, ann, forward), ask(other, ann, forward))
            assert first.items[0].message.id == second.items[0].message.id
            page = one.execute(ann, ListMessages(target.id))
            assert page.items[-1].seq == number + 1
