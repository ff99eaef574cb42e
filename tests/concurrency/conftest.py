"""What races share."""

from collections.abc import Iterator

import pytest

from chatcore.config import Limits, Settings
from tests.concurrency.racing import Engines, two_engines


@pytest.fixture
def engines(database: str, limits: Limits, host_settings: Settings) -> Iterator[Engines]:
    """Two that share a file and nothing else."""
    with two_engines(database, limits=limits, settings=host_settings) as opened:
        yield opened
