"""Unread counts: the predicate, and a client's running count that agrees with it."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatcore.ids import UserId
from chatcore.models import Deletion, Message
from chatcore.rules.unread import Counts, Viewer, arrived, brute, counts, vanished
from chatcore.testing.strategies import EPOCH, histories, messages, moments, seqs, user_ids

ME = UserId("u0")
OTHER = UserId("u1")
MANY = 1_000

viewers = st.builds(Viewer, user_id=st.just(ME), read_seq=seqs, joined_seq=seqs, floor_seq=seqs)
PLAIN = {
    "sender_id": OTHER,
    "kind": "text",
    "mentions": (),
    "deleted": None,
    "hidden": None,
    "expires_at": None,
}


def unread(held: list[Message], viewer: Viewer, now=EPOCH, limit: int = MANY) -> Counts:
    """What the server would answer."""
    return brute(held, viewer, now, limit)


@given(histories(), viewers, moments(), st.integers(1, 6))
def test_the_count_is_capped_and_flagged(held, viewer, now, limit):
    """Up to the limit the count is exact; beyond, it is the limit and says that there is more."""
    exact = sum(counts(message, viewer, now) for message in held)
    found = unread(held, viewer, now, limit)
    assert found.unread == min(exact, limit)
    assert found.more == (exact > limit)
    assert found.mentions <= found.unread


@given(histories(), viewers, moments())
def test_reading_everything_leaves_nothing(held, viewer, now):
    """A read mark at the last message means zero unread."""
    assert unread(held, evolve(viewer, read_seq=len(held)), now) == Counts()


@given(histories(), viewers, moments())
def test_joining_leaves_nothing(held, viewer, now):
    """Who joins now has nothing to catch up with."""
    assert unread(held, evolve(viewer, joined_seq=len(held)), now) == Counts()


@pytest.mark.parametrize(
    "change",
    [
        {"sender_id": ME},
        {"kind": "system"},
        {"deleted": Deletion(at=EPOCH, by=OTHER)},
        {"hidden": True},
        {"expires_at": EPOCH},
        {"seq": 3},
    ],
    ids=lambda change: next(iter(change)),
)
@given(data=st.data())
def test_what_does_not_count(change, data):
    """One's own, system, deleted, hidden, expired and read messages aren't unread."""
    plain = data.draw(messages(4, **PLAIN))
    viewer = Viewer(user_id=ME, read_seq=3)
    assert counts(plain, viewer, EPOCH)
    assert not counts(evolve(plain, **change), viewer, EPOCH)


@pytest.mark.parametrize("mark", ["read_seq", "joined_seq", "floor_seq"])
@given(data=st.data())
def test_only_what_is_above_every_mark_counts(mark, data):
    """A message at the read mark, joining or floor doesn't count; the next one does."""
    at, above = data.draw(messages(4, **PLAIN)), data.draw(messages(5, **PLAIN))
    viewer = Viewer(user_id=ME, **{mark: 4})
    assert not counts(at, viewer, EPOCH)
    assert counts(above, viewer, EPOCH)


@given(histories(), viewers, st.data())
def test_one_more_from_another_is_one_more(held, viewer, data):
    """Another's message adds one, one's own adds none, editing and reacting change nothing."""
    before = unread(held, evolve(viewer, read_seq=0, joined_seq=0, floor_seq=0))
    viewer = evolve(viewer, read_seq=0, joined_seq=0, floor_seq=0)
    fresh = data.draw(messages(len(held) + 1, **PLAIN))
    assert unread([*held, fresh], viewer).unread == before.unread + 1
    assert unread([*held, evolve(fresh, sender_id=ME)], viewer).unread == before.unread
    edited = evolve(fresh, body="other", version=2, rev=99)
    assert unread([*held, edited], viewer) == unread([*held, fresh], viewer)
    gone = evolve(fresh, deleted=Deletion(at=EPOCH, by=OTHER))
    assert unread([*held, gone], viewer) == before


