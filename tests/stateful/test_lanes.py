"""Batches of any make-up: whatever fails is kept apart, and the rest is kept once, in order."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chatcore.errors import Conflict, Internal, NotFound, Unavailable
from chatcore.lanes import Job, plan
from tests.test_runner import Busy, Lists, Work, crash, ignore, refuse, run, write_and_refuse

ACTORS = ("ann", "ben", "eve")

Drawn = list[tuple[str, str]]
"""(what, who) of each job."""


def _send(work: Work, requests: Sequence[Any]) -> list[Any]:
    return [NotFound() if text.startswith("no") else work.put(text) for text in requests]


def _mark(work: Work, requests: Sequence[Any]) -> list[Any]:
    return [work.put(text) for text in requests]


_BULK = {"send": _send, "no send": _send, "mark": _mark}
_ALONE = {"refuse": refuse, "regret": write_and_refuse, "crash": crash}
_ERRORS = {"no send": NotFound, "refuse": NotFound, "regret": Conflict, "crash": Internal}

drawn = st.lists(
    st.tuples(
        st.sampled_from(("send", "send", "mark", "mark", "no send", "put", *_ALONE)),
        st.sampled_from(ACTORS),
    ),
    max_size=8,
)


def _jobs(drawn: Drawn) -> list[Job[Work]]:
    made = []
    for number, (what, who) in enumerate(drawn):
        text = f"{what} {number} {who}"
        if what in _BULK:
            made.append(Job(ignore, bulk=_BULK[what], request=text, by=who))
        else:
            put = _ALONE.get(what, lambda work, text=text: work.put(text))
            made.append(Job(ignore, put, by=who))
    return made


@given(drawn=drawn)
def test_groups_hold_every_job_once_and_keep_each_actors_order(drawn: Drawn) -> None:
    """A group is one job, or many of one bulk kind; what stands alone is passed by nobody."""
    jobs = _jobs(drawn)
    groups = plan(jobs)
    ordered = [job for group in groups for job in group]
    places = {id(job): index for index, job in enumerate(ordered)}
    assert sorted(places) == sorted(map(id, jobs))
    assert all(len(group) == 1 or group[0].bulk for group in groups)
    assert all({one.bulk for one in group} == {group[0].bulk} for group in groups)
    for earlier, one in enumerate(jobs):
        for other in jobs[earlier + 1 :]:
            if one.by == other.by or one.bulk is None or other.bulk is None:
                assert places[id(one)] < places[id(other)]


@given(drawn=drawn, busy=st.integers(0, 6))
def test_a_job_that_fails_harms_no_other(drawn: Drawn, busy: int) -> None:
    """Whatever fails, and however often the store is busy, the others are done exactly once."""
    store = Lists(*(Busy() for _ in range(busy)))
    outcomes, told = run(store, _jobs(drawn))
    texts = [f"{what} {number} {who}" for number, (what, who) in enumerate(drawn)]
    for (what, _), text, outcome in zip(drawn, texts, outcomes, strict=True):
        if not isinstance(outcome, Unavailable):
            assert outcome == text or type(outcome) is _ERRORS.get(what), (what, outcome)
    done = [text for text, outcome in zip(texts, outcomes, strict=True) if outcome == text]
    assert sorted(store.kept) == sorted(done)
    assert told == store.kept
    assert busy >= 5 or not any(isinstance(outcome, Unavailable) for outcome in outcomes)
    for actor in ACTORS:
        own = [text for text in done if text.endswith(actor)]
        assert [text for text in store.kept if text.endswith(actor)] == own
