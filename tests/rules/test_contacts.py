"""Contacts: one table for two sides, which always mirror each other."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.errors import Forbidden, NotFound
from chatcore.rules.contacts import (
    ACCEPTED,
    AGREED,
    ASKED,
    ASKING,
    ENDED,
    REFUSED,
    TABLE,
    TURNED_DOWN,
    Standing,
    Step,
    after,
)

STEPS: tuple[Step, ...] = get_args(Step)
EVERY: list[Standing | None] = [
    None, ASKED, ASKING, ACCEPTED, AGREED, TURNED_DOWN, REFUSED, *ENDED
]  # fmt: skip


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(STEPS)), max_size=20))
def test_whatever_two_do_their_sides_agree(steps: list[tuple[bool, Step]]) -> None:
    """Nobody is a contact who didn't ask or agree, and nobody asks again who was refused."""
    sides: list[Standing | None] = [None, None]
    willing = [False, False]
    for who, step in steps:
        mine = sides[who]
        if (mine, step) not in TABLE:
            assert step != "request" or mine == TURNED_DOWN
            with pytest.raises(Forbidden if step == "request" else NotFound):
                after(mine, step)
            continue
        found = after(mine, step)
        sides[who], sides[not who] = found, found.mirrored()
        if step in ("request", "accept"):
            willing[who] = True
        elif not found.alive:
            willing = [False, False]
        assert found.state != "accepted" or willing == [True, True]
        assert found.alive or step in ("refuse", "remove")


@pytest.mark.parametrize(("standing", "step"), list(product(EVERY, STEPS)))
def test_a_step_repeated_changes_nothing_more(standing: Standing | None, step: Step) -> None:
    """Except removing: what isn't there can't be removed."""
    if (standing, step) not in TABLE:
        return
    once = after(standing, step)
    if step == "remove":
        with pytest.raises(NotFound):
            after(once, step)
    else:
        assert after(once, step) == once


def test_both_ask() -> None:
    """That is an agreement."""
    assert after(ASKED.mirrored(), "request") == AGREED


def test_who_was_refused_waits_to_be_asked() -> None:
    """They may not ask, nor clear it away and ask then; who refused may."""
    for step in STEPS:
        with pytest.raises((Forbidden, NotFound)):
            after(TURNED_DOWN, step)
    assert after(REFUSED, "request") == ASKED
