"""Typed identifiers, cursors, and where ids and time come from.

Ids are opaque strings that sort by the time they were made: 48 bits of milliseconds and 80 random
bits, in 26 lower-case characters of Crockford's base 32. A message's id is its conversation's id,
its seq and a random tail: it is found through the (conversation, seq) index, so the hot table
needs no index for ids, and it can't be guessed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NewType

import anyio
import msgspec
from attrs import frozen

UserId = NewType("UserId", str)
ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
SessionId = NewType("SessionId", str)
ConnectionId = NewType("ConnectionId", str)
UploadId = NewType("UploadId", str)
InviteId = NewType("InviteId", str)
InviteCode = NewType("InviteCode", str)
"""What is in an invitation's link. Whoever has it may redeem it."""
ReportId = NewType("ReportId", str)
AuditId = NewType("AuditId", str)
ScheduledId = NewType("ScheduledId", str)
NodeId = NewType("NodeId", str)
BatchId = NewType("BatchId", str)
StreamId = NewType("StreamId", str)
"""A conversation's id, or ``me:<user id>`` for a user's account stream (``me`` on the wire)."""

Milliseconds = int
"""Wall time as storage keeps it: whole milliseconds since 1970, UTC."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SHIFTS: Final = range(125, -1, -5)
_TAIL: Final = re.compile(r"[0-9a-f]{20}")
"""Of a message's id: ten hexadecimal digits of its seq, ten of its nonce."""


class Clock(ABC):
    """Where time comes from. Tests and simulations replace it."""

    @abstractmethod
    def now(self) -> Milliseconds:
        """Wall time. May jump; never used for order."""

    @abstractmethod
    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back. For timers and leases in memory."""

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` of this clock's time."""


class SystemClock(Clock):
    """The machine's own clocks."""

    def now(self) -> Milliseconds:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


def new_id(now: Milliseconds) -> str:
    """A fresh opaque id that sorts after those minted in earlier milliseconds."""
    return _spell(now << 80 | int.from_bytes(os.urandom(10), "big"))


def _spell(number: int) -> str:
    """128 bits in 26 characters."""
    return "".join(_ALPHABET[number >> shift & 31] for shift in _SHIFTS)


def new_code() -> str:
    """128 random bits, spelled like an id: what can't be guessed."""
    return _spell(int.from_bytes(os.urandom(16), "big"))


def derived_code(secret: str, of: str) -> str:
    """128 bits that follow from both and can't be guessed without the secret."""
    return _spell(int.from_bytes(hmac.digest(secret.encode(), of.encode(), "sha256")[:16], "big"))


def new_nonce() -> str:
    """The random tail of a message's id: 40 bits."""
    return os.urandom(5).hex()


def message_id(conversation: ConversationId, seq: int, nonce: str) -> MessageId:
    """The id of the message at ``seq``. Conversation ids may have any length."""
    return MessageId(f"{conversation}{seq:010x}{nonce}")


def split_message_id(value: str) -> tuple[ConversationId, int, str] | None:
    """(conversation, seq, nonce) of a well-formed message id, None of anything else."""
    head, tail = value[:-20], value[-20:]
    if not head or not _TAIL.fullmatch(tail):
        return None
    return ConversationId(head), int(tail[:10], 16), tail[10:]


def account_stream(user: UserId) -> StreamId:
    """The stream of a user's own affairs."""
    return StreamId(f"me:{user}")


def stream_of(conversation: ConversationId) -> StreamId:
    """A conversation's stream."""
    return StreamId(conversation)


# A batch's messages share one time, and lists show many of one minute.
@lru_cache(maxsize=1_024)
def to_datetime(ms: Milliseconds) -> datetime:
    """Aware, UTC, exact to the millisecond."""
    return _EPOCH + timedelta(milliseconds=ms)


def to_ms(moment: datetime) -> Milliseconds:
    """The inverse of :func:`to_datetime`; ``moment`` must be aware."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


@frozen
class StreamCursor:
    """How far a client has seen one stream.

    ``store`` is the store's epoch (a restored database gets a new one), ``membership`` the epoch
    of the viewer's membership: a cursor from before a restore or a rejoining is told to reset.
    """

    stream: StreamId
    store: str
    membership: int
    rev: int
    receipt_rev: int

    def encode(self) -> str:
        return encode_cursor(
            "s", self.stream, self.store, self.membership, self.rev, self.receipt_rev
        )

    @classmethod
    def decode(cls, text: str) -> StreamCursor | None:
        """None where ``text`` isn't a stream cursor of ours."""
        match decode_cursor("s", text):
            case [str(stream), str(store), int(membership), int(rev), int(receipt_rev)]:
                return cls(StreamId(stream), store, membership, rev, receipt_rev)
        return None


def encode_cursor(kind: str, *parts: str | int) -> str:
    """An opaque string that :func:`decode_cursor` opens. ``kind`` keeps lists apart."""
    return base64.urlsafe_b64encode(msgspec.json.encode([kind, *parts])).rstrip(b"=").decode()


def decode_cursor(kind: str, text: str) -> list[Any] | None:
    """The parts, or None for anything that :func:`encode_cursor` of this kind didn't make."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        found = msgspec.json.decode(raw, type=list[str | int])
    except (ValueError, binascii.Error, msgspec.DecodeError):
        return None
    if not found or found[0] != kind:
        return None
    # Ours are small; a database takes no larger ones than 64 bits.
    small = all(isinstance(part, str) or abs(part) < 1 << 53 for part in found)
    return list(found[1:]) if small else None
