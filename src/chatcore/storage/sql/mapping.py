"""Rows into records and back.

A record's fields name the table's columns, so a mapping is the pair of them plus the columns that
hold JSON. Selecting the columns in the fields' order makes loading one call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar

import attrs
import msgspec
from sqlalchemy import Boolean, Column, Table, Update, bindparam, update

R = TypeVar("R", bound=attrs.AttrsInstance)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class RecordMapping(Generic[R]):
    """Between ``cls`` and ``table``.

    ``json`` maps each column that holds JSON to what makes the field of the parsed value.
    """

    def __init__(
        self, cls: type[R], table: Table, json: Mapping[str, Callable[[Any], Any]] | None = None
    ) -> None:
        json = json or {}
        self.cls = cls
        self.table = table
        self.names = tuple(field.name for field in attrs.fields(cls))
        self.columns: tuple[Column[Any], ...] = tuple(table.c[name] for name in self.names)
        self._values = attrgetter(*self.names)
        self._json = [(i, json[name]) for i, name in enumerate(self.names) if name in json]
        # Rows may come as JSON, where a boolean is 0 or 1.
        self._bools = [i for i, c in enumerate(self.columns) if isinstance(c.type, Boolean)]

    def load(self, row: Sequence[Any]) -> R:
        """A record of a row that was selected as ``columns``."""
        values = list(row)
        for index in self._bools:
            values[index] = bool(values[index])
        for index, make in self._json:
            text = values[index]
            values[index] = make(None if text is None else _decode(text))
        return self.cls(**dict(zip(self.names, values, strict=True)))

    def row(self, record: R) -> list[Any]:
        """The row's values in the columns' order, JSON encoded; an empty object is NULL."""
        values = list(self._values(record))
        for index, _ in self._json:
            value = values[index]
            values[index] = None if value is None or value == {} else _encode(value).decode()
        return values

    def dump(self, record: R) -> dict[str, Any]:
        """The row's values by column."""
        return dict(zip(self.names, self.row(record), strict=True))

    def update_by(self, *keys: str) -> Update:
        """An UPDATE by these columns, which bind as ``k_…``; what else is bound is what is set."""
        return update(self.table).where(*(self.table.c[k] == bindparam(f"k_{k}") for k in keys))

    def values(self, record: R, *keys: str, names: Collection[str] | None = None) -> dict[str, Any]:
        """What :meth:`update_by` binds: ``names`` (default: all) and the keys."""
        found = self.dump(record)
        wanted = self.names if names is None else names
        return {name: found[name] for name in wanted if name not in keys} | {
            f"k_{key}": found[key] for key in keys
        }
