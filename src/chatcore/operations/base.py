"""What an operation declares, and the registry that all else is generated from.

    @operation("messages.send", Message, writes=True, rate="sends", conversation="conversation_id")
    @frozen
    class SendMessage(Operation[Message]): ...

Fields are annotated with their bounds (``Annotated[str, Text("body_chars")]``), which
:mod:`chatcore.operations.checks` enforces and the API documents show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar

import attrs
from attrs import field, frozen

from chatcore.models import Actor

R = TypeVar("R", covariant=True)
Audited = Callable[[Actor, Any, Any], bool]
"""Whether one call was an administrative act, by who asked, the operation and its result."""
Cls = TypeVar("Cls", bound="type[Operation[Any]]")

Store = Literal["accounts", "chat"]
RateClass = Literal[
    "requests", "sends", "logins", "state", "registrations", "checks", "searches", "joins",
    "contacts", "reports", "uploads",
]  # fmt: skip
"""What an operation is counted as, beside every request being one: see :mod:`chatcore.wire.quotas`.
"""


def wire_name(field: str) -> str:
    """A field's name in JSON: one that is Python's keyword drops its trailing underscore."""
    return field.rstrip("_")


class Unset(Enum):
    """The type of :data:`UNSET`: a field of a PATCH that the caller didn't give."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET


def required() -> Any:
    """A field that must be given although it stands behind ones that may be left out."""
    return field(default=UNSET, metadata={"required": True})


def is_required(attribute: attrs.Attribute[Any]) -> bool:
    """Whether a request without this field is refused."""
    return attribute.default is attrs.NOTHING or bool(attribute.metadata.get("required"))


@frozen(kw_only=True)
class Spec:
    """What the registry knows about one operation."""

    method: str
    cls: type[Operation[Any]]
    result: Any
    """The result's type, as an annotation."""
    deferred: Any
    """What it answers instead where it has to wait, if it can."""
    store: Store
    writes: bool
    rate: RateClass
    counts: str | None
    """The field of as many values as the operation counts for, where that isn't once."""
    stream: str | None
    """The field that holds the conversation it locks or reads, where there is one."""
    users: str | None
    """The field that names users who must exist: resolved before the transaction begins."""
    key: bool
    """Takes a client key (``Idempotency-Key``)."""
    audit: Audited | None
    """Which calls go into the audit log, where any do."""
    summary: str

    @property
    def group(self) -> str:
        """The noun: ``messages`` of ``messages.send``."""
        return self.method.partition(".")[0]


class Operation(Generic[R]):
    """A request, as a value. The type parameter is what the engine answers."""

    spec: ClassVar[Spec]


_registry: dict[str, Spec] = {}


def always(actor: Actor, operation: Any, result: Any) -> bool:
    """Every call is an administrative act."""
    return True


def operation(
    method: str,
    result: Any,
    *,
    deferred: Any = None,
    store: Store = "chat",
    writes: bool = False,
    rate: RateClass = "requests",
    counts: str | None = None,
    stream: str | None = None,
    users: str | None = None,
    key: bool = False,
    audit: Audited | None = None,
) -> Callable[[Cls], Cls]:
    """Register an operation class. Its docstring's first line is its summary."""

    def register(cls: Cls) -> Cls:
        if method in _registry and _registry[method].cls.__qualname__ != cls.__qualname__:
            raise ValueError(f"two operations are called {method}")
        if not cls.__doc__:
            raise ValueError(f"{cls.__name__} has no docstring")
        cls.spec = _registry[method] = Spec(
            method=method,
            cls=cls,
            result=result,
            deferred=deferred,
            store=store,
            writes=writes,
            rate=rate,
            counts=counts,
            stream=stream,
            users=users,
            key=key,
            audit=audit,
            summary=cls.__doc__.strip().splitlines()[0],
        )
        return cls

    return register


def specs() -> Iterator[Spec]:
    """Every operation, by method."""
    return iter(sorted(_registry.values(), key=lambda spec: spec.method))


def spec_of(method: str) -> Spec | None:
    """The operation called ``method``."""
    return _registry.get(method)
