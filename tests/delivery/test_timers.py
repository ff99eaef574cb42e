"""Calls that are due later."""

import anyio
import pytest

from chatcore.delivery.timers import GRAIN_S, Timers
from chatcore.testing.clock import FakeClock

pytestmark = pytest.mark.anyio


async def test_calls_come_at_their_time() -> None:
    """Each call is made once, when its time has come, whatever the order they were asked in."""
    clock = FakeClock()
    timers = Timers(clock)
    made: list[tuple[str, float]] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(timers.run)
        await anyio.wait_all_tasks_blocked()
        for name, seconds in (("late", 5.0), ("soon", 1.0), ("later", 7.0), ("middle", 3.0)):
            timers.after(seconds, lambda name=name: made.append((name, clock.monotonic())))
        await clock.elapse(4)
        assert made == [("soon", 1.0), ("middle", 3.0)]
        await clock.elapse(10)
        assert made[2:] == [("late", 5.0), ("later", 7.0)]
        tasks.cancel_scope.cancel()


async def test_a_cancelled_call_is_not_made() -> None:
    """Cancelling before its time keeps it from being made; after it nothing happens."""
    clock = FakeClock()
    timers = Timers(clock)
    made: list[str] = []
    dropped = timers.after(1, lambda: made.append("dropped"))
    kept = timers.after(1, lambda: made.append("kept"))
    dropped.cancel()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(timers.run)
        await clock.elapse(2)
        kept.cancel()
        tasks.cancel_scope.cancel()
    assert made == ["kept"]


async def test_calls_close_together_share_a_waking() -> None:
    """A crowd of calls within the grain is made in one go."""
    clock = FakeClock()
    timers = Timers(clock)
    made: list[float] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(timers.run)
        await anyio.wait_all_tasks_blocked()
        for index in range(10):
            timers.after(GRAIN_S / 10 * index + 0.001, lambda: made.append(clock.monotonic()))
        await clock.elapse(1)
        tasks.cancel_scope.cancel()
    assert made == [GRAIN_S] * 10


async def test_a_call_may_ask_for_another() -> None:
    """A call made by a timer can set the next one."""
    clock = FakeClock()
    timers = Timers(clock)
    made: list[float] = []

    def again() -> None:
        made.append(clock.monotonic())
        timers.after(1, again)

    timers.after(1, again)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(timers.run)
        await clock.elapse(3.5)
        tasks.cancel_scope.cancel()
    assert made == [1, 2, 3]
