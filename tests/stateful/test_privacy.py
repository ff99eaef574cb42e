"""Privacy: events obey what queries obey, whatever people block, choose and agree on."""

from collections.abc import Sequence

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chatcore.delivery.receipts import Moved
from chatcore.errors import ChatError
from chatcore.events import Announcement, PresenceChanged, ReceiptsMoved, TypingChanged
from chatcore.ids import ConnectionId, NodeId, UserId
from chatcore.models import Actor, Presence, Receipt, UserSettings
from chatcore.operations import (
    AddBlock,
    CreateConversation,
    GetPresence,
    ListReceipts,
    MarkReceipt,
    NewUserSettings,
    RemoveBlock,
    RemoveContact,
    RequestContact,
    SendMessage,
    SetPresence,
    SetTyping,
    UpdateAccount,
)
from chatcore.services import presence
from chatcore.services.work import ChatWork
from tests.stateful.machines import LONG, run_machine
from tests.stateful.world import World

NODE = NodeId("elsewhere")
audiences = st.sampled_from(("everyone", "contacts", "nobody"))
people = st.integers(0, 3)
Seen = dict[tuple[UserId, UserId], Presence]


class Privacy(RuleBasedStateMachine):
    """Four people in a group, and a plain account of who is open to whom."""

    world: World

    @initialize()
    def begin(self) -> None:
        """They are there, and know nothing of each other."""
        self.people = self.world.people(4)
        ids = [one.id for one in self.people]
        group = CreateConversation(kind="group", title="all", member_ids=tuple(ids[1:]))
        self.group = self.world.run(self.people[0], group)
        self.world.run(self.people[0], SendMessage(self.group.id, "hello"))
        self.world.write(lambda work: presence.renew(work, NODE, 10**9))
        self.blocks: set[tuple[UserId, UserId]] = set()
        self.contacts: set[frozenset[UserId]] = set()
        self.settings = {id: UserSettings() for id in ids}
        self.connections = dict.fromkeys(ids, 0)
        self.world.broker.take()
        self.seen = self._look()

    # What people do.

    @rule(who=people, whom=people, on=st.booleans())
    def block(self, who: int, whom: int, on: bool) -> None:
        """Somebody blocks, or takes it back."""
        one, other = self.people[who], self.people[whom]
        if who == whom:
            return
        outcome = self.world.run(one, AddBlock(other.id) if on else RemoveBlock(other.id))
        (self.blocks.add if on else self.blocks.discard)((one.id, other.id))
        assert on or not isinstance(outcome, ChatError) or (one.id, other.id) not in self.blocks
        self._hear()

    @rule(who=people, whom=people, on=st.booleans())
    def know(self, who: int, whom: int, on: bool) -> None:
        """Two agree to be contacts, or one ends it."""
        one, other = self.people[who], self.people[whom]
        if who == whom:
            return
        if on:
            self.world.run(one, RequestContact(other.id))
            outcome = self.world.run(other, RequestContact(one.id))
            if not isinstance(outcome, ChatError):
                self.contacts.add(frozenset({one.id, other.id}))
        else:
            self.world.run(one, RemoveContact(other.id))
            self.contacts.discard(frozenset({one.id, other.id}))
        self._hear()

    @rule(who=people, presence=audiences, last_seen=audiences, typing=audiences, receipts=audiences)
    def choose(self, who: int, **chosen: str) -> None:
        """Somebody opens or closes themselves."""
        actor = self.people[who]
        new = NewUserSettings(**chosen)  # type: ignore[arg-type]
        user = self.world.run(actor, UpdateAccount(settings=new))
        self.settings[actor.id] = user.settings
        self._hear()

    @rule(who=people, status=st.sampled_from(("online", "away", "invisible")), text=st.booleans())
    def set_status(self, who: int, status: str, text: bool) -> None:
        """Somebody chooses a status."""
        operation = SetPresence(status, "a text" if text else None)  # type: ignore[arg-type]
        self.world.run(self.people[who], operation)
        self._hear()

    @rule(who=people, come=st.booleans())
    def attend(self, who: int, come: bool) -> None:
        """Somebody comes, or goes."""
        user = self.people[who].id
        name = ConnectionId(f"{user} {self.connections[user]}")
        if come:
            self.connections[user] += 1
            name = ConnectionId(f"{user} {self.connections[user]}")

        def move(work: ChatWork) -> None:
            if come:
                presence.connected(work, NODE, name, user)
            else:
                presence.disconnected(work, name, user, work.now)

        self.world.write(move)
        if not come:
            self.connections[user] = max(self.connections[user] - 1, 0)
        self._hear()

    @rule(who=people)
    def read(self, who: int) -> None:
        """Somebody says something, and everybody else reads it."""
        sent = self.world.run(self.people[who], SendMessage(self.group.id, "more"))
        marks = [
            (actor, MarkReceipt(self.group.id, read_seq=sent.seq))
            for actor in self.people
            if actor != self.people[who]
        ]
        self.world.run_all(marks)
        self._hear()

    @rule(who=people)
    def write(self, who: int) -> None:
        """Somebody writes."""
        actor = self.people[who]
        self.world.run(actor, SetTyping(self.group.id))
        (said,) = [one for one in self.world.broker.take() if isinstance(one.event, TypingChanged)]
        for viewer in self.people:
            open_ = self._open(actor.id, viewer.id, self.settings[actor.id].typing)
            assert (said.heard_by(viewer.id) is not None) == (open_ and viewer != actor)

    # What they see.

    def _open(self, owner: UserId, viewer: UserId, audience: str) -> bool:
        if {(owner, viewer), (viewer, owner)} & self.blocks:
            return False
        known = frozenset({owner, viewer}) in self.contacts
        return owner == viewer or audience == "everyone" or (audience == "contacts" and known)

    def _look(self) -> Seen:
        self.world.tick()
        ids = tuple(one.id for one in self.people)
        pages = self.world.run_all([(viewer, GetPresence(ids)) for viewer in self.people])
        return {
            (viewer.id, one.user_id): one.presence
            for viewer, page in zip(self.people, pages, strict=True)
            for one in page.items
        }

    def _hear(self) -> None:
        """Each is told what they would be answered, if it changed, and nothing else."""
        announced = self.world.broker.take()
        before, self.seen = self.seen, self._look()
        for viewer in self.people:
            told = self._told(announced, viewer)
            for (who, user), shown in self.seen.items():
                if who != viewer.id:
                    continue
                if shown != before[who, user]:
                    assert told[user] == shown
                elif user in told:
                    assert told[user] == shown
                    assert frozenset({who, user}) in self.contacts or who == user
                self._bounds(who, user, shown)
            self._receipts(announced, viewer)

    def _told(self, announced: Sequence[Announcement], viewer: Actor) -> dict[UserId, Presence]:
        heard = [one.heard_by(viewer.id) for one in announced if one.stream is None]
        return {one.user_id: one.presence for one in heard if isinstance(one, PresenceChanged)}

    def _bounds(self, viewer: UserId, user: UserId, shown: Presence) -> None:
        chosen = self.settings[user]
        if not self._open(user, viewer, chosen.presence):
            assert (shown.status, shown.text) == ("offline", None)
        if not self._open(user, viewer, chosen.last_seen):
            assert shown.last_seen is None

    def _receipts(self, announced: Sequence[Announcement], viewer: Actor) -> None:
        """Those announced are those listed, and those that one may see."""
        listed = self.world.run(viewer, ListReceipts(self.group.id, limit=100)).items
        own_only = self.settings[viewer.id].receipts == "nobody"
        assert {one.user_id for one in listed} == {
            actor.id
            for actor in self.people
            if actor == viewer
            or (self._open(actor.id, viewer.id, self.settings[actor.id].receipts) and not own_only)
        }
        heard: dict[UserId, Receipt] = {}
        for one in announced:
            if isinstance(one.event, ReceiptsMoved):
                moved = Moved.of(one, one.event)
                for receipt in moved.event(viewer.id, own_only=own_only).receipts:
                    heard[receipt.user_id] = receipt
                said = {receipt.user_id for receipt in one.event.receipts}
                assert said & {one.user_id for one in listed} <= heard.keys()
        assert set(heard.values()) <= set(listed)


def test_events_obey_what_queries_obey(world: World) -> None:
    """What is told of presence, typing and receipts is what the same viewer would be answered."""
    run_machine(Privacy, world, examples=8, steps=20)


@pytest.mark.slow
def test_events_obey_what_queries_obey_at_length(world: World) -> None:
    """The same, for a long time."""
    run_machine(Privacy, world, examples=LONG, steps=50)
