"""Conversations, memberships and messages as the plain model keeps them."""

from typing import Any

from attrs import define, field

from chatcore.ids import ConversationId, InviteId, MessageId, UserId


@define(eq=False)
class Ballot:
    """A poll's options, its rules and its votes."""

    options: tuple[str, ...]
    multiple: bool
    anonymous: bool
    votes: dict[UserId, tuple[int, tuple[int, ...]]] = field(factory=dict)
    """By user, when they voted, and for which options."""
    closed: bool = False


@define(eq=False)
class Letter:
    """A message."""

    seq: int
    sender: UserId
    kind: str
    body: str | None
    reply: int | None
    mentions: tuple[str, ...]
    key: str | None
    content: tuple[object, ...]
    """What a repeat of the key has to have too."""
    id: MessageId | None = None
    version: int = 1
    edited: bool = False
    deleted_by: UserId | None = None
    reactions: list[tuple[int, UserId, str]] = field(factory=list)
    """(when, who, how)."""
    hidden_by: set[UserId] = field(factory=set)
    thread: int | None = None
    replies: list["Letter"] = field(factory=list)
    """In its thread."""
    poll: "Ballot | None" = None
    pinned_by: UserId | None = None
    first_by: UserId | None = None
    """Who wrote it first, if it was forwarded."""
    status: int = 0
    """The last one that any recipients gave it."""
    last: frozenset[UserId] = frozenset()
    """The last recipients there were."""
    deaf: frozenset[UserId] = frozenset()
    """Who blocked its sender when it was sent."""


@define(eq=False)
class Seat:
    """A current membership."""

    user: UserId
    role: str
    joined_at: int
    joined_seq: int
    floor: int
    delivered: int
    read: int
    own: dict[str, Any] = field(
        factory=lambda: {
            "marked_unread": False,
            "muted_until": None,
            "archived": False,
            "pinned": False,
            "labels": (),
            "draft": None,
            "cleared_seq": 0,
        }
    )
    """What only the member sees."""
    threads: dict[int, int] = field(factory=dict)
    """By root, how far it was read alone."""


@define(eq=False)
class Link:
    """An invitation."""

    creator: UserId
    role: str
    share: bool
    max_uses: int | None
    uses: int = 0
    gone: bool = False
    """Revoked, or its creator may no longer make it."""
    id: InviteId | None = None
    code: str | None = None

    @property
    def works(self) -> bool:
        """Whether anybody may still join by it."""
        return not self.gone and (self.max_uses is None or self.uses < self.max_uses)


@define(eq=False)
class Room:
    """A conversation."""

    order: int
    kind: str
    title: str | None
    pair: frozenset[UserId]
    history: str
    active_at: int
    announcement: bool = False
    frozen: bool = False
    public: bool = False
    slow_mode_s: int = 0
    sent_at: dict[UserId, int] = field(factory=dict)
    """When somebody last sent what slow mode counts."""
    bans: dict[UserId, UserId] = field(factory=dict)
    """Who is banned, and by whom."""
    links: list[Link] = field(factory=list)
    id: ConversationId | None = None
    letters: list[Letter] = field(factory=list)
    seats: dict[UserId, Seat] = field(factory=dict)
    gone: bool = False

    @property
    def last_seq(self) -> int:
        return len(self.letters)

    def join(self, user: UserId, role: str, now: int, floor: int) -> None:
        """Begin a membership: everything until now counts as read."""
        last = self.last_seq
        self.seats[user] = Seat(user, role, now, last, floor, last, last)

    def recipients(self, letter: Letter) -> list[Seat]:
        """The members who were there when it was sent, but its sender."""
        return [
            seat
            for seat in self.seats.values()
            if seat.user != letter.sender and seat.joined_seq < letter.seq
        ]

    def note_statuses(self) -> None:
        """What the recipients have reached stays, even when the last of them has left."""
        for letter in self.letters:
            there = self.recipients(letter)
            if there:
                reached = min(
                    (one.delivered >= letter.seq) + (one.read >= letter.seq) for one in there
                )
                assert reached >= letter.status, "a status fell"
                letter.status = reached
                letter.last = frozenset(one.user for one in there)

    def sees(self, user: UserId, letter: Letter) -> bool:
        """Whether a member sees it, or its tombstone."""
        return letter.seq > self.seats[user].floor and user not in letter.hidden_by

    def visible(self, user: UserId) -> list[Letter]:
        """All that a member sees."""
        return [letter for letter in self.letters if self.sees(user, letter)]

    def unread(self, user: UserId, root: Letter | None = None) -> list[Letter]:
        """By looking at every message, or at those in a thread."""
        seat = self.seats[user]
        mark = 0 if root is None else seat.threads.get(root.seq, 0)
        return [
            letter
            for letter in self.visible(user)
            if letter.seq > max(seat.read, seat.joined_seq, mark)
            and (root is None or letter.thread == root.seq)
            and letter.sender != user
            and letter.kind != "system"
            and letter.deleted_by is None
        ]