@given(histories(), st.data())
def test_mentions_count_once(held, data):
    """A message that names the viewer and everybody is one mention, and only while unread."""
    named = data.draw(messages(len(held) + 1, **{**PLAIN, "mentions": (ME, "all")}))
    viewer = Viewer(user_id=ME)
    before = unread(held, viewer)
    assert unread([*held, named], viewer).mentions == before.mentions + 1
    assert unread([*held, named], evolve(viewer, read_seq=named.seq)).mentions == 0


@given(st.data())
def test_a_client_that_cannot_know_asks(data):
    """Without the message, or where the count is no longer exact, there is no running count."""
    viewer, message = Viewer(user_id=ME), data.draw(messages(1, **PLAIN))
    assert vanished(Counts(3), viewer, None) is None
    assert vanished(Counts(3, True), viewer, message) is None
    assert arrived(Counts(3, True), viewer, message, EPOCH, 3) is None
    assert arrived(Counts(3), viewer, message, EPOCH, 3) is None
    assert arrived(Counts(3), viewer, message, EPOCH, 4) == Counts(4)


class Client(RuleBasedStateMachine):
    """A server's messages beside a client that only follows the events."""

    LIMIT = 4

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[int, Message] = {}
        self.viewer = Viewer(user_id=ME)
        self.now = EPOCH
        self.count = Counts()

    def ask(self, count: Counts | None) -> Counts:
        """What a client does that can't know: it fetches the conversation."""
        return self.server() if count is None else count

    def server(self) -> Counts:
        return brute(self.held.values(), self.viewer, self.now, self.LIMIT)

    @rule(data=st.data(), sender=user_ids(2), lives_s=st.none() | st.integers(1, 3))
    def send(self, data: st.DataObject, sender: UserId, lives_s: int | None) -> None:
        expires_at = None if lives_s is None else self.now + timedelta(seconds=lives_s)
        fresh = {"sender_id": sender, "deleted": None, "hidden": None, "expires_at": expires_at}
        message = data.draw(messages(len(self.held) + 1, **fresh))
        self.held[message.seq] = message
        self.count = self.ask(arrived(self.count, self.viewer, message, self.now, self.LIMIT))

    def drop(self, seq: int, after: Message) -> None:
        before, self.held[seq] = self.held[seq], after
        self.count = self.ask(vanished(self.count, self.viewer, before))

    def live(self, data: st.DataObject) -> Message:
        return data.draw(st.sampled_from([m for m in self.held.values() if self.is_live(m)]))

    def is_live(self, message: Message) -> bool:
        expired = message.expires_at is not None and message.expires_at <= self.now
        return message.deleted is None and not message.hidden and not expired

    @precondition(lambda self: any(map(self.is_live, self.held.values())))
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        message = self.live(data)
        self.drop(message.seq, evolve(message, deleted=Deletion(at=self.now, by=OTHER)))

    @precondition(lambda self: any(map(self.is_live, self.held.values())))
    @rule(data=st.data())
    def hide(self, data: st.DataObject) -> None:
        message = self.live(data)
        self.drop(message.seq, evolve(message, hidden=True))

    @rule()
    def wait(self) -> None:
        before = [message for message in self.held.values() if self.is_live(message)]
        self.now += timedelta(seconds=1)
        count: Counts | None = self.count
        for message in before:
            if count is not None and not self.is_live(message):
                count = vanished(count, self.viewer, message)
        self.count = self.ask(count)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        seq = data.draw(st.integers(self.viewer.read_seq, len(self.held)))
        self.viewer = evolve(self.viewer, read_seq=seq)
        self.count = self.server()

    @invariant()
    def the_client_agrees(self) -> None:
        assert self.count == self.server()


TestRunningCount = Client.TestCase
TestRunningCount.settings = settings(max_examples=60, stateful_step_count=25)
TestRunningCount.__doc__ = "A client's running count equals the server's answer in every state."
