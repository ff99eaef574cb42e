"""Asking the host's moderator about what people are about to say."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any, Final, TypeVar, cast

import anyio
import anyio.to_thread
from attrs import evolve

from chatcore.errors import Forbidden, Unavailable
from chatcore.flows.parts import Parts
from chatcore.ids import ConversationId
from chatcore.models import Actor
from chatcore.operations import (
    UNSET,
    EditMessage,
    ForwardMessage,
    Operation,
    SendMessage,
    UpdateScheduled,
)
from chatcore.operations.checks import check
from chatcore.ports.moderation import Allow, Draft, Hold, Refuse, Replace, Verdict
from chatcore.services import access, forwarding, scheduled, sending
from chatcore.services.work import ChatWork, Reviewed

logger = logging.getLogger("chatcore.moderation")

R = TypeVar("R", bound=Operation[Any])

REVIEWED: Final = frozenset({SendMessage, EditMessage, UpdateScheduled, ForwardMessage})
_AGAIN_S: Final = 1.0


async def review(parts: Parts, actor: Actor, operation: R) -> tuple[R, Reviewed | None]:
    """What to carry out in place of ``operation``, and how.

    Raises :class:`Forbidden` for what the moderator refuses, :class:`Unavailable` where it fails
    and may not, and the errors of whoever may not send there at all: the moderator isn't asked.
    """
    if isinstance(operation, ForwardMessage):
        await _review_forward(parts, actor, operation)
        return operation, None
    conversation = await parts.chat_read(lambda work: _place(work, actor, operation))
    body = getattr(operation, "body", None)
    if conversation is None or body is UNSET:
        return operation, None
    draft = Draft(actor=actor, conversation_id=conversation, body=body, operation=operation)
    match await _verdict(parts, draft):
        case Refuse(reason):
            raise Forbidden(reason)
        case Hold(reason) if isinstance(operation, SendMessage):
            return operation, Reviewed(operation, held=True, reason=reason)
        case Hold(reason):
            raise Forbidden(reason or "This has to be looked at first")
        case Replace(text):
            replaced = evolve(cast(Any, operation), body=text)
            check(replaced, parts.limits)
            reviewed = Reviewed(operation) if isinstance(operation, SendMessage) else None
            return replaced, reviewed
    return operation, None


async def _review_forward(parts: Parts, actor: Actor, operation: ForwardMessage) -> None:
    """Ask about each place where the text would be new. Only as it is, and at once, or not at all:
    somebody else wrote it."""
    body, places = await parts.chat_read(lambda work: forwarding.unseen(work, actor, operation))
    drafts = [
        Draft(actor=actor, conversation_id=place, body=body, operation=operation)
        for place in places
    ]
    for verdict in await _verdicts(parts, drafts):
        if isinstance(verdict, Unavailable):
            raise verdict
        if not isinstance(verdict, Allow):
            reason = None if isinstance(verdict, Replace) else verdict.reason
            raise Forbidden(reason or "This can't be sent on as it is")


def _place(work: ChatWork, actor: Actor, operation: Operation[Any]) -> ConversationId | None:
    """Where it would be said; None where there is nothing to ask: a repeat of a key."""
    if isinstance(operation, SendMessage):
        return None if sending.is_repeat(work, actor, operation) else operation.conversation_id
    if isinstance(operation, EditMessage):
        return access.seat(work, actor, operation.conversation_id, lock=False).stream.id
    if isinstance(operation, UpdateScheduled):
        return scheduled.own(work, actor, operation.id).conversation_id
    return None


async def _verdicts(parts: Parts, drafts: Sequence[Draft]) -> list[Verdict | Unavailable]:
    """All at once, so that many take no longer than one may; in the order of ``drafts``."""
    found: dict[int, Verdict | Unavailable] = {}

    async def ask(index: int, draft: Draft) -> None:
        try:
            found[index] = await _verdict(parts, draft)
        except Unavailable as error:
            found[index] = error

    async with anyio.create_task_group() as tasks:
        for index, draft in enumerate(drafts):
            tasks.start_soon(ask, index, draft)
    return [found[index] for index in range(len(drafts))]


async def _verdict(parts: Parts, draft: Draft) -> Verdict:
    settings = parts.settings
    try:
        with anyio.fail_after(settings.moderator_s):
            return await _ask(parts, draft)
    except Exception:
        logger.exception("the moderator failed")
        if settings.moderator_fails == "open":
            return Allow()
        raise Unavailable("The message can't be checked right now", retry_after=_AGAIN_S) from None


async def _ask(parts: Parts, draft: Draft) -> Verdict:
    moderator = parts.moderator
    if moderator is None:
        return Allow()
    if inspect.iscoroutinefunction(moderator.review):
        return cast(Verdict, await moderator.review(draft))
    answer = await anyio.to_thread.run_sync(
        partial(moderator.review, draft), limiter=parts.moderating, abandon_on_cancel=True
    )
    return await answer if isinstance(answer, Awaitable) else answer
