"""Firing what is due."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from chatcore.errors import Internal, Invalid
from chatcore.flows.parts import Parts
from chatcore.ids import Milliseconds, to_ms
from chatcore.models import Scheduled
from chatcore.ports.scheduled import ScheduledRecord
from chatcore.services import scheduled
from chatcore.services.work import ChatWork

logger = logging.getLogger("chatcore.scheduled")

_BATCH: Final = 50
_BROKEN: Final = (Internal, Invalid)
"""What firing a sound row never raises."""


async def fire(parts: Parts) -> bool:
    """Send the scheduled messages whose time has come; whether there may be more.

    What falls due before this is called again by itself is waited for.
    """
    ahead = _ahead(parts)
    now, found = await parts.chat_read(
        lambda work: (work.now, work.unit.scheduled.due(work.now + ahead, _BATCH))
    )
    due = [one for one in found if one.send_at is not None and one.send_at <= now]
    if due:
        try:
            await _fire(parts, due)
        except _BROKEN:
            for one in due:
                await _fire_alone(parts, one)
    if len(due) < len(found):
        _later(parts, (found[len(due)].send_at or now) - now)
    return len(due) == _BATCH


def note(parts: Parts, changed: Scheduled) -> None:
    """A message was scheduled, here or where a broker tells of it: wait for it."""
    if changed.state == "waiting" and changed.send_at is not None:
        ms = to_ms(changed.send_at) - parts.clock.now()
        if ms <= _ahead(parts):
            _later(parts, ms)


def _ahead(parts: Parts) -> Milliseconds:
    return int(parts.settings.chores_interval_s * 1_000)


def _later(parts: Parts, ms: Milliseconds) -> None:
    parts.later(max(ms, 0) / 1_000, fire)


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
