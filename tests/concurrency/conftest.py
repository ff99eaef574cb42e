"""What races share."""

from collections.abc import Iterator

import pytest

from chatcore.config import Limits
from tests.concurrency.racing import Engines, two_engines


@pytest.fixture
def engines(database: str, limits: Limits) -> Iterator[Engines]:
    """Two that share a file and nothing else."""
    with two_engines(database, limits=limits) as opened:
        yield opened
