"""The public cards that go with answers and events: whom they name, filled in after commit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve

from chatcore.events import Announcement, MemberJoined
from chatcore.ids import UserId
from chatcore.models import (
    AuditEntry,
    Ban,
    Block,
    Bookmark,
    Contact,
    Conversation,
    Invite,
    Member,
    Message,
    MessageStatus,
    Page,
    ReadBy,
    Receipt,
    Report,
    Thread,
    User,
    UserPresence,
)
from chatcore.services import paging

Cards = Callable[[Collection[UserId]], Mapping[UserId, User]]


def _of_message(message: Message) -> Iterable[UserId]:
    yield message.sender_id
    for reaction in message.reactions:
        yield from reaction.user_ids

    if message.poll is not None:
        for option in message.poll.options:
            yield from option.user_ids or ()
    if message.forwarded_from is not None:
        yield message.forwarded_from.sender_id
    if message.thread is not None:
        yield from message.thread.participants


def _of_thread(thread: Thread) -> Iterable[UserId]:
    return _of_message(thread.root)


def _of_conversation(conversation: Conversation) -> Iterable[UserId]:
    if conversation.peer_id is not None:
        yield conversation.peer_id
    if conversation.last_message is not None:
        yield conversation.last_message.sender_id


def _of_bookmark(bookmark: Bookmark) -> Iterable[UserId]:
    return () if bookmark.message is None else _of_message(bookmark.message)


def _of_user_id(
    item: Member | Receipt | ReadBy | Block | Contact | UserPresence,
) -> Iterable[UserId]:
    yield item.user_id


def _of_ban(item: Ban) -> Iterable[UserId]:
    yield item.user_id
    yield item.created_by


def _of_invite(item: Invite) -> Iterable[UserId]:
    yield item.created_by


def _of_report(report: Report) -> Iterable[UserId]:
    yield report.reporter_id
    yield report.user_id


def _of_act(entry: AuditEntry) -> Iterable[UserId]:
    yield from (user for user in (entry.actor_id, entry.user_id) if user is not None)


_NAMES: Mapping[type, Callable[[Any], Iterable[UserId]]] = {
    Message: _of_message,
    Thread: _of_thread,
    Conversation: _of_conversation,
    Bookmark: _of_bookmark,
    Member: _of_user_id,
    Ban: _of_ban,
    Invite: _of_invite,
    Receipt: _of_user_id,
    ReadBy: _of_user_id,
    Block: _of_user_id,
    Contact: _of_user_id,
    Report: _of_report,
    AuditEntry: _of_act,
}


def complete(outcomes: Sequence[Any], cards: Cards) -> list[Any]:
    """The outcomes, with ``users`` in the pages among them, as many as there is room for."""
    return [
        _complete(outcome, cards) if isinstance(outcome, (Page, MessageStatus)) else outcome
        for outcome in outcomes
    ]


def _complete(page: Page[Any] | MessageStatus, cards: Cards) -> Page[Any] | MessageStatus:
    if not page.items or type(page.items[0]) not in _NAMES:
        return page
    names = _NAMES[type(page.items[0])]
    wanted = dict.fromkeys(user for item in page.items for user in names(item))
    found = cards(wanted)
    users = tuple(found[user] for user in wanted if user in found)
    return evolve(page, users=users[: paging.within(users, paging.CARD_BYTES)])


def introduce(announcements: Sequence[Announcement], cards: Cards) -> list[Announcement]:
    """The announcements, with the cards of those who joined."""
    joined = [one.event.member.user_id for one in announcements if _joins(one)]  # type: ignore[attr-defined]
    if not joined:
        return list(announcements)
    found = cards(joined)
    return [
        evolve(one, event=evolve(one.event, user=found.get(one.event.member.user_id)))  # type: ignore[attr-defined, misc]
        if _joins(one)
        else one
        for one in announcements
    ]


def _joins(announcement: Announcement) -> bool:
    return isinstance(announcement.event, MemberJoined)
