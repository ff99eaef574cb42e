"""The audit log: one place that writes it, in the transaction of the act.

What an operation declares as ``audit`` decides which of its calls are administrative acts. A call
that changed nothing leaves no row, and neither does one that was refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from chatcore.ids import AuditId, new_id, to_datetime
from chatcore.models import Actor, AuditEntry
from chatcore.operations import Operation, Unset
from chatcore.ports.audit import AuditRecord
from chatcore.services.work import AccountsWork, ChatWork

T = TypeVar("T")
W = TypeVar("W", bound=ChatWork | AccountsWork)

_COLUMNS = ("conversation_id", "user_id")


def audited(actor: Actor, operation: Operation[Any], run: Callable[[W], T]) -> Callable[[W], T]:
    """``run``, which also writes the log where this is an act that belongs there."""
    counts = operation.spec.audit
    if counts is None:
        return run

    def recording(work: W) -> T:
        before = work.unit.writes
        result = run(work)
        if work.unit.writes != before and counts(actor, operation, result):
            note(work, actor, operation, result)
        return result

    return recording


def note(work: ChatWork | AccountsWork, actor: Actor, operation: Operation[Any], of: Any) -> None:
    """Write one act. ``of`` is its result, which names the object where the request doesn't."""
    record = AuditRecord(
        id=AuditId(new_id(work.now)),
        at=work.now,
        actor_id=actor.user_id,
        operator=actor.operator,
        method=operation.spec.method,
    )
    for name, kind in _fields(type(operation)):
        value = getattr(operation, name)
        if value is None or isinstance(value, Unset):
            continue
        if name in _COLUMNS:
            setattr(record, name, value)
        elif hasattr(kind, "__supertype__"):
            record.object_id = value
        else:
            record.details.update(_details(name, kind, value))
    if record.object_id is None and record.conversation_id is None:
        record.object_id = getattr(of, "id", None)
    work.unit.audit.add(record)


def _details(name: str, kind: Any, value: Any) -> Iterator[tuple[str, Any]]:
    """Choices, numbers and ids as they are; of what anybody wrote only that it was given."""
    if _plain(kind):
        yield name, value
    elif get_origin(kind) is tuple and _plain(get_args(kind)[0]):
        yield name, list(value)
    elif attrs.has(kind):
        for inner, inner_kind in _fields(kind):
            one = getattr(value, inner)
            if one is not None and not isinstance(one, Unset):
                yield from _details(f"{name}.{inner}", inner_kind, one)
    else:
        yield f"{name}_given", True


def _plain(kind: Any) -> bool:
    return kind in (int, bool) or get_origin(kind) is Literal or hasattr(kind, "__supertype__")


def _bare_fields(cls: type) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple((one.name, _bare(hints[one.name])) for one in attrs.fields(cls))


_fields: Callable[[type], tuple[tuple[str, Any], ...]] = cache(_bare_fields)
"""An operation's fields with their bare types."""


def _bare(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (part for part in get_args(annotation) if part not in (NoneType, Unset))
        return _bare(inner)
    return annotation


def face(record: AuditRecord) -> AuditEntry:
    """An act as operators see it."""
    return AuditEntry(
        id=record.id,
        at=to_datetime(record.at),
        actor_id=record.actor_id,
        operator=record.operator,
        method=record.method,
        conversation_id=record.conversation_id,
        user_id=record.user_id,
        object_id=record.object_id,
        details=record.details or None,
    )
