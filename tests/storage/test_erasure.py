"""Whatever names a user in the chat store: erasing says what becomes of it."""

import re

from chatcore.storage.sql.erasure import HANDLED, KEPT, PRIVATE
from chatcore.storage.sql.schema import ChatSchema

_NAMES_A_USER = re.compile(r"(user|owner|other|sender|reporter|actor|author|creator)_id|\w+_by")


def test_every_column_that_names_a_user_is_decided_upon() -> None:
    """A new table with a user in it fails here until erasing deletes, handles or keeps it."""
    named = {
        f"{table.name}.{column.name}"
        for table in ChatSchema("").metadata.sorted_tables
        for column in table.c
        if _NAMES_A_USER.fullmatch(column.name)
    }
    private = {f"{table}.{column}" for table, column in PRIVATE.items()}
    decided = [*private, *HANDLED, *KEPT]
    assert len(decided) == len(set(decided))
    assert named - set(decided) == set()
    assert set(decided) - named == set()
