"""Letting messages go: those that expired, and those that are older than they may be."""

from __future__ import annotations

from functools import partial
from typing import Final

from chatcore.flows.parts import Parts
from chatcore.models import Pruned
from chatcore.ports.retention import Aged
from chatcore.services import expiry, retention

_BATCH: Final = 100


async def expire(parts: Parts) -> bool:
    """Start and end the time of disappearing messages; whether there may be more."""
    unstarted = await parts.chat_read(lambda work: work.unit.retention.unstarted(_BATCH))
    if unstarted:
        await parts.chat_write(lambda work: expiry.begin_left(work, unstarted))
    return await _bury(parts) == _BATCH


async def _bury(parts: Parts) -> int:
    """How many of those that expired were looked at."""
    found = await parts.chat_read(lambda work: work.unit.retention.expired(work.now, _BATCH))
    if found:
        await parts.chat_write(lambda work: expiry.bury(work, found))
    return len(found)


async def prune(parts: Parts) -> Pruned:
    """Let go of everything that is older than it may be, and of what has expired: a report."""
    expired = 0
    while found := await _bury(parts):
        expired += found
    gone: dict[int, int] = {}
    place = 0
    while one := await _aged(parts, place):
        count, more = await parts.chat_write(partial(retention.prune, id=one.id))
        gone[one.n] = gone.get(one.n, 0) + count
        if not more:
            place = one.n
    return Pruned(expired=expired, conversations=len(gone), messages=sum(gone.values()))


async def _aged(parts: Parts, after: int) -> Aged | None:
    """The next conversation that has something to prune."""
    days = parts.settings.retention_days
    found = await parts.chat_read(lambda work: work.unit.retention.aged(after, work.now, days, 1))
    return found[0] if found else None


async def slowly(parts: Parts) -> bool:
    """One step of the background's round; whether there is more to do."""
    one = await _aged(parts, 0)
    if one is not None:
        await parts.chat_write(partial(retention.prune, id=one.id))
    return one is not None
