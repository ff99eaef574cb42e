"""What users show and to whom: kept beside the account stream's counter, for every host's users."""

from __future__ import annotations

import attrs
from attrs import evolve

from chatcore.errors import Unauthenticated
from chatcore.events import MeUpdated
from chatcore.ids import UserId
from chatcore.models import User, UserSettings
from chatcore.operations import UNSET, NewUserSettings
from chatcore.ports.actors import ActorRecord
from chatcore.services import presence
from chatcore.services.work import ChatWork

_DEFAULTS = UserSettings()


def of(account: ActorRecord) -> UserSettings:
    """What the holder of an account stream has chosen."""
    return UserSettings(**account.settings)


def get(work: ChatWork, user: UserId) -> UserSettings:
    """What a user has chosen."""
    account = work.unit.actors.get(user)
    return _DEFAULTS if account is None else of(account)


def change(work: ChatWork, user: User, new: NewUserSettings) -> UserSettings:
    """Choose anew what is given, and tell oneself and whoever sees one differently now."""
    if work.unit.actors.inactive([user.id]):
        raise Unauthenticated
    account = work.unit.actors.lock([user.id])[user.id]
    before = of(account)
    given = {name: value for name, value in attrs.asdict(new).items() if value is not UNSET}
    after = evolve(before, **given)
    if after == before:
        return before
    chosen = attrs.asdict(after)
    defaults = attrs.asdict(_DEFAULTS)
    account.settings = {name: one for name, one in chosen.items() if one != defaults[name]}
    account.rev += 1
    account.profile_rev = account.rev
    work.note(account, MeUpdated(evolve(user, settings=after)))
    presence.reconsider(work, user.id, before, after)
    return after
