"""Every field of every operation: wrong types and bounds are refused, by name, without a trace."""

import re
from pathlib import Path
from typing import Any

import attrs
import pytest
from attrs import evolve

from chatcore import codec
from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.errors import ChatError, Invalid, NotFound
from chatcore.operations import Spec, specs
from chatcore.operations.base import wire_name
from chatcore.operations.checks import check
from chatcore.policy import TABLE
from tests.operations.wrong import LIMITS, at_bounds, fields, named_limits, right, wrong
from tests.people import People, RecordingBroker, dump

ROOT = Path(__file__).parents[2]
FIELDS = [(spec, name, kind) for spec in specs() for name, kind in fields(spec.cls)]


# Limits whose tests count in seconds, not by name.
IN_SECONDS = {
    "receipts_interval_s": "tests/delivery/test_hub_state.py",
    "sends_window_s": "tests/wire/test_limits.py",
}


@pytest.fixture
def limits() -> Limits:
    """The engine keeps the same limits as the table of wrong values."""
    return LIMITS


def refusal(call: Any, *arguments: Any) -> ChatError | None:
    """The error of a call."""
    try:
        call(*arguments)
    except ChatError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("spec", "name", "kind"), FIELDS, ids=[f"{spec.method}-{name}" for spec, name, _ in FIELDS]
)
def test_wrong_values_are_refused_by_name(spec: Spec, name: str, kind: Any) -> None:
    """Each with the path of what is wrong, at the bound not, one past it yes."""
    base = right(spec.cls)
    assert refusal(check, base, LIMITS) is None
    for one in wrong(kind):
        error = refusal(check, evolve(base, **{name: one.value}), LIMITS)
        assert error is not None, one
        assert error.code == one.code, one
        if one.code == "invalid":
            assert {problem.path for problem in error.errors} == {wire_name(name) + one.path}, one
            assert all(problem.message for problem in error.errors)
    for value in at_bounds(kind):
        assert refusal(check, evolve(base, **{name: value}), LIMITS) is None, value


@pytest.mark.anyio
async def test_the_engine_refuses_them_without_a_trace(
    engine: ChatEngine, people: People, broker: RecordingBroker, database: str
) -> None:
    """Whatever is wrong: the same error, nothing stored, nothing announced."""
    (ann,) = await people("ann")
    broker.take()
    before = dump(database)
    asked = 0
    for spec, name, kind in FIELDS:
        if TABLE[spec.cls].who == "operator":
            continue
        for one in wrong(kind):
            operation = evolve(right(spec.cls), **{name: one.value})
            with pytest.raises((Invalid, NotFound)) as caught:
                await engine.execute(evolve(ann, operator=True), operation)
            assert caught.value.code == one.code
            asked += 1
    assert asked > 500
    assert broker.take() == []
    assert dump(database) == before


def test_all_problems_are_told_at_once() -> None:
    """Who has three fields wrong learns of three."""
    spec = next(one for one in specs() if one.method == "messages.send")
    operation = spec.cls("c", 7, "a b", "zap", mentions=["x"])  # type: ignore[call-arg]
    error = refusal(check, operation, LIMITS)
    assert error is not None
    assert {one.path for one in error.errors} == {"body", "key", "kind", "mentions"}


@pytest.mark.parametrize("spec", list(specs()), ids=lambda spec: spec.method)
def test_json_is_held_to_the_same(spec: Spec) -> None:
    """An unknown field, a missing one and a wrong type are refused on the way in, too."""
    base = codec.plain(right(spec.cls))
    assert codec.structure(base, spec.cls) == right(spec.cls)
    with pytest.raises(Invalid) as caught:
        codec.structure(base | {"zap": 1}, spec.cls)
    assert [(one.path, one.message) for one in caught.value.errors] == [("zap", "unknown")]
    for name in (one.name for one in attrs.fields(spec.cls) if one.default is attrs.NOTHING):
        without = {key: value for key, value in base.items() if key != name}
        with pytest.raises(Invalid) as caught:
            codec.structure(without, spec.cls)
        assert [problem.path for problem in caught.value.errors] == [name]


def test_every_limit_has_a_test() -> None:
    """A limit that the code keeps is reached by the bounds above, or set by some test."""
    reached = {name for _, _, kind in FIELDS for name in named_limits(kind)}
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    kept = {one.name for one in attrs.fields(Limits) if f"limits.{one.name}" in source}
    untested = {name for name in kept - reached if not re.search(rf"\b{name}\b", tests)}
    assert untested == set()
    assert all((ROOT / path).exists() for path in IN_SECONDS.values())
