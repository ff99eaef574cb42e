"""Bots and their tokens."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import UserId
from chatcore.models import BotToken, Done, Page, User
from chatcore.operations.base import Operation, always, operation
from chatcore.operations.checks import Text, Whole


@operation("bots.create", BotToken, store="accounts", writes=True, audit=always)
@frozen
class CreateBot(Operation[BotToken]):
    """Make a bot, and the token by which a program signs in as it.

    Operators may; everybody, where the host says so.
    """

    username: Annotated[str, Text("name_chars")]
    display_name: Annotated[str | None, Text("name_chars")] = None


@operation("bots.list", Page[User], store="accounts")
@frozen(kw_only=True)
class ListBots(Operation[Page[User]]):
    """The bots that one has made; an operator sees all."""

    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("bots.renew", BotToken, store="accounts", writes=True, audit=always)
@frozen
class RenewBot(Operation[BotToken]):
    """Give a bot a fresh token; the earlier ones end at once."""

    user_id: UserId


@operation("bots.revoke", Done, store="accounts", writes=True, audit=always)
@frozen
class RevokeBot(Operation[Done]):
    """End every token of a bot at once."""

    user_id: UserId
