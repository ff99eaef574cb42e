"""The contract of :class:`chatcore.ports.blobs.BlobStore`, as code.

    @pytest.mark.parametrize("rule", BLOB_RULES, ids=lambda rule: rule.__name__)
    def test_contract(rule, store):
        rule(store)

Each rule takes a store, may leave blobs behind, and raises :class:`AssertionError` where the
contract is broken. Names differ from rule to rule, so one store can serve them all.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Final

from chatcore.errors import NotFound
from chatcore.ports.blobs import BlobStore

CHUNK: Final = 64 * 1024
"""What a chunk holds at most."""

Rule = Callable[[BlobStore], None]


def _require(kept: bool, promise: str) -> None:
    if not kept:
        raise AssertionError(promise)


def _content(size: int) -> bytes:
    return bytes(number * 7 % 251 for number in range(size))


def _read(store: BlobStore, name: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(store.open(name, start, end))


def keeps_every_byte(store: BlobStore) -> None:
    """What was put is what is read, empty or longer than a chunk."""
    for size in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5):
        name, content = f"keeps/{size}.bin", _content(size)
        store.put(name, io.BytesIO(content))
        _require(_read(store, name) == content, f"{size} bytes come back as they were")
        _require(store.size(name) == size, f"the size of {size} bytes is {size}")


def takes_what_the_source_still_holds(store: BlobStore) -> None:
    """Reading begins where the source stands."""
    source = io.BytesIO(b"read before|kept")
    source.seek(12)
    store.put("rest", source)
    _require(_read(store, "rest") == b"kept", "only what was unread is kept")


def gives_small_chunks(store: BlobStore) -> None:
    """No chunk is larger than 64 KiB, and none is empty."""
    store.put("chunks", io.BytesIO(_content(3 * CHUNK)))
    sizes = [len(chunk) for chunk in store.open("chunks")]
    _require(all(0 < size <= CHUNK for size in sizes), f"chunks of 1 to {CHUNK} bytes: {sizes}")


def gives_ranges(store: BlobStore) -> None:
    """``start`` is included, ``end`` isn't; what lies behind the end of the blob is left out."""
    content = _content(2 * CHUNK)
    store.put("ranges", io.BytesIO(content))
    edges = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 3 * CHUNK)
    for start in edges:
        for end in (None, *edges):
            found = _read(store, "ranges", start, end)
            _require(found == content[start:end], f"bytes {start} to {end}")


def keeps_names_apart(store: BlobStore) -> None:
    """Names may have several parts, and similar names are different blobs."""
    names = ("apart/a", "apart/b", "apart-a", "apart/a.b", "apart/c/a")
    for name in names:
        store.put(name, io.BytesIO(name.encode()))
    for name in names:
        _require(_read(store, name) == name.encode(), f"{name} is its own blob")


def forgets_what_is_deleted(store: BlobStore) -> None:
    """A deleted blob is gone, and only that one; its name may be used again."""
    store.put("gone", io.BytesIO(b"old"))
    store.put("kept", io.BytesIO(b"kept"))
    store.delete("gone")
    _refuses_unknown(store, "gone")
    _require(_read(store, "kept") == b"kept", "other blobs stay")
    store.put("gone", io.BytesIO(b"new"))
    _require(_read(store, "gone") == b"new", "the name can be used again")


def knows_what_is_not_there(store: BlobStore) -> None:
    """An unknown name has no size, can't be opened, and can be deleted."""
    _refuses_unknown(store, "never/put")
    store.delete("never/put")
    _refuses_unknown(store, "never/put")


def _refuses_unknown(store: BlobStore, name: str) -> None:
    _require(store.size(name) is None, "an unknown blob has no size")
    try:
        chunks: Iterator[bytes] = store.open(name)
        first = next(iter(chunks), b"")
    except NotFound:
        return
    raise AssertionError(f"NotFound comes before the first chunk, not {first!r}")


class _Broken(io.BytesIO):
    """Gives half of itself and then fails."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError("the source broke")
        return super().read(CHUNK if size is None or size < 0 else size)


def keeps_all_or_nothing(store: BlobStore) -> None:
    """A source that fails leaves no blob, and its error goes on."""
    try:
        store.put("half", _Broken(_content(10 * CHUNK)))
    except OSError:
        _refuses_unknown(store, "half")
        return
    raise AssertionError("the error of the source is raised")


BLOB_RULES: Final[tuple[Rule, ...]] = (
    keeps_every_byte,
    takes_what_the_source_still_holds,
    gives_small_chunks,
    gives_ranges,
    keeps_names_apart,
    forgets_what_is_deleted,
    knows_what_is_not_there,
    keeps_all_or_nothing,
)
