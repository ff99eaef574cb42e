"""Lanes: operations that wait become a batch, and a batch becomes one transaction.

A lane has one worker thread. While it works, what arrives collects; when it is free it takes all
that waits, so the cost of a transaction is shared by as many as came meanwhile. A whole batch goes
to the thread in one call and comes back in one call: no task, future or await a message.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import anyio
import anyio.to_thread
from attrs import define, field

from chatcore.errors import ChatError, Forbidden, Internal, Unavailable
from chatcore.events import Announcement
from chatcore.ids import BatchId, Clock, UserId, new_id
from chatcore.models import Actor, User
from chatcore.operations import Operation
from chatcore.ports.storage import Store, UnitOfWork
from chatcore.services import BULK, HANDLERS, Outcome, Request
from chatcore.services.audit import audited
from chatcore.services.work import Reviewed

logger = logging.getLogger("chatcore.lanes")

W = TypeVar("W")
U = TypeVar("U", bound=UnitOfWork)

_ATTEMPTS = 5


def _nothing(_: object) -> None:
    """What a job runs that is run by its ``bulk``."""


@define(eq=False)
class Job(Generic[W]):
    """Something to run inside a transaction.

    ``bulk`` is what takes many such jobs at once; without it ``run`` runs this one alone.
    """

    done: Callable[[Outcome], None]
    """Called on the event loop with the result or the error."""
    run: Callable[[W], Any] = _nothing
    bulk: Callable[[W, Sequence[Any]], Sequence[Outcome]] | None = None
    request: Any = None
    """What ``bulk`` takes."""
    by: object = None
    """Who asks: jobs of one keep their order."""
    about: object = None
    """The conversation it locks, where there is one."""


@define
class Batch(Generic[W]):
    """What came of a batch."""

    outcomes: Sequence[Outcome]
    announcements: Sequence[Announcement] = field(factory=tuple)


def job_of(
    actor: Actor,
    operation: Operation[Any],
    known: Mapping[UserId, User],
    done: Callable[[Outcome], None],
    verdict: Reviewed | None = None,
) -> Job[Any]:
    """The job that runs an operation's handler. Raises :class:`Forbidden` where there is none."""
    kind, stream = type(operation), operation.spec.stream
    about = None if stream is None else getattr(operation, stream)
    bulk = BULK.get(kind)
    if bulk is not None:
        request = Request(actor, operation, known, verdict)
        return Job(done, bulk=bulk, request=request, by=actor.user_id, about=about)
    handler = HANDLERS.get(kind)
    if handler is None:  # a right that the policy knows by a class of its own
        raise Forbidden

    def run(work: Any) -> Any:
        if operation.spec.users is not None:
            work.known = known
        return handler(work, actor, operation)

    return Job(done, audited(actor, operation, run), by=actor.user_id, about=about)


class _Undecided(Exception):
    """A job failed after it had written: the batch must be rolled back and run one by one."""


def plan(jobs: Sequence[Job[W]]) -> list[list[Job[W]]]:
    """Groups that run one after the other: each a single job, or many of one bulk kind.

    Bulk jobs join an earlier group of their kind unless a single job, or another job of the same
    actor, stands between.
    """
    groups: list[list[Job[W]]] = []
    open_groups: dict[Any, int] = {}
    last: dict[object, int] = {}
    for job in jobs:
        if job.bulk is None:
            open_groups.clear()
            last.clear()
            groups.append([job])
            continue
        index = open_groups.get(job.bulk, -1)
        if index < 0 or last.get(job.by, -1) > index:
            index = open_groups[job.bulk] = len(groups)
            groups.append([])
        groups[index].append(job)
        last[job.by] = index
    return groups


