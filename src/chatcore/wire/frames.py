"""What a WebSocket frame of a client holds."""

from __future__ import annotations

from typing import Final

from chatcore.delivery.outbox import SessionClosed

_NO_TEXT: Final = 1003
_BAD_TEXT: Final = 1007
_TOO_LARGE: Final = 1009


def messages(frame: str | bytes, most: int, *, lines: bool) -> list[str]:
    """The messages in a frame, at least one: the whole of it, or each line that isn't blank.

    Raises :class:`SessionClosed` for a binary frame (``bytes``), for text that is no UTF-8 and for
    more than ``most`` bytes.
    """
    if isinstance(frame, bytes):
        raise SessionClosed(_NO_TEXT, "text frames only")
    try:
        size = len(frame) if frame.isascii() else len(frame.encode())
    except UnicodeEncodeError:
        raise SessionClosed(_BAD_TEXT, "not UTF-8") from None
    if size > most:
        raise SessionClosed(_TOO_LARGE, f"at most {most} bytes")
    found = [line for line in frame.split("\n") if line.strip()] if lines else []
    # Nothing at all is a message, too: one that can't be read.
    return found or [frame]
