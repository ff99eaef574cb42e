"""Who a token stands for."""

from __future__ import annotations

from chatcore.errors import Unauthenticated
from chatcore.flows.parts import Parts
from chatcore.ids import UserId
from chatcore.models import Actor
from chatcore.security.tokens import hash_token, well_formed
from chatcore.services import accounts, identifiers


async def authenticate(
    parts: Parts, token: str, address: str | None, user_agent: str | None
) -> Actor:
    """The actor of a live session. Raises :class:`Unauthenticated` for anything else."""
    if not well_formed(token):
        raise Unauthenticated
    hashed = hash_token(token)
    session, now = await parts.accounts_read(lambda work: (accounts.live(work, hashed), work.now))
    if session is None:
        raise Unauthenticated
    if accounts.stale(session, now):
        await parts.accounts_write(lambda work: work.unit.sessions.touch(session.id, work.now))
    return Actor(session.user_id, session.id, address=address, user_agent=user_agent)


async def account_of(parts: Parts, login: str) -> UserId | None:
    """Whom a login name means, however it is spelled."""
    record = await parts.accounts_read(lambda work: identifiers.owner(work, login))
    return None if record is None else record.id
