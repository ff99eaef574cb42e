"""Guests: they come in without a password, and may give themselves one later."""

from __future__ import annotations

from attrs import evolve

from chatcore.flows import sessions
from chatcore.flows.accounts import new_session, tell_profile
from chatcore.flows.parts import Parts
from chatcore.flows.users import me
from chatcore.models import Actor, Authenticated, User
from chatcore.operations import EnterAsGuest, GetMe, UpgradeGuest
from chatcore.security.passwords import check_password
from chatcore.services import accounts, guests


async def enter(parts: Parts, actor: Actor, operation: EnterAsGuest) -> Authenticated:
    """Open a guest's session."""
    new = new_session(actor)
    opened = await parts.accounts_write(lambda work: guests.enter(work, operation, new))
    return sessions.with_access(parts, opened)


async def upgrade(parts: Parts, actor: Actor, operation: UpgradeGuest) -> User:
    """What they have stays theirs: conversations, contacts, the session they are in."""
    accounts.given_with(parts.limits, parts.settings, operation)
    check_password(operation.password, parts.limits)
    hashed = await parts.hashing(lambda: parts.hasher.hash(operation.password))
    user = await parts.accounts_write(lambda work: guests.upgrade(work, actor, operation, hashed))
    cards = await parts.cards([user.id])
    await tell_profile(parts, user, cards[user.id])
    return await me(parts, evolve(actor, kind="person"), GetMe())
