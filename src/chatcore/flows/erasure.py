"""The end of an account: both stores and the files, step by step.

The chat store first: from its first transaction on the user is refused everywhere. Then accounts,
in one transaction: sessions, password, profile. Then what the user left, a bounded transaction at
a time. Every step may be run again, so what a crash interrupts goes on at the next opening of an
engine, or when it is asked for again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeVar

import anyio

from chatcore.errors import ChatError, Forbidden, NotFound, Unavailable
from chatcore.flows.accounts import tell_revoked
from chatcore.flows.parts import Parts
from chatcore.flows.uploads import forget_blobs
from chatcore.ids import UserId
from chatcore.models import Actor, Erasure, ErasureDepth
from chatcore.operations import DeleteAccount
from chatcore.ports.erasure import Trace
from chatcore.ports.uploads import UploadRecord
from chatcore.services import accounts, erasure
from chatcore.services.audit import audited
from chatcore.services.erasure import STEP
from chatcore.services.work import ChatWork

T = TypeVar("T")

logger = logging.getLogger("chatcore.erasure")

_WINDOW = 5_000
"""How many messages one read looks through."""
_END = 1 << 53


async def delete(parts: Parts, actor: Actor, operation: DeleteAccount) -> Erasure:
    """Close an account. Raises :class:`Forbidden` where it isn't the actor's own, or unconfirmed.

    What is begun goes on, even if whoever asked goes away.
    """
    user = operation.user_id or actor.id
    if user == actor.user_id:
        await confirm(parts, actor, operation.password)
    else:
        await require_known(parts, actor, user)
    depth = operation.depth
    await parts.chat_write(audited(actor, operation, lambda work: erasure.begin(work, user, depth)))
    return await _beside(parts, partial(_run, parts, user, depth))


async def confirm(parts: Parts, actor: Actor, given: str | None) -> None:
    """The password, or a session that has just begun; whom the host signs in needs neither."""
    if actor.session_id is None or parts.hosted:
        return
    if given is not None:
        stored = await parts.accounts_read(lambda work: work.unit.users.credential(actor.id))
        if not await parts.hashing(lambda: parts.hasher.verify(stored, given)):
            raise Forbidden("Wrong password")
        return
    began = await parts.accounts_read(lambda work: accounts.began(work, actor))
    fresh_ms = int(parts.limits.session_fresh_s * 1_000)
    if began is None or parts.clock.now() - began > fresh_ms:
        raise Forbidden("Give your password, or sign in again first")


async def require_known(parts: Parts, actor: Actor, user: UserId) -> None:
    """Raise :class:`Forbidden` but for operators, and :class:`NotFound` for whom nobody knows."""
    if not actor.operator:
        raise Forbidden
    known = await parts.chat_read(lambda work: work.unit.actors.get(user))
    if known is None and not await parts.cards([user]):
        raise NotFound


async def _beside(parts: Parts, run: Callable[[], Awaitable[Erasure]]) -> Erasure:
    """Run it in a task of the engine's, which nobody's leaving cancels; what it gives."""
    done, given = anyio.Event(), list[Erasure | ChatError]()

    async def finish() -> None:
        try:
            given.append(await run())
        except ChatError as error:
            given.append(error)
        finally:
            done.set()

    parts.spawn(finish)
    await done.wait()
    if not given:
        raise Unavailable("The account is closed; the rest follows")
    if isinstance(given[0], ChatError):
        raise given[0]
    return given[0]


async def resume(parts: Parts) -> bool:
    """Go on with what was begun and not finished; False, as it doesn't try again at once."""
    waiting = await parts.chat_read(lambda work: work.unit.erasures.unfinished(STEP))
    for record in waiting:
        try:
            await _run(parts, record.user_id, record.depth)  # type: ignore[arg-type]
        except ChatError:
            logger.exception("an erasure could not be finished")
    return False


async def _run(parts: Parts, user: UserId, depth: ErasureDepth) -> Erasure:
    """All steps after the first; each finds for itself what there is left to do."""
    if not parts.hosted:
        touched, ended = await parts.accounts_write(lambda work: accounts.close(work, user, depth))
        await parts.chat_write(lambda work: erasure.count(work, user, **touched))
        # The user's own connections were closed with the account; those of their bots weren't.
        ended.pop(user, None)
        await tell_revoked(parts, ended)
    leave = erasure.hand_on if depth == "deactivate" else erasure.withdraw
    after = 0
    while traces := await parts.chat_read(_with(_traces, user, after)):
        for trace in traces:
            await parts.chat_write(_with(leave, user, trace))
            if depth == "erase" or (depth == "anonymise" and trace.kind == "self"):
                await _empty(parts, user, trace)
        after = traces[-1].conversation_n
    if depth != "deactivate":
        await _files(parts, user)
        while await parts.chat_write(lambda work: erasure.forget(work, user)):
            pass
    cards = await parts.cards([user])
    return await parts.chat_write(lambda work: erasure.finish(work, user, cards.get(user)))


def _with(call: Callable[..., T], *arguments: object) -> Callable[[ChatWork], T]:
    """``call``, waiting for the transaction it runs in."""
    return lambda work: call(work, *arguments)


def _traces(work: ChatWork, user: UserId, after: int) -> Sequence[Trace]:
    return work.unit.erasures.traces(user, after, STEP)


def _sent(work: ChatWork, user: UserId, trace: Trace, after: int, up_to: int) -> Sequence[int]:
    return work.unit.erasures.sent(trace, user, after, up_to)


def _reacted(work: ChatWork, user: UserId, trace: Trace, after: int, up_to: int) -> Sequence[int]:
    return work.unit.erasures.reacted(trace, user, after, up_to)


def _voted(work: ChatWork, user: UserId, trace: Trace, after: int, up_to: int) -> Sequence[int]:
    return work.unit.erasures.voted(trace, user, after, up_to)


_CONTENT: Final = (
    (_sent, erasure.bury),
    (_reacted, erasure.take_back),
    (_voted, erasure.unvote),
)


async def _empty(parts: Parts, user: UserId, trace: Trace) -> None:
    """Everything the user put into one conversation. Nothing is added: they have left it."""
    for find, take in _CONTENT:
        for after in range(0, trace.last_seq + 1, _WINDOW):
            # What came since the trace was read belongs to the last window.
            up_to = after + _WINDOW if after + _WINDOW <= trace.last_seq else _END
            seqs = await parts.chat_read(_with(find, user, trace, after, up_to))
            for start in range(0, len(seqs), STEP):
                await parts.chat_write(_with(take, user, trace, seqs[start : start + STEP]))


async def _files(parts: Parts, user: UserId) -> None:
    """The user's files, but for those that some message still holds.

    The bytes first: erased means that nothing is left, should this be interrupted here.
    """
    after = ""
    while records := await parts.chat_read(_with(_owned, user, after)):
        for record in records:
            if not await parts.chat_read(_with(_held, record)):
                await forget_blobs(parts.blobs, record)
                await parts.chat_write(_with(_drop, user, record))
        after = records[-1].id


def _owned(work: ChatWork, user: UserId, after: str) -> Sequence[UploadRecord]:
    return work.unit.erasures.files(user, after, STEP)


def _held(work: ChatWork, record: UploadRecord) -> bool:
    return bool(work.unit.uploads.holders(record.id))


def _drop(work: ChatWork, user: UserId, record: UploadRecord) -> None:
    there = record.id in work.unit.uploads.get([record.id])
    work.unit.uploads.delete(record.id)
    erasure.count(work, user, uploads=int(there))
