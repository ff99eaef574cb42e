"""Operators: users whom the host names, however they sign in."""

import pytest

from chatcore.config import Settings
from chatcore.engine import ChatEngine
from chatcore.models import ANONYMOUS
from chatcore.operations import Login, Register
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import PASSWORD, People

pytestmark = pytest.mark.anyio


async def test_nobody_is_an_operator_by_default(engine: ChatEngine, people: People) -> None:
    """A session gives its user's rights and no more."""
    session = (await engine.execute(ANONYMOUS, Register("ann", PASSWORD))).session
    assert session.token is not None
    assert not (await engine.authenticate(session.token)).operator


async def test_named_users_are_operators(database: str, engine: ChatEngine, people: People) -> None:
    """Whoever the settings name is one by each of their sessions; others aren't."""
    ann, _ = await people("ann", "ben")
    settings = Settings(operators=frozenset({ann.id}))
    other = ChatEngine(database, settings=settings, hasher=PlainHasher(), clock=FakeClock())
    async with other:
        for name, expected in (("ann", True), ("ben", False)):
            session = (await other.execute(ANONYMOUS, Login(name, PASSWORD))).session
            assert session.token is not None
            assert (await other.authenticate(session.token)).operator is expected
