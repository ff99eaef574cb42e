"""A world on each event loop, shared by the examples of a module."""

from collections.abc import Iterator

import pytest

from chatcore.config import Limits
from tests.stateful.world import World, open_world


@pytest.fixture(scope="module", params=("asyncio", "trio"))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """An engine with the limits that the module names ``LIMITS``."""
    limits: Limits = getattr(request.module, "LIMITS", Limits())
    with open_world(request.param, limits) as opened:
        yield opened
