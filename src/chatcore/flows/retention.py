"""Letting messages go: those that expired, and those that are older than they may be."""

from __future__ import annotations

from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

from chatcore.flows.parts import Parts
from chatcore.models import Pruned
from chatcore.ports.retention import Aged
from chatcore.services import expiry, retention

_BATCH: Final = 100
_LOOK: Final = 200
"""So many conversations one step looks at."""

_reached: Final[WeakKeyDictionary[Parts, int]] = WeakKeyDictionary()
"""Where each engine's round goes on: one that always began anew would never get far."""


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
    place: int | None = 0
    while place is not None:
        place, one, count = await _step(parts, place)
        if one is not None:
            gone[one.n] = gone.get(one.n, 0) + count
    return Pruned(expired=expired, conversations=len(gone), messages=sum(gone.values()))


async def _step(parts: Parts, after: int) -> tuple[int | None, Aged | None, int]:
    """After which conversation to go on, if there are more; which was pruned; how many rows."""
    days = parts.settings.retention_days
    looked = await parts.chat_read(
        lambda work: work.unit.retention.aged(after, work.now, days, _LOOK)
    )
    if not looked.aged:
        return looked.next, None, 0
    one = looked.aged[0]
    count, more = await parts.chat_write(partial(retention.prune, id=one.id))
    return one.n - 1 if more else one.n, one, count


async def slowly(parts: Parts) -> bool:
    """One step of the background's round; whether there is more to do."""
    place, _, _ = await _step(parts, _reached.get(parts, 0))
    _reached[parts] = place or 0
    return place is not None
