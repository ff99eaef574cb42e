"""A small world in which every kind of caller meets every kind of object."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from chatcore.blocking import BlockingEngine
from chatcore.config import Settings
from chatcore.ids import (
    ConversationId,
    InviteCode,
    InviteId,
    MessageId,
    ScheduledId,
    SessionId,
    SystemClock,
    UploadId,
    split_message_id,
)
from chatcore.models import ANONYMOUS, Actor, Conversation, Deferred
from chatcore.operations import (
    AddBlock,
    AddBookmark,
    BanMember,
    CreateConversation,
    CreateInvite,
    Leave,
    NewPoll,
    NewSettings,
    Register,
    RequestContact,
    SendMessage,
    UpdateMember,
)
from chatcore.storage.sql import SqlChatStore
from chatcore.storage.sql.database import open_database
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD
from tests.services.files import record

ROLES: Final = ("anonymous", "member", "admin", "owner", "outsider", "former", "blocked")
"""Who asks. All are of the group, but ``blocked``: of a direct conversation whose other one, the
peer, blocks them."""

_MINTED: Final = UploadId("upload")


@define
class Place:
    """A conversation, and what is in it."""

    id: ConversationId
    theirs: MessageId = MessageId("")
    """A message by the peer, with a file."""
    upload: UploadId = _MINTED
    own: dict[str, MessageId] = field(factory=dict)
    """By role, a message of their own."""
    poll: MessageId = MessageId("")
    """A poll by the peer."""
    polls: dict[str, MessageId] = field(factory=dict)
    """By role, a poll of their own."""


@frozen
class Door:
    """Ways into groups."""

    public: ConversationId
    """A group of the stranger's that anybody may join, but for "former", whom it bans."""
    code: InviteCode
    """Of an invitation to it."""
    invite: InviteId
    """An invitation to the group of all roles."""


@frozen
class World:
    """Ids of everything, as they stand in the file at ``path``."""

    path: Path
    actors: dict[str, Actor]
    group: Place
    direct: Place
    uploads: dict[str, UploadId]
    """By role, a file of their own that no message holds."""
    door: Door
    scheduled: dict[str, ScheduledId]
    """By role, a message of their own that waits."""
    bookmarks: dict[str, MessageId]
    """By role, a message that they have bookmarked."""

    def place(self, role: str) -> Place:
        """The conversation in which a role is tried."""
        return self.direct if role == "blocked" else self.group

    def actor(self, role: str) -> Actor:
        """The role as an actor."""
        return self.actors[role]

    def kept(self, role: str) -> MessageId:
        """The role's own bookmark; for nobody, the owner's."""
        return self.bookmarks.get(role, self.bookmarks["owner"])

    def session(self, role: str) -> SessionId:
        """The role's own session; for nobody, the peer's."""
        found = self.actors[role if role != "anonymous" else "peer"].session_id
        assert found is not None
        return found


class _Builder:
    def __init__(self, engine: BlockingEngine, store: SqlChatStore) -> None:
        self.engine = engine
        self._store = store
        self.actors: dict[str, Actor] = {"anonymous": ANONYMOUS}

    def register(self, *names: str) -> None:
        for name in names:
            found = self.engine.execute(ANONYMOUS, Register(name, PASSWORD))
            self.actors[name] = found.actor

    def upload(self, owner: str) -> UploadId:
        """A file's row; its bytes are another matter."""
        row = record(self.actors[owner])
        with self._store.write() as unit:
            unit.uploads.insert(row)
            unit.commit()
        return row.id

    def plan(self, role: str) -> ScheduledId:
        """A message to oneself, tomorrow."""
        notes = self.engine.execute(self.actors[role], CreateConversation(kind="self"))
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        send = SendMessage(notes.id, "remember", send_at=tomorrow)
        answer = self.engine.execute(self.actors[role], send)
        assert isinstance(answer, Deferred)
        return answer.scheduled.id

    def keep(self, role: str) -> MessageId:
        """A message to oneself, bookmarked."""
        notes = self.engine.execute(self.actors[role], CreateConversation(kind="self"))
        sent = self.engine.execute(self.actors[role], SendMessage(notes.id, "keep this"))
        return self.engine.execute(self.actors[role], AddBookmark(sent.id)).message_id

    def fill(self, conversation: Conversation, *roles: str) -> Place:
        """Messages by these and by the peer."""
        place = Place(conversation.id, upload=self.upload("peer"))
        send = SendMessage(place.id, "see this", upload_ids=(place.upload,))
        place.theirs = self.engine.execute(self.actors["peer"], send).id
        poll = SendMessage(
            place.id, kind="poll", poll=NewPoll(question="when?", options=("now", "later"))
        )
        place.poll = self.engine.execute(self.actors["peer"], poll).id
        for role in roles:
            sent = self.engine.execute(self.actors[role], SendMessage(place.id, f"by {role}"))
            place.own[role] = sent.id
            place.polls[role] = self.engine.execute(self.actors[role], poll).id
        return place


def build(path: Path) -> World:
    """Fill the empty database at ``path``."""
    opened = open_database(f"sqlite:///{path}", readers=1)
    with BlockingEngine(f"sqlite:///{path}", hasher=PlainHasher()) as engine:
        made = _Builder(engine, SqlChatStore(opened, Settings(), SystemClock()))
        made.register("owner", "admin", "member", "former", "outsider", "blocked")
        made.register("peer", "stranger", "nuisance", "friend")
        who = made.actors
        group = engine.execute(
            who["owner"],
            CreateConversation(
                kind="group",
                title="group",
                member_ids=tuple(who[name].id for name in ("admin", "member", "former", "peer")),
            ),
        )
        engine.execute(who["owner"], UpdateMember(group.id, who["admin"].id, "admin"))
        filled = made.fill(group, "owner", "admin", "member", "former")
        engine.execute(who["former"], Leave(group.id))
        engine.execute(who["owner"], BanMember(group.id, who["nuisance"].id))
        direct = engine.execute(
            who["blocked"], CreateConversation(kind="direct", user_id=who["peer"].id)
        )
        talk = made.fill(direct, "blocked")
        for blocker in ("peer", "stranger"):
            engine.execute(who[blocker], AddBlock(who["blocked"].id))
        for role in ROLES[1:]:
            engine.execute(who[role], AddBlock(who["nuisance"].id))
            engine.execute(who["friend"], RequestContact(who[role].id))
        public = engine.execute(
            who["stranger"],
            CreateConversation(kind="group", title="open", settings=NewSettings(public=True)),
        )
        engine.execute(who["stranger"], BanMember(public.id, who["former"].id))
        code = engine.execute(who["stranger"], CreateInvite(public.id)).code or ""
        invite = engine.execute(who["owner"], CreateInvite(group.id)).id
        door = Door(public.id, InviteCode(code), invite)
        uploads = {role: made.upload(role) for role in ROLES[1:]}
        scheduled = {role: made.plan(role) for role in ROLES[1:]}
        bookmarks = {role: made.keep(role) for role in ROLES[1:]}
    opened.close()
    return World(path, who, filled, talk, uploads, door, scheduled, bookmarks)


def never_issued(id: str) -> str:
    """An id that looks the same and was never given out; of a message, in its conversation."""
    parts = split_message_id(id) if len(id) > 40 else None
    return f"{id[:-3]}zzz" if parts is None else f"{id[:-10]}{'0' * 10}"
