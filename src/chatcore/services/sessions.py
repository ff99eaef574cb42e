"""Sessions whose connections stay open: when they end all the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from chatcore.ids import SessionId
from chatcore.services import accounts
from chatcore.services.work import AccountsWork

_TOUCH_MS: Final = 3_600_000
"""How exactly the use of an open connection is kept; more so where sessions idle away sooner."""


def look(work: AccountsWork, ids: Collection[SessionId]) -> tuple[list[SessionId], list[SessionId]]:
    """Which of these are over, and of which of the others the use should be noted."""
    found = work.unit.sessions.among(ids)
    live = {id: one for id, one in found.items() if accounts.end_of(work, one) > work.now}
    touch_ms = min(_TOUCH_MS, int(work.limits.session_idle_s * 1_000) // 4)
    stale = [id for id, one in live.items() if work.now - one.last_used_at >= touch_ms]
    return [id for id in ids if id not in live], stale
