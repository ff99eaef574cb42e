"""Messages that one keeps at hand, whatever conversation they are in."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import MessageId
from chatcore.models import Bookmark, Page
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text, Whole


@operation("bookmarks.list", Page[Bookmark])
@frozen(kw_only=True)
class ListBookmarks(Operation[Page[Bookmark]]):
    """One's bookmarks, the latest first, each with its message as far as one may see it now."""

    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("bookmarks.add", Bookmark, writes=True)
@frozen
class AddBookmark(Operation[Bookmark]):
    """Keep a message at hand; nobody else learns of it."""

    message_id: MessageId


@operation("bookmarks.remove", Bookmark, writes=True)
@frozen
class RemoveBookmark(Operation[Bookmark]):
    """Take a bookmark back, even one of a message that one may no longer see."""

    message_id: MessageId
