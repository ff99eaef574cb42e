"""Time that passes only when a test says so."""

from __future__ import annotations

import heapq
from itertools import count

import anyio
from anyio.lowlevel import checkpoint

from chatcore.ids import Clock, Milliseconds


class FakeClock(Clock):
    """Starts at ``start`` (wall time, milliseconds) and monotonic zero, and stands still.

    :meth:`advance` moves it at once; :meth:`elapse` moves it from sleeper to sleeper, as real time
    would, and lets everything that wakes run as far as it can.
    """

    def __init__(self, start: Milliseconds = 1_700_000_000_000) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, anyio.Event]] = []

    def now(self) -> Milliseconds:
        return self._start + round(self._elapsed * 1_000)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        await checkpoint()
        if seconds <= 0:
            return
        sleeper = (self._elapsed + seconds, next(self._order), anyio.Event())
        heapq.heappush(self._sleepers, sleeper)
        try:
            await sleeper[2].wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    def advance(self, seconds: float) -> None:
        """Move time on. Who slept until then goes on at the next checkpoint."""
        if seconds < 0:
            raise ValueError("time never goes back")
        self._move(self._elapsed + seconds)

    async def elapse(self, seconds: float) -> None:
        """Let ``seconds`` pass: each sleeper wakes at its own moment, before later ones do."""
        end = self._elapsed + seconds
        await anyio.wait_all_tasks_blocked()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._move(self._sleepers[0][0])
            await anyio.wait_all_tasks_blocked()
        self.advance(end - self._elapsed)
        await anyio.wait_all_tasks_blocked()

    def _move(self, moment: float) -> None:
        self._elapsed = moment
        while self._sleepers and self._sleepers[0][0] <= moment:
            heapq.heappop(self._sleepers)[2].set()
