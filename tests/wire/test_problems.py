"""The body and the numbers of errors."""

import json

import pytest

from chatcore import errors
from chatcore.errors import ChatError, Invalid, NotFound, Problem, RateLimited
from chatcore.wire.problems import RPC_CODE, STATUS, problem


def kinds(root: type[ChatError] = ChatError) -> list[type[ChatError]]:
    """Every error there is."""
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_has_its_numbers(kind: type[ChatError]) -> None:
    """No error's code is missing from either table."""
    assert 400 <= STATUS[kind.code] <= 599
    assert isinstance(RPC_CODE[kind.code], int)


def test_integers_are_distinct_and_outside_the_reserved_range() -> None:
    """A JSON-RPC integer tells one code, and never one of the protocol's own."""
    assert len(set(RPC_CODE.values())) == len(RPC_CODE)
    assert not any(-32768 <= number <= -32000 for number in RPC_CODE.values())
    assert set(RPC_CODE) == set(STATUS)


def test_the_whole_body() -> None:
    """A problem carries everything that its error knows, and waits are rounded up."""
    error = RateLimited("Slower", errors=[Problem("a.0", "too much")], retry_after=0.33341)
    assert problem(error) == {
        "type": "urn:chatcore:error:rate_limited",
        "title": "Too many requests",
        "status": 429,
        "detail": "Slower",
        "code": "rate_limited",
        "errors": [{"path": "a.0", "message": "too much"}],
        "retry_after": 0.334,
    }


def test_what_is_absent_is_left_out() -> None:
    """Without fields or a wait to name there are no such members."""
    assert problem(Invalid("No")).keys() == {"type", "title", "status", "detail", "code"}


def test_what_is_hidden_answers_byte_for_byte_alike() -> None:
    """Two not-founds can't be told apart."""
    assert json.dumps(problem(NotFound())) == json.dumps(problem(errors.NotFound()))
