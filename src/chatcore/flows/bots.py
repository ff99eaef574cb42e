"""Bots: a token that ends closes the connections that it opened."""

from __future__ import annotations

from chatcore.flows.accounts import new_session, note_revoked
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
    found, ended = await parts.accounts_write(
        audited(actor, operation, lambda work: bots.renew(work, actor, bot, new))
    )
    await parts.chat_write(lambda work: note_revoked(work, bot, ended))
    return found


async def revoke(parts: Parts, actor: Actor, operation: RevokeBot) -> Done:
    """Likewise."""
    bot = operation.user_id
    ended = await parts.accounts_write(
        audited(actor, operation, lambda work: bots.revoke(work, actor, bot))
    )
    await parts.chat_write(lambda work: note_revoked(work, bot, ended))
    return Done()
