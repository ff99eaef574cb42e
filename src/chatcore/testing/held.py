"""One conversation as a client holds it: plain dicts, kept up to date by events.

Live events carry shared faces; what is personal (``mine``, ``status``, counts, the last message) is
derived here by the protocol's rules. Where the rules can't tell, there is a doubt: pull.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import define, field

Json = dict[str, Any]

_STEPS: Final = ("sent", "delivered", "read")
_NEVER: Final = "~"
"""After every time."""
_PERSONAL: Final = ("mine", "status", "hidden", "replayed")
_OWN: Final = (
    "marked_unread",
    "muted_until",
    "archived",
    "pinned",
    "labels",
    "draft",
    "cleared_seq",
)


@define(eq=False)
class Held:
    """Shared and personal faces of a conversation, for ``viewer``."""

    viewer: str
    conversation: Json = field(factory=dict)
    own: Json = field(factory=dict)
    """What only the viewer sees of it: archived, muted, the draft and the like."""
    members: dict[str, Json] = field(factory=dict)
    """By user, with the tombstones of those who have left."""
    marks: dict[str, tuple[int, int]] = field(factory=dict)
    """By user: delivered up to, read up to."""
    messages: dict[int, Json] = field(factory=dict)
    """By seq, as far as held."""
    cleared: int = 0
    """Nothing up to here is seen any more."""
    blank: set[int] = field(factory=set)
    """The seqs that a page has left out: not visible."""
    first: int = 1
    """From here on every visible message is held, except for:"""
    forgotten: set[int] = field(factory=set)
    """The seqs of messages that changed unseen: list them when they are shown."""
    hidden: set[str] = field(factory=set)
    """The ids of messages that the viewer hid."""
    blocked: set[str] = field(factory=set)
    """Whom the viewer blocks, or has blocked: whether their mentions count, the server knows."""
    votes: dict[str, list[int]] = field(factory=dict)
    """By poll, what the viewer chose, as the account stream told."""
    now: Callable[[], str] = field(default=lambda: "")
    """The time, as the server writes it: what has expired is dropped."""
    last_seq: int = 0
    unread: int = 0
    unread_more: bool = False
    unread_mentions: int = 0
    doubts: int = 0
    """How often the counts became uncertain: only the server knows."""
    settled: int = 0
    """How many of these doubts were there when the server was asked."""

    # Fetched.

    def take_conversation(self, conversation: Json) -> None:
        """A fetched conversation with its personal face."""
        self._take_shared(conversation)
        self.last_seq = max(self.last_seq, conversation["last_seq"])
        me = conversation["me"]
        if not self.own:
            # What the account stream told meanwhile wins: this answer may be older.
            self.personalize(me)
        self._reach(self.viewer, me["delivered_seq"], me["read_seq"], live=False)

    def take_page(self, items: Iterable[Json], *, complete: bool) -> None:
        """The newest page of messages, by rising seq; ``complete`` where none are older."""
        items = list(items)
        if not self.messages and not complete:
            self.first = min(message["seq"] for message in items)
        for message in self._uncleared(items):
            held = self.messages.get(message["seq"])
            if held is None or held["rev"] <= message["rev"]:
                self.messages[message["seq"]] = message
        shown = {message["seq"] for message in items}
        first = min(shown, default=1)
        self.blank.update(set(range(first, self.last_seq + 1)) - shown)
        self.forgotten.difference_update(shown, self.blank)

    def take_older(self, items: Iterable[Json], *, complete: bool) -> None:
        """The page before ``first``; ``complete`` where none are older."""
        for message in self._uncleared(items):
            self.messages.setdefault(message["seq"], message)
            self.first = message["seq"] if message["seq"] < self.first else self.first
        self.first = 1 if complete else self.first

    def take_counts(self, me: Json, doubts: int) -> None:
        """The server's counts replace the running ones; they were asked for after ``doubts``."""
        self.unread, self.unread_mentions = me["unread"], me["unread_mentions"]
        self.unread_more = me["unread_more"]
        if me["read_seq"] >= self.read_seq:
            self.settled = doubts

    # Applied.

    def apply(self, method: str, params: Json, *, live: bool) -> None:
        """An event that the three-way rule lets through, or a pulled change."""
        if "message" in params:
            self._apply_message(method, params, live=live)
        elif "member" in params:
            self.apply_member(params["member"], live=live)
        elif "conversation" in params:
            self._take_shared(params["conversation"])
        for receipt in params.get("receipts", ()):
            marks = receipt["delivered_seq"], receipt["read_seq"]
            self._reach(receipt["user_id"], *marks, live=live)

    def apply_member(self, member: Json, *, live: bool) -> None:
        """A membership, or the end of one."""
        user = member["user_id"]
        held = self.members.get(user)
        if held is not None and held["rev"] > member["rev"]:
            return
        if (
            held is not None
            and "left_at" not in held
            and held["joined_seq"] != member["joined_seq"]
        ):
            self._missed_a_leave(member["joined_seq"])
        self._reach(user, member["delivered_seq"], member["read_seq"], live=live)
        if "left_at" in member:
            self._keep_statuses()
        self.members[user] = member

    def personalize(self, me: Json) -> None:
        """The viewer's own view as it is now; its counts have no place in the stream's order."""
        self.own = {name: me[name] for name in _OWN if name in me}
        self._clear(me["cleared_seq"])

    def _take_shared(self, conversation: Json) -> None:
        """The shared face. What it says is pruned, is gone."""
        self.conversation = conversation
        self._clear(conversation.get("pruned_seq", 0))

    def _clear(self, up_to_seq: int) -> None:
        """Nothing up to there is seen any more."""
        if up_to_seq > self.cleared:
            self.cleared = up_to_seq
            self._lose(set(range(1, self.cleared + 1)))
            self.forgotten = {seq for seq in self.forgotten if seq > self.cleared}
            self.doubts += 1

    def tick(self) -> None:
        """Drop what has expired since: at once, by the clock, without a word from the server."""
        now = self.now()
        for seq, message in list(self.messages.items()):
            if message.get("expires_at", _NEVER) <= now:
                self._expire(seq, message)

    def _expire(self, seq: int, message: Json) -> None:
        self.messages.pop(seq, None)
        self.blank.add(seq)
        self.forgotten.discard(seq)
        if not self._countable(message) or "deleted" in message or self.is_hidden(message):
            return
        if self.unread_more or self.doubtful:
            self.doubts += 1
        else:
            self._add(message, -1)

    def hide(self, message_id: str) -> None:
        """The viewer hid a message. Whether the counts knew it already, nobody can tell."""
        self.hidden.add(message_id)
        self.doubts += 1

    def forget(self, first: int, last: int) -> None:
        """Messages changed that are not sent."""
        self.last_seq = max(self.last_seq, last)
        self._lose(set(range(first, last + 1)))

    def _uncleared(self, items: Iterable[Json]) -> list[Json]:
        """Those of a page that may have been on its way while the viewer cleared."""
        return [message for message in items if message["seq"] > self.cleared]

    def _lose(self, seqs: set[int]) -> None:
        self.forgotten.update(seqs)
        self.blank.difference_update(seqs)
        for seq in seqs:
            self.messages.pop(seq, None)

    def _apply_message(self, method: str, params: Json, *, live: bool) -> None:
        message = params["message"]
        held = self.messages.get(message["seq"])
        self.last_seq = max(self.last_seq, message["seq"])
        if message["seq"] <= self.cleared:
            return
        if message.get("expires_at", _NEVER) <= self.now():
            self.doubts += 1
            self.messages.pop(message["seq"], None)
            self.blank.add(message["seq"])
            self.forgotten.discard(message["seq"])
            return
        if live:
            self._count(method, message, held)
        if held is None and live and method != "message.sent":
            return  # Outside the window.
        if held is not None and held["rev"] >= message["rev"]:
            return
        if live:
            message = message | self._personal(message, held or {}, params.get("change"))
        self.messages[message["seq"]] = message
        self.forgotten.discard(message["seq"])

    def _personal(self, message: Json, held: Json, change: Json | None) -> Json:
        mine = [] if "deleted" in message else _own(held)
        if change is not None and change["user_id"] == self.viewer:
            mine = [key for key in mine if key != change["key"]]
            mine += [change["key"]] if change["added"] else []
        kept: Json = {name: held[name] for name in ("status", "hidden") if name in held}
        if "poll" in message:
            kept["poll"] = message["poll"] | {"mine": held.get("poll", {}).get("mine", [])}
        return {"mine": mine} | kept

    def _count(self, method: str, message: Json, held: Json | None) -> None:
        """The running count: +1 for another's new message, -1 for the first deletion."""
        if not self._countable(message):
            return
        if method == "message.sent":
            if self.unread_more:
                self.doubts += 1
            elif message["id"] not in self.hidden:
                self._add(message, 1)
        elif "deleted" in message:
            if held is None or self.unread_more or held["rev"] >= message["rev"]:
                self.doubts += 1
            elif "deleted" not in held and held["id"] not in self.hidden:
                self._add(held, -1)

    def _add(self, message: Json, step: int) -> None:
        self.unread += step
        if self.viewer in message["mentions"] or "all" in message["mentions"]:
            if step < 0 or message["sender_id"] in self.blocked:
                # It didn't count if its sender was blocked when it was sent.
                self.doubts += 1
            else:
                self.unread_mentions += step

    def _countable(self, message: Json) -> bool:
        seq: int = message["seq"]
        joined: int = self.members.get(self.viewer, {}).get("joined_seq", 0)
        return bool(
            seq > max(self.read_seq, joined)
            and message["sender_id"] != self.viewer
            and message["kind"] != "system"
        )

    def _reach(self, user: str, delivered: int, read: int, *, live: bool) -> None:
        before = self.marks.get(user, (0, 0))
        self.marks[user] = max(before[0], delivered), max(before[1], read)
        if live and user == self.viewer and self.marks[user][1] > before[1]:
            # Another of the viewer's devices has read: what is left, only the server knows.
            self.doubts += 1

    def _keep_statuses(self) -> None:
        """A leave that empties the recipients keeps the last status."""
        for message in self._own():
            message["status"] = self.status(message)

    def _missed_a_leave(self, joined_seq: int) -> None:
        """Who left and came back unseen may have been the only recipient."""
        own = [one for one in self._own() if one["seq"] <= joined_seq]
        self._lose({one["seq"] for one in own if self.status(one) != "read"})

    def _own(self) -> list[Json]:
        return [one for one in self.messages.values() if one["sender_id"] == self.viewer]

    # Derived.

    @property
    def doubtful(self) -> bool:
        """Whether the counts may be wrong."""
        return self.doubts > self.settled

    @property
    def read_seq(self) -> int:
        """Up to where the viewer has read."""
        return self.marks.get(self.viewer, (0, 0))[1]

    def status(self, message: Json) -> str:
        """How far all recipients have got with an own message; it never falls."""
        marks = [
            self.marks[user]
            for user, member in self.members.items()
            if "left_at" not in member
            and member["joined_seq"] < message["seq"]
            and user != message["sender_id"]
        ]
        reached = 0
        if marks:
            delivered, read = (min(mark[index] for mark in marks) for index in (0, 1))
            reached = (delivered >= message["seq"]) + (read >= message["seq"])
        return _STEPS[max(reached, _STEPS.index(message.get("status", "sent")))]

    def last_message(self) -> Json | None:
        """The last visible message. Raises :class:`LookupError` where it isn't held."""
        for seq in range(self.last_seq, self.cleared, -1):
            message = self.messages.get(seq)
            if message is None and seq not in self.blank:
                raise LookupError(seq)
            if message is not None and not self.is_hidden(message):
                return message
        return None

    def is_hidden(self, message: Json) -> bool:
        """Whether the viewer hid it."""
        return bool(message.get("hidden")) or message["id"] in self.hidden

    def shown(self, message: Json) -> Json:
        """A held message with the personal face that follows from what is held.

        A quote is derived where the quoted message is held too, and left out otherwise.
        """
        face = {name: value for name, value in message.items() if name not in _PERSONAL}
        face["mine"] = sorted(_own(message))
        face["reactions"] = [
            {name: value for name, value in reaction.items() if name != "mine"}
            for reaction in message["reactions"]
        ]
        if "poll" in face:
            # What was fetched may be older than what the account stream told since.
            said = self.votes.get(message["id"], face["poll"].get("mine", []))
            face["poll"] = face["poll"] | {"mine": said}
        if message["sender_id"] == self.viewer:
            face["status"] = self.status(message)
        if "reply_to" in message:
            reply = {name: message["reply_to"][name] for name in ("message_id", "seq")}
            face["reply_to"] = reply | self._preview(reply["seq"])
        return face

    def _preview(self, seq: int) -> Json:
        quoted = self.messages.get(seq)
        if quoted is None or self.is_hidden(quoted):
            return {}
        preview = {name: quoted[name] for name in ("sender_id", "kind", "body") if name in quoted}
        return {"preview": preview | {"deleted": "deleted" in quoted}}


def _own(message: Json) -> list[str]:
    """The viewer's reactions: derived from live events, or flagged in what was fetched."""
    if "mine" in message:
        return list(message["mine"])
    return [one["key"] for one in message.get("reactions", ()) if one.get("mine")]
