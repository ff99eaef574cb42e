"""Operations that are more than one transaction: hashing, two stores, or bytes in between.

Asynchronous, above the lanes and below the engine. Each step is a transaction of its own, in an
order in which a crash between two of them leaves nothing that can't be repeated.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from chatcore import operations as ops
from chatcore.flows import (
    accounts,
    audit,
    bots,
    contacts,
    erasure,
    exports,
    guests,
    resets,
    sessions,
    sync,
    uploads,
    users,
)

FLOWS: Final[Mapping[type[ops.Operation[Any]], Callable[..., Awaitable[Any]]]] = {
    ops.Register: accounts.register,
    ops.Login: accounts.login,
    ops.Logout: accounts.logout,
    ops.ChangePassword: accounts.change_password,
    ops.RequestReset: resets.request,
    ops.ResetPassword: resets.reset,
    ops.UpdateAccount: accounts.update,
    ops.Resume: sessions.resume,
    ops.EnterAsGuest: guests.enter,
    ops.UpgradeGuest: guests.upgrade,
    ops.CreateBot: bots.create,
    ops.RenewBot: bots.renew,
    ops.RevokeBot: bots.revoke,
    ops.RevokeSession: accounts.revoke,
    ops.GetMe: users.me,
    ops.UpdateMe: accounts.update_me,
    ops.DeleteAccount: erasure.delete,
    ops.ExportAccount: exports.account,
    ops.ListAudit: audit.list_all,
    ops.RequestContact: contacts.request,
    ops.Pull: sync.pull,
    ops.DeleteUpload: uploads.delete,
}
"""By operation, what carries it out: takes the engine's parts, the actor and the operation."""

__all__ = ["FLOWS"]
