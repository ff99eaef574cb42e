"""Previews of links: a durable change a moment after the message, which never waits for them."""

from collections.abc import AsyncIterator

import anyio
import pytest

from chatcore.config import Limits
from chatcore.engine import ChatEngine
from chatcore.events import MessageUpdated
from chatcore.models import Actor, Conversation, LinkPreview, Message
from chatcore.operations import (
    DeleteMessage,
    EditMessage,
    GetConversation,
    GetMessage,
    Pull,
    PullFrom,
)
from chatcore.ports.previews import LinkPreviewer
from chatcore.testing.clock import FakeClock
from chatcore.testing.fakes import PlainHasher
from tests.people import People, RecordingBroker

pytestmark = pytest.mark.anyio


class Library(LinkPreviewer):
    """Knows every page, once it is let."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = anyio.Event()
        self.broken = False

    async def preview(self, url: str, limits: Limits) -> LinkPreview | None:
        self.asked.append(url)
        await self.open.wait()
        if self.broken:
            raise RuntimeError("broken")
        return LinkPreview(url=url, title=f"About {url}")


@pytest.fixture
def library() -> Library:
    """What the engine asks."""
    return Library()


@pytest.fixture
async def engine(
    database: str, clock: FakeClock, broker: RecordingBroker, library: Library
) -> AsyncIterator[ChatEngine]:
    """An engine that looks links up."""
    async with ChatEngine(
        database, clock=clock, broker=broker, hasher=PlainHasher(), previews=library,
        limits=Limits(previews_at_once=1, previews_waiting=2),
    ) as opened:  # fmt: skip
        yield opened


async def settled(engine: ChatEngine, actor: Actor, message: Message) -> Message:
    """The message once it has its preview, or once there was time enough for one."""
    for _ in range(20):
        found = await engine.execute(actor, GetMessage(message.conversation_id, message.id))
        if found.link_preview:
            break
        await anyio.wait_all_tasks_blocked()
    return found


async def test_a_preview_follows_the_message(
    engine: ChatEngine, people: People, broker: RecordingBroker, library: Library
) -> None:
    """As a change with a rev, live and in pulls, with nothing else changed."""
    ann, ben = await people("ann", "ben")
    group: Conversation = await people.group(ann, ben)
    before = await engine.execute(ben, GetConversation(group.id))
    assert before.cursor is not None
    (sent,) = await people.say(ann, group, "look: https://tea.example.org/pot.")
    assert sent.link_preview is None
    broker.take()
    library.open.set()
    found = await settled(engine, ben, sent)
    url = "https://tea.example.org/pot"
    assert found.link_preview == LinkPreview(url=url, title=f"About {url}")
    assert (found.rev, found.version, found.edited_at) == (sent.rev + 1, 1, None)
    (live,) = broker.take()
    assert isinstance(live.event, MessageUpdated)
    assert live.event.message.link_preview == found.link_preview
    assert (live.prev, live.rev, live.min_seq) == (sent.rev, found.rev, sent.seq)
    pulled = await engine.execute(ben, Pull((PullFrom(stream=group.id, cursor=before.cursor),)))
    assert [one.event.message.link_preview for one in pulled.changes] == [found.link_preview]  # type: ignore[attr-defined]


async def test_an_edit_takes_the_preview_of_another_link_off(
    engine: ChatEngine, people: People, library: Library
) -> None:
    """The same link keeps it; another one gets its own."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    library.open.set()
    (sent,) = await people.say(ann, group, "https://a.example.org")
    await settled(engine, ann, sent)
    kept = await engine.execute(ann, EditMessage(group.id, sent.id, "see https://a.example.org"))
    assert kept.link_preview is not None
    other = await engine.execute(ann, EditMessage(group.id, sent.id, "https://b.example.org"))
    assert other.link_preview is None
    found = await settled(engine, ann, sent)
    assert found.link_preview is not None
    assert found.link_preview.url == "https://b.example.org"
    gone = await engine.execute(ann, EditMessage(group.id, sent.id, "nothing"))
    assert gone.link_preview is None
    assert library.asked == ["https://a.example.org", "https://b.example.org"]


async def test_a_preview_that_comes_too_late_is_dropped(
    engine: ChatEngine, people: People, broker: RecordingBroker, library: Library
) -> None:
    """Of a message that says something else by then, or nothing any more."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    one, two = await people.say(ann, group, "https://a.example.org", "https://b.example.org")
    await engine.execute(ann, EditMessage(group.id, one.id, "nothing"))
    await engine.execute(ann, DeleteMessage(group.id, two.id))
    broker.take()
    library.open.set()
    for message in (one, two):
        assert (await settled(engine, ann, message)).link_preview is None
    assert broker.take() == []


async def test_too_many_links_at_once_are_not_waited_for(
    engine: ChatEngine, people: People, library: Library
) -> None:
    """Up to the limit they queue, one past it stays without a preview; sends go on."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    (first,) = await people.say(ann, group, "https://0.example.org")
    await anyio.wait_all_tasks_blocked()
    rest = await people.say(ann, group, *(f"https://{n}.example.org" for n in range(1, 4)))
    library.open.set()
    shown = [(await settled(engine, ann, one)).link_preview for one in (first, *rest)]
    assert [one is not None for one in shown] == [True, True, True, False]


async def test_a_previewer_that_fails_harms_nobody(
    engine: ChatEngine, people: People, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the next one is asked."""
    (ann,) = await people("ann")
    group = await people.group(ann)
    library.broken = True
    library.open.set()
    (one,) = await people.say(ann, group, "https://a.example.org")
    assert (await settled(engine, ann, one)).link_preview is None
    library.broken = False
    (two,) = await people.say(ann, group, "https://b.example.org")
    assert (await settled(engine, ann, two)).link_preview is not None
    assert "could not be looked up" in caplog.text
