"""One plausible value for every schema, so that the documents show each operation at work."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_ID: Final = "01jd3v7q8xk2m4n6p8r0s2t4v6"
_MESSAGE_ID: Final = f"{_ID}00000016k3f9q2ab"
_KEY: Final = "4e7d2f-17"
_CURSOR: Final = "WyJzIiwiNDIiXQ"

VALUES: Final[Mapping[str, Any]] = {
    "body": "See you at eight",
    "code": "7h3k9m2p5q8r1s4t6v0w2x5y8z",
    "current": "correct horse battery",
    "cursor": _CURSOR,
    "detail": "Invalid request",
    "draft": "See you at",
    "display_name": "Ada Lovelace",
    "email": "ada@example.com",
    "id": _ID,
    "key": "👍",
    "label": "work",
    "last_seq": 42,
    "login": "ada",
    "media_type": "image/png",
    "message_id": _MESSAGE_ID,
    "name": "picnic.png",
    "next": _CURSOR,
    "new": "staple horse correct",
    "password": "correct horse battery",
    "phone": "+4930123456",
    "q": "ad",
    "read_seq": 41,
    "seq": 42,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "since": _CURSOR,
    "size": 48_213,
    "stream": _ID,
    "title": "Picnic on Sunday",
    "up_to_seq": 41,
    "type": "urn:chatcore:error:invalid",
    "url": f"uploads/{_ID}",
    "username": "ada",
}
"""By the name of the field; anything else follows its type."""

SHOWN: Final[Mapping[str, Collection[str]]] = {
    "accounts.check": ("username",),
    "accounts.guest": ("display_name",),
    "accounts.register": ("username",),
    "accounts.upgrade": ("username",),
    "accounts.update": ("email", "current"),
    "contacts.request": ("user_id",),
    "conversations.create": ("title",),
    "conversations.update": ("title",),
    "conversations.personalize": ("labels", "draft"),
    "reports.create": ("message_id",),
    "messages.edit": ("body", "version"),
    "messages.send": ("body", "key"),
    "receipts.mark": ("read_seq",),
    "scheduled.reject": ("reason",),
    "scheduled.update": ("body", "send_at"),
    "users.update": ("display_name",),
}
"""The optional fields that an operation's example has, too."""


class Examples:
    """Makes values that are valid by a schema; fields that may be absent are left out."""

    def __init__(self, components: Mapping[str, Schema]) -> None:
        self._components = components

    def of(self, schema: Schema, name: str = "", more: Collection[str] = ()) -> Any:
        """A value of ``schema`` for the field ``name``, with the optional fields in ``more``."""
        if "$ref" in schema:
            schema = self._components[schema["$ref"].rpartition("/")[2]]
        if "anyOf" in schema:
            schema = self._components[schema["anyOf"][0]["$ref"].rpartition("/")[2]]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return "group" if "group" in schema["enum"] else schema["enum"][0]
        types = schema.get("type", "object")
        return self._of_type(types if isinstance(types, str) else types[0], schema, name, more)

    def _of_type(self, kind: str, schema: Schema, name: str, more: Collection[str]) -> Any:
        match kind:
            case "object":
                shown = {*schema.get("required", ()), *more}
                return {
                    key: self.of(one, key)
                    for key, one in schema.get("properties", {}).items()
                    if key in shown
                }
            case "array":
                return [self.of(schema["items"], name.removesuffix("s"))]
            case "boolean":
                return True
            case "integer" | "number":
                return VALUES.get(name, max(schema.get("minimum", 1), 1))
        if schema.get("format") == "date-time":
            return "2026-03-04T05:06:07.890Z"
        if "pattern" in schema:
            return _KEY
        return VALUES.get(name, _ID)
