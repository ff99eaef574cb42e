"""A transcript, written through the engine: fast, and as often as one likes.

Users, the group and every message carry keys that follow from the source. So a transfer that was
interrupted goes on where it stopped, one that is repeated changes nothing, and a log that has
grown gives its new lines only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import anyio
from attrs import evolve, frozen

from chatcore.engine import ChatEngine, Request
from chatcore.errors import ChatError, Conflict, Invalid, KeyReused
from chatcore.ids import ConversationId, MessageId, UserId
from chatcore.importers.transcript import Entry, Person, Transcript
from chatcore.models import Actor, Message, User
from chatcore.operations import (
    AddMembers,
    CreateConversation,
    ImportMessage,
    ImportUser,
    NewSettings,
    Operation,
    SearchUsers,
)
from chatcore.rules.text import fold_username

T = TypeVar("T")

Progress = Callable[[int, int], None]
"""Takes how many entries are done, and of how many."""

_TOGETHER: Final = 256
"""How many are submitted at once: what one transaction takes."""
_OPERATOR: Final = Actor(None, operator=True)


@frozen(kw_only=True)
class Transferred:
    """What a transfer has come to."""

    conversation_id: ConversationId
    people: int
    messages: int
    notices: int
    replies: int
    repeated: int
    """How many of the messages and notices were there already."""


async def transfer(
    engine: ChatEngine,
    transcript: Transcript,
    title: str,
    *,
    viewers: Sequence[str] = (),
    progress: Progress = lambda done, total: None,
) -> Transferred:
    """Write ``transcript`` into the group that transfers of its source and ``title`` share.

    Everyone in it becomes a member of that group, and a user where they aren't yet; ``viewers``
    are usernames of others who shall read it. Raises :class:`Invalid` for an unknown viewer and
    for more people than a group may hold, :class:`KeyReused` for another transcript under the
    same title, and whatever refuses an entry.
    """
    _fits(engine, transcript, viewers)
    owner = Actor(await _owner(engine, transcript.source), operator=True)
    readers = [await _find(engine, owner, name) for name in viewers]
    users = await _people(engine, transcript.people)
    group = await engine.execute(
        owner,
        CreateConversation(
            kind="group",
            title=title,
            settings=NewSettings(history="shared"),
            key=f"{transcript.source}-{hashlib.sha256(title.encode()).hexdigest()[:32]}",
        ),
    )
    await _seat(engine, owner, group.id, list(users.values()))
    entries = transcript.entries
    repeated = await _entries(engine, group.id, users, entries, progress)
    await _seat(engine, owner, group.id, readers)
    notices = sum(entry.kind == "system" for entry in entries)
    return Transferred(
        conversation_id=group.id,
        people=len(users),
        messages=len(entries) - notices,
        notices=notices,
        replies=sum(entry.reply_to is not None for entry in entries),
        repeated=repeated,
    )


def _fits(engine: ChatEngine, transcript: Transcript, viewers: Sequence[str]) -> None:
    wanted, most = len(transcript.people) + len(viewers) + 1, engine.limits.group_members
    if wanted > most:
        raise Invalid(f"{wanted} members are more than a group may have ({most})")


async def _owner(engine: ChatEngine, source: str) -> UserId:
    """The bot that owns what comes from ``source``, and can add members to it."""
    name = f"{source}-importer"
    bot = Person(key=name, username=name, spare=f"{name}-bot", display_name=f"{source} importer")
    return (await _people(engine, {bot.key: bot}, kind="bot"))[bot.key]


async def _people(
    engine: ChatEngine, people: Mapping[str, Person], **more: Any
) -> dict[str, UserId]:
    """The users behind ``people``, by key; made where they aren't there yet."""

    def ask(person: Person) -> ImportUser:
        name, shown = person.username, person.display_name
        return ImportUser(person.key, name, display_name=shown, **more)

    everyone = list(people.values())
    outcomes = await _submit(engine, [(_OPERATOR, ask(person)) for person in everyone])
    for index, person in enumerate(everyone):
        if isinstance(outcomes[index], Conflict):
            other = ask(evolve(person, username=person.spare))
            outcomes[index] = await engine.execute(_OPERATOR, other)
    found: list[User] = [_unless_refused(one) for one in outcomes]
    return {person.key: user.id for person, user in zip(everyone, found, strict=True)}


async def _find(engine: ChatEngine, actor: Actor, name: str) -> UserId:
    key, cursor = fold_username(name, engine.limits.name_chars), None
    while True:
        page = await engine.execute(actor, SearchUsers(name, cursor=cursor))
        for user in page.items:
            if user.username is not None and fold_username(user.username) == key:
                return user.id
        if page.next is None:
            raise Invalid(f"No user is called {name!r}")
        cursor = str(page.next)


async def _seat(
    engine: ChatEngine, owner: Actor, group: ConversationId, users: Sequence[UserId]
) -> None:
    """Make ``users`` members who may read everything; those who are stay as they are."""
    for some in _chunks(users, engine.limits.members_a_request):
        await engine.execute(owner, AddMembers(group, tuple(some), share_history=True))


async def _entries(
    engine: ChatEngine,
    group: ConversationId,
    users: Mapping[str, UserId],
    entries: Sequence[Entry],
    progress: Progress,
) -> int:
    """Send all entries; how many were there already."""
    sent: dict[str, MessageId] = {}
    repeated = 0
    progress(0, len(entries))
    for run in _runs(entries):
        requests = [
            (Actor(users[entry.author], operator=True), _import(group, entry, sent))
            for entry in run
        ]
        for entry, outcome in zip(run, await _submit(engine, requests), strict=True):
            message: Message = _unless_refused(outcome, entry.key)
            sent[entry.key] = message.id
            repeated += message.replayed is True
        progress(len(sent), len(entries))
    return repeated


def _runs(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Entries that can be sent together: none of a run answers another of it."""
    run: list[Entry] = []
    keys: set[str | None] = set()
    for entry in entries:
        if len(run) == _TOGETHER or (entry.reply_to in keys):
            yield run
            run, keys = [], set()
        run.append(entry)
        keys.add(entry.key)
    if run:
        yield run


def _import(group: ConversationId, entry: Entry, sent: Mapping[str, MessageId]) -> ImportMessage:
    return ImportMessage(
        group,
        entry.body,
        key=entry.key,
        kind=entry.kind,
        reply_to=None if entry.reply_to is None else sent[entry.reply_to],
        created_at=entry.at,
    )


async def _submit(
    engine: ChatEngine, requests: Sequence[tuple[Actor, Operation[Any]]]
) -> list[Any]:
    """The outcomes of many operations, in order, errors included."""
    outcomes: list[Any] = [None] * len(requests)
    left = len(requests)
    ready = anyio.Event()

    def tell(index: int) -> Callable[[Any], None]:
        def done(outcome: Any) -> None:
            nonlocal left
            outcomes[index] = outcome
            left -= 1
            if not left:
                ready.set()

        return done

    engine.submit([Request(*one, tell(index)) for index, one in enumerate(requests)])
    if requests:
        await ready.wait()
    return outcomes


def _unless_refused(outcome: Any, key: str | None = None) -> Any:
    if isinstance(outcome, KeyReused):
        raise KeyReused(f"{key} was imported under this title before, with other content")
    if isinstance(outcome, ChatError):
        raise outcome
    return outcome


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
