"""Bots: a token that ends closes the connections that it opened."""

from __future__ import annotations

from anyio import CancelScope

from chatcore.flows.accounts import new_session, tell_revoked
from chatcore.flows.parts import Parts
from chatcore.models import Actor, BotToken, Done
from chatcore.operations import CreateBot, RenewBot, RevokeBot
from chatcore.services import bots
from chatcore.services.audit import audited


async def create(parts: Parts, actor: Actor, operation: CreateBot) -> BotToken:
    """The token is in the answer and nowhere else."""
    new = new_session(actor)
    return await parts.accounts_write(
        audited(actor, operation, lambda work: bots.create(work, actor, operation, new))
    )


async def renew(parts: Parts, actor: Actor, operation: RenewBot) -> BotToken:
    """Raises :class:`NotFound` for whatever is no bot of the actor's."""
    new, bot = new_session(actor), operation.user_id
    with CancelScope(shield=True):
        found, ended = await parts.accounts_write(
            audited(actor, operation, lambda work: bots.renew(work, actor, bot, new))
        )
        await tell_revoked(parts, {bot: ended})
    return found


async def revoke(parts: Parts, actor: Actor, operation: RevokeBot) -> Done:
    """Likewise."""
    bot = operation.user_id
    with CancelScope(shield=True):
        ended = await parts.accounts_write(
            audited(actor, operation, lambda work: bots.revoke(work, actor, bot))
        )
        await tell_revoked(parts, {bot: ended})
    return Done()
