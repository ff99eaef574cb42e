"""The audit log as one list, though each store keeps its own."""

from __future__ import annotations

from collections.abc import Sequence

from chatcore.flows import hosts
from chatcore.flows.parts import Parts
from chatcore.ids import Milliseconds, to_ms
from chatcore.models import Actor, AuditEntry, Page
from chatcore.operations import ListAudit
from chatcore.ports.audit import AuditFilter, AuditRecord
from chatcore.services import audit, cards, paging

_DAY_MS = 86_400_000
_STEP = 500
"""How many rows one transaction drops."""


async def list_all(parts: Parts, actor: Actor, operation: ListAudit) -> Page[AuditEntry]:
    """Acts of both stores, the latest first: ids rise with time."""
    most = paging.size(parts.limits, operation.limit)
    before = paging.after_text("audit", operation.cursor) or None
    which = AuditFilter(
        actor_id=operation.actor_id,
        user_id=operation.user_id,
        conversation_id=operation.conversation_id,
        method=operation.method,
        since=None if operation.since is None else to_ms(operation.since),
        until=None if operation.until is None else to_ms(operation.until),
    )
    chat = await parts.chat_read(lambda work: work.unit.audit.page(which, before, most + 1))
    rows = [*chat, *await _accounts(parts, which, before, most + 1)]
    rows = sorted(rows, key=lambda row: row.id, reverse=True)[: most + 1]
    fitting = paging.fit([audit.face(row) for row in rows[:most]], parts.limits)
    shown, next = paging.cut("audit", rows, fitting, lambda row: (row.id,))
    page = Page(items=tuple(map(audit.face, shown)), next=next)
    named = await hosts.ask(lambda: cards.complete([page], parts.directory.cards)[0])
    return named  # type: ignore[no-any-return]


async def _accounts(
    parts: Parts, which: AuditFilter, before: str | None, limit: int
) -> Sequence[AuditRecord]:
    """Acts on accounts; there are none where the host keeps them."""
    if parts.hosted:
        return ()
    return await parts.accounts_read(lambda work: work.unit.audit.page(which, before, limit))


async def prune(parts: Parts) -> bool:
    """Drop some acts and resolved reports that are too old; whether there may be more."""
    now = parts.clock.now()
    old: Milliseconds = now - int(parts.settings.audit_days * _DAY_MS)
    closed: Milliseconds = now - int(parts.settings.report_days * _DAY_MS)
    dropped = [
        await parts.chat_write(lambda work: work.unit.audit.forget(old, _STEP)),
        await parts.chat_write(lambda work: work.unit.reports.forget(closed, _STEP)),
    ]
    if not parts.hosted:
        forget = parts.accounts_write(lambda work: work.unit.audit.forget(old, _STEP))
        dropped.append(await forget)
    return max(dropped) == _STEP
