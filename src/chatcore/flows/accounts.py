"""Accounts: hashing happens outside transactions, and what concerns chat follows on its stream."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial

from anyio import CancelScope
from attrs import evolve

from chatcore.errors import ChatError, Forbidden, Invalid, Unauthenticated
from chatcore.events import (
    Announcement,
    Event,
    MeUpdated,
    RevokedSession,
    SessionRevoked,
    UserChanged,
)
from chatcore.flows import sessions
from chatcore.flows import users as profiles
from chatcore.flows.parts import Parts
from chatcore.ids import SessionId, UserId, to_datetime
from chatcore.models import Actor, Authenticated, Done, User
from chatcore.operations import (
    UNSET,
    ChangePassword,
    GetMe,
    Login,
    Logout,
    Register,
    RevokeSession,
    UpdateAccount,
    UpdateMe,
)
from chatcore.security.passwords import check_password
from chatcore.security.tokens import hash_token, new_token
from chatcore.services import accounts, settings, users
from chatcore.services.accounts import NewSession
from chatcore.services.audit import audited
from chatcore.services.work import ChatWork

logger = logging.getLogger("chatcore.accounts")


def new_session(actor: Actor) -> NewSession:
    """A fresh token, and from where it is used."""
    token = new_token()
    return NewSession(token, hash_token(token), actor.user_agent, actor.address)


async def register(parts: Parts, actor: Actor, operation: Register) -> Authenticated:
    """Open an account and its first session. Raises :class:`Conflict` for a taken name."""
    accounts.given_with(parts.limits, parts.settings, operation)
    check_password(operation.password, parts.limits)
    hashed = await parts.hashing(lambda: parts.hasher.hash(operation.password))
    new = new_session(actor)
    opened = await parts.accounts_write(
        lambda work: accounts.register(work, operation, hashed, new)
    )
    return sessions.with_access(parts, opened)


async def login(parts: Parts, actor: Actor, operation: Login) -> Authenticated:
    """One answer, in the same time, for an unknown name and a wrong password."""
    record, stored = await parts.accounts_read(
        lambda work: accounts.candidate(work, operation.login)
    )
    hasher = parts.hasher

    def verify() -> str | None:
        """None for no; "" for yes; a new hash where the stored one is outdated."""
        if not hasher.verify(stored, operation.password) or stored is None:
            return None
        return hasher.hash(operation.password) if hasher.outdated(stored) else ""

    verdict = await parts.hashing(verify)
    if verdict is None or record is None or stored is None:
        raise Unauthenticated("Wrong name or password")
    new, verified, user_id = new_session(actor), stored, record.id
    opened = await parts.accounts_write(
        lambda work: accounts.login(work, user_id, verified, verdict or None, new)
    )
    return sessions.with_access(parts, opened)


async def logout(parts: Parts, actor: Actor, operation: Logout) -> Done:
    """End the actor's own session."""
    if actor.session_id is not None:
        await _revoke(parts, actor, operation, actor.session_id)
    return Done()


async def revoke(parts: Parts, actor: Actor, operation: RevokeSession) -> Done:
    """End one of the actor's sessions. Raises :class:`NotFound` for another's."""
    await _revoke(parts, actor, operation, operation.session_id)
    return Done()


async def _revoke(
    parts: Parts, actor: Actor, operation: Logout | RevokeSession, session_id: SessionId
) -> None:
    user = actor.id
    with CancelScope(shield=True):
        ended = await parts.accounts_write(
            audited(actor, operation, lambda work: accounts.revoke(work, user, session_id))
        )
        await tell_revoked(parts, {user: ended})


