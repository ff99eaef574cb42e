"""The broker of a single process."""

from collections.abc import Sequence

import pytest

from chatcore.brokers.local import LocalBroker
from chatcore.events import Announcement
from tests.delivery.build import sent

pytestmark = pytest.mark.anyio


async def test_it_delivers_between_start_and_stop() -> None:
    """What is published reaches the hub once, in order, at once; before and after nothing does."""
    broker = LocalBroker()
    got: list[Announcement] = []

    def deliver(announcements: Sequence[Announcement]) -> None:
        got.extend(announcements)

    broker.publish([sent(1)])
    await broker.start(deliver)
    second, third = sent(2), sent(3)
    broker.publish([second, third])
    assert got == [second, third]
    await broker.stop()
    broker.publish([sent(4)])
    assert len(got) == 2
