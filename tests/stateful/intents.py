"""What people may want to do: drawn as small numbers, and fitted to what there is."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Literal, TypeVar

from attrs import define, evolve, field, frozen
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from chatcore.errors import ChatError
from chatcore.ids import ConversationId, InviteCode, InviteId, MessageId, UserId, to_datetime
from chatcore.models import Actor, Conversation, Forwarded, Invite, Message
from chatcore.operations import (
    AddBlock,
    AddBookmark,
    AddMembers,
    AddReaction,
    BanMember,
    ClearConversation,
    ClosePoll,
    CreateConversation,
    CreateInvite,
    DeleteConversation,
    DeleteMessage,
    EditMessage,
    ForwardMessage,
    ImportMessage,
    JoinConversation,
    Leave,
    MarkReceipt,
    NewPoll,
    NewSettings,
    Operation,
    PersonalizeConversation,
    PinMessage,
    RedeemInvite,
    RemoveBlock,
    RemoveBookmark,
    RemoveContact,
    RemoveMember,
    RemoveReaction,
    RequestContact,
    RespondContact,
    RevokeInvite,
    SendMessage,
    TransferOwnership,
    UnbanMember,
    UnpinMessage,
    UpdateConversation,
    UpdateMember,
    Vote,
)

T = TypeVar("T")
Asked = tuple[Actor, Operation[Any]]

NOBODY = UserId("nobody")
_MOST = 7
"""The highest number drawn: it often asks for what there isn't."""
_REACTIONS = ("like", "heart", "laugh")
_ROLES: tuple[Literal["member", "admin", "owner"], ...] = ("member", "admin", "owner")
_LABELS = ("work", "home")
_HISTORIES: tuple[Literal["joined", "shared"], ...] = ("joined", "shared")


@frozen
class Intent:
    """Who wants what; the last three numbers choose among what there is."""

    verb: str
    who: int
    where: int
    first: int
    second: int
    third: int


def pick(items: Sequence[T], number: int) -> T:
    """One of ``items``, whatever the number."""
    return items[number % len(items)]


@define(eq=False)
class Known:
    """What has been made so far: the people, their conversations and messages."""

    people: list[Actor]
    members: dict[ConversationId, list[UserId]] = field(factory=dict)
    """Who is in, highest ranks first."""
    rooms: list[ConversationId] = field(factory=list)
    groups: set[ConversationId] = field(factory=set)
    messages: dict[ConversationId, dict[int, Message]] = field(factory=dict)
    """By seq, as they were last answered."""
    keyed: dict[tuple[UserId, ConversationId, str], SendMessage] = field(factory=dict)
    """By sender, place and key, what was sent with it."""
    invites: list[Invite] = field(factory=list)
    _numbers: Any = field(factory=count)

    def operation(self, intent: Intent) -> Asked | None:
        """Who asks for what, or None where there is nothing to do it with."""
        place, make = VERBS[intent.verb]
        rooms = self.rooms
        if place == "group":
            rooms = [id for id in rooms if id in self.groups or intent.third == _MOST]
        if place is None:
            return self._made(Scene(self, self.actor(intent.who), ConversationId(""), intent), make)
        if not rooms:
            return None
        room = pick(rooms, intent.where)
        return self._made(Scene(self, self._someone(room, intent.who), room, intent), make)

    def _made(self, scene: "Scene", make: "Make") -> Asked | None:
        made = make(scene)
        if isinstance(made, ImportMessage):
            return evolve(scene.actor, operator=True), made
        return None if made is None else (scene.actor, made)

    def _someone(self, room: ConversationId, number: int) -> Actor:
        """Mostly somebody who is in the conversation."""
        inside = self.members.get(room, [])
        if not inside or number == _MOST:
            return self.actor(number)
        return self.person(pick(inside, number))

    def learn(self, operation: Operation[Any], outcome: Any) -> None:
        """Take notice of what an operation made."""
        if isinstance(outcome, ChatError):
            return
        if isinstance(outcome, Conversation) and outcome.id not in self.rooms:
            self.rooms.append(outcome.id)
            if outcome.kind == "group":
                self.groups.add(outcome.id)
        if isinstance(outcome, Invite):
            self.invites.append(outcome)
        if isinstance(outcome, Forwarded):
            for each in outcome.items:
                if each.message is not None:
                    self.learn(operation, each.message)
        if isinstance(outcome, Message):
            self.messages.setdefault(outcome.conversation_id, {})[outcome.seq] = outcome
            if isinstance(operation, SendMessage) and operation.key is not None:
                used = outcome.sender_id, outcome.conversation_id, operation.key
                self.keyed.setdefault(used, operation)

    def actor(self, number: int) -> Actor:
        """One of the people."""
        return pick(self.people, number)

    def person(self, user: UserId) -> Actor:
        """The one with this id."""
        return next(actor for actor in self.people if actor.id == user)

    def text(self, kind: str = "<{}>") -> str:
        """A text that nobody has written before."""
        return kind.format(next(self._numbers))


