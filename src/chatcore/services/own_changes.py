"""What changed on an account's own stream: a few rows of each table, merged by rev."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chatcore.events import (
    BlockChanged,
    BookmarkChanged,
    Change,
    ContactChanged,
    ConversationPersonal,
    Event,
    MembershipChanged,
    MessageHidden,
    MeUpdated,
    ThreadMarked,
    VoteChanged,
)
from chatcore.ids import message_id
from chatcore.ports.actors import ActorRecord
from chatcore.services import blocks, bookmarks, contacts, deferrals, faces
from chatcore.services.access import Seat
from chatcore.services.work import ChatWork

_Rows = Sequence[tuple[int, Event | None]]
"""(rev, event) by rising rev; None for a row of which there is nothing to say."""


def after(work: ChatWork, account: ActorRecord, rev: int, most: int) -> tuple[list[Change], int]:
    """Changes after ``rev``, by rising rev, and the rev up to which they are all there are.

    No table is read for more than ``most`` rows. One that gives so many may have more: nothing is
    known beyond its last.
    """
    found: list[tuple[int, Event]] = []
    complete = account.rev
    for rows in _sources(work, account, rev, most):
        if len(rows) == most:
            complete = min(complete, rows[-1][0])
        found += [(at, event) for at, event in rows if event is not None]
    if account.profile_rev > rev:
        found.append((account.profile_rev, MeUpdated()))
    return list(_changes(found, complete)), complete


def _changes(found: Iterable[tuple[int, Event]], complete: int) -> Iterator[Change]:
    for rev, event in sorted(found, key=lambda one: one[0]):
        if rev <= complete:
            yield Change(stream="me", rev=rev, event=event)


def _sources(work: ChatWork, account: ActorRecord, rev: int, most: int) -> Iterator[_Rows]:
    user, unit = account.user_id, work.unit
    yield [
        (member.me_rev, MembershipChanged(stream.id, member.epoch if member.current else None))
        for stream, member in unit.members.mine(user, rev, most, personal=False)
    ]
    yield [
        (
            member.personal_rev,
            ConversationPersonal(stream.id, faces.own(work, Seat(stream, member)))
            if member.current
            else None,
        )
        for stream, member in unit.members.mine(user, rev, most, personal=True)
    ]
    yield [
        (block.me_rev, BlockChanged(blocks.face(block)))
        for block in unit.blocks.changed(user, rev, most)
    ]
    yield [
        (placed[1].me_rev, BookmarkChanged(bookmarks.face(placed)))
        for placed in unit.bookmarks.changed(user, rev, most)
    ]
    yield [
        (contact.me_rev, ContactChanged(contacts.face(contact)))
        for contact in unit.contacts.changed(user, rev, most)
    ]
    yield deferrals.changes(work, account, rev, most)
    yield from _of_messages(work, account, rev, most)


def _of_messages(work: ChatWork, account: ActorRecord, rev: int, most: int) -> Iterator[_Rows]:
    """What the user alone has of messages: hidden ones, threads they read, votes."""
    user, unit = account.user_id, work.unit
    yield [
        (at, MessageHidden(stream, message_id(stream, seq, nonce), True))
        for at, stream, seq, nonce in unit.hidden.changed(user, rev, most)
    ]
    yield [
        (at, ThreadMarked(stream, message_id(stream, seq, nonce), read_seq))
        for at, stream, seq, nonce, read_seq in unit.threads.marked(user, rev, most)
    ]
    yield [
        (at, VoteChanged(stream, message_id(stream, seq, nonce), options))
        for at, stream, seq, nonce, options in unit.polls.changed(user, rev, most)
    ]
