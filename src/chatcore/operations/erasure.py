"""The end of an account."""

from __future__ import annotations

from typing import Annotated

from attrs import frozen

from chatcore.ids import UserId
from chatcore.models import Erasure, ErasureDepth
from chatcore.operations.base import Operation, always, operation
from chatcore.operations.checks import Text


@operation("accounts.delete", Erasure, writes=True, rate="logins", audit=always)
@frozen(kw_only=True)
class DeleteAccount(Operation[Erasure]):
    """Close an account, and take away as much of what it left as ``depth`` says.

    ``password`` may be left out in a session that has just begun; ``user_id`` is for operators.
    """

    depth: ErasureDepth = "anonymise"
    password: Annotated[str | None, Text("password_max_bytes")] = None
    user_id: UserId | None = None
