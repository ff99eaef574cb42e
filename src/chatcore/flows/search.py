"""The word index catches up beside the hot path: sends never wait for it, searches neither."""

from __future__ import annotations

import logging
from typing import Final, NoReturn

from chatcore.errors import ChatError
from chatcore.flows.parts import Parts
from chatcore.services import search

logger = logging.getLogger("chatcore.search")

IDLE_S: Final = 32.0
"""How long nobody looks where nothing was sent for some time. Searches read what isn't indexed."""

_FIRST_S: Final = 1.0

STEP: Final = 1_000
"""Messages a step: some 4 ms of the lane."""

_SHARE: Final = 60
"""While messages keep coming, a second takes at least a step, or this part of what waits: the
index never falls behind for ever, and a burst has passed before it is indexed."""


class Indexing:
    """Looks every second whether messages wait to be indexed, less often while none do."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._newest = 0

    async def run(self) -> NoReturn:
        """Go on for ever."""
        pause = _FIRST_S
        while True:
            await self._parts.clock.sleep(pause)
            try:
                due = await self.step()
                pause = min(2 * pause + 1, IDLE_S) if due is None else due
            except ChatError:
                logger.exception("messages could not be indexed")
                pause = _FIRST_S

    async def step(self) -> float | None:
        """Index some of what waits; for how many seconds to pause after that.

        None where nothing waits.
        """
        backlog = await self._parts.chat_read(lambda work: work.unit.search.backlog())
        quiet, self._newest = backlog.newest == self._newest, backlog.newest
        if not backlog.waiting:
            return None
        await self._parts.chat_write(lambda work: search.index(work, STEP))
        if quiet:
            return 0.0
        return min(1.0, STEP * _SHARE / backlog.waiting)
