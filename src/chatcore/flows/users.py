"""One's own profile: the accounts store has the person, the chat store what they keep private."""

from __future__ import annotations

from attrs import evolve

from chatcore.errors import Unauthenticated
from chatcore.flows import hosts
from chatcore.flows.parts import Parts
from chatcore.models import Actor, User
from chatcore.operations import GetMe, NewUserSettings
from chatcore.services import settings, users


async def me(parts: Parts, actor: Actor, operation: GetMe) -> User:
    """One's own profile, with what only oneself may see."""
    user = await profile(parts, actor)
    chosen = await parts.chat_read(lambda work: settings.get(work, user.id))
    return evolve(user, settings=chosen)


async def profile(parts: Parts, actor: Actor) -> User:
    """The actor, without settings: whom the host has authenticated is known to its directory."""
    if not parts.hosted:
        found = await parts.accounts_read(lambda work: work.unit.users.known([actor.id]))
        if actor.id in found:
            if not found[actor.id].active:
                raise Unauthenticated
            return users.own(found[actor.id])
    return await hosts.own(parts, actor)


async def choose(parts: Parts, actor: Actor, new: NewUserSettings) -> User:
    """Change one's settings; one's profile with them."""
    user = await profile(parts, actor)
    chosen = await parts.chat_write(lambda work: settings.change(work, user, new))
    return evolve(user, settings=chosen)
