"""Shadow bans: somebody goes on writing, and nobody else hears it."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from chatcore.ids import UserId
from chatcore.models import Done
from chatcore.operations.base import Operation, always, operation


@operation("users.shadow_ban", Done, writes=True, users="user_id", audit=always)
@frozen
class ShadowBan(Operation[Done]):
    """From now on nobody else hears what the user sends, who isn't told: for operators only."""

    user_id: UserId
    until: datetime | None = None
    """Until it is lifted, where no time is given."""


@operation("users.lift_shadow_ban", Done, writes=True, users="user_id", audit=always)
@frozen
class LiftShadowBan(Operation[Done]):
    """Let the user be heard again from now on; what they sent meanwhile stays unheard."""

    user_id: UserId
