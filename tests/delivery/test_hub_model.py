"""The hub beside a plain model of it: whoever is a member hears, and nobody else."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatcore.config import Limits
from chatcore.delivery.connection import Connection
from chatcore.delivery.hub import Hub
from chatcore.events import Announcement
from chatcore.ids import ConversationId, StreamId
from chatcore.testing.clock import FakeClock
from tests.delivery.build import connection, retitled, sent

ROOMS = ("red", "blue")
USERS = ("ann", "ben", "eve")

rooms, users, floors = st.sampled_from(ROOMS), st.sampled_from(USERS), st.integers(0, 6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), rooms, st.integers(1, 8)),
        st.tuples(st.just("join"), rooms, users, floors),
        st.tuples(st.just("leave"), rooms, users),
    ),
    min_size=1,
    max_size=6,
)


def taken(connection: Connection) -> list[tuple[str, int, bool]]:
    """(stream, rev, shown) of all that waits; it never has to be waited for."""
    found = []
    while connection.outbox.events:
        try:
            connection.outbox.next_frame().send(None)
        except StopIteration as frame:
            for line in frame.value.split("\n"):
                event = json.loads(line)
                shown = event["method"] != "stream.advanced"
                found.append((event["params"]["stream"], event["params"]["rev"], shown))
    return found


class Delivery(RuleBasedStateMachine):
    """Members change and send in batches while connections come, settle and go."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = Hub(Limits(sockets_a_user=100), FakeClock())
        self.members: dict[str, dict[str, int]] = {room: {} for room in ROOMS}
        self.revs = dict.fromkeys(ROOMS, 0)
        self.settled: dict[Connection, list[tuple[str, int, bool]]] = {}
        self.starting: list[tuple[Connection, dict[ConversationId, int]]] = []

    @rule(user=users)
    def attach(self, user: str) -> None:
        """A connection comes; its snapshot is read now and handed over later."""
        made = connection(user)
        self.hub.attach(made)
        snapshot = {
            ConversationId(room): held[user] for room, held in self.members.items() if user in held
        }
        self.starting.append((made, snapshot))

    @precondition(lambda self: self.starting)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        """One of the snapshots arrives."""
        index = data.draw(st.integers(0, len(self.starting) - 1))
        made, snapshot = self.starting.pop(index)
        self.hub.subscribe(made.user_id, snapshot)
        taken(made)
        self.settled[made] = []

    @precondition(lambda self: self.starting)
    @rule()
    def give_up(self) -> None:
        """A connection goes before its snapshot came."""
        self.hub.detach(self.starting.pop()[0])

    @precondition(lambda self: self.settled)
    @rule(data=st.data())
    def detach(self, data: st.DataObject) -> None:
        """A connection goes."""
        gone = data.draw(st.sampled_from(sorted(self.settled, key=lambda one: one.id)))
        self.hub.detach(gone)
        del self.settled[gone]

    @rule(batch=steps)
    def deliver(self, batch: list[Any]) -> None:
        """A batch is announced, and what each settled connection should hear is written down."""
        self.hub.deliver([self.announce(*step) for step in batch])

    def announce(self, kind: str, room: str, *args: Any) -> Announcement:
        """Play one step in the model and say it as the engine would."""
        self.revs[room] += 1
        rev = self.revs[room]
        if kind == "send":
            (seq,) = args
            event, more = sent(seq, conversation=room).event, {"min_seq": seq}
        else:
            change = {"joining": {args[0]: args[1]}} if kind == "join" else {"leaving": [args[0]]}
            told = retitled(rev, **change)
            event, more = told.event, {"joining": told.joining, "leaving": told.leaving}
            if kind == "join":
                self.members[room][args[0]] = args[1]
            else:
                self.members[room].pop(args[0], None)
        for one, expected in self.settled.items():
            if (floor := self.members[room].get(one.user_id)) is not None:
                expected.append((room, rev, kind != "send" or args[0] > floor))
        return Announcement(event=event, stream=StreamId(room), prev=rev - 1, rev=rev, **more)

    @invariant()
    def everyone_hears_what_they_may(self) -> None:
        """Each connection got exactly its members' view, each stream in order."""
        for one, expected in self.settled.items():
            got = taken(one)
            for room in ROOMS:
                assert [e for e in got if e[0] == room] == [e for e in expected if e[0] == room]
            expected.clear()


TestDelivery = Delivery.TestCase
