"""The engine's answers and the model's, laid out alike; ids, times and revisions are left out."""

from collections.abc import Callable
from typing import Any

from chatcore.errors import ChatError
from chatcore.ids import MessageId, UserId, split_message_id
from chatcore.models import (
    Ban,
    Block,
    Bookmark,
    Contact,
    Conversation,
    Done,
    Forwarded,
    Invite,
    Marked,
    Me,
    Member,
    Message,
    Page,
    Poll,
    Receipt,
    Thread,
    ThreadMark,
)
from chatcore.operations import AddBlock, ForwardMessage, MarkReceipt, Operation, SendMessage
from tests.stateful.model import Model
from tests.stateful.rooms import Ballot, Letter, Link, Room, Seat

Face = dict[str, Any]

_STEPS = ("sent", "delivered", "read")
_SHOWN = 10
_OWN = (
    "marked_unread",
    "muted_until",
    "archived",
    "pinned",
    "labels",
    "draft",
    "cleared_seq",
)


def answered(outcome: Any) -> Any:
    """What the engine answered."""
    if type(outcome) in _FACES:
        return _FACES[type(outcome)](outcome)
    match outcome:
        case ChatError(code=code):
            return code
        case Page(items=items):
            return [answered(item) for item in items]
        case Receipt():
            return outcome.user_id, outcome.delivered_seq, outcome.read_seq
        case Block() | Contact():
            return _tie(outcome)
        case Bookmark(message=shown):
            return outcome.message_id, outcome.bookmarked, shown and message(shown)
        case Done():
            return None
    raise TypeError(outcome)


def _tie(one: Block | Contact) -> Any:
    return (one.user_id, one.blocked) if isinstance(one, Block) else (one.state, one.incoming)


def marked(one: Marked) -> Face:
    """The engine's answer to a receipt."""
    marks = (one.receipt.delivered_seq, one.receipt.read_seq)
    more = {} if one.thread is None else {"thread": _read_up_to(one.thread)}
    return {"marks": marks, **_counts(one), **more}


def forwarded(one: Forwarded) -> list[Any]:
    """What the engine says of each conversation that something was forwarded to."""
    return [each.error.code if each.error else answered(each.message) for each in one.items]


def thread(one: Thread) -> Face:
    """A thread of the engine's."""
    return {"root": message(one.root), "last_seq": one.last_seq, **_read_up_to(one)}


def message(one: Message) -> Face:
    """A message of the engine's; what is personal is None in the shared face."""
    reply, preview = one.reply_to, one.reply_to and one.reply_to.preview
    return {
        "seq": one.seq,
        "sender": one.sender_id,
        "kind": one.kind,
        "body": one.body,
        "reply": reply and reply.seq,
        "quote": preview and (preview.sender_id, preview.kind, preview.body, preview.deleted),
        "thread": one.thread_id and _seq(one.thread_id),
        "replies": one.thread and (one.thread.count, one.thread.participants),
        "poll": one.poll and _poll(one.poll),
        "votes": one.poll and one.poll.mine,
        "pinned": one.pinned and one.pinned.by,
        "first_by": one.forwarded_from and one.forwarded_from.sender_id,
        "mentions": one.mentions,
        "reactions": [(shown.key, shown.count, shown.user_ids) for shown in one.reactions],
        "key": one.key,
        "version": one.version,
        "edited": one.edited_at is not None,
        "deleted_by": one.deleted and one.deleted.by,
        "mine": set(one.mine),
        "status": one.status,
        "hidden": one.hidden,
        "replayed": one.replayed,
    }


def conversation(one: Conversation) -> Face:
    """A conversation of the engine's, with its personal face."""
    assert one.me is not None
    return {
        "kind": one.kind,
        "title": one.title,
        "history": one.settings.history,
        "announcement": one.settings.announcement,
        "frozen": one.settings.frozen,
        "public": one.settings.public,
        "slow": one.settings.slow_mode_s,
        "last_seq": one.last_seq,
        "member_count": one.member_count,
        "last": one.last_message and message(one.last_message),
        "peer": one.peer_id,
        "role": one.me.role,
        "joined_seq": one.me.joined_seq,
        "marks": (one.me.delivered_seq, one.me.read_seq),
        "own": {name: getattr(one.me, name) for name in _OWN},
        **_counts(one.me),
        "replayed": one.replayed,
    }


