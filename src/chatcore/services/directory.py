"""People as chatcore's own accounts store knows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chatcore.config import Limits, Settings
from chatcore.ids import UserId
from chatcore.models import User
from chatcore.ports.identity import Directory
from chatcore.ports.storage import AccountsUnit, Store
from chatcore.services import users
from chatcore.services.work import AccountsWork


class AccountsDirectory(Directory):
    """The directory where the host has none of its own."""

    def __init__(self, store: Store[AccountsUnit], limits: Limits, settings: Settings) -> None:
        self._store = store
        self._limits = limits
        self._settings = settings

    def cards(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        with self._store.read() as unit:
            return users.cards(AccountsWork(unit, self._limits, self._settings), user_ids)
