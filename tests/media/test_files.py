"""The folder store: the contract of every blob store, and a disk's own troubles."""

import io
import os
import time

import pytest

from chatcore.errors import Conflict, NotFound
from chatcore.media.files import FilesStore
from chatcore.testing.blobs import BLOB_RULES


@pytest.fixture(name="store")
def folder_store(tmp_path):
    """A store in a folder that doesn't exist yet."""
    return FilesStore(tmp_path / "blobs")


def everything(folder):
    """All files in a folder, with what they hold."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("rule", BLOB_RULES, ids=lambda rule: rule.__name__)
def test_contract(rule, store):
    """A folder keeps the contract of blob stores."""
    rule(store)


def test_blobs_survive_the_store(store, tmp_path):
    """A store opened anew on the same folder has the same blobs."""
    store.put("ab/cd", io.BytesIO(b"kept"))
    assert b"".join(FilesStore(str(tmp_path / "blobs")).open("ab/cd")) == b"kept"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../b",
        "/etc/passwd",
        "a//b",
        "a/",
        ".incoming/x",
        "a/.b",
        "A",
        "a b",
        "a\\b",
        "a\0b",
        "a\n",
        "é",
        "C:x",
    ],
)
def test_other_names_are_refused(name, store, tmp_path):
    """A name that could lead out of the folder, or that the engine doesn't make, is refused."""
    (tmp_path / "x").write_bytes(b"outside")
    for attempt in (
        lambda: store.put(name, io.BytesIO(b"written")),
        lambda: store.open(name),
        lambda: store.size(name),
        lambda: store.delete(name),
    ):
        with pytest.raises(ValueError, match="not the name of a blob"):
            attempt()
    assert everything(tmp_path) == {"x": b"outside"}


def test_a_blob_is_never_overwritten(store, tmp_path):
    """Putting a name again is refused, and the blob stays as it was."""
    store.put("a/b", io.BytesIO(b"first"))
    with pytest.raises(Conflict):
        store.put("a/b", io.BytesIO(b"second"))
    assert everything(tmp_path / "blobs") == {"a/b": b"first"}


def test_a_failed_put_leaves_no_trace(store, tmp_path):
    """Where the disk fails in the middle, nothing stays behind."""

    class Full(io.BytesIO):
        def read(self, size=-1):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        store.put("a/b", Full(b"x"))
    assert everything(tmp_path) == {}


def test_bytes_and_names_are_synced_in_order(store, tmp_path, monkeypatch):
    """The bytes are on disk before the name is, and every folder above it after."""
    steps = []
    fsync, replace = os.fsync, os.replace
    folder = tmp_path / "blobs"

    def synced(descriptor):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        steps.append("bytes" if "/.incoming/" in path else os.path.relpath(path, folder))
        fsync(descriptor)

    def renamed(source, target):
        steps.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    store.put("a/b/c", io.BytesIO(b"x"))
    assert steps == ["bytes", "name", "a/b", "a", "."]


def test_leftovers_of_a_crash_are_cleared(store, tmp_path):
    """A new store clears what was half-written long ago, and leaves what is being written now."""
    incoming = tmp_path / "blobs" / ".incoming"
    (incoming / "stale").write_bytes(b"half")
    (incoming / "fresh").write_bytes(b"half")
    long_ago = time.time() - 7_200
    os.utime(incoming / "stale", (long_ago, long_ago))
    FilesStore(tmp_path / "blobs")
    assert [path.name for path in incoming.iterdir()] == ["fresh"]


def test_a_leftover_cleared_by_another_is_no_error(store, tmp_path):
    """Two stores that start at once may both find the same leftover."""
    incoming = tmp_path / "blobs" / ".incoming"
    (incoming / "gone").symlink_to(tmp_path / "nowhere")
    FilesStore(tmp_path / "blobs")


def test_a_blob_deleted_before_it_is_read(store):
    """Deleting between opening and reading shows as a missing blob, not as a broken one."""
    store.put("a", io.BytesIO(b"x"))
    chunks = store.open("a")
    store.delete("a")
    with pytest.raises(NotFound):
        next(chunks)


def test_others_on_the_machine_cannot_read(store, tmp_path):
    """Files and folders are their owner's alone."""
    store.put("a/b", io.BytesIO(b"private"))
    folder = tmp_path / "blobs"
    assert (folder / "a" / "b").stat().st_mode & 0o077 == 0
    assert (folder / "a").stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
