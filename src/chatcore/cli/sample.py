"""The demo's sample: a small team, already talking.

Filled in once a data folder: a file beside the database says that it is done. What was interrupted
before that is completed by the next try, since accounts, conversations and messages are recognised.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from attrs import evolve
from sqlalchemy import URL

from chatcore.cli.poster import poster
from chatcore.cli.story import PASSWORD, PEOPLE, TALKS, Line, Talk
from chatcore.engine import ChatEngine
from chatcore.errors import Conflict, Unauthenticated
from chatcore.ids import ConversationId, MessageId, UploadId, to_datetime
from chatcore.models import ANONYMOUS, Actor, Message, MessageKind
from chatcore.operations import (
    AddReaction,
    CreateConversation,
    ImportMessage,
    ListMessages,
    Login,
    Logout,
    MarkReceipt,
    Register,
    UpdateMe,
)

_MARK: Final = "sample-is-in"
Team = Mapping[str, Actor]


def invitation() -> str:
    """Which names and passwords to try."""
    names = list(PEOPLE)
    listed = ", ".join(names[:-1]) + " or " + names[-1]
    return f"Log in as {listed}, each with the password: {PASSWORD}"


async def fill(folder: Path, database: URL, files: str) -> bool:
    """Add the team, unless it is there already; whether it was added.

    Raises :class:`Conflict` where somebody else has one of the names.
    """
    mark = folder / _MARK
    if mark.exists() and (folder / "chat.db").exists():
        return False
    async with ChatEngine(database, files=files) as engine:
        team = {name: await _person(engine, name) for name in PEOPLE}
        for index, talk in enumerate(TALKS):
            await _talk(engine, team, talk, f"sample-{index}")
        for actor in team.values():
            await engine.execute(actor, Logout())
    mark.touch()
    return True


async def _person(engine: ChatEngine, name: str) -> Actor:
    display_name, bio = PEOPLE[name]
    try:
        entered = await engine.execute(ANONYMOUS, Register(name, PASSWORD, display_name))
    except Conflict:
        try:
            entered = await engine.execute(ANONYMOUS, Login(name, PASSWORD))
        except Unauthenticated:
            taken = f"Somebody here is called {name} already: use another folder (--data)"
            raise Conflict(taken) from None
    await engine.execute(entered.actor, UpdateMe(bio=bio))
    return evolve(entered.actor, operator=True)


async def _talk(engine: ChatEngine, team: Team, talk: Talk, key: str) -> None:
    founder = team[talk.members[0]]
    conversation = (await engine.execute(founder, _opening(talk, team, key))).id
    sent = await _sent(engine, founder, conversation)
    for index, line in enumerate(talk.lines):
        key = f"sample-{index}"
        if key not in sent:
            answered = None if line.answers is None else sent[f"sample-{line.answers}"]
            message = await _message(engine, team[line.who], conversation, line, answered)
            done = await engine.execute(team[line.who], evolve(message, key=key))
            if isinstance(done, Message):  # nothing of the sample waits
                sent[key] = done.id
        for reaction, names in line.reactions.items():
            for name in names:
                await engine.execute(team[name], AddReaction(conversation, sent[key], reaction))
    for name in talk.members:
        read = len(talk.lines) - talk.unread.get(name, 0)
        marks = MarkReceipt(conversation, delivered_seq=len(talk.lines), read_seq=read)
        await engine.execute(team[name], marks)


def _opening(talk: Talk, team: Team, key: str) -> CreateConversation:
    others = tuple(team[name].id for name in talk.members[1:])
    if talk.title is None:
        return CreateConversation(kind="direct", user_id=others[0])
    return CreateConversation(
        kind="group", title=talk.title, description=talk.description, member_ids=others, key=key
    )


async def _sent(
    engine: ChatEngine, actor: Actor, conversation: ConversationId
) -> dict[str | None, MessageId]:
    """What an earlier try has sent, by key."""
    page = await engine.execute(actor, ListMessages(conversation, limit=engine.limits.page_max))
    return {message.key: message.id for message in page.items}


async def _message(
    engine: ChatEngine,
    author: Actor,
    conversation: ConversationId,
    line: Line,
    answered: MessageId | None,
) -> ImportMessage:
    """A line as a message; its picture is uploaded first."""
    kind: MessageKind = "text"
    uploads: tuple[UploadId, ...] = ()
    if line.picture:
        kind = "image"
        uploads = ((await engine.upload(author, name="open-day.png", chunks=_bytes())).upload_id,)
    sent = to_datetime(engine.clock.now()) - timedelta(minutes=line.ago)
    return ImportMessage(
        conversation,
        line.text,
        kind=kind,
        upload_ids=uploads,
        reply_to=answered,
        created_at=sent,
    )


async def _bytes() -> AsyncIterator[bytes]:
    yield poster()
