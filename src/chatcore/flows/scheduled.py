"""Firing what is due."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from chatcore.errors import Internal, Invalid
from chatcore.flows.parts import Parts
from chatcore.ports.scheduled import ScheduledRecord
from chatcore.services import scheduled
from chatcore.services.work import ChatWork

logger = logging.getLogger("chatcore.scheduled")

_BATCH: Final = 50
_BROKEN: Final = (Internal, Invalid)
"""What firing a sound row never raises."""


async def fire(parts: Parts) -> bool:
    """Send the scheduled messages whose time has come; whether there may be more."""
    found = await parts.chat_read(lambda work: work.unit.scheduled.due(work.now, _BATCH))
    if not found:
        return False
    try:
        await _fire(parts, found)
    except _BROKEN:
        for one in found:
            await _fire_alone(parts, one)
    return len(found) == _BATCH


async def _fire(parts: Parts, found: Sequence[ScheduledRecord]) -> None:
    await parts.chat_write(lambda work: scheduled.fire(work, found))


async def _fire_alone(parts: Parts, one: ScheduledRecord) -> None:
    """One that breaks must not keep the others waiting."""
    try:
        await _fire(parts, [one])
    except _BROKEN as error:
        code = error.code
        logger.exception("a scheduled message can't be sent: %s", one.id)

        def fail(work: ChatWork) -> None:
            scheduled.fail(work, one.id, one.user_id, code)

        await parts.chat_write(fail)
