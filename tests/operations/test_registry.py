"""The registry: what every operation declares, from which the rest is generated."""

import typing

import attrs
import pytest

from chatcore.models import Done
from chatcore.operations import Operation, Spec, spec_of, specs
from chatcore.operations.base import UNSET, operation
from tests.operations.wrong import right

ALL = list(specs())


def test_operations_are_found_by_method() -> None:
    """Each under its own name, in order; an unknown one isn't there."""
    assert [spec.method for spec in ALL] == sorted({spec.method for spec in ALL})
    assert all(spec_of(spec.method) is spec for spec in ALL)
    assert spec_of("messages.explode") is None


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.method)
def test_each_declares_itself(spec: Spec) -> None:
    """A frozen class with a noun, a summary, and fields that are what the registry says."""
    names = {one.name for one in attrs.fields(spec.cls)}
    assert spec.cls.spec is spec
    assert spec.method.startswith(f"{spec.group}.")
    assert spec.summary.endswith(".")
    assert spec.stream is None or spec.stream in names
    assert spec.users is None or hasattr(spec.cls, spec.users) or spec.users in names
    assert typing.get_type_hints(spec.cls)
    for name in names:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(right(spec.cls), name, 1)


def test_which_take_a_client_key() -> None:
    """Those whose repetition must not do it twice."""
    keyed = {"conversations.create", "messages.forward", "messages.send"}
    assert {spec.method for spec in ALL if spec.key} == keyed


def test_two_operations_have_two_names() -> None:
    """The second of a name is refused, as is one without words."""

    class Other(Operation[Done]):
        """Calls itself like another."""

    class Silent(Operation[Done]):
        __doc__ = ""

    with pytest.raises(ValueError, match="two operations"):
        operation("messages.send", Done)(Other)
    with pytest.raises(ValueError, match="no docstring"):
        operation("messages.silent", Done)(Silent)
    assert spec_of("messages.silent") is None


def test_what_is_unset_is_nothing() -> None:
    """Neither true nor given."""
    assert not UNSET
