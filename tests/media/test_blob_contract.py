"""The contract of blob stores, tried on one that keeps it and on many that don't."""

import pytest

from chatcore.errors import NotFound
from chatcore.ports.blobs import BlobStore
from chatcore.testing import blobs
from chatcore.testing.blobs import BLOB_RULES, CHUNK


class Memory(BlobStore):
    """Keeps the contract, in a dict."""

    def __init__(self):
        self.kept = {}

    def put(self, name, source):
        parts = []
        while part := source.read(CHUNK):
            parts.append(part)
        self.kept[name] = b"".join(parts)

    def open(self, name, start=0, end=None):
        if name not in self.kept:
            raise NotFound
        part = self.kept[name][start:end]
        return (part[at : at + CHUNK] for at in range(0, len(part), CHUNK))

    def size(self, name):
        return len(self.kept[name]) if name in self.kept else None

    def delete(self, name):
        self.kept.pop(name, None)


class KeepsHalf(Memory):
    """Shows a blob while it is being written."""

    def put(self, name, source):
        self.kept[name] = b""
        while part := source.read(CHUNK):
            self.kept[name] += part


class Rewinds(Memory):
    """Begins at the start of the source."""

    def put(self, name, source):
        source.seek(0)
        super().put(name, source)


class OneChunk(Memory):
    """Gives all at once."""

    def open(self, name, start=0, end=None):
        return iter([b"".join(super().open(name, start, end))])


class IgnoresStart(Memory):
    """Always begins at the beginning."""

    def open(self, name, start=0, end=None):
        return super().open(name, 0, end)


class IncludesEnd(Memory):
    """Gives one byte too many."""

    def open(self, name, start=0, end=None):
        return super().open(name, start, end if end is None else end + 1)


class ForgetsFolders(Memory):
    """Looks at the last part of a name only."""

    def put(self, name, source):
        super().put(name.rpartition("/")[2], source)

    def open(self, name, start=0, end=None):
        return super().open(name.rpartition("/")[2], start, end)

    def size(self, name):
        return super().size(name.rpartition("/")[2])


class NeverForgets(Memory):
    """Deletes nothing."""

    def delete(self, name):
        pass


class StrictDelete(Memory):
    """Fails over an unknown name."""

    def delete(self, name):
        del self.kept[name]


class EmptyForUnknown(Memory):
    """Takes an unknown name for an empty blob."""

    def open(self, name, start=0, end=None):
        return super().open(name, start, end) if name in self.kept else iter([b""])


class ZeroForUnknown(Memory):
    """Takes an unknown name for an empty blob when asked for its size."""

    def size(self, name):
        return super().size(name) or 0


class WrongSize(Memory):
    """Counts one byte too many."""

    def size(self, name):
        return self.kept.get(name) and len(self.kept[name]) + 1


class SwallowsErrors(Memory):
    """Takes a broken source for an empty one."""

    def put(self, name, source):
        try:
            super().put(name, source)
        except OSError:
            self.kept[name] = b""


BROKEN = [
    (KeepsHalf, blobs.keeps_all_or_nothing),
    (Rewinds, blobs.takes_what_the_source_still_holds),
    (OneChunk, blobs.gives_small_chunks),
    (IgnoresStart, blobs.gives_ranges),
    (IncludesEnd, blobs.gives_ranges),
    (ForgetsFolders, blobs.keeps_names_apart),
    (NeverForgets, blobs.forgets_what_is_deleted),
    (StrictDelete, blobs.knows_what_is_not_there),
    (EmptyForUnknown, blobs.knows_what_is_not_there),
    (ZeroForUnknown, blobs.knows_what_is_not_there),
    (WrongSize, blobs.keeps_every_byte),
    (SwallowsErrors, blobs.keeps_all_or_nothing),
]


@pytest.mark.parametrize("rule", BLOB_RULES, ids=lambda rule: rule.__name__)
def test_a_store_that_keeps_the_contract_passes(rule):
    """The rules ask for nothing but the contract."""
    rule(Memory())


@pytest.mark.parametrize(("broken", "rule"), BROKEN, ids=lambda part: part.__name__)
def test_a_store_that_breaks_it_is_caught(broken, rule):
    """Each way to break the contract is noticed by the rule that is about it."""
    with pytest.raises((AssertionError, KeyError)):
        rule(broken())
