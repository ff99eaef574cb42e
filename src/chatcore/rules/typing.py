"""Who is writing: leases of a few seconds, held in memory only."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import frozen

from chatcore.ids import UserId
from chatcore.models import TypingState


@frozen
class Typing:
    """What one member is doing, unless they stop or say nothing more before ``until``."""

    state: TypingState
    until: float


Board = Mapping[UserId, Typing]
"""Who is writing in one conversation. Times are monotonic seconds."""


def put(board: Board, user: UserId, state: TypingState, now: float, lease_s: float) -> Board:
    """The board after ``user`` said so; "off" takes them from it. Old entries go on the way."""
    others = {name: typing for name, typing in live(board, now).items() if name != user}
    return others if state == "off" else {**others, user: Typing(state, now + lease_s)}


def live(board: Board, now: float) -> Board:
    """Those whose lease holds."""
    return {user: typing for user, typing in board.items() if now < typing.until}


def expiry(board: Board) -> float | None:
    """When the first lease ends."""
    return min((typing.until for typing in board.values()), default=None)


def changes(before: Board, after: Board) -> list[tuple[UserId, TypingState]]:
    """What to announce. A renewed lease is told again: clients let it lapse by themselves."""
    ended: list[tuple[UserId, TypingState]] = [
        (user, "off") for user in before if user not in after
    ]
    return ended + [
        (user, typing.state) for user, typing in after.items() if before.get(user) != typing
    ]


def visible(
    board: Board,
    viewer: UserId,
    members: Collection[UserId],
    hidden: Collection[UserId],
    now: float,
) -> Board:
    """What ``viewer`` may see. ``hidden``: those with whom there is a block either way."""
    return {
        user: typing
        for user, typing in live(board, now).items()
        if user != viewer and user in members and user not in hidden and viewer in members
    }
