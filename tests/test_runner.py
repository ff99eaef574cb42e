"""Runners: a batch is one transaction, and each job has its own outcome."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import define, field

from chatcore.errors import ChatError, Conflict, Internal, NotFound, Unavailable
from chatcore.events import Announcement, TypingChanged
from chatcore.ids import BatchId, UserId
from chatcore.lanes import Job, Runner, plan
from chatcore.ports.storage import Store, UnitOfWork
from chatcore.testing.clock import FakeClock


class Busy(Exception):
    """What this store finds worth another try."""


@define
class Unit(UnitOfWork):
    """A list that is kept at commit."""

    kept: list[str]
    failing: list[Exception]
    now: int = 0
    written: list[str] = field(factory=list)

    @property
    def writes(self) -> int:
        return len(self.written)

    def commit(self, batch: BatchId | None = None) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.kept += self.written


class Lists(Store[Unit]):
    """Keeps strings; ``failing`` are what the next commits raise."""

    def __init__(self, *failing: Exception) -> None:
        self.kept: list[str] = []
        self.failing = list(failing)
        self.opened = 0

    def open(self) -> None: ...
    def close(self) -> None: ...

    def retryable(self, error: Exception) -> bool:
        return isinstance(error, Busy)

    @contextmanager
    def write(self) -> Iterator[Unit]:
        self.opened += 1
        yield Unit(self.kept, self.failing)

    @contextmanager
    def read(self) -> Iterator[Unit]:
        yield Unit(self.kept, self.failing)


@define
class Work:
    """What jobs work with here."""

    unit: Unit
    announcements: list[Announcement] = field(factory=list)

    def put(self, text: str) -> str:
        self.unit.written.append(text)
        self.announcements.append(said(text))
        return text


def said(text: str) -> Announcement:
    """An announcement that can be told from others."""
    return Announcement(event=TypingChanged(UserId(text), "text"), stream=None)


def ignore(outcome: object) -> None:
    """Wants to know nothing."""


def job(run: Callable[[Work], Any]) -> Job[Work]:
    """A job that nobody waits for."""
    return Job(ignore, run)


def put(text: str) -> Job[Work]:
    """Writes ``text``."""
    return job(lambda work: work.put(text))


def refuse(work: Work) -> None:
    """Is refused before it wrote anything."""
    raise NotFound


def write_and_refuse(work: Work) -> None:
    """Is refused too late."""
    work.put("half")
    raise Conflict("changed my mind")


def announce_and_refuse(work: Work) -> None:
    """Is refused after it was announced."""
    work.announcements.append(said("half"))
    raise Conflict("changed my mind")


def crash(work: Work) -> None:
    """A defect."""
    work.put("half")
    raise ZeroDivisionError


def run(store: Lists, jobs: Sequence[Job[Work]]) -> tuple[list[Any], list[str]]:
    """Outcomes, and the users of what was announced."""
    batch = Runner(store, FakeClock(), Work, writes=True)(jobs)
    told = [one.event.user_id for one in batch.announcements]  # type: ignore[attr-defined]
    return list(batch.outcomes), told


def test_a_batch_is_one_transaction() -> None:
    """Written, kept and announced together."""
    store = Lists()
    assert run(store, [put("a"), put("b"), put("c")]) == (["a", "b", "c"], ["a", "b", "c"])
    assert (store.kept, store.opened) == (["a", "b", "c"], 1)


def test_reading_commits_nothing() -> None:
    """Where nothing was written there is nothing to keep."""
    store = Lists(Busy())
    assert run(store, [job(lambda work: 7)]) == ([7], [])
    assert store.failing


def test_an_early_refusal_leaves_the_others_alone() -> None:
    """It is one job's outcome; the transaction goes on."""
    store = Lists()
    outcomes, told = run(store, [put("a"), job(refuse), put("b")])
    assert [type(one) for one in outcomes] == [str, NotFound, str]
    assert (store.kept, told, store.opened) == (["a", "b"], ["a", "b"], 1)


