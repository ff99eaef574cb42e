"""The engine and a plain model of it, side by side: the same answers after every step."""

from functools import partial
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chatcore.config import Limits
from chatcore.events import Announcement, MessageEvent, ReceiptsMoved
from chatcore.ids import ConversationId, to_datetime
from chatcore.models import Actor, Badge, Conversation, Forwarded, Message
from chatcore.operations import (
    CreateConversation,
    DiscoverConversations,
    ExplainUnread,
    GetBadge,
    GetConversation,
    GetMessage,
    GetMessageStatus,
    ListBans,
    ListBlocks,
    ListBookmarks,
    ListConversations,
    ListInvites,
    ListMembers,
    ListMessages,
    ListReceipts,
    ListThreads,
    NewSettings,
    Operation,
    SendMessage,
)
from tests.stateful import faces
from tests.stateful.doors import Refused
from tests.stateful.faces import Expected
from tests.stateful.intents import Intent, Known, intents, pick
from tests.stateful.machines import LONG, run_machine
from tests.stateful.model import Model
from tests.stateful.rooms import Letter, Link, Room
from tests.stateful.world import World

_EXACT = 4
# Counts end early, so that their end is seen.
LIMITS = Limits(unread_exact=_EXACT)

people = st.integers(0, 3)
places = st.integers(0, 7)
sizes = st.integers(1, 6)


