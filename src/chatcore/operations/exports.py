"""Taking one's data along."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import UserId
from chatcore.models import Actor, Attachment
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text


def _anothers(actor: Actor, operation: ExportAccount, result: Attachment) -> bool:
    return operation.user_id is not None and operation.user_id != actor.user_id


@operation("accounts.export", Attachment, writes=True, rate="logins", audit=_anothers)
@frozen(kw_only=True)
class ExportAccount(Operation[Attachment]):
    """Put all that an account holds into a ZIP file, which only its maker can download.

    ``password`` may be left out in a session that has just begun; ``user_id`` is for operators.
    """

    password: Annotated[str | None, Text("password_max_bytes")] = None
    user_id: UserId | None = None