async def change_password(parts: Parts, actor: Actor, operation: ChangePassword) -> Done:
    """Raises :class:`Unauthenticated` where ``current`` is wrong."""
    check_password(operation.new, parts.limits, path="new")
    stored = await parts.accounts_read(lambda work: work.unit.users.credential(actor.id))
    hasher = parts.hasher

    def exchange() -> str | None:
        right = hasher.verify(stored, operation.current) and stored is not None
        return hasher.hash(operation.new) if right else None

    hashed = await parts.hashing(exchange)
    if hashed is None or stored is None:
        raise Forbidden("Wrong password")
    verified, user = stored, actor.id
    with CancelScope(shield=True):
        ended = await parts.accounts_write(
            audited(
                actor,
                operation,
                lambda work: accounts.change_password(work, actor, verified, hashed),
            )
        )
        await tell_revoked(parts, {user: ended})
    return Done()


async def tell_revoked(parts: Parts, ended: Mapping[UserId, Sequence[SessionId]]) -> None:
    """After sessions ended in the accounts store: close their connections, by user.

    Call it in a shielded scope together with what ended them: whoever asks again would find
    nothing left to end. What fails here is logged, since the sessions are over all the same: the
    next heartbeat closes their connections.
    """
    for user, ids in ended.items():
        if not ids:
            continue
        try:
            await parts.chat_write(partial(note_revoked, user=user, ended=ids))
        except ChatError:
            logger.exception("connections of ended sessions wait for the next heartbeat")


def note_revoked(work: ChatWork, user: UserId, ended: Sequence[SessionId]) -> None:
    """Tell the account stream which sessions ended, so that their connections do."""
    account = work.unit.actors.lock([user])[user]
    for id in ended:
        account.rev += 1
        session = RevokedSession(id=id, at=to_datetime(work.now))
        work.note(account, SessionRevoked(session))


async def update_me(parts: Parts, actor: Actor, operation: UpdateMe) -> User:
    """Display name, picture, and what else belongs to the card."""
    user, changed = await parts.accounts_write(lambda work: users.update(work, actor, operation))
    if changed:
        await _told(parts, user)
    return await profiles.me(parts, actor, GetMe())


async def update(parts: Parts, actor: Actor, operation: UpdateAccount) -> User:
    """Raises :class:`Forbidden` for a wrong password where what one signs in with changes."""
    accounts.new_identifiers(parts.limits, parts.settings, operation)
    if accounts.changes_nothing_but_settings(operation):
        return await _chosen(parts, actor, operation)
    verified = await _verified(parts, actor, operation)
    user, changed = await parts.accounts_write(
        lambda work: accounts.update(work, actor, operation, verified)
    )
    if changed:
        await _told(parts, user)
    # What can be refused comes first: settings can't.
    return await _chosen(parts, actor, operation)


async def _chosen(parts: Parts, actor: Actor, operation: UpdateAccount) -> User:
    if operation.settings is UNSET:
        return await profiles.me(parts, actor, GetMe())
    return await profiles.choose(parts, actor, operation.settings)


async def _verified(parts: Parts, actor: Actor, operation: UpdateAccount) -> str | None:
    """The stored hash, where there is one and the password had to be given and was right."""
    if not accounts.names_somebody(operation):
        return None
    stored = await parts.accounts_read(lambda work: work.unit.users.credential(actor.id))
    current = operation.current
    if stored is None:
        return None
    if current is None:
        raise Invalid.field("current", "required to change what you sign in with")
    if not await parts.hashing(lambda: parts.hasher.verify(stored, current)):
        raise Forbidden("Wrong password")
    return stored


async def _told(parts: Parts, user: User) -> User:
    """The profile first, its announcement after: a pull in between must not miss the change."""
    card = (await parts.accounts_read(lambda work: users.cards(work, [user.id])))[user.id]
    await tell_profile(parts, user, card)
    return user


async def tell_profile(parts: Parts, user: User, card: User) -> None:
    """Announce a profile on its user's stream, and its public card to whoever watches them."""

    def note(work: ChatWork) -> None:
        account = work.unit.actors.lock([user.id])[user.id]
        account.rev += 1
        account.profile_rev = account.rev
        work.note(account, MeUpdated(evolve(user, settings=settings.of(account))))
        event: Event = UserChanged(card)
        work.announcements.append(Announcement(event=event, stream=None))

    await parts.chat_write(note)
