"""Typing: told to those who may know, never stored."""

from __future__ import annotations

from chatcore.events import TypingChanged
from chatcore.ids import stream_of
from chatcore.models import Actor, Done
from chatcore.operations import SetTyping
from chatcore.policy import require
from chatcore.services import access
from chatcore.services.ties import circle
from chatcore.services.work import ChatWork


def set_state(work: ChatWork, actor: Actor, operation: SetTyping) -> Done:
    """Tell the other members, but those with a block in between."""
    seat = access.seat(work, actor, operation.conversation_id, lock=False)
    require(SetTyping, actor, seat.case(blocked=access.blocked(work, seat)))
    user, stream = seat.member.user_id, seat.stream
    around = circle(work, user)
    told = around.hearers(around.settings.typing)
    work.hint(
        TypingChanged(user, operation.state),
        stream=stream_of(stream.id),
        not_to=told.not_to | {user},
        only_to=told.only_to,
        only_focused=stream.member_count > work.limits.typing_everyone,
    )
    return Done()
