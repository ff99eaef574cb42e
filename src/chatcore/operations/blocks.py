"""Whom one wants nothing from."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import UserId
from chatcore.models import Block, Page
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text, Whole


@operation("blocks.list", Page[Block])
@frozen(kw_only=True)
class ListBlocks(Operation[Page[Block]]):
    """Whom one has blocked."""

    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("blocks.add", Block, writes=True, users="user_id")
@frozen
class AddBlock(Operation[Block]):
    """Refuse a user's direct messages and hide presence and typing, both ways."""

    user_id: UserId


@operation("blocks.remove", Block, writes=True)
@frozen
class RemoveBlock(Operation[Block]):
    """Take a block back."""

    user_id: UserId