@frozen
class Scene:
    """An intent, with the actor and the place it means."""

    known: Known
    actor: Actor
    room: ConversationId
    intent: Intent

    @property
    def first(self) -> int:
        return self.intent.first

    @property
    def second(self) -> int:
        return self.intent.second

    @property
    def third(self) -> int:
        return self.intent.third

    @property
    def other(self) -> UserId:
        """Somebody else, now and then nobody."""
        if self.first == _MOST:
            return NOBODY
        others = [one.id for one in self.known.people if one.id != self.actor.id]
        return pick(others, self.first)

    @property
    def anyone(self) -> UserId:
        """One of the people, often not oneself."""
        return self.known.actor(self.first).id

    @property
    def last_seq(self) -> int:
        return max(self.known.messages.get(self.room, {0: None}))

    @property
    def message(self) -> MessageId | None:
        """A message of this place, a low number being a late one; or one that isn't there."""
        held = self.known.messages.get(self.room, {})
        if not held:
            return None
        chosen = held[pick(sorted(held, reverse=True), self.first)].id
        if self.third < _MOST:
            return chosen
        elsewhere = [one for at in self.known.messages.values() for one in at.values()]
        return pick([*(one.id for one in elsewhere), MessageId(chosen[:-1])], self.first)

    @property
    def poll(self) -> MessageId | None:
        """A poll, where there is one."""
        held = self.known.messages.get(self.room, {})
        polls = [one.id for one in held.values() if one.kind == "poll"]
        return pick(polls, self.first) if polls else self.message

    @property
    def root(self) -> MessageId | None:
        """A message with a thread, where there is one."""
        held = self.known.messages.get(self.room, {})
        roots = [one.thread_id for one in held.values() if one.thread_id is not None]
        return pick(roots, self.second) if roots else self.message

    @property
    def invite(self) -> Invite | None:
        """A link, a low number being a late one; now and then it is another place's."""
        here = [one for one in self.known.invites if one.conversation_id == self.room]
        found = self.known.invites if not here or self.third == _MOST else here
        return pick(found[::-1], self.second) if found else None


Make = Callable[[Scene], Operation[Any] | None]


def _group(scene: Scene) -> Operation[Any]:
    everyone = [one.id for one in scene.known.people if one.id != scene.actor.id]
    members = tuple(everyone[: scene.first % 4])
    return CreateConversation(
        kind="group",
        title=scene.known.text("title {}"),
        member_ids=(*members, NOBODY) if scene.third == _MOST else members,
        settings=NewSettings(history=pick(_HISTORIES, scene.second)),
    )


