"""Lanes: what waits becomes a batch, and the answers come before the events."""

import threading
from collections.abc import Sequence
from typing import Any

import anyio
import anyio.to_thread
import pytest

from chatcore.errors import Unavailable
from chatcore.events import Announcement, TypingChanged
from chatcore.ids import UserId
from chatcore.lanes import Batch, Job, Lane, Turns


def said(text: str) -> Announcement:
    """An announcement that can be told from others."""
    return Announcement(event=TypingChanged(UserId(text), "text"), stream=None)


class Running:
    """A lane whose worker stops at a gate before each batch."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.batches: list[int] = []
        self.gate = threading.Semaphore(0)
        self.broken = False
        self.lane: Lane[Any] = Lane(self._run, self._deliver, operations=3, conversations=2)

    def _run(self, jobs: Sequence[Job[Any]]) -> Batch[Any]:
        self.gate.acquire(timeout=10)
        self.batches.append(len(jobs))
        return Batch([one.request for one in jobs], [said(str(one.request)) for one in jobs])

    def _deliver(self, announcements: Sequence[Announcement]) -> None:
        if self.broken:
            raise ConnectionError
        self.heard += [f"said {one.event.user_id}" for one in announcements]  # type: ignore[attr-defined]

    def ask(self, number: int, about: str | None = None) -> Job[Any]:
        """Queue a job that tells its number."""
        one: Job[Any] = Job(self.heard.append, request=number, about=about)
        self.lane.put(one)
        return one

    async def taken(self) -> None:
        """Wait until what was asked first has been taken."""
        await anyio.wait_all_tasks_blocked()


@pytest.fixture
def running() -> Running:
    """A lane that nobody serves yet."""
    return Running()


@pytest.mark.anyio
async def test_what_waits_becomes_a_batch(running: Running) -> None:
    """While one runs the next collects, up to the most; answers first, then events."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.lane.serve)
        running.ask(0)
        await running.taken()
        for number in range(1, 6):
            running.ask(number)
        running.gate.release(3)
        running.lane.close()
    assert running.batches == [1, 3, 2]
    assert running.heard == [
        *(0, "said 0"),
        *(1, 2, 3, "said 1", "said 2", "said 3"),
        *(4, 5, "said 4", "said 5"),
    ]
    assert (running.lane.batches, running.lane.jobs) == (3, 6)


@pytest.mark.anyio
async def test_a_batch_locks_few_conversations(running: Running) -> None:
    """It ends before one too many, and what is left waits for the next."""
    for number, about in enumerate("aababcdea"):
        running.ask(number, about)
    running.gate.release(9)
    running.lane.close()
    await running.lane.serve()
    assert running.batches == [3, 2, 2, 2]
    assert [one for one in running.heard if isinstance(one, int)] == list(range(9))


@pytest.mark.anyio
async def test_a_closed_lane_finishes_and_takes_nothing_more(running: Running) -> None:
    """What waits is done, what comes is refused."""
    running.ask(1)
    running.lane.close()
    with pytest.raises(Unavailable):
        running.ask(2)
    running.gate.release()
    await running.lane.serve()
    assert running.heard == [1, "said 1"]


@pytest.mark.anyio
async def test_only_what_was_not_taken_can_be_withdrawn(running: Running) -> None:
    """What runs is finished and told."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.lane.serve)
        first = running.ask(1)
        await running.taken()
        second = running.ask(2)
        assert not running.lane.withdraw(first)
        assert running.lane.withdraw(second)
        assert not running.lane.withdraw(second)
        running.gate.release(2)
        running.lane.close()
    assert running.heard == [1, "said 1"]


@pytest.mark.anyio
async def test_cancelling_does_not_interrupt_a_batch(running: Running) -> None:
    """What was taken is answered and announced; then the lane ends."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(running.lane.serve)
        running.ask(1)
        await running.taken()
        tasks.cancel_scope.cancel()
        running.gate.release()
        running.lane.close()
    assert running.heard == [1, "said 1"]


@pytest.mark.anyio
async def test_who_cannot_be_told_stops_nobody(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer or an announcement that fails is logged; the others go out."""

    def fail(outcome: object) -> None:
        raise ConnectionError

    running.lane.put(Job(fail, request=1))
    running.ask(2)
    running.broken = True
    running.gate.release(2)
    running.lane.close()
    await running.lane.serve()
    assert running.heard == [2]
    assert len(caplog.records) == 2


@pytest.mark.anyio
async def test_several_may_serve_one_queue(running: Running) -> None:
    """Each takes what waits; nothing is done twice."""
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(running.lane.serve)
        running.gate.release(20)
        for number in range(20):
            running.ask(number)
            if number % 5 == 0:
                await anyio.wait_all_tasks_blocked()
        running.lane.close()
    assert sorted(one for one in running.heard if isinstance(one, int)) == list(range(20))


def test_turns() -> None:
    """What one asks waits behind what they have under way, and nobody else's does."""
    turns: Turns[int] = Turns()
    assert not turns.waits("ann", 1)
    turns.begin("ann")
    assert turns.waits("ann", 2)
    turns.begin("ann")
    assert turns.waits("ann", 3)
    assert not turns.waits("ben", 4)
    assert list(turns.end("ann")) == [2, 3]
    assert not turns.waits("ann", 5)
    assert list(turns.end("ann")) == []
