"""The outbox: order, frames, bounds, the end."""

import json

import anyio
import pytest

from chatcore.config import Limits
from chatcore.delivery.chunks import Chunk, join
from chatcore.delivery.outbox import Outbox, SessionClosed

pytestmark = pytest.mark.anyio


def chunk(*lines: str, droppable: bool = False) -> Chunk:
    """Events that are these lines."""
    text = "\n".join(lines)
    return Chunk(text, len(lines), len(text.encode()), droppable)


async def frames(outbox: Outbox) -> list[str]:
    """Every frame up to the end of a closed outbox."""
    found: list[str] = []
    while True:
        try:
            found.append(await outbox.next_frame())
        except SessionClosed:
            return found


async def test_all_that_waits_leaves_as_one_frame() -> None:
    """Answers and events leave in the order they were put, joined by line ends."""
    outbox = Outbox(Limits(), lines=True)
    outbox.answer("a")
    outbox.put(chunk("b", "c"))
    outbox.put(chunk("d"))
    assert await outbox.next_frame() == "a\nb\nc\nd"
    assert (outbox.answers, outbox.events, outbox.size) == (0, 0, 0)


async def test_without_lines_every_message_is_a_frame() -> None:
    """A client that didn't ask for lines gets each message by itself, in order."""
    outbox = Outbox(Limits(), lines=False)
    outbox.answer("a")
    outbox.put(chunk("b", "c"))
    outbox.put(chunk("d"))
    assert [await outbox.next_frame() for _ in range(4)] == ["a", "b", "c", "d"]


async def test_frames_are_bounded_and_split_between_lines() -> None:
    """No frame is larger than its limit in bytes, whatever the letters cost."""
    outbox = Outbox(Limits(answer_bytes=10), lines=True)
    for text in ("éééé", "a", "bbbbb", "cccc", "d"):
        outbox.put(chunk(text))
    outbox.close(1000, "")
    assert await frames(outbox) == ["éééé\na", "bbbbb\ncccc", "d"]


async def test_an_answer_is_sized_in_bytes() -> None:
    """Answers count in a frame with what they weigh in UTF-8."""
    outbox = Outbox(Limits(answer_bytes=8), lines=True)
    outbox.answer("ééé")
    outbox.answer("éé")
    outbox.answer("e")
    outbox.close(1000, "")
    assert await frames(outbox) == ["ééé", "éé\ne"]


async def test_waiting_ends_with_the_first_thing_put() -> None:
    """Who waits for a frame is woken once a turn, and finds all that the turn put."""
    outbox = Outbox(Limits(), lines=True)
    found: list[str] = []

    async def read() -> None:
        while True:
            found.append(await outbox.next_frame())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        outbox.put(chunk("a"))
        outbox.put(chunk("b"))
        outbox.answer("c")
        await anyio.wait_all_tasks_blocked()
        outbox.answer("d")
        outbox.put(chunk("e"))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert found == ["a\nb\nc", "d\ne"]


async def test_a_cancelled_wait_loses_nothing() -> None:
    """What is put after a cancelled wait is there for the next one."""
    outbox = Outbox(Limits(), lines=True)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(outbox.next_frame)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    outbox.put(chunk("a"))
    assert await outbox.next_frame() == "a"


async def test_closing_lets_out_what_waits() -> None:
    """After closing nothing is taken in, what waited goes out, then the end says why."""
    told: list[str] = []
    outbox = Outbox(Limits(), lines=True, on_close=lambda: told.append("closing"))
    outbox.put(chunk("a"))
    outbox.close(1008, "first")
    outbox.close(1012, "restarting")
    outbox.put(chunk("b"))
    outbox.answer("c")
    assert await outbox.next_frame() == "a"
    with pytest.raises(SessionClosed) as closed:
        await outbox.next_frame()
    assert (closed.value.code, closed.value.reason) == (1008, "first")
    assert told == ["closing"]


