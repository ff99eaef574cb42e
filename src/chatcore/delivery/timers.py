"""Calls that are due later: one task for all of them, on the engine's clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final, NoReturn

import anyio
from attrs import define

from chatcore.ids import Clock

GRAIN_S: Final = 0.02
"""Calls due within this time of each other share one waking: nothing here needs to be finer."""


@define(eq=False)
class Timer:
    """A call to come."""

    call: Callable[[], None] | None

    def cancel(self) -> None:
        """Don't call. Harmless once it was called."""
        self.call = None


class Timers:
    """Calls to make after some time, on the event loop, while :meth:`run` runs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._order = count()
        self._heap: list[tuple[float, int, Timer]] = []
        self._earlier = anyio.Event()

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call ``call`` in ``seconds``, up to a few hundredths late. It must not raise."""
        timer = Timer(call)
        due = self._clock.monotonic() + seconds
        if not self._heap or due < self._heap[0][0]:
            self._earlier.set()
        heapq.heappush(self._heap, (due, next(self._order), timer))
        return timer

    async def run(self) -> NoReturn:
        """Make the calls as they fall due, until cancelled."""
        while True:
            self._call_due()
            self._earlier = anyio.Event()
            async with anyio.create_task_group() as tasks:
                if self._heap:
                    tasks.start_soon(self._sleep, self._heap[0][0] - self._clock.monotonic())
                await self._earlier.wait()
                tasks.cancel_scope.cancel()

    async def _sleep(self, seconds: float) -> None:
        await self._clock.sleep(max(seconds, GRAIN_S))
        self._earlier.set()

    def _call_due(self) -> None:
        now = self._clock.monotonic()
        while self._heap and self._heap[0][0] <= now:
            timer = heapq.heappop(self._heap)[2]
            if timer.call is not None:
                timer.call()
                timer.call = None
