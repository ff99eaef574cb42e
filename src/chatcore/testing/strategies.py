"""Hypothesis strategies for chatcore's values.

They draw small numbers on purpose: laws break where seqs meet, not where they are far apart.
Needs hypothesis.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from chatcore.ids import ConversationId, MessageId, UserId
from chatcore.models import Deletion, Member, Message, MessageKind, Presence, Role
from chatcore.rules.presence import Lease, State
from chatcore.rules.receipts import Watermark, join

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant from which drawn times count."""
LAST_SEQ = 12
"""The highest seq drawn."""

_CONVERSATION = ConversationId("c1")

roles: SearchStrategy[Role] = st.sampled_from(("owner", "admin", "member"))
kinds: SearchStrategy[MessageKind] = st.sampled_from(("text", "image", "system", "encrypted"))
seqs: SearchStrategy[int] = st.integers(0, LAST_SEQ)


def user_ids(most: int = 4) -> SearchStrategy[UserId]:
    """One of ``most`` users, ``u0`` and so on."""
    return st.integers(0, most - 1).map(lambda number: UserId(f"u{number}"))


def moments(most_s: int = 10) -> SearchStrategy[datetime]:
    """Whole seconds after :data:`EPOCH`."""
    return st.integers(0, most_s).map(lambda seconds: EPOCH + timedelta(seconds=seconds))


def loose_watermarks() -> SearchStrategy[Watermark]:
    """Any pair, also ones that claim to have read what wasn't delivered."""
    return st.builds(Watermark, seqs, seqs)


def watermarks() -> SearchStrategy[Watermark]:
    """Pairs as the engine keeps them: ``0 <= read <= delivered``."""
    return loose_watermarks().map(lambda mark: join(mark, mark))


@st.composite
def members(draw: st.DrawFn, user_id: UserId | None = None) -> Member:
    """A member or a former one, with receipts not below their joining."""
    joined_seq = draw(seqs)
    mark = join(draw(watermarks()), Watermark(joined_seq, joined_seq))
    return Member(
        conversation_id=_CONVERSATION,
        user_id=draw(user_ids()) if user_id is None else user_id,
        role=draw(roles),
        joined_at=draw(moments()),
        joined_seq=joined_seq,
        left_at=draw(st.none() | moments()),
        delivered_seq=mark.delivered,
        read_seq=mark.read,
        rev=draw(st.integers(1, 50)),
    )


def groups(least: int = 0, most: int = 5) -> SearchStrategy[list[Member]]:
    """Members and former members of one conversation, each user once, each rev once."""
    return st.lists(
        members(), min_size=least, max_size=most, unique_by=(_user_of, lambda member: member.rev)
    )


def _user_of(member: Member) -> UserId:
    return member.user_id


@st.composite
def messages(draw: st.DrawFn, /, seq: int | None = None, **given: Any) -> Message:
    """A message as one viewer may hold it: live, deleted, hidden or about to expire.

    Fields in ``given`` are taken as they are.
    """
    place = draw(st.integers(1, LAST_SEQ)) if seq is None else seq
    sender = draw(user_ids())
    deletion = st.builds(Deletion, at=moments(), by=user_ids())
    drawn: dict[str, Any] = {
        "sender_id": sender,
        "kind": draw(kinds),
        "mentions": tuple(draw(st.sets(user_ids() | st.just("all"), max_size=2))),
        "deleted": draw(st.none() | deletion),
        "hidden": draw(st.sampled_from((None, None, True))),
        "expires_at": draw(st.none() | moments()),
    }
    return Message(
        id=MessageId(f"m{place}"),
        conversation_id=_CONVERSATION,
        seq=place,
        rev=place,
        created_at=EPOCH,
        updated_at=EPOCH,
        **drawn | given,
    )


@st.composite
def histories(draw: st.DrawFn, most: int = LAST_SEQ) -> list[Message]:
    """A conversation's messages, dense from 1."""
    return [draw(messages(seq)) for seq in range(1, draw(st.integers(0, most)) + 1)]


def leases() -> SearchStrategy[Lease]:
    """One device's claims: a few incarnations, a few beats, expiries in milliseconds."""
    return st.builds(Lease, st.integers(0, 3), st.integers(0, 3), st.integers(0, 100))


def devices() -> SearchStrategy[dict[str, Lease]]:
    """What one node knows of a user's devices."""
    return st.dictionaries(st.sampled_from(("phone", "laptop", "tablet")), leases())


def presences() -> SearchStrategy[Presence]:
    """What watchers may be told."""
    return st.builds(
        Presence,
        status=st.sampled_from(("online", "away", "dnd", "offline")),
        last_seen=st.none() | moments(),
        text=st.none() | st.just("at lunch"),
    )


def presence_states() -> SearchStrategy[State]:
    """What the engine knows of a user's presence."""
    return st.builds(
        State,
        online=st.booleans(),
        status=st.sampled_from(("online", "away", "dnd", "invisible")),
        text=st.none() | st.just("at lunch"),
        until=st.none() | st.integers(0, 100),
        last_seen=st.none() | st.integers(0, 100),
    )
