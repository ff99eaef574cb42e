"""The public face: a short, sorted list, all of it there."""

import importlib
import pkgutil

import pytest

import chatcore
from chatcore import operations

MOST = 40


@pytest.mark.parametrize("module", [chatcore, operations])
def test_a_list_of_names_is_sorted_and_true(module: object) -> None:
    """Each name once, in the order that the linter keeps, and each is there."""
    names = module.__all__  # type: ignore[attr-defined]
    constants = sorted(name for name in names if name.isupper())
    assert names == constants + sorted(name for name in names if not name.isupper())
    assert len(names) == len(set(names))
    assert all(hasattr(module, name) for name in names)


def test_the_public_face_is_short() -> None:
    """What a reader meets first."""
    assert len(chatcore.__all__) <= MOST


def test_a_star_import_gives_what_the_first_lines_of_the_docstring_use() -> None:
    """The example at the top runs with nothing else."""
    found: dict[str, object] = {}
    exec("from chatcore import *", found)
    used = {"ANONYMOUS", "ChatEngine", "Register", "CreateConversation", "SendMessage"}
    assert used <= found.keys()
    assert all(name in (chatcore.__doc__ or "") for name in used)


def test_every_operation_is_exported() -> None:
    """From the package of operations, by its class's name."""
    assert {spec.cls.__name__ for spec in operations.specs()} <= set(operations.__all__)


@pytest.mark.parametrize(
    "name",
    [
        found.name
        for found in pkgutil.walk_packages(chatcore.__path__, "chatcore.")
        if "migrations" not in found.name and found.name != "chatcore.__main__"
    ],
)
def test_every_module_can_be_imported(name: str) -> None:
    """And says what it is for."""
    module = importlib.import_module(name)
    assert module.__doc__