def member(one: Member) -> Face:
    """A membership of the engine's."""
    assert one.left_at is None
    marks = one.delivered_seq, one.read_seq
    return {"user": one.user_id, "role": one.role, "joined_seq": one.joined_seq, "marks": marks}


def _poll(poll: Poll) -> tuple[Any, ...]:
    options = [(one.text, one.count, one.user_ids) for one in poll.options]
    return options, poll.voters, poll.closed_at is not None


def _seq(id: MessageId) -> int:
    parts = split_message_id(id)
    assert parts is not None
    return parts[1]


def _read_up_to(one: Thread | ThreadMark) -> Face:
    return {"read_seq": one.read_seq, **_counts(one)}


def _counts(one: Me | Marked | Thread | ThreadMark) -> Face:
    return {"unread": one.unread, "more": one.unread_more, "mentions": one.unread_mentions}


_FACES: dict[type, Callable[[Any], Any]] = {
    Message: message,
    Conversation: conversation,
    Member: member,
    Marked: marked,
    Thread: thread,
    Forwarded: forwarded,
    Ban: lambda one: (one.user_id, one.created_by),
    Invite: lambda one: (one.created_by, one.role, one.share_history, one.max_uses, one.uses),
}


class Expected:
    """The model's answers, for one person."""

    def __init__(self, model: Model, user: UserId, exact: int) -> None:
        self._model = model
        self._user = user
        self._exact = exact

    def answer(self, operation: Operation[Any], made: Any) -> Any:
        """What an operation that made this should have answered."""
        if isinstance(made, Link):
            return self.link(made)
        match made:
            case Letter() if isinstance(operation, SendMessage):
                return self._sent(made)
            case Letter():
                room = self._model.room(self._user, operation.conversation_id)  # type: ignore[attr-defined]
                return self.message(room, made)
            case Room():
                there = made.id is not None and operation.spec.method == "conversations.create"
                return self.conversation(made) | {"replayed": there or None}
            case Seat() if isinstance(operation, MarkReceipt):
                return self._marked(operation, made)
            case Seat():
                return self.member(made)
            case tuple():
                return made
            case list():
                forwarded = isinstance(operation, ForwardMessage)
                return [self._sent(one) if forwarded else self.member(one) for one in made]
            case str():
                return made, isinstance(operation, AddBlock)
        return None

    def _sent(self, made: Letter | str) -> Any:
        return made if isinstance(made, str) else self.shared(made, replayed=made.id is not None)

    def _marked(self, operation: MarkReceipt, seat: Seat) -> Face:
        room = self._model.room(self._user, operation.conversation_id)
        marked = {"marks": (seat.delivered, seat.read), **self._counts(room)}
        if operation.thread_id is not None:
            root = self._model.letter(self._user, room, operation.thread_id)
            marked["thread"] = self._in_thread(room, root)
        return marked

    def bookmarks(self) -> list[Any]:
        """This person's bookmarks, the latest first."""
        found = []
        for id in reversed(self._model.bookmarks.get(self._user, [])):
            seen = self._model.seen(self._user, id)
            found.append((id, True, seen and self.message(*seen)))
        return found

    def shared(self, letter: Letter, *, replayed: bool = False) -> Face:
        """A message as anybody sees it."""
        found: dict[str, list[UserId]] = {}
        for _, user, key in sorted(letter.reactions):
            found.setdefault(key, []).append(user)
        return {
            "seq": letter.seq,
            "sender": letter.sender,
            "kind": letter.kind,
            "body": letter.body,
            "reply": letter.reply,
            "quote": None,
            "thread": letter.thread,
            "replies": self._replies(letter),
            "poll": letter.poll and self._poll(letter.poll),
            "votes": None,
            "pinned": letter.pinned_by,
            "first_by": letter.first_by,
            "mentions": letter.mentions,
            "reactions": [(key, len(us), tuple(us[:_SHOWN])) for key, us in found.items()],
            "key": None if letter.deleted_by else letter.key,
            "version": letter.version,
            "edited": letter.edited,
            "deleted_by": letter.deleted_by,
            "mine": set(),
            "status": None,
            "hidden": None,
            "replayed": replayed or None,
        }

    def _poll(self, poll: Ballot) -> tuple[Any, ...]:
        votes = sorted((at, user, chosen) for user, (at, chosen) in poll.votes.items())
        options = []
        for place, text in enumerate(poll.options):
            users = tuple(user for _, user, chosen in votes if place in chosen)
            options.append((text, len(users), None if poll.anonymous else users[:_SHOWN]))
        return options, len(votes), poll.closed

    def _replies(self, letter: Letter) -> tuple[Any, ...] | None:
        live = [one.sender for one in letter.replies if one.deleted_by is None]
        return (len(live), tuple(dict.fromkeys(live))[:_SHOWN]) if letter.replies else None

    def threads(self, room: Room, *, unread: bool) -> list[Face]:
        """The threads whose beginning this person sees, last reply first."""
        roots = [one for one in room.visible(self._user) if one.replies]
        roots.sort(key=lambda root: root.replies[-1].seq, reverse=True)
        found = [
            {"root": self.message(room, root), "last_seq": root.replies[-1].seq}
            | self._in_thread(room, root)
            for root in roots
        ]
        return [one for one in found if one["unread"] or not unread]

    def _in_thread(self, room: Room, root: Letter) -> Face:
        seat = room.seats[self._user]
        read_seq = max(seat.read, seat.threads.get(root.seq, 0))
        return {"read_seq": read_seq} | self._counted(room.unread(self._user, root))

    def message(self, room: Room, letter: Letter) -> Face:
        """A message as this person sees it."""
        quoted = [one for one in room.visible(self._user) if one.seq == letter.reply]
        return self.shared(letter) | {
            "quote": self._quote(quoted[0]) if quoted else None,
            "votes": letter.poll and letter.poll.votes.get(self._user, (0, ()))[1],
            "mine": {key for _, user, key in letter.reactions if user == self._user},
            "status": self.status(letter) if letter.sender == self._user else None,
            "hidden": self._user in letter.hidden_by or None,
        }

    def status(self, letter: Letter) -> str:
        """How far its recipients are; whom this person doesn't see has received nothing."""
        return _STEPS[0 if any(map(self.hides, letter.last)) else letter.status]

    def hides(self, user: UserId) -> bool:
        """Whether this person sees nothing of another's receipts."""
        return self._model.between(self._user, user)

    def _quote(self, letter: Letter) -> tuple[Any, ...]:
        return letter.sender, letter.kind, letter.body, letter.deleted_by is not None

    def conversation(self, room: Room) -> Face:
        """A conversation as this person sees it."""
        seat, seen = room.seats[self._user], room.visible(self._user)
        return {
            "kind": room.kind,
            "title": room.title,
            "history": room.history,
            "announcement": room.announcement,
            "frozen": room.frozen,
            "public": room.public,
            "slow": room.slow_mode_s,
            "last_seq": room.last_seq,
            "member_count": len(room.seats),
            "last": self.message(room, seen[-1]) if seen else None,
            "peer": next(iter(room.pair - {self._user}), None),
            "role": seat.role,
            "joined_seq": seat.joined_seq,
            "marks": (seat.delivered, seat.read),
            "own": seat.own,
            **self._counts(room),
            "replayed": None,
        }

    def link(self, link: Link) -> tuple[Any, ...]:
        """An invitation."""
        return link.creator, link.role, link.share, link.max_uses, link.uses

    def member(self, seat: Seat) -> Face:
        """A membership."""
        marks = seat.delivered, seat.read
        if self.hides(seat.user):
            marks = seat.joined_seq, seat.joined_seq
        return {"user": seat.user, "role": seat.role, "joined_seq": seat.joined_seq, "marks": marks}

    def _counts(self, room: Room) -> Face:
        return self._counted(room.unread(self._user))

    def _named(self, letter: Letter) -> bool:
        named = bool({self._user, "all"} & set(letter.mentions))
        return named and self._user not in letter.deaf

    def _counted(self, unread: list[Letter]) -> Face:
        named = [one for one in unread if self._named(one)]
        return {
            "unread": min(len(unread), self._exact),
            "more": len(unread) > self._exact,
            "mentions": min(len(named), self._exact),
        }
