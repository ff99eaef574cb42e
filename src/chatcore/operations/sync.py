"""Catching up, by pull."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.events import Pulled
from chatcore.models import Heads
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Many, Text, Whole


@frozen(kw_only=True)
class PullFrom:
    """One stream to pull: the last cursor the server gave, and what was reached live since."""

    stream: Annotated[str, Text(200)]
    cursor: Annotated[str, Text("text_chars")]
    rev: Annotated[int | None, Whole()] = None
    receipt_rev: Annotated[int | None, Whole()] = None


@operation("sync.heads", Heads)
@frozen(kw_only=True)
class GetHeads(Operation[Heads]):
    """Where one's streams stand, most recently touched first."""

    since: Annotated[str | None, Text("text_chars")] = None
    cursor: Annotated[str | None, Text("text_chars")] = None


@operation("sync.pull", Pulled)
@frozen
class Pull(Operation[Pulled]):
    """What changed in these streams: each object once, as it is now."""

    streams: Annotated[tuple[PullFrom, ...], Many("pull_streams", 1)]
    limit: Annotated[int | None, Whole(1, "page_max")] = None