def _send(scene: Scene) -> Operation[Any]:
    mentions = ((), (), (), (scene.anyone,), ("all",), ("all", scene.anyone))
    key = f"key{scene.first % 3}" if scene.third % 3 == 1 else None
    poll = None
    if scene.third == 7 and scene.first < 4:
        options = ("one", "two", "three")[: 2 + scene.second % 2]
        poll = NewPoll(
            question=scene.known.text("question {}"),
            options=options,
            multiple=scene.first % 2 == 0,
            anonymous=scene.first == 3,
        )
    earlier = scene.known.keyed.get((scene.actor.id, scene.room, key or ""))
    if earlier is not None and scene.second % 3:
        return earlier
    return SendMessage(
        scene.room,
        " " if scene.second == _MOST else scene.known.text(),
        key=key,
        kind="text" if poll is None else "poll",
        poll=poll,
        mentions=pick(mentions, scene.second),
        reply_to=scene.message if scene.third % 3 == 0 else None,
        thread_id=scene.message if scene.third in (2, 4) else None,
        read_seq=scene.first if scene.third == 5 else None,
    )


def _vote(scene: Scene) -> Operation[Any] | None:
    options = ((0,), (1,), (2,), (0, 1), (1, 2), (), (0,), (1,))[scene.second]
    poll = scene.poll
    return None if poll is None else Vote(scene.room, poll, options)


def _pin(scene: Scene, message: MessageId) -> Operation[Any]:
    kind = UnpinMessage if scene.second % 3 == 0 else PinMessage
    return kind(scene.room, message)


def _forward(scene: Scene, message: MessageId) -> Operation[Any]:
    rooms = dict.fromkeys(pick(scene.known.rooms, place) for place in (scene.second, scene.third))
    return ForwardMessage(scene.room, message, tuple(rooms), f"on{scene.first % 4}")


def _close(scene: Scene) -> Operation[Any] | None:
    return None if scene.poll is None or scene.third % 2 else ClosePoll(scene.room, scene.poll)


def _mark(scene: Scene) -> Operation[Any]:
    seq = max(0, scene.last_seq + 1 - scene.first % 5)
    if scene.third == 2:
        return MarkReceipt(scene.room, read_seq=seq, thread_id=scene.root)
    if scene.third % 4 == 3 and scene.message is not None:
        return MarkReceipt(scene.room, message_ids=(scene.message,))
    if scene.second % 3 == 0:
        return MarkReceipt(scene.room, delivered_seq=seq)
    return MarkReceipt(scene.room, read_seq=seq)


def _update(scene: Scene) -> Operation[Any]:
    """Mostly a title; settings that silence people only now and then."""
    match scene.second:
        case 5:
            settings = NewSettings(history=pick(_HISTORIES, scene.first))
        case 4:
            settings = NewSettings(public=scene.first % 3 > 0)
        case 6 if scene.third == 6:
            settings = NewSettings(slow_mode_s=scene.first % 2)
        case 6:
            settings = NewSettings(announcement=scene.first % 2 == 0)
        case 7:
            settings = NewSettings(frozen=scene.first % 3 == 0)
        case _:
            return UpdateConversation(scene.room, title=scene.known.text("title {}"))
    return UpdateConversation(scene.room, settings=settings)


def _invite(scene: Scene) -> Operation[Any]:
    return CreateInvite(
        scene.room,
        role=pick(("member", "member", "admin", "owner"), scene.first),
        share_history=scene.second % 2 == 0,
        max_uses=pick((None, 1, 2), scene.third),
    )


def _revoke(scene: Scene) -> Operation[Any]:
    return RevokeInvite(scene.room, scene.invite.id if scene.invite else InviteId("nothing"))


def _redeem(scene: Scene) -> Operation[Any]:
    found = scene.invite.code if scene.invite else None
    return RedeemInvite(InviteCode(found or "nothing"))


def _join(scene: Scene) -> Operation[Any] | None:
    rooms = scene.known.rooms
    return JoinConversation(pick(rooms, scene.second)) if rooms else None


def _personalize(scene: Scene) -> Operation[Any]:
    """One of the member's own settings, set or cleared."""
    on = scene.second % 2 == 0
    labels = _LABELS[: scene.second % 3] or None
    match scene.first:
        case 0 | 1:
            return PersonalizeConversation(scene.room, marked_unread=on)
        case 2:
            muted_until = to_datetime(1_000 * scene.third) if on else None
            return PersonalizeConversation(scene.room, muted_until=muted_until)
        case 3:
            return PersonalizeConversation(
                scene.room, draft=scene.known.text("draft {}") if on else None
            )
        case 4:
            return PersonalizeConversation(scene.room, pinned=on)
        case 5:
            return PersonalizeConversation(scene.room, labels=labels)
    return PersonalizeConversation(scene.room, archived=on)


