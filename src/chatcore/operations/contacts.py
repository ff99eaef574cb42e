"""Whom one knows: asked for by one, agreed to by the other."""

from __future__ import annotations

from typing import Annotated, Literal

from attrs import frozen

from chatcore.ids import UserId
from chatcore.models import Contact, Page
from chatcore.operations.base import Operation, operation
from chatcore.operations.checks import Text, Whole


@operation("contacts.list", Page[Contact])
@frozen(kw_only=True)
class ListContacts(Operation[Page[Contact]]):
    """One's contacts, and the requests that wait for an answer."""

    state: Literal["requested", "accepted"] | None = None
    cursor: Annotated[str | None, Text("text_chars")] = None
    limit: Annotated[int | None, Whole(1, "page_max")] = None


@operation("contacts.request", Contact, writes=True, rate="contacts")
@frozen
class RequestContact(Operation[Contact]):
    """Ask a user to become a contact, by id or phone number; who was asked by them agrees.

    A number that is nobody's, or of someone who isn't to be found by it, is ``not_found``.
    """

    user_id: UserId | None = None
    phone: Annotated[str | None, Text("text_chars")] = None


@operation("contacts.respond", Contact, writes=True)
@frozen
class RespondContact(Operation[Contact]):
    """Accept or refuse another's request."""

    user_id: UserId
    accept: bool


@operation("contacts.remove", Contact, writes=True)
@frozen
class RemoveContact(Operation[Contact]):
    """End a contact, withdraw one's own request, or dismiss another's."""

    user_id: UserId
