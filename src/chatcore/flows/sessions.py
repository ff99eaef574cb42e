"""Who a token stands for, and the short-lived tokens that go with a session."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from attrs import evolve

from chatcore.errors import Unauthenticated
from chatcore.flows.parts import Parts
from chatcore.ids import SessionId, UserId, to_datetime
from chatcore.models import Actor, Authenticated
from chatcore.operations import Resume
from chatcore.ports.accounts import SessionRecord
from chatcore.security.access_tokens import looks_like_one
from chatcore.security.tokens import hash_token, well_formed
from chatcore.services import accounts, identifiers
from chatcore.services import sessions as services
from chatcore.services.work import AccountsWork

_MOST: Final = 1_000


async def authenticate(
    parts: Parts, token: str, address: str | None, user_agent: str | None
) -> Actor:
    """The actor of a live session. Raises :class:`Unauthenticated` for anything else."""
    by_access_token = parts.access_tokens is not None and looks_like_one(token)
    session = await (_of_access(parts, token) if by_access_token else _of_token(parts, token))
    if session is None:
        raise Unauthenticated
    if accounts.stale(session, parts.clock.now()):
        await parts.accounts_write(lambda work: work.unit.sessions.touch([session.id], work.now))
    return Actor(
        session.user_id,
        session.id,
        address=address,
        user_agent=user_agent,
        kind=accounts.kind_of(session),
        by_access_token=by_access_token,
    )


async def _of_token(parts: Parts, token: str) -> SessionRecord | None:
    if not well_formed(token):
        return None
    hashed = hash_token(token)
    return await parts.accounts_read(lambda work: accounts.live(work, hashed))


async def _of_access(parts: Parts, token: str) -> SessionRecord | None:
    assert parts.access_tokens is not None  # noqa: S101 (the caller has looked)
    read = parts.access_tokens.read(token, parts.clock.now())
    if read is None:
        return None
    user, session = read
    return await parts.accounts_read(lambda work: accounts.live_one(work, user, session))


async def over(parts: Parts, ids: Collection[SessionId]) -> Collection[SessionId]:
    """Which of these sessions, with connections that are open, have ended or run out.

    One statement for a thousand. An open connection counts as use: the others don't idle away.
    """
    ended: list[SessionId] = []
    open_ones = sorted(ids)
    for start in range(0, len(open_ones), _MOST):
        some = open_ones[start : start + _MOST]
        gone, stale = await parts.accounts_read(partial(_look, some))
        if stale:
            await parts.accounts_write(partial(_touch, stale))
        ended += gone
    return ended


def _look(ids: Sequence[SessionId], work: AccountsWork) -> tuple[list[SessionId], list[SessionId]]:
    return services.look(work, ids)


def _touch(ids: Sequence[SessionId], work: AccountsWork) -> None:
    work.unit.sessions.touch(ids, work.now)


async def resume(parts: Parts, actor: Actor, operation: Resume) -> Authenticated:
    """The session again, with a fresh access token unless that is all that was shown."""
    found = await parts.accounts_read(lambda work: accounts.resume(work, actor, operation))
    return found if actor.by_access_token else with_access(parts, found)


def with_access(parts: Parts, opened: Authenticated) -> Authenticated:
    """An answer with an access token, where the host wants them."""
    if parts.access_tokens is None:
        return opened
    session = opened.session
    token, ends = parts.access_tokens.issue(opened.user.id, session.id, parts.clock.now())
    return evolve(
        opened,
        session=evolve(session, access_token=token, access_expires_at=to_datetime(ends)),
    )


async def account_of(parts: Parts, login: str) -> UserId | None:
    """Whom a login name means, however it is spelled."""
    record = await parts.accounts_read(lambda work: identifiers.owner(work, login))
    return None if record is None else record.id