@pytest.mark.parametrize("late", [write_and_refuse, announce_and_refuse])
def test_a_late_refusal_is_undone(late: Callable[[Work], None]) -> None:
    """The batch is rolled back and each runs alone: nothing of the refused one is kept or told."""
    store = Lists()
    outcomes, told = run(store, [put("a"), job(late), put("b")])
    assert [type(one) for one in outcomes] == [str, Conflict, str]
    assert str(outcomes[1]) == "changed my mind"
    assert (store.kept, told, store.opened) == (["a", "b"], ["a", "b"], 4)


def test_a_defect_is_the_outcome_of_its_own_job(caplog: pytest.LogCaptureFixture) -> None:
    """The others are answered; the log says what happened."""
    store = Lists()
    outcomes, told = run(store, [put("a"), job(crash), put("b")])
    assert [type(one) for one in outcomes] == [str, Internal, str]
    assert (store.kept, told) == (["a", "b"], ["a", "b"])
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ZeroDivisionError
    ]


def test_a_refused_commit_is_everybodys_outcome() -> None:
    """Nothing is kept, nothing is told."""
    store = Lists(Unavailable("too old"))
    outcomes, told = run(store, [put("a"), put("b")])
    assert [str(one) for one in outcomes] == ["too old"] * 2
    assert (store.kept, told) == ([], [])


def test_a_busy_store_is_asked_again() -> None:
    """The whole batch runs again, with a fresh unit."""
    store = Lists(Busy(), Busy())
    assert run(store, [put("a"), put("b")]) == (["a", "b"], ["a", "b"])
    assert (store.kept, store.opened) == (["a", "b"], 3)


def test_a_store_that_stays_busy_is_unavailable() -> None:
    """After five tries."""
    store = Lists(*[Busy()] * 9)
    outcomes, told = run(store, [put("a"), put("b")])
    assert [type(one) for one in outcomes] == [Unavailable] * 2
    assert (store.kept, told, store.opened) == ([], [], 5)


def bulk(name: str) -> Callable[[Work, Sequence[Any]], list[Any]]:
    """Takes many at once: an error for odd numbers."""

    def take(work: Work, requests: Sequence[Any]) -> list[Any]:
        work.put(f"{name}{list(requests)}")
        return [NotFound() if one % 2 else one for one in requests]

    return take


SENDS, MARKS = bulk("s"), bulk("m")


def many(kind: Any, number: int, by: str) -> Job[Work]:
    """One of many."""
    return Job(ignore, bulk=kind, request=number, by=by)


def test_bulk_jobs_run_together() -> None:
    """One call for all of a kind, an outcome each, in order."""
    store = Lists()
    outcomes, _ = run(store, [many(SENDS, number, "ann") for number in range(4)])
    assert [one if isinstance(one, int) else type(one) for one in outcomes] == [
        0,
        NotFound,
        2,
        NotFound,
    ]
    assert store.kept == ["s[0, 1, 2, 3]"]


@pytest.mark.parametrize(
    ("asked", "groups"),
    [
        ("s1a s2b s3a", "s123"),
        ("s1a m2a s3a", "s1 m2 s3"),
        ("s1a m2b s3a", "s13 m2"),
        ("s1a m2b s3b", "s1 m2 s3"),
        ("s1a m2a m3b s4b", "s1 m23 s4"),
        ("s1a m2b s3a m4a", "s13 m24"),
        ("s1a x2a s3a", "s1 x2 s3"),
        ("s1a x2b s3c s4a", "s1 x2 s34"),
        ("x1a x2a", "x1 x2"),
    ],
)
def test_groups_keep_the_order_of_each_actor(asked: str, groups: str) -> None:
    """Bulk jobs join an earlier group of their kind where nothing of the same actor is between."""
    kinds = {"s": SENDS, "m": MARKS, "x": None}
    words = asked.split()
    jobs = [Job(ignore, bulk=kinds[kind], request=number, by=by) for kind, number, by in words]
    names = {id(one): word for one, word in zip(jobs, words, strict=True)}
    found = [
        names[id(group[0])][0] + "".join(names[id(one)][1] for one in group) for group in plan(jobs)
    ]
    assert found == groups.split()


def test_errors_are_chat_errors() -> None:
    """Whatever a batch gives for a failed job can be sent to a client."""
    for failing in (refuse, write_and_refuse, crash):
        (outcome,), _ = run(Lists(), [job(failing)])
        assert isinstance(outcome, ChatError)