def _to_message(make: Callable[[Scene, MessageId], Operation[Any]]) -> Make:
    return lambda scene: None if scene.message is None else make(scene, scene.message)


def _edit(scene: Scene, message: MessageId) -> Operation[Any]:
    held = [one for one in scene.known.messages[scene.room].values() if one.id == message]
    version = held[0].version - (scene.second == 3) if held and scene.second % 2 else None
    body = " " if scene.second == _MOST else scene.known.text()
    return EditMessage(scene.room, message, body, version or None)


VERBS: dict[str, tuple[Literal["any", "group"] | None, Make]] = {
    "group": (None, _group),
    "direct": (None, lambda s: CreateConversation(kind="direct", user_id=s.other)),
    "self": (None, lambda s: CreateConversation(kind="self")),
    "send": ("any", _send),
    "notice": ("any", lambda s: ImportMessage(s.room, s.known.text(), kind="system")),
    "mark": ("any", _mark),
    "add": ("group", lambda s: AddMembers(s.room, (s.other,), share_history=s.second % 3 == 0)),
    "remove": ("group", lambda s: RemoveMember(s.room, s.other)),
    "leave": ("group", lambda s: Leave(s.room)),
    "role": ("group", lambda s: UpdateMember(s.room, s.anyone, pick(_ROLES, s.second))),
    "update": ("group", _update),
    "ban": ("group", lambda s: BanMember(s.room, s.other)),
    "unban": ("group", lambda s: UnbanMember(s.room, s.anyone)),
    "transfer": ("group", lambda s: TransferOwnership(s.room, s.other)),
    "invite": ("group", _invite),
    "revoke": ("group", _revoke),
    "redeem": (None, _redeem),
    "join": (None, _join),
    "end": ("group", lambda s: DeleteConversation(s.room) if s.first == 0 else None),
    "personalize": ("any", _personalize),
    "bookmark": ("any", _to_message(lambda s, id: AddBookmark(id))),
    "unbookmark": ("any", _to_message(lambda s, id: RemoveBookmark(id))),
    "clear": ("any", lambda s: ClearConversation(s.room, max(0, s.last_seq - s.second + 1))),
    "edit": ("any", _to_message(_edit)),
    "delete": ("any", _to_message(lambda s, id: DeleteMessage(s.room, id))),
    "hide": ("any", _to_message(lambda s, id: DeleteMessage(s.room, id, "me"))),
    "react": (
        "any",
        _to_message(lambda s, id: AddReaction(s.room, id, pick(_REACTIONS, s.second))),
    ),
    "take back": (
        "any",
        _to_message(lambda s, id: RemoveReaction(s.room, id, pick(_REACTIONS, s.second))),
    ),
    "vote": ("any", _vote),
    "pin": ("any", _to_message(_pin)),
    "forward": ("any", _to_message(_forward)),
    "close": ("any", _close),
    "block": (None, lambda s: AddBlock(s.other)),
    "unblock": (None, lambda s: RemoveBlock(s.other)),
    "ask": (None, lambda s: RequestContact(s.other)),
    "answer": (None, lambda s: RespondContact(s.other, s.second % 3 > 0)),
    "unknow": (None, lambda s: RemoveContact(s.other)),
}

_OFTEN = (
    ("send",) * 10 + ("mark", "vote") * 4 + ("add", "remove", "react", "edit", "delete", "hide") * 2
)
_OFTEN += ("redeem", "join")


def intents() -> SearchStrategy[Intent]:
    """Any wish; sends and receipts more often than the rest."""
    verbs = st.sampled_from([*_OFTEN, *VERBS])
    number = st.integers(0, _MOST)
    return st.builds(Intent, verbs, number, number, number, number, number)