class SideBySide(RuleBasedStateMachine):
    """Four people do whatever they like; whatever they ask is answered as the model says."""

    world: World

    @initialize(shared=st.booleans(), members=st.integers(1, 3))
    def begin(self, shared: bool, members: int) -> None:
        """Make the people, a group for some of them, and a direct conversation."""
        self.world.broker.take()
        self.people = self.world.people(4)
        self.known = Known(self.people)
        self.model = Model([actor.id for actor in self.people])
        self.first: dict[str, Message] = {}
        self.revs: dict[str, int] = {}
        self.marks: dict[tuple[str, str], tuple[int, int]] = {}
        group = CreateConversation(
            kind="group",
            title=self.known.text("title {}"),
            member_ids=tuple(actor.id for actor in self.people[1 : members + 1]),
            settings=NewSettings(history="shared" if shared else "joined"),
        )
        self._do(self.people[0], group)
        self._do(self.people[0], CreateConversation(kind="direct", user_id=self.people[1].id))

    # What changes something.

    @rule(wishes=st.lists(intents(), min_size=1, max_size=10))
    def act(self, wishes: list[Intent]) -> None:
        """People do things, one after the other."""
        for intent in wishes:
            asked = self.known.operation(intent)
            if asked is not None:
                self._do(*asked)

    def _do(self, actor: Actor, operation: Operation[Any]) -> None:
        self.world.tick()
        self.model.now = self.world.clock.now()
        outcome = self.world.run(actor, operation)
        try:
            made = self.model.run(actor.id, operation)
        except Refused as refusal:
            wanted: Any = str(refusal)
            made = None
        else:
            wanted = Expected(self.model, actor.id, _EXACT).answer(operation, made)
        assert faces.answered(outcome) == wanted, operation
        self._meet(outcome, made)
        self.known.learn(operation, outcome)
        self.known.members = {
            room.id: sorted(room.seats, key=lambda user: room.seats[user].role != "owner")
            for room in self.model.rooms
            if room.id is not None and not room.gone
        }
        self._hear()
        self._compare(made.id if isinstance(made, Room) else self._place(operation))

    def _place(self, operation: Operation[Any]) -> ConversationId | None:
        return getattr(operation, "conversation_id", None)

    def _meet(self, outcome: Any, made: Any) -> None:
        """Learn the id of what was made, or see that it is the same as ever."""
        if isinstance(made, Link):
            made.code = outcome.code
        if isinstance(made, (Room, Letter, Link)):
            made.id = made.id or outcome.id
            assert made.id == outcome.id
        if isinstance(outcome, Forwarded):
            for one, each in zip(outcome.items, made, strict=True):
                self._meet(one.message, each)
        if isinstance(outcome, Message):
            self._same(outcome)

    def _same(self, message: Message) -> None:
        """A message's place, sender and time never change, and its version only rises."""
        before = self.first.setdefault(message.id, message)
        assert message.version >= before.version
        for name in ("seq", "sender_id", "created_at", "kind"):
            assert getattr(message, name) == getattr(before, name)
        self.first[message.id] = message

    # What was announced.

    def _hear(self) -> None:
        for one in self.world.broker.take():
            if one.stream is not None:
                self._follow(one.stream, one)

    def _follow(self, stream: str, one: Announcement) -> None:
        """Revisions follow one another, and receipts only rise."""
        if isinstance(one.event, ReceiptsMoved):
            stream = f"receipts of {stream}"
            for receipt in one.event.receipts:
                place, marks = (stream, receipt.user_id), (receipt.delivered_seq, receipt.read_seq)
                before = self.marks.get(place, (-1, -1))
                assert marks != before
                assert marks == tuple(map(max, marks, before))
                self.marks[place] = marks
        if one.rev is not None:
            assert one.prev == self.revs.get(stream, 0)
            assert one.rev == one.prev + 1
            self.revs[stream] = one.rev
        if isinstance(one.event, MessageEvent):
            assert one.event.message.rev == one.rev
            assert one.min_seq == one.event.message.seq
            self._same(one.event.message)

    # What is there.

    def _compare(self, touched: ConversationId | None) -> None:
        """Everybody asks for what has just been touched."""
        rooms = [room for room in self.model.rooms if room.id == touched]
        asked: list[tuple[Actor, Operation[Any]]] = []
        expected: list[Any] = []
        for room in rooms:
            for actor in self.people:
                mine = Expected(self.model, actor.id, _EXACT)
                there = not room.gone and actor.id in room.seats
                seen = room.visible(actor.id) if there else []
                everything = [mine.message(room, letter) for letter in seen][-100:]
                asked += [
                    (actor, GetConversation(room.id)),
                    (actor, ListMessages(room.id, limit=100)),
                ]
                expected += [mine.conversation(room), everything] if there else ["not_found"] * 2
        self._agree(self.world.run_all(asked), expected)

    def _agree(self, outcomes: list[Any], expected: list[Any]) -> None:
        for outcome, wanted in zip(outcomes, expected, strict=True):
            assert faces.answered(outcome) == wanted
            if isinstance(outcome, Conversation):
                assert outcome.rev == self.revs[outcome.id]

    # Lists, in pages.

    @rule(
        look=st.sampled_from(
            (
                "messages",
                "around",
                "members",
                "conversations",
                "bookmarks",
                "blocks",
                "one",
                "threads",
            )
        ),
        who=people,
        where=places,
        size=sizes,
        number=st.integers(0, 12),
    )
    def look(self, look: str, who: int, where: int, size: int, number: int) -> None:
        """Somebody looks at something, in pages of some size."""
        actor, room = pick(self.people, who), pick(self.model.rooms, where)
        mine = Expected(self.model, actor.id, _EXACT)
        if look in ("messages", "around", "members", "threads") and (
            room.gone or actor.id not in room.seats
        ):
            return
        match look:
            case "messages":
                self._page_messages(actor, room, size, later=number % 2 == 0)
            case "around":
                self._look_around(actor, room, size, number)
            case "members":
                self._page_members(actor, room, mine, size)
            case "conversations":
                self._page_conversations(actor, mine, size)
                self._count(actor)
            case "bookmarks":
                assert self._pages(actor, ListBookmarks, (), size) == mine.bookmarks()
            case "blocks":
                theirs = sorted(other for user, other in self.model.blocks if user == actor.id)
                assert self._pages(actor, ListBlocks, (), size) == [(one, True) for one in theirs]
            case "threads":
                self._page_threads(actor, room, mine, size)
            case "one" if room.letters:
                self._get_message(actor, room, mine, pick(room.letters[::-1], number))

    def _page_messages(self, actor: Actor, room: Room, size: int, *, later: bool) -> None:
        """Pages of messages, either way, join to the whole list, whatever is sent meanwhile."""
        assert room.id is not None
        before = [letter.seq for letter in room.visible(actor.id)]
        writer = self.known.person(next(iter(room.seats)))
        place: int | None = 0 if later else None
        found: list[int] = []
        while True:
            where = {"after" if later else "before": place}
            page = self.world.run(actor, ListMessages(room.id, limit=size, **where))  # type: ignore[arg-type]
            seqs = [message.seq for message in page.items]
            found = [*found, *seqs] if later else [*seqs, *found]
            place = page.next
            if place is None:
                break
            assert len(seqs) == size
            if len(found) <= 2 * size:
                self._do(writer, SendMessage(room.id, self.known.text()))
        sent = [letter.seq for letter in room.visible(actor.id) if letter.seq not in before]
        assert found == [*before, *sent] if later else found == before

    def _look_around(self, actor: Actor, room: Room, size: int, seq: int) -> None:
        """The page around a place has its neighbours, and leads on to what is before."""
        assert room.id is not None
        seen = [letter.seq for letter in room.visible(actor.id)]
        page = self.world.run(actor, ListMessages(room.id, around=seq, limit=size))
        found = [message.seq for message in page.items]
        assert len(found) <= size
        assert len(found) == size or page.next is None
        if found:
            start = seen.index(found[0])
            assert found == seen[start : start + len(found)]
            near = [one for one in seen if one >= seq][:1]
            assert set(near) <= set(found)
        if page.next is None:
            assert found[:1] == seen[:1]
        else:
            rest = self.world.run(actor, ListMessages(room.id, before=page.next, limit=100))
            assert [message.seq for message in rest.items] == seen[: seen.index(found[0])]

    def _page_conversations(self, actor: Actor, mine: Expected, size: int) -> None:
        """All of one's own, the last active first."""
        rooms = [one for one in self.model.rooms if not one.gone and actor.id in one.seats]
        rooms.sort(key=lambda room: (room.active_at, room.order), reverse=True)
        found = self._pages(actor, ListConversations, (), size)
        assert found == [mine.conversation(room) for room in rooms]

    def _count(self, actor: Actor) -> None:
        """The badge, the list of what is unread, and each count explained."""
        rooms = [one for one in self.model.rooms if not one.gone and actor.id in one.seats]
        now = to_datetime(self.world.clock.now())
        own = {room.id: room.seats[actor.id].own for room in rooms}
        unread = {room.id: room.unread(actor.id) for room in rooms}
        heard = [
            room.id
            for room in rooms
            if not own[room.id]["archived"] and (own[room.id]["muted_until"] or now) <= now
        ]
        total = [letter for id in heard for letter in unread[id]]
        named = [letter for letter in total if {actor.id, "all"} & set(letter.mentions)]
        waiting = {room.id for room in rooms if unread[room.id] or own[room.id]["marked_unread"]}
        assert self.world.run(actor, GetBadge()) == Badge(
            unread=min(len(total), _EXACT),
            unread_more=len(total) > _EXACT,
            mentions=min(len(named), _EXACT),
            conversations=min(len(waiting & set(heard)), _EXACT),
        )
        listed = self.world.run(actor, ListConversations(unread=True, limit=100)).items
        assert {one.id for one in listed} == waiting
        for room in rooms:
            asked = ExplainUnread(actor.id, room.id, limit=100)  # type: ignore[arg-type]
            told = self.world.run(Actor(None, operator=True), asked)
            counted = [item.seq for item in told.items if item.reason == "counted"]
            assert counted == [letter.seq for letter in unread[room.id]][:100]

    def _page_members(self, actor: Actor, room: Room, mine: Expected, size: int) -> None:
        """All current members and their receipts, by id."""
        seats = [room.seats[user] for user in sorted(room.seats)]
        assert self._pages(actor, ListMembers, (room.id,), size) == list(map(mine.member, seats))
        receipts = self._pages(actor, ListReceipts, (room.id,), size, full=False)
        assert receipts == [
            (seat.user, seat.delivered, seat.read) for seat in seats if not mine.hides(seat.user)
        ]

    def _page_threads(self, actor: Actor, room: Room, mine: Expected, size: int) -> None:
        """All threads, those with something unread, and the replies in one."""
        assert room.id is not None
        for unread in (False, True):
            found = self._pages(actor, partial(ListThreads, unread=unread), (room.id,), size)
            assert found == mine.threads(room, unread=unread)
        for root in (one for one in room.visible(actor.id) if one.replies):
            page = self.world.run(actor, ListMessages(room.id, limit=100, thread_id=root.id))
            seen = [one for one in room.visible(actor.id) if one.thread == root.seq]
            assert [message.seq for message in page.items] == [letter.seq for letter in seen]

    @rule(who=people, where=places, size=sizes)
    def look_at_doors(self, who: int, where: int, size: int) -> None:
        """Somebody asks for the links that work and the bans, and may know of them or not."""
        actor, room = pick(self.people, who), pick(self.model.rooms, where)
        assert room.id is not None
        seat = None if room.gone else room.seats.get(actor.id)
        if room.kind != "group" or seat is None or seat.role == "member":
            outcomes = [self.world.run(actor, kind(room.id)) for kind in (ListBans, ListInvites)]
            code = "forbidden" if seat is not None else "not_found"
            assert [one.code for one in outcomes] == [code, code]
            return
        mine = Expected(self.model, actor.id, _EXACT)
        links = [mine.link(one) for one in room.links if one.works]
        assert self._pages(actor, ListInvites, (room.id,), size) == links
        assert self._pages(actor, ListBans, (room.id,), size) == sorted(room.bans.items())

    @rule(who=people)
    def discover(self, who: int) -> None:
        """Public groups, the newest first; those of other examples are in the same database."""
        actor = pick(self.people, who)
        known = {room.id: room for room in self.model.rooms}
        found: list[Any] = []
        cursor: Any = None
        while True:
            page = self.world.run(actor, DiscoverConversations(cursor=cursor, limit=100))
            found += [(one.id, one.joined) for one in page.items if one.id in known]
            cursor = page.next
            if cursor is None:
                break
        assert found == [
            (room.id, actor.id in room.seats)
            for room in self.model.rooms[::-1]
            if room.public and not room.gone and actor.id not in room.bans
        ]

    def _pages(
        self,
        actor: Actor,
        kind: Any,
        place: tuple[Any, ...],
        size: int,
        *,
        full: bool = True,
    ) -> list[Any]:
        items: list[Any] = []
        cursor = None
        while True:
            page = self.world.run(actor, kind(*place, limit=size, cursor=cursor))
            items += [faces.answered(one) for one in page.items]
            cursor = page.next
            if cursor is None:
                return items
            assert len(page.items) == size or not full

    def _get_message(self, actor: Actor, room: Room, mine: Expected, letter: Letter) -> None:
        """A message, and who has read it; or the answer to ids that nobody ever had."""
        assert room.id is not None
        assert letter.id is not None
        asked = [GetMessage(room.id, letter.id), GetMessageStatus(room.id, letter.id)]
        found, status = self.world.run_all([(actor, operation) for operation in asked])
        if room.gone or actor.id not in room.seats or not room.sees(actor.id, letter):
            assert (found.code, status.code) == ("not_found", "not_found")
            return
        assert faces.answered(found) == mine.message(room, letter)
        steps = ("sent", "delivered", "read")
        assert status.status == mine.status(letter)
        assert {one.user_id: one.status for one in status.items} == {
            seat.user: steps[(seat.delivered >= letter.seq) + (seat.read >= letter.seq)]
            for seat in room.recipients(letter)
            if not mine.hides(seat.user)
        }


def test_the_engine_answers_as_the_model(world: World) -> None:
    """Whatever people do, everybody is answered what a plain model answers."""
    run_machine(SideBySide, world, examples=12, steps=30)


@pytest.mark.slow
def test_the_engine_answers_as_the_model_at_length(world: World) -> None:
    """The same, for a long time."""
    run_machine(SideBySide, world, examples=LONG, steps=50)