async def test_closing_wakes_who_waits() -> None:
    """A wait for a frame ends when the connection is closed."""
    outbox = Outbox(Limits(), lines=True)

    async def read() -> None:
        with pytest.raises(SessionClosed):
            await outbox.next_frame()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        outbox.close(1000, "")


@pytest.mark.parametrize("reason", ["slow", "restarting", "revoked"])
async def test_a_client_hears_why(reason: str) -> None:
    """The reasons of session.closing are the client's last message."""
    outbox = Outbox(Limits(), lines=True)
    outbox.close(1012, reason)
    (last,) = await frames(outbox)
    assert json.loads(last) == {
        "jsonrpc": "2.0",
        "method": "session.closing",
        "params": {"reason": reason},
    }


FULL = [
    pytest.param(Limits(outbox_events=3), id="events"),
    pytest.param(Limits(outbox_bytes=3), id="bytes"),
]


@pytest.mark.parametrize("limits", FULL)
async def test_a_full_outbox_is_still_open(limits: Limits) -> None:
    """At the limit nothing is lost."""
    outbox = Outbox(limits, lines=True)
    for letter in "abc":
        outbox.put(chunk(letter))
    assert outbox.closing is None
    assert await outbox.next_frame() == "a\nb\nc"


@pytest.mark.parametrize("limits", FULL)
async def test_one_past_the_limit_closes(limits: Limits) -> None:
    """One past it the events go, the answers stay, and the client is told to come back."""
    outbox = Outbox(limits, lines=True)
    outbox.answer("answer" * 10)
    for letter in "abcd":
        outbox.put(chunk(letter))
    outbox.put(chunk("e"))
    answer, closing = (await outbox.next_frame()).split("\n")
    assert answer == "answer" * 10
    assert json.loads(closing)["params"] == {"reason": "slow"}
    with pytest.raises(SessionClosed) as closed:
        await outbox.next_frame()
    assert closed.value.code == 1013


@pytest.mark.parametrize("limits", FULL)
async def test_typing_makes_room_first(limits: Limits) -> None:
    """Typing and presence are dropped for what lasts."""
    outbox = Outbox(limits, lines=True)
    outbox.put(chunk("a"))
    outbox.put(chunk("t", droppable=True))
    outbox.put(chunk("b"))
    outbox.put(chunk("c"))
    assert outbox.closing is None
    assert await outbox.next_frame() == "a\nb\nc"


@pytest.mark.parametrize("limits", FULL)
async def test_typing_never_closes(limits: Limits) -> None:
    """Typing that finds no room is gone, and nothing else is."""
    outbox = Outbox(limits, lines=True)
    for letter in "abc":
        outbox.put(chunk(letter))
    outbox.put(chunk("t", droppable=True))
    assert (outbox.closing, outbox.events, outbox.size) == (None, 3, 3)
    assert await outbox.next_frame() == "a\nb\nc"


async def test_reading_makes_room() -> None:
    """What was taken out no longer counts."""
    outbox = Outbox(Limits(outbox_events=2), lines=False)
    for letter in "abcdef":
        outbox.put(chunk(letter))
        assert await outbox.next_frame() == letter
    assert outbox.closing is None


@pytest.mark.parametrize(
    ("lines", "most", "expected"),
    [
        ([], 10, []),
        (["aaa"], 10, ["aaa"]),
        (["aaa", "bbb", "cc"], 10, ["aaa\nbbb\ncc"]),
        (["aaa", "bbb", "ccc"], 10, ["aaa\nbbb", "ccc"]),
        (["a" * 20, "b"], 10, ["a" * 20, "b"]),
        (["a", "b" * 20], 10, ["a", "b" * 20]),
    ],
)
async def test_lines_are_joined_up_to_a_size(
    lines: list[str], most: int, expected: list[str]
) -> None:
    """A chunk holds as many lines as fit, and at least one."""
    chunks = join([line.encode() for line in lines], most)
    assert [one.text for one in chunks] == expected
    assert all(one.size == len(one.text) for one in chunks)
    assert sum(one.events for one in chunks) == len(lines)