class Runner(Generic[W, U]):
    """Runs batches in transactions of one store. Synchronous: lanes call it in their threads."""

    def __init__(
        self, store: Store[U], clock: Clock, work: Callable[[U], W], *, writes: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._work = work
        self._writes = writes

    def __call__(self, jobs: Sequence[Job[W]]) -> Batch[W]:
        """Never raises: whatever fails is the outcome of the jobs it failed for."""
        try:
            return self._retrying(jobs)
        except ChatError as error:
            return Batch([error] * len(jobs))
        except Exception as error:
            if len(jobs) == 1:
                if not isinstance(error, _Undecided):
                    logger.exception("an operation failed unexpectedly")
                return Batch([_cause(error)])
        alone = [self([job]) for job in jobs]
        return Batch(
            [outcome for batch in alone for outcome in batch.outcomes],
            [one for batch in alone for one in batch.announcements],
        )

    def _retrying(self, jobs: Sequence[Job[W]]) -> Batch[W]:
        for _ in range(_ATTEMPTS):
            try:
                return self._once(jobs)
            except Exception as error:
                if not self._store.retryable(error):
                    raise
        raise Unavailable

    def _once(self, jobs: Sequence[Job[W]]) -> Batch[W]:
        with self._store.write() if self._writes else self._store.read() as unit:
            work = self._work(unit)
            outcomes: dict[int, Outcome] = {}
            for group in plan(jobs):
                self._run(unit, work, group, outcomes)
            announcements: Sequence[Announcement] = getattr(work, "announcements", ())
            if unit.writes or any(one.rev is not None for one in announcements):
                unit.commit(BatchId(new_id(self._clock.now())))
            return Batch([outcomes[id(job)] for job in jobs], announcements)

    def _run(self, unit: U, work: W, group: Sequence[Job[W]], outcomes: dict[int, Outcome]) -> None:
        first = group[0]
        if first.bulk is not None:
            results = first.bulk(work, [job.request for job in group])
            outcomes.update((id(job), one) for job, one in zip(group, results, strict=True))
            return
        before = unit.writes
        announced = len(getattr(work, "announcements", ()))
        try:
            outcomes[id(first)] = first.run(work)
        except ChatError as error:
            # A refusal before the first write costs nothing; after it, everything must be undone.
            if unit.writes != before or len(getattr(work, "announcements", ())) != announced:
                raise _Undecided from error
            outcomes[id(first)] = error


def _cause(error: Exception) -> ChatError:
    cause = error.__cause__
    return cause if isinstance(cause, ChatError) else Internal()


class Lane(Generic[W]):
    """A queue and the threads that empty it."""

    def __init__(
        self,
        run: Callable[[Sequence[Job[W]]], Batch[W]],
        deliver: Callable[[Sequence[Announcement]], None],
        *,
        operations: int,
        conversations: int,
    ) -> None:
        """``operations`` and ``conversations`` are what a batch holds at most."""
        self._run = run
        self._deliver = deliver
        self._operations = operations
        self._conversations = conversations
        self._waiting: deque[Job[W]] = deque()
        self._wake = anyio.Event()
        self._closed = False
        self.batches = 0
        self.jobs = 0

    def put(self, job: Job[W]) -> None:
        """Queue a job. Raises :class:`Unavailable` once the lane is closing."""
        if self._closed:
            raise Unavailable("The engine is closing")
        self._waiting.append(job)
        self._wake.set()

    def withdraw(self, job: Job[W]) -> bool:
        """Take back a job that has not been started; False where it is too late."""
        with suppress(ValueError):
            self._waiting.remove(job)
            return True
        return False

    def close(self) -> None:
        """Take nothing more; :meth:`serve` ends when the queue is empty."""
        self._closed = True
        self._wake.set()

    async def serve(self) -> None:
        """Empty the queue until the lane is closed. Several may serve one queue of reads.

        Cancelling doesn't end it: what was taken is finished and announced.
        """
        limiter = anyio.CapacityLimiter(1)
        with anyio.CancelScope(shield=True):
            while self._waiting or not self._closed:
                if not self._waiting:
                    await self._wait()
                    continue
                jobs = self._take()
                batch = await anyio.to_thread.run_sync(self._run, jobs, limiter=limiter)
                self._finish(jobs, batch)

    async def _wait(self) -> None:
        if self._wake.is_set():
            self._wake = anyio.Event()
        await self._wake.wait()

    def _take(self) -> list[Job[W]]:
        """The next batch: as many as wait, within the bounds of jobs and conversations."""
        taken: list[Job[W]] = []
        about = set()
        while self._waiting and len(taken) < self._operations:
            about.add(self._waiting[0].about)
            if len(about) > self._conversations:
                break
            taken.append(self._waiting.popleft())
        return taken

    def _finish(self, jobs: Sequence[Job[W]], batch: Batch[W]) -> None:
        """Answers first, then events."""
        self.batches += 1
        self.jobs += len(jobs)
        for job, outcome in zip(jobs, batch.outcomes, strict=True):
            try:
                job.done(outcome)
            except Exception:
                logger.exception("an answer could not be delivered")
        if batch.announcements:
            try:
                self._deliver(batch.announcements)
            except Exception:
                # Committed all the same: clients find it when they pull, and the lane goes on.
                logger.exception("events could not be delivered")


class Turns(Generic[W]):
    """Keeps what one asks in order, while something of theirs takes more than a lane's turn."""

    def __init__(self) -> None:
        self._behind: dict[object, deque[W]] = {}

    def begin(self, by: object) -> None:
        """Something of ``by`` is under way."""
        self._behind.setdefault(by, deque())

    def waits(self, by: object, one: W) -> bool:
        """Queue ``one`` if something of ``by`` is under way; whether it was."""
        if by not in self._behind:
            return False
        self._behind[by].append(one)
        return True

    def end(self, by: object) -> Sequence[W]:
        """It is done; what waited behind it, in order."""
        return self._behind.pop(by, ())
