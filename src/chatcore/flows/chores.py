"""What an engine does by itself, beside what it is asked: one list, one loop.

Each chore does one small step at a time, in transactions of its own, and says when it wants to go
on. Every process of an engine does them: a chore reads what is to do again inside the transaction
that does it, so that it is done once.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NoReturn

from attrs import frozen

from chatcore.flows import audit, erasure, retention, scheduled
from chatcore.flows.parts import Parts

logger = logging.getLogger("chatcore.chores")


@frozen
class Chore:
    """``step`` does a bounded piece of work: whether there is more to do at once."""

    name: str
    interval_s: Callable[[Parts], float]
    """How long after it has found nothing more to do it looks again."""
    step: Callable[[Parts], Awaitable[bool]]
    at_once: bool = False
    """Whether an engine that opens looks at once what was left undone."""


_HOUR_S: Final = 3_600.0

CHORES: Final[Sequence[Chore]] = (
    Chore(
        "scheduled", lambda parts: parts.settings.chores_interval_s, scheduled.fire, at_once=True
    ),
    Chore("expiry", lambda parts: parts.settings.chores_interval_s, retention.expire),
    Chore("retention", lambda parts: parts.settings.prune_interval_s, retention.slowly),
    Chore("erasure", lambda parts: _HOUR_S, erasure.resume),
    Chore("audit", lambda parts: _HOUR_S, audit.prune),
)


async def run(parts: Parts, chores: Sequence[Chore] = CHORES) -> NoReturn:
    """Do every chore in its turn, for ever. What fails is logged, and tried again later."""
    clock = parts.clock
    begun = clock.monotonic()
    due = {one: begun + (0 if one.at_once else one.interval_s(parts)) for one in chores}
    while True:
        chore = min(due, key=lambda one: due[one])
        await clock.sleep(max(0.0, due[chore] - clock.monotonic()))
        more = False
        try:
            more = await chore.step(parts)
        except Exception:
            logger.exception("a chore failed: %s", chore.name)
        pause = parts.settings.chores_pause_s if more else chore.interval_s(parts)
        due[chore] = clock.monotonic() + pause
