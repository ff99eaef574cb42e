"""The word index catches up beside the hot path: sends never wait for it, searches neither."""

from __future__ import annotations

import logging
from typing import Final, NoReturn

from chatcore.errors import ChatError
from chatcore.flows.parts import Parts
from chatcore.services import search

logger = logging.getLogger("chatcore.search")

STEP: Final = 1_000
"""Messages a step: some 4 ms of the lane."""

_SHARE: Final = 60
"""While messages keep coming, a second takes at least a step, or this part of what waits: the
index never falls behind for ever, and a burst has passed before it is indexed."""


class Indexing:
    """Looks once a second whether messages wait to be indexed, and indexes them in small steps."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._newest = 0

    async def run(self) -> NoReturn:
        """Go on for ever."""
        pause = 1.0
        while True:
            await self._parts.clock.sleep(pause)
            try:
                pause = await self.step()
            except ChatError:
                logger.exception("messages could not be indexed")
                pause = 1.0

    async def step(self) -> float:
        """Index some of what waits; for how many seconds to pause after that."""
        backlog = await self._parts.chat_read(lambda work: work.unit.search.backlog())
        quiet, self._newest = backlog.newest == self._newest, backlog.newest
        if not backlog.waiting:
            return 1.0
        await self._parts.chat_write(lambda work: search.index(work, STEP))
        if quiet:
            return 0.0
        return min(1.0, STEP * _SHARE / backlog.waiting)
