"""Bots: users that programs sign in as, with tokens that last and can be taken back."""

from __future__ import annotations

from attrs import evolve

from chatcore.errors import Conflict, Forbidden, NotFound
from chatcore.ids import SessionId, UserId, new_id
from chatcore.models import Actor, BotToken, Page, User
from chatcore.operations import CreateBot, ListBots
from chatcore.ports.accounts import UserRecord
from chatcore.services import accounts, identifiers, paging, users
from chatcore.services.accounts import NewSession
from chatcore.services.work import AccountsWork


def create(work: AccountsWork, actor: Actor, operation: CreateBot, new: NewSession) -> BotToken:
    """Make a bot and its first token. Raises :class:`Forbidden` where only operators may."""
    if not (actor.operator or work.settings.user_bots):
        raise Forbidden("Only operators make bots here")
    if not actor.operator:
        most = work.limits.bots_a_user
        if len(work.unit.users.bots(actor.id, UserId(""), most)) >= most:
            raise Conflict(f"At most {most} bots")
    given = identifiers.read(work.limits, work.settings, operation.username, None, None)
    id = UserId(new_id(work.now))
    owner = None if actor.operator else actor.id
    record = users.new(work, id, given, operation.display_name, "bot", owner)
    return _token(work, record, new)


def list_all(work: AccountsWork, actor: Actor, operation: ListBots) -> Page[User]:
    """One's own; an operator sees all."""
    most = paging.size(work.limits, operation.limit)
    after = UserId(paging.after_text("bots.list", operation.cursor))
    rows = work.unit.users.bots(None if actor.operator else actor.id, after, most + 1)
    shown = tuple(map(users.card, rows[:most]))
    page, next = paging.cut(
        "bots.list", rows, paging.fit(shown, work.limits), lambda row: (row.id,)
    )
    return Page(items=shown[: len(page)], next=next)


def renew(
    work: AccountsWork, actor: Actor, bot: UserId, new: NewSession
) -> tuple[BotToken, list[SessionId]]:
    """A fresh token in place of all earlier ones; which sessions these were."""
    record = _own(work, actor, bot)
    ended = _end(work, bot)
    return _token(work, record, new), ended


def revoke(work: AccountsWork, actor: Actor, bot: UserId) -> list[SessionId]:
    """End every token of a bot; which sessions these were."""
    _own(work, actor, bot)
    return _end(work, bot)


def _own(work: AccountsWork, actor: Actor, bot: UserId) -> UserRecord:
    """A bot of the actor's. Raises :class:`NotFound` for everybody else's and every other user."""
    record = work.unit.users.get([bot]).get(bot)
    if record is None or record.kind != "bot":
        raise NotFound
    if not actor.operator and record.owner_id != actor.id:
        raise NotFound
    return record


def _end(work: AccountsWork, bot: UserId) -> list[SessionId]:
    ended = [session.id for session in work.unit.sessions.of(bot)]
    if ended:
        work.unit.sessions.delete(ended)
    return ended


def _token(work: AccountsWork, record: UserRecord, new: NewSession) -> BotToken:
    session = accounts.open_session(work, record, new, work.limits.bot_token_s)
    # It is the bot's, not the one of whoever asks.
    return BotToken(user=users.card(record), session=evolve(session, current=False))
