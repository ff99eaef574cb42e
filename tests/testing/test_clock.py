"""The clock that tests turn by hand."""

import anyio
import pytest

from chatcore.testing.clock import FakeClock

pytestmark = pytest.mark.anyio


async def test_it_stands_still() -> None:
    """Nothing but the test moves it, and both of its faces move together."""
    clock = FakeClock(1_000)
    assert (clock.now(), clock.monotonic()) == (1_000, 0.0)
    clock.advance(1.5)
    assert (clock.now(), clock.monotonic()) == (2_500, 1.5)


async def test_it_never_goes_back() -> None:
    """A negative step is refused and changes nothing."""
    clock = FakeClock()
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
    assert clock.monotonic() == 0


async def test_sleepers_wake_at_their_own_moments() -> None:
    """Each sleeper sees the time it slept until, the repeated ones too."""
    clock = FakeClock()
    seen: list[tuple[str, float]] = []

    async def sleeper(name: str, *waits: float) -> None:
        for wait in waits:
            await clock.sleep(wait)
            seen.append((name, clock.monotonic()))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sleeper, "a", 1, 1, 1)
        tasks.start_soon(sleeper, "b", 2.5, 0)
        await clock.elapse(2.5)
        assert seen == [("a", 1), ("a", 2), ("b", 2.5), ("b", 2.5)]
        await clock.elapse(0.5)
    assert seen[-1] == ("a", 3)
    assert clock.monotonic() == 3


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    """Who stops sleeping leaves nothing behind that a later step would wake."""
    clock = FakeClock()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 1)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    await clock.elapse(2)
    assert clock.monotonic() == 2
