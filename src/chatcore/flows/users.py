"""One's own profile: the accounts store has the person, the chat store what they keep private."""

from __future__ import annotations

from attrs import evolve

from chatcore.errors import Unauthenticated
from chatcore.flows.parts import Parts
from chatcore.models import Actor, User
from chatcore.operations import GetMe, NewUserSettings
from chatcore.services import settings, users
from chatcore.services.work import AccountsWork


async def me(parts: Parts, actor: Actor, operation: GetMe) -> User:
    """One's own profile, with what only oneself may see."""
    user = await parts.accounts_read(lambda work: profile(parts, work, actor))
    chosen = await parts.chat_read(lambda work: settings.get(work, user.id))
    return evolve(user, settings=chosen)


def profile(parts: Parts, work: AccountsWork, actor: Actor) -> User:
    """The actor, without settings: whom the host has authenticated is known to its directory."""
    record = work.unit.users.known([actor.id]).get(actor.id)
    if record is not None:
        if not record.active:
            raise Unauthenticated
        return users.own(record)
    found = parts.directory.cards([actor.id])
    if actor.id not in found:
        raise Unauthenticated
    return found[actor.id]


async def choose(parts: Parts, actor: Actor, new: NewUserSettings) -> User:
    """Change one's settings; one's profile with them."""
    user = await parts.accounts_read(lambda work: profile(parts, work, actor))
    chosen = await parts.chat_write(lambda work: settings.change(work, user, new))
    return evolve(user, settings=chosen)
