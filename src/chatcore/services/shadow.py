"""Shadow bans. The flag stands on the actor's row, which every send reads anyway."""

from __future__ import annotations

from typing import Final

from chatcore.errors import Invalid, NotFound
from chatcore.ids import Milliseconds, UserId, to_ms
from chatcore.models import Actor, Done
from chatcore.operations import LiftShadowBan, ShadowBan
from chatcore.services.ties import ORDINARY
from chatcore.services.work import ChatWork

_FOR_GOOD: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def ban(work: ChatWork, actor: Actor, operation: ShadowBan) -> Done:
    """Banning again sets the time anew."""
    until = _FOR_GOOD if operation.until is None else to_ms(operation.until)
    if until <= work.now:
        raise Invalid.field("until", "must lie in the future")
    return _mark(work, operation.user_id, until)


def lift(work: ChatWork, actor: Actor, operation: LiftShadowBan) -> Done:
    """Lifting what isn't there changes nothing."""
    return _mark(work, operation.user_id, None)


def silenced(work: ChatWork, user: UserId) -> bool:
    """Whether nobody else hears what a user says now."""
    standing = work.unit.actors.standings([user]).get(user, ORDINARY)
    return (standing.shadowed_until or 0) > work.now


def _mark(work: ChatWork, user: UserId, until: Milliseconds | None) -> Done:
    """The account stream takes no rev: the user hears nothing of it."""
    if user not in work.known:
        raise NotFound
    if work.unit.actors.lock([user])[user].shadowed_until != until:
        work.unit.actors.shadow(user, until)
    return Done()
