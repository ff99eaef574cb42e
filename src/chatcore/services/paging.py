"""Cursors of lists: where a page ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from chatcore import codec
from chatcore.config import Limits
from chatcore.errors import Invalid
from chatcore.ids import decode_cursor, encode_cursor

T = TypeVar("T")

CARD_BYTES = 60 * 1024
"""What the cards of those whom an answer's items name may take."""
_SPARE_BYTES = CARD_BYTES + 4 * 1024
"""What an answer needs beside its items."""


def size(limits: Limits, limit: int | None) -> int:
    """How many items a page has."""
    return min(limits.page, limits.page_max) if limit is None else limit


def fit(items: Sequence[object], limits: Limits) -> int:
    """How many of these fit into one answer, from the first; at least one."""
    return within(items, limits.answer_bytes - _SPARE_BYTES)


def within(items: Sequence[object], room: int) -> int:
    """How many of these fit into so many bytes, from the first; at least one."""
    for count, item in enumerate(items):
        room -= len(codec.encode(item)) + 1
        if room < 0 and count:
            return count
    return len(items)


def after_text(kind: str, cursor: str | None) -> str:
    """The id or name a list goes on after; "" from the start.

    ``kind`` names the list, with whatever it is of: a cursor of another one is refused.
    """
    if cursor is None:
        return ""
    match decode_cursor(kind, cursor):
        case [str(after)]:
            return after
    raise Invalid.field("cursor", "not a cursor of this list")


def before_pair(kind: str, cursor: str | None) -> tuple[int, int] | None:
    """The pair of numbers a falling list goes on below; None from the top."""
    if cursor is None:
        return None
    match decode_cursor(kind, cursor):
        case [int(first), int(second)]:
            return first, second
    raise Invalid.field("cursor", "not a cursor of this list")


def before_number(kind: str, cursor: str | None) -> int | None:
    """The number a falling list goes on below; None from the top."""
    if cursor is None:
        return None
    match decode_cursor(kind, cursor):
        case [int(number)]:
            return number
    raise Invalid.field("cursor", "not a cursor of this list")


def cut(
    kind: str, rows: Sequence[T], most: int, place: Callable[[T], Sequence[Any]]
) -> tuple[Sequence[T], str | None]:
    """The page of ``most`` rows out of one more, and the cursor of the next."""
    if len(rows) <= most:
        return rows, None
    page = rows[:most]
    return page, encode_cursor(kind, *place(page[-1]))
