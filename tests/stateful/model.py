"""A plain model of the engine: what each operation answers, found by looking at everything.

Written from the contract and not from the engine: no counters, no algebra, no queries. What it
answers with is laid out for comparison in :mod:`tests.stateful.faces`.
"""

from collections.abc import Iterable
from typing import Any

from attrs import define, field

from chatcore.ids import ConversationId, MessageId, UserId
from chatcore.operations import (
    UNSET,
    AddBlock,
    AddBookmark,
    AddMembers,
    AddReaction,
    ClearConversation,
    ClosePoll,
    CreateConversation,
    DeleteConversation,
    DeleteMessage,
    EditMessage,
    ForwardMessage,
    ImportMessage,
    Leave,
    MarkReceipt,
    Operation,
    PersonalizeConversation,
    PinMessage,
    RemoveBlock,
    RemoveBookmark,
    RemoveContact,
    RemoveMember,
    RemoveReaction,
    RequestContact,
    RespondContact,
    SendMessage,
    UnpinMessage,
    UpdateConversation,
    UpdateMember,
    Vote,
)
from tests.stateful import doors
from tests.stateful.doors import RANKS, Doors, Refused, refuse, require_rank
from tests.stateful.rooms import Ballot, Letter, Room, Seat


@define(eq=False)
class Model(Doors):
    """Everything there is."""

    people: list[UserId]
    rooms: list[Room] = field(factory=list)
    blocks: set[tuple[UserId, UserId]] = field(factory=set)
    contacts: dict[tuple[UserId, UserId], tuple[str, bool]] = field(factory=dict)
    """Each side of what two agree on: the state, and whether the other one asked."""
    bookmarks: dict[UserId, list[MessageId]] = field(factory=dict)
    """By user, the latest last."""
    now: int = 0

    def run(self, user: UserId, operation: Operation[Any]) -> Any:
        """The object that an operation answers with: a Room, a Letter, a Seat, users or None.

        Raises :class:`Refused`.
        """
        made = getattr(self, HANDLERS[type(operation)])(user, operation)
        for room in self.rooms:
            room.note_statuses()
        self.close_doors()
        return made

    # Finding.

    def room(self, user: UserId, id: ConversationId) -> Room:
        """A conversation that the user is in."""
        found = [one for one in self.rooms if one.id == id and not one.gone and user in one.seats]
        return found[0] if found else refuse("not_found")

    def letter(self, user: UserId, room: Room, id: MessageId) -> Letter:
        """A message that the member sees."""
        found = [one for one in room.visible(user) if one.id == id]
        return found[0] if found else refuse("not_found")

    def blocked(self, room: Room) -> bool:
        """Whether a block lies between the two of a direct conversation."""
        return room.kind == "direct" and self.between(*room.pair)

    def between(self, one: UserId, other: UserId) -> bool:
        """Whether either blocks the other."""
        return bool({(one, other), (other, one)} & self.blocks)

    def _may_post(self, room: Room, user: UserId) -> bool:
        silent = room.frozen or (room.announcement and room.seats[user].role == "member")
        return not silent and not self.blocked(room)

    # Conversations.

    def create(self, user: UserId, operation: CreateConversation) -> Room:
        if operation.kind == "group":
            if not set(operation.member_ids) <= set(self.people):
                refuse("not_found")
            if any(self.between(user, other) for other in operation.member_ids):
                refuse("forbidden")
            return self._open(user, operation, [user, *operation.member_ids])
        other = operation.user_id or user
        pair = frozenset({user, other})
        there = [room for room in self.rooms if room.kind == operation.kind and room.pair == pair]
        if there:
            return there[0]
        if other not in self.people:
            refuse("not_found")
        if self.between(user, other):
            refuse("forbidden")
        return self._open(user, operation, sorted(pair))

    def _open(self, user: UserId, operation: CreateConversation, members: Iterable[UserId]) -> Room:
        history = operation.settings.history if operation.settings else UNSET
        room = Room(
            order=len(self.rooms),
            kind=operation.kind,
            title=operation.title,
            pair=frozenset(() if operation.kind == "group" else members),
            history="joined" if history is UNSET else history,
            active_at=self.now,
        )
        for member in members:
            owns = member == user and operation.kind != "direct"
            room.join(member, "owner" if owns else "member", self.now, 0)
        self.rooms.append(room)
        return room

    def update(self, user: UserId, operation: UpdateConversation) -> Room:
        room = self.room(user, operation.conversation_id)
        require_rank(room, user)
        if operation.title is not UNSET:
            room.title = operation.title
        if operation.settings is not UNSET:
            for name in ("history", "announcement", "frozen", "public", "slow_mode_s"):
                value = getattr(operation.settings, name)
                if value is not UNSET:
                    setattr(room, name, value)
        return room

    def end(self, user: UserId, operation: DeleteConversation) -> None:
        room = self.room(user, operation.conversation_id)
        require_rank(room, user, "owner")
        room.gone = True

    # Members.

    def add(self, user: UserId, operation: AddMembers) -> list[Seat]:
        room = self.room(user, operation.conversation_id)
        require_rank(room, user)
        if not set(operation.user_ids) <= set(self.people):
            refuse("not_found")
        new = [other for other in operation.user_ids if other not in room.seats]
        if any(self.between(user, other) for other in new):
            refuse("forbidden")
        if room.bans.keys() & set(new):
            refuse("conflict")
        for other in new:
            self.enter(room, other, "member", everything=operation.share_history)
        return [room.seats[other] for other in operation.user_ids]

    def _target(self, room: Room, user: UserId, other: UserId) -> Seat:
        require_rank(room, user)
        return room.seats.get(other) or refuse("not_found")

    def change_role(self, user: UserId, operation: UpdateMember) -> Seat:
        room = self.room(user, operation.conversation_id)
        target = self._target(room, user, operation.user_id)
        mine, theirs, new = (
            RANKS.index(role) for role in (room.seats[user].role, target.role, operation.role)
        )
        if mine < 2 and not (theirs < mine and new <= mine):
            refuse("forbidden")
        owners = [seat for seat in room.seats.values() if seat.role == "owner"]
        if owners == [target] and operation.role != "owner":
            refuse("conflict")
        target.role = operation.role
        return target

    def remove(self, user: UserId, operation: RemoveMember) -> None:
        room = self.room(user, operation.conversation_id)
        target = self._target(room, user, operation.user_id)
        if RANKS.index(room.seats[user].role) <= RANKS.index(target.role):
            refuse("forbidden")
        del room.seats[target.user]

    def leave(self, user: UserId, operation: Leave) -> None:
        room = self.room(user, operation.conversation_id)
        if room.kind != "group":
            refuse("forbidden")
        del room.seats[user]
        if not room.seats:
            room.gone = True
        elif all(seat.role != "owner" for seat in room.seats.values()):
            heirs = sorted(room.seats.values(), key=lambda seat: (seat.joined_at, seat.user))
            admins = [seat for seat in heirs if seat.role == "admin"]
            (admins or heirs)[0].role = "owner"

    # Messages.

    def send(self, user: UserId, operation: SendMessage) -> Letter:
        room = self.room(user, operation.conversation_id)
        content = (
            operation.body,
            operation.kind,
            operation.reply_to,
            operation.mentions,
            operation.thread_id,
            operation.poll,
        )
        for letter in room.letters:
            if operation.key is not None and (letter.sender, letter.key) == (user, operation.key):
                return letter if letter.content == content else refuse("key_reused")
        if not isinstance(operation, ImportMessage) and not self._may_post(room, user):
            refuse("forbidden")
        root = self._root(user, room, operation.thread_id)
        if not (operation.body or "").strip() and (operation.body or operation.poll is None):
            refuse("invalid")
        reply = None
        if operation.reply_to is not None:
            answered = self.letter(user, room, operation.reply_to)
            reply = refuse("conflict") if answered.deleted_by else answered.seq
        slow = self._require_pace(room, user, operation)
        if operation.read_seq is not None:
            self._reach(room, user, operation.read_seq, operation.read_seq)
            room.seats[user].own["marked_unread"] = False
        letter = Letter(
            room.last_seq + 1,
            user,
            operation.kind,
            operation.body,
            reply,
            operation.mentions,
            operation.key,
            content,
        )
        if operation.poll is not None:
            poll = operation.poll
            letter.poll = Ballot(poll.options, poll.multiple, poll.anonymous)
        if root is not None:
            letter.thread = root.seq
            root.replies.append(letter)
        letter.deaf = frozenset(who for who, whom in self.blocks if whom == user)
        room.sent_at |= {user: self.now} if slow else {}
        room.letters.append(letter)
        room.active_at = self.now
        return letter

    def _root(self, user: UserId, room: Room, id: MessageId | None) -> Letter | None:
        """The message in whose thread something is to be sent."""
        if id is None:
            return None
        root = self.letter(user, room, id)
        if root.thread is not None or root.deleted_by is not None:
            refuse("conflict" if root.thread is None else "invalid")
        return root

    def _require_pace(self, room: Room, user: UserId, operation: SendMessage) -> bool:
        """Whether slow mode counts it."""
        if room.seats[user].role != "member" or isinstance(operation, ImportMessage):
            return False
        if self.now < room.sent_at.get(user, 0) + room.slow_mode_s * 1_000:
            refuse("rate_limited")
        return room.slow_mode_s > 0

    def edit(self, user: UserId, operation: EditMessage) -> Letter:
        room = self.room(user, operation.conversation_id)
        letter = self.letter(user, room, operation.message_id)
        if letter.sender != user or not self._may_post(room, user):
            refuse("forbidden")
        if letter.deleted_by is not None or letter.kind == "system":
            refuse("conflict")
        if operation.version is not None and operation.version != letter.version:
            refuse("version_conflict")
        if operation.body is UNSET or not operation.body.strip():
            refuse("invalid")
        letter.body = operation.body  # type: ignore[assignment]
        letter.version += 1
        letter.edited = True
        return letter

    def delete(self, user: UserId, operation: DeleteMessage) -> Letter:
        room = self.room(user, operation.conversation_id)
        letter = self.letter(user, room, operation.message_id)
        if operation.for_ == "me":
            letter.hidden_by.add(user)
            return letter
        if letter.sender != user:
            require_rank(room, user)
        if letter.deleted_by is None:
            letter.deleted_by = user
            letter.version += 1
            letter.body, letter.reply, letter.edited = None, None, False
            letter.mentions, letter.reactions, letter.poll = (), [], None
            letter.pinned_by = letter.first_by = None
        return letter

    def vote(self, user: UserId, operation: Vote) -> Letter:
        room = self.room(user, operation.conversation_id)
        letter = self.letter(user, room, operation.message_id)
        if room.frozen or self.blocked(room):
            refuse("forbidden")
        poll = letter.poll or refuse("conflict")
        if poll.closed:
            refuse("conflict")
        if max(operation.options, default=0) >= len(poll.options):
            refuse("invalid")
        if len(operation.options) > 1 and not poll.multiple:
            refuse("invalid")
        before = poll.votes.get(user, (0, ()))[1]
        options = tuple(sorted(operation.options))
        if not options:
            poll.votes.pop(user, None)
        elif options != before:
            poll.votes[user] = self.now, options
        return letter

    def pin(self, user: UserId, operation: PinMessage | UnpinMessage) -> Letter:
        room = self.room(user, operation.conversation_id)
        letter = self.letter(user, room, operation.message_id)
        if room.kind == "group":
            require_rank(room, user)
        if self.blocked(room):
            refuse("forbidden")
        if letter.deleted_by is not None:
            refuse("conflict")
        if isinstance(operation, UnpinMessage):
            letter.pinned_by = None
        else:
            letter.pinned_by = letter.pinned_by or user
        return letter

    def forward(self, user: UserId, operation: ForwardMessage) -> list[Letter | str]:
        try:
            room = self.room(user, operation.conversation_id)
            source: Letter | str = self.letter(user, room, operation.message_id)
            if source.deleted_by is not None or source.kind in ("poll", "system"):
                source = "conflict"
        except Refused as refusal:
            source = str(refusal)
        made = []
        for target in operation.conversation_ids:
            try:
                made.append(self._forward(user, operation, source, target))
            except Refused as refusal:
                made.append(str(refusal))
        if isinstance(source, str) and not any(isinstance(one, Letter) for one in made):
            refuse(source)
        return made

    def _forward(
        self, user: UserId, operation: ForwardMessage, source: Letter | str, target: ConversationId
    ) -> Letter:
        room = self.room(user, target)
        content = ("forward", operation.message_id)
        for letter in room.letters:
            if (letter.sender, letter.key) == (user, operation.key):
                return letter if letter.content == content else refuse("key_reused")
        if not self._may_post(room, user):
            refuse("forbidden")
        if isinstance(source, str):
            refuse("not_found")
        assert isinstance(source, Letter)
        place = room.last_seq + 1
        letter = Letter(place, user, source.kind, source.body, None, (), operation.key, content)
        letter.first_by = source.first_by or source.sender
        room.letters.append(letter)
        room.active_at = self.now
        return letter

    def close_poll(self, user: UserId, operation: ClosePoll) -> Letter:
        room = self.room(user, operation.conversation_id)
        letter = self.letter(user, room, operation.message_id)
        if letter.sender != user:
            require_rank(room, user)
        poll = letter.poll or refuse("conflict")
        poll.closed = True
        return letter

    def react(self, user: UserId, operation: AddReaction | RemoveReaction) -> Letter:
        room = self.room(user, operation.conversation_id)
        letter = self.letter(user, room, operation.message_id)
        if room.frozen or self.blocked(room):
            refuse("forbidden")
        if letter.deleted_by is not None:
            refuse("conflict")
        there = [one for one in letter.reactions if one[1:] == (user, operation.key)]
        if isinstance(operation, RemoveReaction):
            letter.reactions = [one for one in letter.reactions if one not in there]
        elif not there:
            letter.reactions.append((self.now, user, operation.key))
        return letter

    # Receipts and blocks.

    def mark(self, user: UserId, operation: MarkReceipt) -> Seat:
        room = self.room(user, operation.conversation_id)
        read = operation.read_seq
        if operation.message_ids:
            seqs = [self.letter(user, room, id).seq for id in operation.message_ids]
            read = max(read or 0, *seqs)
        if operation.thread_id is not None:
            if read is None or operation.delivered_seq is not None:
                refuse("invalid")
            root = self.letter(user, room, operation.thread_id)
            if read > room.last_seq:
                refuse("invalid")
            marks = room.seats[user].threads
            marks[root.seq] = max(read, marks.get(root.seq, 0))
            return room.seats[user]
        self._reach(room, user, operation.delivered_seq or 0, read or 0)
        if read is not None:
            room.seats[user].own["marked_unread"] = False
        return room.seats[user]

    def personalize(self, user: UserId, operation: PersonalizeConversation) -> Room:
        room = self.room(user, operation.conversation_id)
        own = room.seats[user].own
        for name in own:
            value = getattr(operation, name, UNSET)
            if value is not UNSET:
                own[name] = value or (() if name == "labels" else value)
        return room

    def clear(self, user: UserId, operation: ClearConversation) -> Room:
        room = self.room(user, operation.conversation_id)
        seat = room.seats[user]
        if operation.up_to_seq > room.last_seq:
            refuse("invalid")
        if operation.up_to_seq > seat.floor:
            seat.floor = seat.own["cleared_seq"] = operation.up_to_seq
        return room

    def _reach(self, room: Room, user: UserId, delivered: int, read: int) -> None:
        if max(delivered, read) > room.last_seq:
            refuse("invalid")
        seat = room.seats[user]
        seat.read = max(seat.read, read)
        seat.delivered = max(seat.delivered, delivered, seat.read)

    def bookmark(self, user: UserId, operation: AddBookmark) -> tuple[MessageId, bool, None]:
        found = self.seen(user, operation.message_id) or refuse("not_found")
        kept = self.bookmarks.setdefault(user, [])
        if found[1].id not in kept:
            if found[1].deleted_by is not None:
                refuse("conflict")
            kept.append(operation.message_id)
        return operation.message_id, True, None

    def unbookmark(self, user: UserId, operation: RemoveBookmark) -> tuple[MessageId, bool, None]:
        if operation.message_id not in self.bookmarks.get(user, []):
            refuse("not_found")
        self.bookmarks[user].remove(operation.message_id)
        return operation.message_id, False, None

    def seen(self, user: UserId, id: MessageId) -> tuple[Room, Letter] | None:
        """A message that the user sees, in whatever conversation."""
        there = [room for room in self.rooms if not room.gone and user in room.seats]
        found = [(room, one) for room in there for one in room.visible(user) if one.id == id]
        return found[0] if found else None

    def block(self, user: UserId, operation: AddBlock) -> UserId:
        if operation.user_id not in self.people:
            refuse("not_found")
        self.blocks.add((user, operation.user_id))
        if self.contacts.get((user, operation.user_id), ("", False))[0] == "requested":
            self._know(user, operation.user_id, "removed")
        return operation.user_id

    def unblock(self, user: UserId, operation: RemoveBlock) -> UserId:
        if (user, operation.user_id) not in self.blocks:
            refuse("not_found")
        self.blocks.remove((user, operation.user_id))
        return operation.user_id

    # Contacts.

    def ask(self, user: UserId, operation: RequestContact) -> tuple[str, bool]:
        other = operation.user_id
        if other not in self.people:
            refuse("not_found")
        match self.contacts.get((user, other), ("removed", False)):
            case ("accepted", _) | ("requested", False):
                pass
            case ("requested", True):
                self._know(user, other, "accepted")
            case ("refused", False):
                refuse("forbidden")
            case _:
                if self.between(user, other):
                    refuse("forbidden")
                self.contacts[user, other] = "requested", False
                self.contacts[other, user] = "requested", True
        return self.contacts[user, other]

    def answer(self, user: UserId, operation: RespondContact) -> tuple[str, bool]:
        wanted = "accepted" if operation.accept else "refused"
        found = self.contacts.get((user, operation.user_id), ("", False))
        if found not in {("requested", True), (wanted, True)}:
            refuse("not_found")
        return self._know(user, operation.user_id, wanted)

    def unknow(self, user: UserId, operation: RemoveContact) -> tuple[str, bool]:
        found = self.contacts.get((user, operation.user_id), ("", False))
        if found[0] not in ("requested", "accepted"):
            refuse("not_found")
        return self._know(user, operation.user_id, "removed")

    def _know(self, user: UserId, other: UserId, state: str) -> tuple[str, bool]:
        for pair in ((user, other), (other, user)):
            self.contacts[pair] = state, self.contacts[pair][1]
        return self.contacts[user, other]


HANDLERS: dict[type[Operation[Any]], str] = {
    CreateConversation: "create",
    UpdateConversation: "update",
    DeleteConversation: "end",
    AddMembers: "add",
    UpdateMember: "change_role",
    RemoveMember: "remove",
    Leave: "leave",
    SendMessage: "send",
    ImportMessage: "send",
    EditMessage: "edit",
    DeleteMessage: "delete",
    AddReaction: "react",
    RemoveReaction: "react",
    MarkReceipt: "mark",
    ClearConversation: "clear",
    Vote: "vote",
    PinMessage: "pin",
    UnpinMessage: "pin",
    ForwardMessage: "forward",
    ClosePoll: "close_poll",
    PersonalizeConversation: "personalize",
    AddBlock: "block",
    AddBookmark: "bookmark",
    RemoveBookmark: "unbookmark",
    RemoveBlock: "unblock",
    RequestContact: "ask",
    RespondContact: "answer",
    RemoveContact: "unknow",
    **doors.HANDLERS,
}
